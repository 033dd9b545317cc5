"""Spans of sequences, and JSON files validated against the manifest."""

import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from attentionviz.core.heads import heads_of
from attentionviz.errors import DamagedDatasetError
from attentionviz.store import layout
from attentionviz.store.manifest import LATER_MEASURES

_HEADS_BEGIN = re.compile(r'\s*\{\s*"heads"\s*:\s*\[\s*')
_NEXT_HEAD = re.compile(r"\s*,\s*")
_HEADS_END = re.compile(r"\s*\]\s*\}\s*")
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


class ParsedHeads(NamedTuple):
    """Facts of every head, and where each stands in the file.

    Attributes
    ----------
    facts : list of dict
        Layer by layer.
    spans : ndarray of int64, shape (n_heads_total, 2)
        First character of a head, and the one after its last.
    """

    facts: list[dict[str, Any]]
    spans: NDArray[np.int64]


def parse_heads(content: bytes, manifest: Mapping[str, Any]) -> ParsedHeads:
    """Return the facts of ``heads.json``, which describes every map of every head.

    Parameters
    ----------
    content : bytes
        Of ``heads.json``.
    manifest : mapping

    Raises
    ------
    DamagedDatasetError
        If it does not.
    """
    heads = _split_heads(content)
    expected = heads_of(manifest)
    if len(heads.facts) != len(expected):
        raise DamagedDatasetError(f"{layout.HEADS} does not list {len(expected)} heads")
    for head, facts in zip(expected, heads.facts, strict=True):
        fits = (
            isinstance(facts, dict)
            and (facts.get("layer"), facts.get("head")) == head
            and isinstance(facts.get("maps"), dict)
            and facts["maps"].keys() == manifest["maps"].keys()
            and all(_has_fidelity(one) for one in facts["maps"].values())
        )
        if not fits:
            raise DamagedDatasetError(f"{layout.HEADS} does not describe head {head.folder}")
        if not _has_scores(facts, manifest["scores"]):
            raise DamagedDatasetError(f"{layout.HEADS}: scores of head {head.folder} are invalid")
        add_later_measures(facts)
    return heads


def head_at(content: bytes, span: NDArray[np.int64]) -> dict[str, Any]:
    """Return the facts of one head of a ``heads.json`` that `parse_heads` has read."""
    start, end = map(int, span)
    facts: dict[str, Any] = parse_json(content.decode()[start:end].encode(), layout.HEADS)
    add_later_measures(facts)
    return facts


def add_later_measures(facts: dict[str, Any]) -> None:
    """Set measures of the maps of a head that an earlier version did not have to None."""
    for one in facts["maps"].values():
        one["fidelity"] = LATER_MEASURES | one["fidelity"]


def _has_fidelity(facts: object) -> bool:
    return isinstance(facts, dict) and isinstance(facts.get("fidelity"), dict)


def _split_heads(content: bytes) -> ParsedHeads:
    """Parse head by head: one of thousands can then be read again alone."""
    facts, spans = [], []
    with _json_errors(layout.HEADS):
        text = content.decode()
        found = _HEADS_BEGIN.match(text)
        while found:
            head, end = _DECODER.raw_decode(text, found.end())
            facts.append(head)
            spans.append((found.end(), end))
            found = _NEXT_HEAD.match(text, end)
        if not spans or not _HEADS_END.fullmatch(text, spans[-1][1]):
            raise ValueError("it must be an object with a list of heads")
        _require_characters(content, facts)
    return ParsedHeads(facts, np.array(spans, dtype=np.int64))


def _has_scores(facts: Mapping[str, Any], names: list[str]) -> bool:
    """Return whether a head has exactly these scores, and a profile of columns of equal length."""
    scores, profile = facts.get("scores"), facts.get("profile")
    if not isinstance(scores, dict) or not isinstance(profile, dict):
        return False
    columns = [profile.get(name) for name in ("offsets", "weights", "n_rows")]
    return (
        scores.keys() == set(names)
        and all(_is_score(score) for score in scores.values())
        and all(isinstance(column, list) for column in columns)
        and len({len(column) for column in columns if column is not None}) == 1
    )


def _is_score(score: Any) -> bool:
    if not isinstance(score, dict) or score.keys() != {"value", "n_rows"}:
        return False
    value, n_rows = score["value"], score["n_rows"]
    is_number = type(value) in (int, float) and math.isfinite(value)
    return (value is None or is_number) and type(n_rows) is int and n_rows >= 0
