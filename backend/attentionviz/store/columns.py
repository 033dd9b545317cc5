"""JSON files of a dataset, validated against its manifest."""

import json
import math
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from attentionviz.core.characters import rewrite_byte_tokens
from attentionviz.errors import DamagedDatasetError
from attentionviz.store import layout

TOKEN_COLUMNS = ("text", "token_id", "sequence", "position", "token_type")
PATCH_COLUMNS = ("row", "column", "hue", "brightness")
SURFACE = "surface"
"""A column that is there if an unknown word is: what stands in the text for it, else null."""

_TYPES = {"text": str, "token_type": str, "token_id": int, "sequence": int, "position": int}
_MAY_BE_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")


class Sequences(NamedTuple):
    """Start and length of every sequence, in tokens; int64, shape (n_sequences,) each."""

    start: NDArray[np.int64]
    length: NDArray[np.int64]

    @property
    def n_bytes(self) -> int:
        """Return the size of both arrays."""
        return self.start.nbytes + self.length.nbytes


def parse_json(content: bytes, name: str) -> Any:
    """Return the value of a JSON file; DamagedDatasetError, naming the file, if it is not valid.

    Content on which parsers disagree is not valid either: duplicate keys in an object, and lone
    surrogates in a string.
    """
    try:
        value = json.loads(
            content, parse_constant=_refuse_constant, object_pairs_hook=_require_single_keys
        )
        if _MAY_BE_SURROGATE.search(content):
            json.dumps(value, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:
        raise DamagedDatasetError(f"{name} is not JSON: {str(error)[:200]}") from error
    return value


def _require_single_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    entries = dict(pairs)
    if len(entries) < len(pairs):
        raise ValueError("an object has a key twice")
    return entries


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is not a JSON number")


def check_tokens(content: bytes, manifest: Mapping[str, Any]) -> Sequences:
    """Return where the sequences lie, after validating every column of ``tokens.json``.

    Parameters
    ----------
    content : bytes
        Of ``tokens.json``.
    manifest : mapping

    Raises
    ------
    DamagedDatasetError
        When a column is missing, too long or too short, or the sequences do not follow each
        other from the first token to the last.
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
            raise DamagedDatasetError(f"{layout.TOKENS}: {SURFACE} holds more than str")
    sequences = tokens.get("sequences")
    for name in ("start", "length", "text"):
        _check_column(sequences, name, manifest["n_sequences"])
    _check_types(sequences, "text")
    columns = sequences.get("columns")
    for name in manifest["corpus"]["columns"]:
        _check_column(columns, name, manifest["n_sequences"])
    start, length = _whole(sequences["start"]), _whole(sequences["length"])
    follows = np.array_equal(start, np.cumsum(length) - length)
    is_filled = bool(length.min() >= 1 and length.sum() == manifest["n_tokens"])
    of_token = np.repeat(np.arange(len(length)), length) if follows and is_filled else ()
    if not np.array_equal(of_token, _whole(tokens["sequence"])):
        raise DamagedDatasetError(f"{layout.TOKENS}: the sequences do not follow each other")
    return Sequences(start, length)


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
    for start, length in zip(*sequences, strict=True):
        text += rewrite_byte_tokens(tokens["text"][start : start + length])
    return json.dumps({**tokens, "text": text}, ensure_ascii=False).encode()


def check_heads(content: bytes, manifest: Mapping[str, Any]) -> None:
    """Raise DamagedDatasetError unless ``heads.json`` describes every map of every head.

    Parameters
    ----------
    content : bytes
        Of ``heads.json``.
    manifest : mapping
    """
    document = parse_json(content, layout.HEADS)
    heads = document.get("heads") if isinstance(document, dict) else None
    expected = list(layout.iterate_heads(manifest["n_layers"], manifest["n_heads"]))
    if not isinstance(heads, list) or len(heads) != len(expected):
        raise DamagedDatasetError(f"{layout.HEADS} does not list {len(expected)} heads")
    for head, facts in zip(expected, heads, strict=True):
        fits = (
            isinstance(facts, dict)
            and (facts.get("layer"), facts.get("head")) == head
            and isinstance(facts.get("maps"), dict)
            and facts["maps"].keys() == manifest["maps"].keys()
        )
        if not fits:
            raise DamagedDatasetError(f"{layout.HEADS} does not describe head {head.folder}")
        if not _has_scores(facts, manifest["scores"]):
            raise DamagedDatasetError(f"{layout.HEADS} does not score head {head.folder}")


def _has_scores(facts: Mapping[str, Any], names: list[str]) -> bool:
    """Return whether a head has these scores, and a profile whose columns have equal length."""
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
    wanted = _TYPES[name]
    if not all(type(value) is wanted for value in columns[name]):
        raise DamagedDatasetError(f"{layout.TOKENS}: {name} holds more than {wanted.__name__}")


def _whole(column: list[Any]) -> NDArray[np.int64]:
    if not all(type(value) is int and 0 <= value < 2**31 for value in column):
        raise DamagedDatasetError(f"{layout.TOKENS}: a start or length is no whole number")
    return np.array(column, dtype=np.int64)
