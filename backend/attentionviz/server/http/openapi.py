"""The OpenAPI 3.1 document, generated from the routes and their types."""

import functools
import inspect
import re
from collections.abc import Callable
from typing import Any

from flask import Flask
from pydantic import TypeAdapter
from pydantic.json_schema import JsonSchemaMode
from werkzeug.routing import Rule

from attentionviz import __version__
from attentionviz.core.types import DIMS, METHODS
from attentionviz.server.access.sessions import COOKIE
from attentionviz.server.http.contract import ErrorAnswer
from attentionviz.server.http.operations import VERSION, Json, Operation, Raw, operation_of
from attentionviz.store.manifest import adapter

_SCHEMAS = "#/components/schemas/"
_INDEX: Json = {"type": "integer", "minimum": 0, "maximum": 999_999_999}
_TEXT: Json = {"type": "string"}
# Path parameters: their names in the routes, then in the document.
_PATH_PARAMETERS: dict[str, tuple[str, str, Json]] = {
    "dataset_id": ("id", "The dataset.", _TEXT),
    "layer": ("layer", "Layer, from 0.", _INDEX),
    "head": ("head", "Head of the layer, from 0.", _INDEX),
    "sequence": ("sequence", "Sequence of the corpus, from 0.", _INDEX),
    "image": ("i", "Image of the corpus, from 0.", _INDEX),
    "point": ("point", "Queries in token order, then keys.", _INDEX),
    "column": ("column", "Name of the column.", _TEXT),
    "job_id": ("job", "The job.", {"type": "string", "pattern": "^[0-9a-f]{16}$"}),
    "map_name": (
        "map",
        "A projection method and its dimensions, such as tsne-2d; best-2d is the map with the "
        "highest recall@10 of each head.",
        {
            "type": "string",
            "enum": [f"{method}-{dims}d" for dims in DIMS for method in (*METHODS, "best")],
        },
    ),
}
ARRAY_HEADERS: dict[str, Json] = {
    "X-Dtype": {"description": "Such as float32.", "schema": _TEXT},
    "X-Shape": {"description": "Such as 6,12,4882,2.", "schema": _TEXT},
    "X-Ready": {
        "description": "For the grid: 1 for every head that has the map, layer by layer, else 0.",
        "schema": {"type": "string", "pattern": "^[01]*$"},
    },
    "X-Sequences": {
        "description": "Number of sequences in the mean.",
        "schema": {"type": "integer"},
    },
    "X-Sequences-Total": {
        "description": "Number of sequences that are long enough.",
        "schema": {"type": "integer"},
    },
}
_RETRY_AFTER: Json = {"Retry-After": {"schema": {"type": "integer", "minimum": 1}}}
_REASONS = {
    400: "A parameter of the query is unknown, missing, repeated or malformed.",
    401: "A token is required, and it is missing or invalid.",
    403: "The token does not permit this, or the request has another origin.",
    404: "Not found.",
    409: "The dataset is still being built, its model cannot be run here, or the state of the job "
    "does not permit this.",
    413: "The body is too large.",
    415: "The media type of the body is not supported.",
    429: "Too many failed sign-ins; Retry-After is the number of seconds to wait.",
    500: "A file of the dataset does not match its manifest, or has an unsupported format.",
    503: "Too many requests are waiting, or the model process ended; see Retry-After.",
    507: "Not enough disk space.",
}
_SCHEMES: Json = {
    "token": {
        "type": "http",
        "scheme": "bearer",
        "description": "A token of the server's token file.",
    },
    "session": {
        "type": "apiKey",
        "in": "cookie",
        "name": COOKIE,
        "description": "Session of the page after sign-in.",
    },
}


def document(app: Flask) -> Json:
    """Return the OpenAPI document of the routes of an application."""
    views = [(rule, app.view_functions[rule.endpoint]) for rule in app.url_map.iter_rules()]
    found = [(rule, view, made) for rule, view in views if (made := operation_of(view))]
    kinds = {kind: None for _, _, one in found for kind in (one.answer, *one.body.values())}
    schema_of, schemas = _schemas(tuple(kind for kind in kinds if not isinstance(kind, Raw)))
    paths: dict[str, Json] = {}
    for rule, view, operation in found:
        path = re.sub(r"<(\w+)>", lambda name: f"{{{_PATH_PARAMETERS[name[1]][0]}}}", rule.rule)
        method = min((rule.methods or set()) - {"HEAD", "OPTIONS"}).lower()
        described = _describe(rule, view, operation, method == "get", schema_of, schemas)
        paths.setdefault(path, {})[method] = described
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "AttentionViz",
            "version": __version__,
            "license": {"name": "MIT", "identifier": "MIT"},
            "description": (
                "Joint maps of the queries and keys of every attention head. Responses are JSON, "
                "or raw little-endian arrays in C order, with their dtype and shape in headers. "
                "Points are numbered through all queries in token order, then all keys. HEAD is "
                "supported wherever GET is."
            ),
        },
        "servers": [{"url": "/"}],
        # The empty alternative: a server without a token file needs no token.
        "security": [{}, {"token": []}, {"session": []}],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "headers": ARRAY_HEADERS,
            "securitySchemes": _SCHEMES,
            "responses": _errors(),
        },
    }


@functools.lru_cache(maxsize=4)
def _schemas(kinds: tuple[Any, ...]) -> tuple[dict[Any, Json], dict[str, Json]]:
    """Return the schemas of these types, and the named schemas that they refer to."""
    mode: JsonSchemaMode = "validation"
    inputs = [(kind, mode, adapter(kind)) for kind in (*kinds, ErrorAnswer)]
    found, rest = TypeAdapter.json_schemas(inputs, ref_template=f"{_SCHEMAS}{{model}}")
    return (
        {kind: _untitled(found[kind, mode]["items"]) for kind in kinds},
        _untitled(rest["$defs"]),
    )


def _untitled(schema: Any) -> Any:
    """Return a schema without the titles that Pydantic generates."""
    if isinstance(schema, list):
        return [_untitled(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        key: _untitled(part)
        for key, part in schema.items()
        if key != "title" or not isinstance(part, str)
    }


def _errors() -> Json:
    content = {"application/json": {"schema": {"$ref": f"{_SCHEMAS}ErrorAnswer"}}}
    return {
        f"Error{status}": {"description": text, "content": content}
        | ({"headers": _RETRY_AFTER} if status in (429, 503) else {})
        for status, text in _REASONS.items()
    }


def _describe(
    rule: Rule,
    view: Callable[..., Any],
    operation: Operation,
    is_get: bool,
    schema_of: dict[Any, Json],
    schemas: dict[str, Json],
) -> Json:
    statuses = {400, 401, 429, *operation.errors}
    statuses |= {404, 500} if rule.arguments else set()
    statuses |= {409} if "dataset_id" in rule.arguments else set()
    statuses |= set() if is_get else {403, 404, 409, 415}
    statuses |= {413, 503} if operation.body else set()
    answers = {str(operation.status): _answer(operation.answer, schema_of, schemas)}
    if is_get:  # other methods have no conditional requests
        answers["304"] = {"description": "Not modified: If-None-Match contains the ETag."}
    for status in sorted(statuses):
        answers[str(status)] = {"$ref": f"#/components/responses/Error{status}"}
    first, *words = view.__name__.split("_")
    described = {
        "operationId": first + "".join(word.capitalize() for word in words),
        "summary": (inspect.getdoc(view) or "").partition("\n")[0],
        "parameters": [*_of_path(rule), *_of_query(rule, operation)],
        "responses": answers,
    }
    if operation.body:
        content = {name: {"schema": schema_of[kind]} for name, kind in operation.body.items()}
        described["requestBody"] = {"required": True, "content": content}
    return described


def _answer(answer: Any, schema_of: dict[Any, Json], schemas: dict[str, Json]) -> Json:
    if not isinstance(answer, Raw):
        content = {"application/json": {"schema": schema_of[answer]}}
        return {"description": _description(schema_of[answer], schemas), "content": content}
    headers = {name: {"$ref": f"#/components/headers/{name}"} for name in answer.headers}
    described = {"description": answer.text, "content": {answer.media_type: {"schema": _TEXT}}}
    return described | ({"headers": headers} if headers else {})


def _description(schema: Json, schemas: dict[str, Json]) -> str:
    """Return the first line of the description of a schema, or of each alternative of a union."""
    if "anyOf" in schema:
        return " Or: ".join(_description(part, schemas) for part in schema["anyOf"])
    named = schemas[schema["$ref"].removeprefix(_SCHEMAS)]
    return str(named["description"].partition("\n")[0])


def _of_path(rule: Rule) -> list[Json]:
    found = [_PATH_PARAMETERS[name] for name in re.findall(r"<(\w+)>", rule.rule)]
    return [
        {"name": name, "in": "path", "required": True, "description": text, "schema": schema}
        for name, text, schema in found
    ]


def _of_query(rule: Rule, operation: Operation) -> list[Json]:
    version = {"v": VERSION} if "dataset_id" in rule.arguments else {}
    return [
        {
            "name": name,
            "in": "query",
            "required": one.is_required,
            "description": one.text,
            "schema": one.schema,
        }
        for name, one in {**operation.parameters, **version}.items()
    ]
