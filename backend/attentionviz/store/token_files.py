"""Tokens and sequences as the files of a dataset: codes of a vocabulary, arrays, UTF-8 texts.

A token is a code, its row in the vocabulary: the distinct tokens of a corpus, each with text, id,
type and, of an unknown token, its word in the text. Position and sequence of a token follow from
the lengths of the sequences.
"""

from array import array
from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from attentionviz.store import layout
from attentionviz.store.columns import Numbers
from attentionviz.store.schema import canonical_json

VOCABULARY_COLUMNS = ("text", "token_id", "token_type", "surface")
SURFACE = "surface"
"""Optional column: the word of the text for each unknown token, else null."""
PAIR_NAME = "pair_name"
"""Optional entry of the vocabulary: the distinct names of labelled pairs."""

Content = NDArray[Any] | bytes
"""An array, or the bytes of any other file."""


class CodedColumn:
    """Codes of values in the order of their first occurrence."""

    def __init__(self) -> None:
        self._code_of: dict[Hashable, int] = {}
        self._codes = array("i")

    def __len__(self) -> int:
        return len(self._codes)

    def extend(self, values: Iterable[Hashable]) -> None:
        """Append values."""
        codes = self._code_of
        self._codes.extend(codes.setdefault(value, len(codes)) for value in values)

    @property
    def values(self) -> list[Any]:
        """The distinct values."""
        return list(self._code_of)

    @property
    def codes(self) -> NDArray[np.int32]:
        """Code of every value."""
        return np.array(self._codes, dtype=np.int32)


class CodedCorpus(NamedTuple):
    """Tokens and sequences of a corpus.

    Attributes
    ----------
    tokens : CodedColumn
        Of rows of `VOCABULARY_COLUMNS`.
    patches : mapping of str to sequence
        `layout.PATCH_COLUMNS`, None for tokens that are not patches; empty for text.
    lengths : sequence of int
        Number of tokens of every sequence.
    texts : mapping of str to sequence of str
        ``text`` and, of a model with encoder and decoder, ``target_text``.
    columns : sequence of sequence
        Further columns of the sequences, any JSON values, in the order of the manifest.
    n_source : sequence of int or None
        Number of source tokens of every sequence.
    pairs : mapping or None
        Labelled pairs: ``first``, ``second`` and ``name``.
    """

    tokens: CodedColumn
    patches: Mapping[str, Sequence[float | None]]
    lengths: Numbers
    texts: Mapping[str, Sequence[str]]
    columns: Sequence[Sequence[Any]] = ()
    n_source: Numbers | None = None
    pairs: Mapping[str, Any] | None = None

    def files(self) -> dict[str, Content]:
        """Return the content of every file of `layout.token_files`."""
        vocabulary = _vocabulary(self.tokens.values)
        files: dict[str, Content] = {
            layout.CODES: self.tokens.codes,
            layout.SEQUENCE_LENGTHS: _int32(self.lengths),
        }
        if self.n_source is not None:
            files[layout.N_SOURCE] = _int32(self.n_source)
        for name, column in self.patches.items():
            files[layout.patch_column_path(name)] = _patch_column(name, column)
        for name, texts in self.texts.items():
            encoded = [text.encode() for text in texts]
            files[layout.texts_path(name)] = b"".join(encoded)
            ends = np.cumsum([len(text) for text in encoded])
            files[layout.text_ends_path(name)] = _int32(ends)
        if self.columns:
            coded = [_coded(column) for column in self.columns]
            files[layout.COLUMN_CODES] = np.stack([codes for codes, _ in coded])
            files[layout.COLUMN_VALUES] = _json([values for _, values in coded])
        if self.pairs is not None:
            codes, vocabulary[PAIR_NAME] = _coded(self.pairs["name"])
            tokens = (_int32(self.pairs["first"]), _int32(self.pairs["second"]))
            files[layout.LABELLED_PAIRS] = np.stack([*tokens, codes], axis=1)  # (pair, 3)
        files[layout.VOCABULARY] = _json(vocabulary)
        return files


def n_bytes(files: Mapping[str, Content]) -> int:
    """Return the size of all these contents."""
    return sum(
        content.nbytes if isinstance(content, np.ndarray) else len(content)
        for content in files.values()
    )


def _vocabulary(rows: Sequence[Sequence[Any]]) -> dict[str, list[Any]]:
    columns = zip(*rows, strict=True)
    found = {name: list(values) for name, values in zip(VOCABULARY_COLUMNS, columns, strict=True)}
    if not any(found[SURFACE]):
        del found[SURFACE]
    return found


def _patch_column(name: str, column: Sequence[float | None]) -> NDArray[Any]:
    dtype = np.dtype(layout.PATCH_COLUMNS[name])
    missing = np.nan if dtype.kind == "f" else -1
    return np.array([missing if value is None else value for value in column], dtype=dtype)


def _coded(values: Sequence[Any]) -> tuple[NDArray[np.int32], list[Any]]:
    """Return codes and distinct values; values of different JSON, such as 1 and 1.0, differ."""
    coded = CodedColumn()
    of_key: dict[bytes, Any] = {}
    keys = [_json(value) for value in values]
    for key, value in zip(keys, values, strict=True):
        of_key.setdefault(key, value)
    coded.extend(keys)
    return coded.codes, list(of_key.values())


def _json(value: Any) -> bytes:
    return canonical_json(value, is_compact=True)


def _int32(values: Any) -> NDArray[np.int32]:
    array = np.asarray(values, dtype=np.int64)
    if array.size and not -(2**31) <= array.min() <= array.max() < 2**31:
        raise OverflowError("a number of the tokens does not fit into 32 bits")
    return array.astype(np.int32)
