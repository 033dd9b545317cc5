"""Named arrays of a dataset."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from attentionviz.store import layout
from attentionviz.store.columns import Sequences
from attentionviz.store.dataset import DatasetReader
from attentionviz.store.token_files import PAIR_NAME, SURFACE
from attentionviz.store.token_reader import TokenReader

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
    def of(reader: DatasetReader) -> "Tokens":
        """Return the columns of a dataset as arrays."""
        tokens, sequences = reader.tokens, reader.sequences()
        vocabulary = tokens.vocabulary()
        codes = tokens.array(layout.CODES)
        surface = vocabulary.get(SURFACE)
        return Tokens(
            np.array(vocabulary["text"], dtype=np.str_)[codes],
            np.repeat(np.arange(len(sequences.length)), sequences.length),
            sequences.positions(),
            np.array(vocabulary["token_type"], dtype=np.str_)[codes],
            _places(tokens, "row"),
            _places(tokens, "column"),
            None if surface is None else np.array([word or "" for word in surface])[codes],
            _is_target(sequences),
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
    def of(reader: DatasetReader) -> "LabelledPairs":
        """Return the labelled pairs of a dataset."""
        pairs = reader.tokens.array(layout.LABELLED_PAIRS)
        names = np.array(reader.tokens.vocabulary()[PAIR_NAME], dtype=np.str_)
        return LabelledPairs(pairs[:, :2].astype(np.int64), names[pairs[:, 2]])


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


def _is_target(sequences: Sequences) -> NDArray[np.bool_] | None:
    if sequences.n_source is None:
        return None
    sizes = np.stack([sequences.n_source, sequences.length - sequences.n_source], axis=1)
    return np.repeat(np.tile([False, True], len(sizes)), sizes.reshape(-1))


def _places(tokens: TokenReader, name: str) -> NDArray[np.int64] | None:
    path = layout.patch_column_path(name)
    return tokens.array(path).astype(np.int64) if path in tokens.files else None
