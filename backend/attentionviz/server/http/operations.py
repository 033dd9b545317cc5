"""Routes of the API: their types, from which the OpenAPI document follows, and their parameters.

A malformed or unknown part of the path is 404. A malformed, unknown or repeated query parameter is
400: it is never ignored or replaced by a default.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from flask import current_app, request

from attentionviz.core.types import DATASET_ID_PATTERN, HeadId
from attentionviz.errors import InvalidRequestError, NotFoundError
from attentionviz.server.http.context import context
from attentionviz.store.dataset import DatasetReader
from attentionviz.store.layout import VERSION_PATTERN, is_dataset_id

View = TypeVar("View", bound=Callable[..., Any])
Json = dict[str, Any]
Parse = Callable[[str, str], Any]
_NUMBER = re.compile("[0-9]{1,9}")
_VERSION = f"{VERSION_PATTERN}|building-[0-9]{{1,16}}"


@dataclass(frozen=True)
class Parameter:
    """A parameter of the query.

    Attributes
    ----------
    parse : callable
        From name and text to the value; raises InvalidRequestError if the text is malformed.
    schema : dict
        JSON schema; ``default`` is the value if the parameter is missing.
    text : str
        Description.
    is_required : bool
    """

    parse: Parse
    schema: Json
    text: str
    is_required: bool = False


@dataclass(frozen=True)
class Raw:
    """A response that is not JSON: its media type, description and further headers."""

    media_type: str
    text: str
    headers: tuple[str, ...] = ()


@dataclass(frozen=True)
class Operation:
    """Parameters, body and responses of a route; see `operation`."""

    answer: Any
    errors: tuple[int, ...] = ()
    status: int = 200
    body: dict[str, Any] = field(default_factory=dict)
    parameters: dict[str, Parameter] = field(default_factory=dict)


PICTURE = Raw("image/png", "An image.")
_OPERATIONS: dict[Callable[..., Any], Operation] = {}


def array(text: str, *headers: str) -> Raw:
    """Describe a response that is a raw array: its dtype and axes, and further headers."""
    return Raw("application/octet-stream", text, ("X-Dtype", "X-Shape", *headers))


def operation(
    answer: Any,
    *errors: int,
    status: int = 200,
    body: dict[str, Any] | None = None,
    **parameters: Parameter,
) -> Callable[[View], View]:
    """Decorate a route with its parameters, body and responses.

    Parameters
    ----------
    answer : type or Raw
        A type of `contract`, or a binary response.
    *errors : int
        Error statuses in addition to those implied by its method and path.
    status : int
        Of a successful response.
    body : dict or None
        Media type of the request body to its type.
    **parameters : Parameter
        Query parameters in addition to ``v``.
    """

    def note(view: View) -> View:
        _OPERATIONS[view] = Operation(answer, errors, status, body or {}, parameters)
        return view

    return note


def operation_of(view: Callable[..., Any]) -> Operation | None:
    """Return the operation of a route; None if it is not part of the API."""
    return _OPERATIONS.get(view)


def path_number(name: str, text: str) -> int:
    """Parse an integer from the path; NotFoundError if it is malformed."""
    if not _NUMBER.fullmatch(text):
        raise NotFoundError(f"{name} must be a whole number from 0, not {text[:40]!r}")
    return int(text)


def path_head(layer: str, head: str, reader: DatasetReader) -> HeadId:
    """Parse a head from the path; NotFoundError unless the model has it."""
    head_id = HeadId(path_number("layer", layer), path_number("head", head))
    reader.require_head(head_id)
    return head_id


def query() -> dict[str, Any]:
    """Parse the query parameters of the current route, and ``v``.

    A missing parameter has its default value, or else None.

    Raises
    ------
    InvalidRequestError
        If a parameter is unknown, missing, repeated or malformed.
    """
    operation = operation_of(current_app.view_functions[request.endpoint or ""])
    known = {**(operation.parameters if operation else {}), "v": VERSION}
    for name in request.args:
        if name not in known:
            names = ", ".join(sorted(known))
            raise InvalidRequestError(f"unknown parameter {name[:40]!r}; use one of: {names}")
        if len(request.args.getlist(name)) > 1:
            raise InvalidRequestError(f"{name} is given more than once")
    return {name: _value(name, parameter) for name, parameter in known.items()}


def whole_number(low: int, high: int, text: str, **more: Any) -> Parameter:
    """Return a parameter that is an integer from `low` to `high`.

    Parameters
    ----------
    low, high : int
    text : str
        Description.
    **more
        ``default`` and ``is_required``.
    """

    def parse(name: str, given: str) -> int:
        if not _NUMBER.fullmatch(given) or not low <= int(given) <= high:
            raise InvalidRequestError(
                f"{name} must be a whole number from {low} to {high}, not {given[:40]!r}"
            )
        return int(given)

    return _parameter(parse, {"type": "integer", "minimum": low, "maximum": high}, text, **more)


def one_of(*values: str, text: str, **more: Any) -> Parameter:
    """Return a parameter that is one of these values; `text` and `more` as for `whole_number`."""

    def parse(name: str, given: str) -> str:
        if given not in values:
            raise InvalidRequestError(
                f"{name} must be one of {', '.join(values)}, not {given[:40]!r}"
            )
        return given

    return _parameter(parse, {"type": "string", "enum": list(values)}, text, **more)


def dataset_name(text: str) -> Parameter:
    """Return a parameter that is a valid dataset id."""

    def parse(name: str, given: str) -> str:
        if not is_dataset_id(given):
            raise InvalidRequestError(f"{name} must be the id of a dataset, not {given[:40]!r}")
        return given

    return Parameter(parse, {"type": "string", "pattern": f"^{DATASET_ID_PATTERN}$"}, text)


def open_dataset(dataset_id: str, version: str | None) -> DatasetReader:
    """Return a reader of a dataset.

    Parameters
    ----------
    dataset_id : str
    version : str or None
        Value of the parameter ``v``. A finished version is opened exactly, even if there is a
        newer one, so that a page never mixes two; any other value opens the current version.
    """
    exact = version if version and not version.startswith("building-") else None
    return context().library.open_dataset(dataset_id, exact)


def _value(name: str, parameter: Parameter) -> Any:
    if name in request.args:
        return parameter.parse(name, request.args[name])
    if parameter.is_required:
        raise InvalidRequestError(f"the parameter {name} is missing: {parameter.text}")
    return parameter.schema.get("default")


def _parameter(
    parse: Parse, schema: Json, text: str, *, default: Any = None, is_required: bool = False
) -> Parameter:
    preset = {} if default is None else {"default": default}
    return Parameter(parse, {**schema, **preset}, text, is_required)


def _version(name: str, text: str) -> str:
    if not re.fullmatch(_VERSION, text):
        raise InvalidRequestError(f"{name} must be a version of the dataset, not {text[:40]!r}")
    return text


VERSION = Parameter(
    _version,
    {"type": "string", "pattern": f"^({_VERSION})$"},
    "Version that the dataset was opened with. A finished version is answered exactly, and then "
    "for good; building-<n> stands for what there is now.",
)
