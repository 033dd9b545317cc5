"""Validation of path and query parameters.

A malformed or unknown part of the path is 404. A malformed, unknown or repeated query parameter is
400: it is never ignored or replaced by a default.
"""

import re
from collections.abc import Callable
from typing import Any

from flask import current_app, request

from attentionviz.core.types import DATASET_ID_PATTERN, HeadId
from attentionviz.errors import InvalidRequestError, NotFoundError
from attentionviz.server.http.context import context
from attentionviz.server.http.operations import Json, Parameter, operation_of
from attentionviz.store.dataset import DatasetReader
from attentionviz.store.layout import VERSION_PATTERN, is_dataset_id

Parse = Callable[[str, str], Any]
_NUMBER = re.compile("[0-9]{1,9}")
_VERSION = f"{VERSION_PATTERN}|building-[0-9]{{1,16}}"


def path_number(name: str, text: str) -> int:
    """Parse an integer from the path; NotFoundError if it is malformed."""
    if not _NUMBER.fullmatch(text):
        raise NotFoundError(f"{name} {text[:40]!r} is not a whole number from 0")
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
            raise InvalidRequestError(f"unknown parameter {name[:40]!r}; known are {names}")
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
            raise InvalidRequestError(f"{name} is {given[:40]!r}, not a number in {low}..{high}")
        return int(given)

    return _parameter(parse, {"type": "integer", "minimum": low, "maximum": high}, text, **more)


def one_of(*values: str, text: str, **more: Any) -> Parameter:
    """Return a parameter that is one of these values; `text` and `more` as for `whole_number`."""

    def parse(name: str, given: str) -> str:
        if given not in values:
            raise InvalidRequestError(f"{name} is {given[:40]!r}, not one of {', '.join(values)}")
        return given

    return _parameter(parse, {"type": "string", "enum": list(values)}, text, **more)


def dataset_name(text: str) -> Parameter:
    """Return a parameter that is a valid dataset id."""

    def parse(name: str, given: str) -> str:
        if not is_dataset_id(given):
            raise InvalidRequestError(f"{name} is {given[:40]!r}, which cannot name a dataset")
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
        raise InvalidRequestError(f"{name} is missing; it says {parameter.text.lower()}")
    return parameter.schema.get("default")


def _parameter(
    parse: Parse, schema: Json, text: str, *, default: Any = None, is_required: bool = False
) -> Parameter:
    preset = {} if default is None else {"default": default}
    return Parameter(parse, {**schema, **preset}, text, is_required)


def _version(name: str, text: str) -> str:
    if not re.fullmatch(_VERSION, text):
        raise InvalidRequestError(f"{name} is {text[:40]!r}, not a version")
    return text


VERSION = Parameter(
    _version,
    {"type": "string", "pattern": f"^({_VERSION})$"},
    "Version that the dataset was opened with. A finished version is answered exactly, and then "
    "for good; building-<n> stands for what there is now.",
)
