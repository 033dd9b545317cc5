"""Validation of path and query parameters.

A malformed or unknown part of the path is 404: there is no such thing. A malformed, unknown or
repeated parameter of the query is 400: it is never passed over, and nothing stands in for it.
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
    """Return a whole number from the path; NotFoundError when it is none."""
    if not _NUMBER.fullmatch(text):
        raise NotFoundError(f"{name} {text[:40]!r} is not a whole number from 0")
    return int(text)


def path_head(layer: str, head: str, reader: DatasetReader) -> HeadId:
    """Return a head from the path; NotFoundError unless the model has it."""
    head_id = HeadId(path_number("layer", layer), path_number("head", head))
    reader.require_head(head_id)
    return head_id


def query() -> dict[str, Any]:
    """Return the parameters of the query, each parsed; those of its route, beside ``v``.

    What was not given has its default, else None.

    Raises
    ------
    InvalidRequestError
        For one that is unknown, missing, given twice, or malformed.
    """
    operation = operation_of(current_app.view_functions[request.endpoint or ""])
    known = {**(operation.parameters if operation else {}), "v": VERSION}
    for name in request.args:
        if name not in known:
            words = ", ".join(sorted(known))
            raise InvalidRequestError(f"unknown parameter {name[:40]!r}; known are {words}")
        if len(request.args.getlist(name)) > 1:
            raise InvalidRequestError(f"{name} is given more than once")
    return {name: _value(name, parameter) for name, parameter in known.items()}


def whole_number(low: int, high: int, text: str, **more: Any) -> Parameter:
    """Return a whole number from `low` to `high` as a parameter.

    Parameters
    ----------
    low, high : int
    text : str
        Its description.
    **more
        ``default``, and ``is_required``.
    """

    def parse(name: str, given: str) -> int:
        if not _NUMBER.fullmatch(given) or not low <= int(given) <= high:
            raise InvalidRequestError(f"{name} is {given[:40]!r}, not a number in {low}..{high}")
        return int(given)

    return _parameter(parse, {"type": "integer", "minimum": low, "maximum": high}, text, **more)


def one_of(*words: str, text: str, **more: Any) -> Parameter:
    """Return one of these words as a parameter; else as for `whole_number`."""

    def parse(name: str, given: str) -> str:
        if given not in words:
            raise InvalidRequestError(f"{name} is {given[:40]!r}, not one of {', '.join(words)}")
        return given

    return _parameter(parse, {"type": "string", "enum": list(words)}, text, **more)


def dataset_name(text: str) -> Parameter:
    """Return an id that can name a dataset as a parameter."""

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
        What the parameter ``v`` said. A finished version is opened exactly, even when a newer
        one is there, so that a page never mixes two; any other stands for what there is now.
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
