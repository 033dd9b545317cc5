"""Spans of sequences, and untrusted JSON."""

import json
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from attentionviz.errors import DamagedDatasetError

_MAY_BE_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")


Numbers = Sequence[int] | NDArray[np.integer[Any]]


class Sequences(NamedTuple):
    """Every sequence in tokens; int64, shape (n_sequences,) each.

    Attributes
    ----------
    start, length : ndarray
        First token, and number of tokens.
    n_source : ndarray or None
        Number of source tokens, the first of the sequence; None unless the model has an encoder and
        a decoder.
    """

    start: NDArray[np.int64]
    length: NDArray[np.int64]
    n_source: NDArray[np.int64] | None = None

    @classmethod
    def of(cls, lengths: Numbers, n_source: Numbers | None = None) -> "Sequences":
        """Return sequences of so many tokens, one after the other."""
        length = np.asarray(lengths, dtype=np.int64)
        source = None if n_source is None else np.asarray(n_source, dtype=np.int64)
        return cls(np.cumsum(length) - length, length, source)

    @property
    def n_bytes(self) -> int:
        """Return the size of all arrays."""
        return sum(array.nbytes for array in self if array is not None)

    def one(self, sequence: int) -> tuple[int, int, int | None]:
        """Return start, length and number of source tokens of one sequence."""
        n_source = None if self.n_source is None else int(self.n_source[sequence])
        return int(self.start[sequence]), int(self.length[sequence]), n_source

    def chosen(self, sequences: NDArray[Any]) -> "Sequences":
        """Return some of the sequences, by index or flag."""
        n_source = None if self.n_source is None else self.n_source[sequences]
        return Sequences(self.start[sequences], self.length[sequences], n_source)

    def positions(self) -> NDArray[np.int64]:
        """Position of every token in its text, from 0; shape (n_tokens,)."""
        if self.n_source is None:
            parts = self.length
        else:
            parts = np.stack([self.n_source, self.length - self.n_source], axis=1).reshape(-1)
        return np.arange(parts.sum()) - np.repeat(np.cumsum(parts) - parts, parts)

    @property
    def text_lengths(self) -> NDArray[np.int64]:
        """Number of tokens of each sequence or, of two texts, of the shorter one."""
        if self.n_source is None:
            return self.length
        return np.minimum(self.n_source, self.length - self.n_source)


def parse_json(content: bytes, name: str) -> Any:
    """Return the value of a JSON file; DamagedDatasetError, naming the file, if it is not valid.

    Duplicate keys in an object and unpaired surrogates in a string are not valid either, since
    parsers disagree on them.
    """
    with _json_errors(name):
        value = _DECODER.decode(content.decode(json.detect_encoding(content)))
        _require_characters(content, value)
    return value


@contextmanager
def _json_errors(name: str) -> Iterator[None]:
    try:
        yield
    except (ValueError, RecursionError) as error:
        raise DamagedDatasetError(f"{name} is not JSON: {str(error)[:200]}") from error


def _require_characters(content: bytes, value: Any) -> None:
    if _MAY_BE_SURROGATE.search(content):
        json.dumps(value, ensure_ascii=False).encode()


def _require_single_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    entries = dict(pairs)
    if len(entries) < len(pairs):
        raise ValueError("an object has a duplicate key")
    return entries


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is not a JSON number")


_DECODER = json.JSONDecoder(parse_constant=_refuse_constant, object_pairs_hook=_require_single_keys)
