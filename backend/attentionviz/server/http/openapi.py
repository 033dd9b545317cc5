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
    "job_id": ("job", "The job.", {"type": "string", "pattern": "^[0-9a-f]{16}$"}),
    "map_name": (
        "map",
        "A projection method and its dimensions, such as tsne-2d; best-2d is, of every head, the "
        "map with the highest recall@10.",
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
        "description": "Of the grid: 1 for every head that is there, layer by layer, else 0.",
        "schema": {"type": "string", "pattern": "^[01]*$"},
    },
    "X-Sequences": {
        "description": "How many sequences the mean rests on.",
        "schema": {"type": "integer"},
    },
    "X-Sequences-Total": {
        "description": "How many sequences are long enough.",
        "schema": {"type": "integer"},
    },
}
_RETRY_AFTER: Json = {"Retry-After": {"schema": {"type": "integer", "minimum": 1}}}
_REASONS = {
    400: "A parameter of the query is unknown, missing, repeated or malformed.",
    401: "A token is asked for, and none was given, or a wrong one.",
    403: "The token that was given does not allow this, or another page sent it.",
    404: "There is no such thing.",
    409: "It is still being built; its model cannot be run here; or a job is in no state for this.",
    413: "The body is too large.",
    415: "The body is of another type.",
    429: "Sign-in failed too often of late; Retry-After says after how many seconds to try again.",
    500: "A file of the dataset does not fit its manifest, or another version wrote it.",
    503: "Too many wait, or the process that runs the model died; Retry-After says when to ask.",
    507: "The disk has no room for it.",
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
        "description": "What the page has after signing in.",
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
        described = _describe(rule, view, operation, method == "get", schema_of)
        paths.setdefault(path, {})[method] = described
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "AttentionViz",
            "version": __version__,
            "license": {"name": "MIT", "identifier": "MIT"},
            "description": (
                "Joint maps of the queries and keys of every attention head. Facts come as JSON, "
                "numbers as raw little-endian arrays in C order, with their dtype and shape in "
                "headers. Points are counted through all queries in token order, then all keys. "
                "HEAD is answered wherever GET is."
            ),
        },
        "servers": [{"url": "/"}],
        # The empty alternative: a server for one person on one machine needs no token.
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
) -> Json:
    statuses = {400, 401, 429, *operation.errors}
    statuses |= {404, 500} if rule.arguments else set()
    statuses |= {409} if "dataset_id" in rule.arguments else set()
    statuses |= set() if is_get else {403, 404, 409, 415}
    statuses |= {413, 503} if operation.body else set()
    answers = {str(operation.status): _answer(operation.answer, schema_of)}
    if is_get:  # nothing is compared before something is done
        answers["304"] = {"description": "The client has it: If-None-Match named its ETag."}
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


def _answer(answer: Any, schema_of: dict[Any, Json]) -> Json:
    if not isinstance(answer, Raw):
        content = {"application/json": {"schema": schema_of[answer]}}
        return {"description": "Facts.", "content": content}
    headers = {name: {"$ref": f"#/components/headers/{name}"} for name in answer.headers}
    described = {"description": answer.text, "content": {answer.media_type: {"schema": _TEXT}}}
    return described | ({"headers": headers} if headers else {})


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
