"""The description of the API: valid, complete, and true."""

import re
from pathlib import Path

import pytest
import schemathesis
from flask import Flask
from hypothesis import HealthCheck, Phase, given, settings
from openapi_spec_validator import validate
from pydantic import ValidationError
from schemathesis import GenerationMode
from schemathesis.specs.openapi.checks import positive_data_acceptance
from tests.server.conftest import make_app
from tests.support.checked_client import CheckedClient, check_headers

from attentionviz.server.app import describe_api
from attentionviz.server.http.openapi import document

DOCUMENT = describe_api()
PAGE_ROUTES = {"/", "/page/<name>"}


def shape(path: str) -> str:
    return re.sub(r"<[^>]+>|\{[^}]+\}", "{}", path)


def test_the_openapi_document_is_valid() -> None:
    validate(DOCUMENT)


def test_the_openapi_document_covers_the_routes_of_the_server(
    client: CheckedClient, app: Flask
) -> None:
    found = client.get("/api/v1/openapi.json").json
    assert found == document(app)
    assert DOCUMENT["paths"].keys() - found["paths"].keys() == {
        "/api/v1/jobs",
        "/api/v1/jobs/{job}",
        "/api/v1/jobs/{job}/start",
    }


def test_every_route_is_described_and_every_description_has_a_route(data_dir: Path) -> None:
    app = make_app(data_dir, allow_jobs=True)
    routes = {
        (shape(rule.rule), method.lower())
        for rule in app.url_map.iter_rules()
        for method in rule.methods - {"HEAD", "OPTIONS"}
        if rule.rule not in PAGE_ROUTES
    }
    assert {rule.rule for rule in app.url_map.iter_rules()} >= PAGE_ROUTES
    paths = DOCUMENT["paths"].items()
    assert routes == {(shape(path), method) for path, item in paths for method in item}


def operations() -> list[tuple[str, dict]]:
    """Return path and description of every operation."""
    paths = DOCUMENT["paths"].items()
    return [(path, described) for path, item in paths for described in item.values()]


def test_every_parameter_of_a_path_is_described() -> None:
    for path, operation in operations():
        described = {p["name"] for p in operation["parameters"] if p["in"] == "path"}
        assert described == set(re.findall(r"\{(\w+)\}", path))


def test_operations_have_names_of_their_own() -> None:
    names = [operation["operationId"] for _, operation in operations()]
    assert len(set(names)) == len(names)


def narrowed() -> dict:
    """Return the description with ids and small numbers that lead to datasets that are there."""
    found = {**DOCUMENT}
    paths = {}
    for path, item in found["paths"].items():
        for method, described in item.items():
            operation = {**described}
            operation["parameters"] = [
                {**parameter, "schema": narrow(parameter)} for parameter in operation["parameters"]
            ]
            paths[path] = {**paths.get(path, {}), method: operation}
    return {**found, "paths": paths}


def narrow(parameter: dict) -> dict:
    if parameter["name"] == "id":
        return {"type": "string", "enum": ["text", "causal", "image", "half", "begun", "none"]}
    if parameter["name"] == "v":
        return {"type": "string", "pattern": "^building-[0-9]{1,3}$"}
    schema = parameter["schema"]
    if schema.get("type") == "integer":
        return {**schema, "maximum": min(schema["maximum"], 60)}
    return schema


OPERATIONS = [
    result.ok() for result in schemathesis.openapi.from_dict(narrowed()).get_all_operations()
]
TRIALS = [(operation, GenerationMode.POSITIVE) for operation in OPERATIONS] + [
    (operation, GenerationMode.NEGATIVE) for operation in OPERATIONS if "{" in operation.path
]


@pytest.mark.parametrize(
    ("operation", "mode"),
    TRIALS,
    ids=[f"{mode.value} {one.method} {one.path}" for one, mode in TRIALS],
)
def test_every_operation_answers_as_documented(
    app: Flask, operation: schemathesis.APIOperation, mode: GenerationMode
) -> None:
    operation.app = app

    @given(case=operation.as_strategy(generation_mode=mode))
    @settings(
        max_examples=8,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def try_one(case: schemathesis.Case) -> None:
        # The transport of schemathesis does not undo gzip; and a schema cannot say that two
        # parameters belong together, or how long the sequences of a dataset are.
        response = case.call(headers={"Host": "localhost", "Accept-Encoding": "identity"})
        case.validate_response(response, excluded_checks=[positive_data_acceptance])
        assert response.status_code < 500

    try_one()


def test_the_client_of_the_tests_refuses_an_answer_of_another_type(
    client: CheckedClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("attentionviz.server.routes.datasets.__version__", 3)
    with pytest.raises(ValidationError, match="version"):
        client.get("/health")


def test_the_client_of_this_test_sees_all_headers(client: CheckedClient) -> None:
    check_headers(client.get("/api/v1/openapi.json"))
