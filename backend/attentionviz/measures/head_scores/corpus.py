"""The attention of one head over a whole corpus, in blocks of rows of bounded memory."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from attentionviz.core.pattern import Floats, block_pattern, visible_keys
from attentionviz.core.shapes import require_shape
from attentionviz.errors import ShapeError

Flags = NDArray[np.bool_]

# Weights of a block. A score works on several arrays of this size at once: 1 MiB each in float32.
BLOCK_WEIGHTS = 1 << 18


class TextTokens(NamedTuple):
    """Columns of text tokens that scores use; arrays of one shape. Made by `of`.

    Attributes
    ----------
    token_id : ndarray of int
    is_special, is_punctuation : ndarray of bool
    """

    token_id: NDArray[np.int64]
    is_special: Flags
    is_punctuation: Flags

    @classmethod
    def of(cls, token_id: NDArray[np.int64], **columns: NDArray[Any]) -> "TextTokens":
        """Return tokens with these columns by name; False in every other one."""
        empty = dict.fromkeys(cls._fields[1:], np.zeros(token_id.shape, dtype=bool))
        return cls(token_id, **{**empty, **columns})


class PatchTokens(NamedTuple):
    """What scores of images ask of a token; arrays of one shape.

    Attributes
    ----------
    is_class, is_patch : ndarray of bool
    row, column : ndarray of float
        NaN for what is no patch.
    hue, brightness : ndarray of float
        0…1; NaN for what is no patch, and the hue of greys.
    """

    is_class: Flags
    is_patch: Flags
    row: NDArray[np.float64]
    column: NDArray[np.float64]
    hue: NDArray[np.float64]
    brightness: NDArray[np.float64]


Tokens = TextTokens | PatchTokens


def _at(tokens: Any, where: NDArray[np.int64]) -> Any:
    """Return the same columns at some tokens."""
    return tokens._make(column[where] for column in tokens)


@dataclass(frozen=True)
class HeadAttention:
    """Where the attention of one head comes from.

    Attributes
    ----------
    queries, keys : ndarray of float32 or float16, shape (n_tokens, d_head)
        As the attention function saw them.
    lengths : ndarray of int, shape (n_sequences,)
        Tokens of every sequence, one after the other.
    scaling : float
    is_causal : bool
    max_distance : int or None
        Keys further away than this are hidden.
    """

    queries: NDArray[Any]
    keys: NDArray[Any]
    lengths: NDArray[np.int64]
    scaling: float
    is_causal: bool
    max_distance: int | None = None

    def __post_init__(self) -> None:
        require_shape("queries", self.queries, (None, None), "f")
        require_shape("keys", self.keys, self.queries.shape, "f")
        n_tokens = int(self.lengths.sum())
        if len(self.lengths) == 0 or self.lengths.min() < 1 or n_tokens != len(self.queries):
            raise ShapeError(f"sequences of {n_tokens} tokens for {len(self.queries)} queries")

    def blocks(self, tokens: Tokens, n_positions: int | None = None) -> "Iterator[Rows]":
        """Yield the rows of all sequences, those of equal length together.

        Parameters
        ----------
        tokens : TextTokens or PatchTokens
            Over all tokens of the corpus.
        n_positions : int or None
            Only the first so many queries of each sequence; None: all.
        """
        require_shape(tokens._fields[0], tokens[0], (len(self.queries),))
        starts = np.cumsum(self.lengths) - self.lengths
        for length in np.unique(self.lengths):
            of_length = starts[self.lengths == length]
            n_rows = int(length) if n_positions is None else min(int(length), n_positions)
            n_at_once = max(1, BLOCK_WEIGHTS // (n_rows * int(length)))
            for first in range(0, len(of_length), n_at_once):
                chosen = of_length[first : first + n_at_once]
                where = chosen[:, None] + np.arange(length)  # (sequence, position)
                yield from self._rows(where, n_rows, tokens)

    def _rows(self, where: NDArray[np.int64], n_rows: int, tokens: Tokens) -> "Iterator[Rows]":
        n_sequences, length = where.shape
        keys = self.keys[where]  # (sequence, key, d_head)
        here = _at(tokens, where)
        n_at_once = max(1, BLOCK_WEIGHTS // (n_sequences * length))
        for first in range(0, n_rows, n_at_once):
            positions = np.arange(first, min(first + n_at_once, n_rows))
            visible = visible_keys(
                len(positions),
                length,
                is_causal=self.is_causal,
                max_distance=self.max_distance,
                first_query=first,
            )
            queries = self.queries[where[:, positions]]
            weights = block_pattern(queries, keys, scaling=self.scaling, visible=visible)
            if visible is None:
                visible = np.ones(weights.shape[1:], dtype=bool)
            yield Rows(weights, positions, visible, here)


def weighted_logs(weights: Floats) -> Floats:
    """Return w ln w of every weight, 0 where the weight is 0."""
    logs = np.log(weights, out=np.zeros_like(weights), where=weights > 0)
    return weights * logs


@dataclass(frozen=True)
class Rows:
    """Some rows of the patterns of sequences of equal length.

    Attributes
    ----------
    weights : ndarray of float32, shape (n_sequences, n_rows, n_keys)
        [sequence, query, key]; hidden keys are 0.
    positions : ndarray of int, shape (n_rows,)
        Of the queries in their sequences.
    visible : ndarray of bool, shape (n_rows, n_keys)
    tokens : TextTokens or PatchTokens
        Arrays of shape (n_sequences, n_keys): all tokens of the sequences.
    """

    weights: Floats
    positions: NDArray[np.int64]
    visible: Flags
    tokens: Any

    @cached_property
    def ahead(self) -> NDArray[np.int64]:
        """How far each key is ahead of each query, (row, key); negative for earlier keys."""
        n_keys = self.visible.shape[1]
        ahead: NDArray[np.int64] = np.arange(n_keys)[None, :] - self.positions[:, None]
        return ahead

    @cached_property
    def n_visible(self) -> NDArray[np.int64]:
        """Visible keys of every query, (row,)."""
        return np.count_nonzero(self.visible, axis=1)

    @cached_property
    def summed(self) -> NDArray[np.float64]:
        """Weights added up over the sequences, (row, key): all that scores of position ask for."""
        summed: NDArray[np.float64] = self.weights.sum(axis=0, dtype=np.float64)
        return summed

    @cached_property
    def entropies(self) -> NDArray[np.float64]:
        """Entropy of every row in nats, (sequence, row)."""
        return -weighted_logs(self.weights).sum(axis=2, dtype=np.float64)

    @cached_property
    def others(self) -> Flags:
        """Visible keys other than the query's own, (row, key)."""
        return self.visible & (self.ahead != 0)

    @cached_property
    def copies(self) -> Flags:
        """Earlier tokens that are the query's, visible or not, (sequence, row, key).

        Special tokens have no copies: they mark, and say nothing twice.
        """
        token_id, is_special = self.tokens.token_id, self.tokens.is_special
        same: Flags = token_id[:, self.positions, None] == token_id[:, None, :]
        return same & (self.ahead < 0) & ~self.at_queries(is_special)[:, :, None]

    def at_queries(self, column: NDArray[Any]) -> NDArray[Any]:
        """Return a column of the tokens at the queries, (sequence, row)."""
        values: NDArray[Any] = column[:, self.positions]
        return values
