"""Parts of the address, checked before anything is done with them.

A malformed or unknown part of the path is 404: there is no such thing. A malformed, unknown or
repeated parameter of the query is 400: it is never passed over, and nothing stands in for it.
"""

import re
from collections.abc import Callable
from typing import Any

from flask import request

from attentionviz.core.types import HeadId, MapName
from attentionviz.errors import InvalidRequestError, NotFoundError
from attentionviz.server.http.context import context
from attentionviz.store.dataset import DatasetReader
from attentionviz.store.layout import VERSION_PATTERN, is_dataset_id

Parse = Callable[[str, str], Any]
_NUMBER = re.compile("[0-9]{1,9}")
_VERSION = re.compile(f"{VERSION_PATTERN}|building-[0-9]{{1,16}}")


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


def path_map(text: str, reader: DatasetReader) -> MapName:
    """Return the name of a map from the path; MethodNotFoundError unless the dataset has it."""
    name = MapName.parse(text[:80])
    reader.require_map(name)
    return name


def query(**parsers: Parse) -> dict[str, Any]:
    """Return the parameters of the query, each parsed; None for one that was not given.

    Parameters
    ----------
    **parsers
        Every parameter that the route knows, beside ``v``.

    Raises
    ------
    InvalidRequestError
        For one that is unknown, given twice, or malformed.
    """
    known = {**parsers, "v": _version}
    for name in request.args:
        if name not in known:
            words = ", ".join(sorted(known))
            raise InvalidRequestError(f"unknown parameter {name[:40]!r}; known are {words}")
        if len(request.args.getlist(name)) > 1:
            raise InvalidRequestError(f"{name} is given more than once")
    given = request.args
    return {
        name: parse(name, given[name]) if name in given else None for name, parse in known.items()
    }


def whole_number(low: int, high: int) -> Parse:
    """Return a parser of whole numbers from `low` to `high`."""

    def parse(name: str, text: str) -> int:
        if not _NUMBER.fullmatch(text) or not low <= int(text) <= high:
            raise InvalidRequestError(f"{name} is {text[:40]!r}, not a number in {low}..{high}")
        return int(text)

    return parse


def one_of(*words: str) -> Parse:
    """Return a parser of one of these words."""

    def parse(name: str, text: str) -> str:
        if text not in words:
            raise InvalidRequestError(f"{name} is {text[:40]!r}, not one of {', '.join(words)}")
        return text

    return parse


def dataset_name(name: str, text: str) -> str:
    """Return an id that can name a dataset; a parser."""
    if not is_dataset_id(text):
        raise InvalidRequestError(f"{name} is {text[:40]!r}, which cannot name a dataset")
    return text


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


def _version(name: str, text: str) -> str:
    if not _VERSION.fullmatch(text):
        raise InvalidRequestError(f"{name} is {text[:40]!r}, not a version")
    return text
