"""JSON files of a dataset, validated against its manifest."""

import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from attentionviz.core.characters import rewrite_byte_tokens
from attentionviz.core.heads import heads_of
from attentionviz.errors import DamagedDatasetError
from attentionviz.store import layout
from attentionviz.store.manifest import LATER_MEASURES

TOKEN_COLUMNS = ("text", "token_id", "sequence", "position", "token_type")
PATCH_COLUMNS = ("row", "column", "hue", "brightness")
PAIR_COLUMNS = ("first", "second", "name")
SURFACE = "surface"
"""Optional column: the word of the text for each unknown token, else null."""

_TYPES = {
    **dict.fromkeys(("text", "target_text", "token_type"), str),
    **dict.fromkeys(("token_id", "sequence", "position"), int),
}
_HEADS_BEGIN = re.compile(r'\s*\{\s*"heads"\s*:\s*\[\s*')
_NEXT_HEAD = re.compile(r"\s*,\s*")
_HEADS_END = re.compile(r"\s*\]\s*\}\s*")
_MAY_BE_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")


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
    def of(cls, lengths: Sequence[int], n_source: Sequence[int] | None = None) -> "Sequences":
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


def check_tokens(content: bytes, manifest: Mapping[str, Any]) -> Sequences:
    """Validate every column of ``tokens.json`` and return start and length of the sequences.

    Parameters
    ----------
    content : bytes
        Of ``tokens.json``.
    manifest : mapping

    Raises
    ------
    DamagedDatasetError
        If a column is missing or has the wrong length or type, or the sequences do not cover the
        tokens in order without gaps.
    """
    tokens = parse_json(content, layout.TOKENS)
    names = TOKEN_COLUMNS + (PATCH_COLUMNS if manifest["patch_grid"] else ())
    for name in names:
        _check_column(tokens, name, manifest["n_tokens"])
    for name in TOKEN_COLUMNS:
        _check_types(tokens, name)
    if SURFACE in tokens:
        _check_column(tokens, SURFACE, manifest["n_tokens"])
        if not all(word is None or isinstance(word, str) for word in tokens[SURFACE]):
            raise DamagedDatasetError(f"{layout.TOKENS}: {SURFACE} has a value that is not str")
    if "pairs" in manifest["corpus"]:
        _check_pairs(tokens.get("pairs"), tokens, manifest["corpus"]["pairs"]["n_taken"])
    sequences = tokens.get("sequences")
    for name in ("start", "length", "text"):
        _check_column(sequences, name, manifest["n_sequences"])
    _check_types(sequences, "text")
    columns = sequences.get("columns")
    for name in manifest["corpus"]["columns"]:
        _check_column(columns, name, manifest["n_sequences"])
    start, length = _int64_array(sequences["start"]), _int64_array(sequences["length"])
    is_contiguous = np.array_equal(start, np.cumsum(length) - length)
    covers_tokens = bool(length.min() >= 1 and length.sum() == manifest["n_tokens"])
    of_token = np.repeat(np.arange(len(length)), length) if is_contiguous and covers_tokens else ()
    if not np.array_equal(of_token, _int64_array(tokens["sequence"])):
        raise DamagedDatasetError(
            f"{layout.TOKENS}: the sequences do not cover the tokens in order without gaps"
        )
    return Sequences(start, length, _checked_sources(sequences, length, manifest))


def _checked_sources(
    sequences: Mapping[str, Any], length: NDArray[np.int64], manifest: Mapping[str, Any]
) -> NDArray[np.int64] | None:
    """Return the numbers of source tokens; None unless the rows of heads are parts of a model."""
    if manifest["layers"][0].get("part") is None:
        return None
    for name in ("n_source", "target_text"):
        _check_column(sequences, name, len(length))
    _check_types(sequences, "target_text")
    n_source = _int64_array(sequences["n_source"])
    if not ((n_source >= 1) & (n_source < length)).all():
        raise DamagedDatasetError(f"{layout.TOKENS}: a sequence has no source or no target tokens")
    return n_source


def _check_pairs(pairs: Any, tokens: Mapping[str, Any], n_pairs: int) -> None:
    """Raise DamagedDatasetError unless pairs are two tokens of a sequence, in order, and a name."""
    for name in PAIR_COLUMNS:
        _check_column(pairs, name, n_pairs)
    sequence, n_tokens = tokens["sequence"], len(tokens["sequence"])
    for first, second, name in zip(*(pairs[column] for column in PAIR_COLUMNS), strict=True):
        is_pair = type(first) is int and type(second) is int and 0 <= first < second < n_tokens
        if not (is_pair and sequence[first] == sequence[second] and isinstance(name, str)):
            raise DamagedDatasetError(f"{layout.TOKENS}: a labelled pair is not two tokens")


def write_characters(content: bytes, sequences: Sequences) -> bytes:
    """Return ``tokens.json`` of format 2 with split characters written as in format 3.

    Parameters
    ----------
    content : bytes
        Already validated.
    sequences : Sequences
    """
    tokens = parse_json(content, layout.TOKENS)
    text: list[str] = []
    for start, length in zip(sequences.start, sequences.length, strict=True):
        text += rewrite_byte_tokens(tokens["text"][start : start + length])
    return json.dumps({**tokens, "text": text}, ensure_ascii=False).encode()


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


def _check_column(columns: Any, name: str, n_rows: int) -> None:
    column = columns.get(name) if isinstance(columns, dict) else None
    if not isinstance(column, list) or len(column) != n_rows:
        actual = f"{len(column)} rows" if isinstance(column, list) else "no list"
        raise DamagedDatasetError(f"{layout.TOKENS}: {name[:100]} has {actual}, not {n_rows}")


def _check_types(columns: Mapping[str, Any], name: str) -> None:
    expected = _TYPES[name]
    if not all(type(value) is expected for value in columns[name]):
        raise DamagedDatasetError(
            f"{layout.TOKENS}: {name} has a value that is not {expected.__name__}"
        )


def _int64_array(column: list[Any]) -> NDArray[np.int64]:
    if not all(type(value) is int and 0 <= value < 2**31 for value in column):
        raise DamagedDatasetError(
            f"{layout.TOKENS}: start, length and sequence must be integers from 0 to {2**31 - 1}"
        )
    return np.array(column, dtype=np.int64)
