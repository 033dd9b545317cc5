"""Pieces of which the description of the API is made: parameters, answers, operations."""

from typing import Any

Json = dict[str, Any]


def path_parameter(name: str, text: str, schema: Json) -> Json:
    """Describe a part of the path."""
    return {"name": name, "in": "path", "required": True, "description": text, "schema": schema}


def query_parameter(name: str, text: str, schema: Json, *, is_required: bool = False) -> Json:
    """Describe a parameter of the query."""
    return {
        "name": name,
        "in": "query",
        "required": is_required,
        "description": text,
        "schema": schema,
    }


def json_answer(schema: str) -> Json:
    """Describe an answer in JSON that fits a schema of `components`."""
    return {
        "description": "Facts.",
        "content": {"application/json": {"schema": {"$ref": f"#/components/schemas/{schema}"}}},
    }


def array_answer(text: str, *headers: str) -> Json:
    """Describe an answer that is a raw array."""
    names = ("X-Dtype", "X-Shape", *headers)
    return {
        "description": text,
        "headers": {name: {"$ref": f"#/components/headers/{name}"} for name in names},
        "content": {"application/octet-stream": {"schema": {"type": "string"}}},
    }


def picture_answer() -> Json:
    """Describe an answer that is a picture."""
    return {"description": "A picture.", "content": {"image/png": {"schema": {"type": "string"}}}}


def operation(name: str, text: str, parameters: list[Json], answer: Json, *further: int) -> Json:
    """Describe a path that is read with GET.

    Parameters
    ----------
    name, text : str
        ``operationId`` and summary.
    parameters : list
    answer : dict
        Of status 200.
    *further : int
        Statuses of errors beyond those that the parameters make possible.
    """
    statuses = {400, 401, 429, *further}
    if any(parameter["in"] == "path" for parameter in parameters):
        statuses |= {404, 500}
    errors = {
        str(status): {"$ref": f"#/components/responses/Error{status}"}
        for status in sorted(statuses)
    }
    unchanged = {"description": "The client has it: If-None-Match named its ETag."}
    return {
        "get": {
            "operationId": name,
            "summary": text,
            "parameters": parameters,
            "responses": {"200": answer, "304": unchanged, **errors},
        }
    }


def post_operation(
    name: str, text: str, parameters: list[Json], bodies: Json, answer: Json
) -> Json:
    """Describe a path that is written to with POST.

    Parameters
    ----------
    name, text : str
        ``operationId`` and summary.
    parameters : list
    bodies : dict
        Media type of the body to its schema.
    answer : dict
        Of status 200.
    """
    statuses = (400, 401, 403, 404, 409, 413, 415, 429, 500, 503)
    return {
        "post": {
            "operationId": name,
            "summary": text,
            "parameters": parameters,
            "requestBody": {"required": True, "content": bodies},
            "responses": {
                "200": answer,
                **{str(n): {"$ref": f"#/components/responses/Error{n}"} for n in statuses},
            },
        }
    }
