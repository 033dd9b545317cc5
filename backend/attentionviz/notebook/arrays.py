"""Named arrays of a dataset."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]


class Vectors(NamedTuple):
    """Queries and keys of one head, float32, shape (n_tokens, d_head) each.

    NaN for tokens without: in an encoder-decoder model, heads have queries or keys of one text.
    """

    queries: Floats
    keys: Floats


class Points(NamedTuple):
    """Coordinates of queries and keys in one map of a head, float32, shape (n_tokens, dims).

    NaN as in `Vectors`.
    """

    queries: Floats
    keys: Floats


class Tokens(NamedTuple):
    """The tokens of the corpus, one array per column, each of shape (n_tokens,).

    Attributes
    ----------
    text : ndarray of str
        As in the tokenizer's vocabulary, with leading spaces; empty for patches. A token that holds
        some bytes of a character is written like ``你 1⁄3``.
    sequence, position : ndarray of int64
        Index of the sequence, and position in it.
    token_type : ndarray of str
        ``text``, ``special``, ``class``, ``register`` or ``patch``.
    row, column : ndarray of int64 or None
        Of a patch in its image, -1 for other tokens; None for text.
    surface : ndarray of str or None
        For an unknown token, its word in the text, else empty; None if no token is unknown.
    is_target : ndarray of bool or None
        Whether a token is of the target text; None unless the model has an encoder and a decoder.
        Positions count from 0 in each text.
    """

    text: NDArray[np.str_]
    sequence: NDArray[np.int64]
    position: NDArray[np.int64]
    token_type: NDArray[np.str_]
    row: NDArray[np.int64] | None
    column: NDArray[np.int64] | None
    surface: NDArray[np.str_] | None = None
    is_target: NDArray[np.bool_] | None = None

    @staticmethod
    def of(columns: Mapping[str, Any]) -> "Tokens":
        """Return the columns of ``tokens.json`` as arrays."""
        return Tokens(
            np.array(columns["text"], dtype=np.str_),
            np.array(columns["sequence"]),
            np.array(columns["position"]),
            np.array(columns["token_type"], dtype=np.str_),
            _places(columns.get("row")),
            _places(columns.get("column")),
            _surface(columns.get("surface")),
            _is_target(columns["sequences"]),
        )


class LabelledPairs(NamedTuple):
    """Labelled pairs of tokens, such as contacts of a protein.

    Attributes
    ----------
    tokens : ndarray of int64, shape (n_pairs, 2)
        Indices of two tokens of a sequence, ascending.
    name : ndarray of str, shape (n_pairs,)
        Empty if a pair has none.
    """

    tokens: NDArray[np.int64]
    name: NDArray[np.str_]

    @staticmethod
    def of(columns: Mapping[str, Any]) -> "LabelledPairs":
        """Return the entry ``pairs`` of ``tokens.json`` as arrays."""
        tokens = np.array([columns["first"], columns["second"]], dtype=np.int64).T  # (pair, 2)
        return LabelledPairs(tokens, np.array(columns["name"], dtype=np.str_))


class HeadScores(NamedTuple):
    """Every score of every head.

    Attributes
    ----------
    values : dict of str to ndarray of float64, shape (n_layers, n_heads)
        NaN if no row of the corpus defines the score, or if there is no such head.
    n_rows : dict of str to ndarray of int64, shape (n_layers, n_heads)
        Number of rows that each value is computed from.
    """

    values: dict[str, NDArray[np.float64]]
    n_rows: dict[str, NDArray[np.int64]]


def _is_target(sequences: Mapping[str, Any]) -> NDArray[np.bool_] | None:
    if "n_source" not in sequences:
        return None
    n_source = np.array(sequences["n_source"])
    sizes = np.stack([n_source, np.array(sequences["length"]) - n_source], axis=1)
    return np.repeat(np.tile([False, True], len(sizes)), sizes.reshape(-1))


def _places(column: list[int | None] | None) -> NDArray[np.int64] | None:
    if column is None:
        return None
    return np.array([-1 if value is None else value for value in column], dtype=np.int64)


def _surface(column: list[str | None] | None) -> NDArray[np.str_] | None:
    return None if column is None else np.array([word or "" for word in column], dtype=np.str_)
