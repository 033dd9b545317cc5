"""``tokens.json`` of formats 2 and 3, converted to the files of format 4."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from attentionviz.core.characters import rewrite_byte_tokens
from attentionviz.errors import DamagedDatasetError
from attentionviz.store import layout
from attentionviz.store.columns import parse_json
from attentionviz.store.token_files import SURFACE, CodedColumn, CodedCorpus, Content

_TYPES = {
    **dict.fromkeys(("text", "target_text", "token_type"), str),
    **dict.fromkeys(("token_id", "position"), int),
}


def convert_tokens(content: bytes, manifest: Mapping[str, Any]) -> dict[str, Content]:
    """Return the files of `layout.token_files` from the content of ``tokens.json``.

    Split characters of format 2 are written as in format 3.

    Raises
    ------
    DamagedDatasetError
        If a column is missing or has the wrong length or type, or the sequences do not cover the
        tokens in order without gaps.
    """
    tokens = parse_json(content, layout.TOKENS)
    n_tokens, n_sequences = manifest["n_tokens"], manifest["n_sequences"]
    for name in ("text", "token_id", "token_type", "position"):
        _check_column(tokens, name, n_tokens)
        _check_types(tokens, name)
    surface = tokens.get(SURFACE, [None] * n_tokens)
    _check_column({SURFACE: surface}, SURFACE, n_tokens)
    if not all(word is None or isinstance(word, str) for word in surface):
        raise DamagedDatasetError(f"{layout.TOKENS}: {SURFACE} has a value that is not str")
    length = _lengths(tokens, manifest)
    sequences = tokens["sequences"]
    text_names = layout.text_names(manifest)
    for name in text_names:
        _check_column(sequences, name, n_sequences)
        _check_types(sequences, name)
    columns = sequences.get("columns")
    for name in manifest["corpus"]["columns"]:
        _check_column(columns, name, n_sequences)
    coded = CodedColumn()
    is_split = manifest["schema_version"] == 2 and b"<0x" in content
    text = _with_characters(tokens["text"], length) if is_split else tokens["text"]
    coded.extend(zip(text, tokens["token_id"], tokens["token_type"], surface, strict=True))
    corpus = CodedCorpus(
        coded,
        _patches(tokens) if manifest["patch_grid"] else {},
        length,
        {name: sequences[name] for name in text_names},
        [columns[name] for name in manifest["corpus"]["columns"]],
        _numbers(sequences, "n_source", n_sequences) if len(text_names) > 1 else None,
        _pairs(tokens, manifest),
    )
    try:
        return corpus.files()
    except (OverflowError, TypeError, ValueError) as error:
        raise DamagedDatasetError(f"{layout.TOKENS}: {str(error)[:200]}") from error


def _lengths(tokens: Mapping[str, Any], manifest: Mapping[str, Any]) -> NDArray[np.int64]:
    """Return the lengths of the sequences, which must cover the tokens."""
    n_sequences = manifest["n_sequences"]
    sequences = tokens.get("sequences")
    start, length = (_numbers(sequences, name, n_sequences) for name in ("start", "length"))
    of_token = _numbers(tokens, "sequence", manifest["n_tokens"])
    is_contiguous = np.array_equal(start, np.cumsum(length) - length)
    covers = is_contiguous and length.min() >= 1 and length.sum() == len(of_token)
    if not covers or not np.array_equal(np.repeat(np.arange(n_sequences), length), of_token):
        raise DamagedDatasetError(
            f"{layout.TOKENS}: the sequences do not cover the tokens in order without gaps"
        )
    return length


def _with_characters(texts: list[str], length: NDArray[np.int64]) -> list[str]:
    written: list[str] = []
    for start, n in zip(np.cumsum(length) - length, length, strict=True):
        written += rewrite_byte_tokens(texts[start : start + n])
    return written


def _patches(tokens: Mapping[str, Any]) -> dict[str, list[float | None]]:
    for name in layout.PATCH_COLUMNS:
        _check_column(tokens, name, len(tokens["text"]))
    return {name: tokens[name] for name in layout.PATCH_COLUMNS}


def _pairs(tokens: Mapping[str, Any], manifest: Mapping[str, Any]) -> dict[str, Any] | None:
    facts = manifest["corpus"].get("pairs")
    if facts is None:
        return None
    pairs: Any = tokens.get("pairs")
    n = facts["n_taken"]
    first, second = (_numbers(pairs, name, n) for name in ("first", "second"))
    _check_column(pairs, "name", n)
    if not all(isinstance(name, str) for name in pairs["name"]):
        raise DamagedDatasetError(f"{layout.TOKENS}: a labelled pair has a name that is not str")
    return {"first": first, "second": second, "name": pairs["name"]}


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


def _numbers(columns: Any, name: str, n_rows: int) -> NDArray[np.int64]:
    _check_column(columns, name, n_rows)
    if not all(type(value) is int and 0 <= value < 2**31 for value in columns[name]):
        raise DamagedDatasetError(f"{layout.TOKENS}: {name} must be integers from 0 to {2**31 - 1}")
    return np.array(columns[name], dtype=np.int64)
