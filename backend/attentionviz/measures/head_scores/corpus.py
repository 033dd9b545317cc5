"""The attention of one head over a whole corpus, in blocks of rows of bounded memory."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from attentionviz.core.pattern import Floats, pattern_rows
from attentionviz.core.rule import HeadRule, Spans
from attentionviz.core.shapes import require_shape
from attentionviz.errors import ShapeError

Flags = NDArray[np.bool_]

# Weights of a block, 1 MiB in float32. A score uses several arrays of this size at once.
BLOCK_WEIGHTS = 1 << 18


class TextTokens(NamedTuple):
    """Columns of text tokens for head scores; arrays of equal shape. Created by `of`.

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
        """Return tokens with these columns by name; all other columns are False."""
        empty = dict.fromkeys(cls._fields[1:], np.zeros(token_id.shape, dtype=bool))
        return cls(token_id, **{**empty, **columns})


class PatchTokens(NamedTuple):
    """Columns of image tokens for head scores; arrays of equal shape.

    Attributes
    ----------
    is_class, is_patch : ndarray of bool
    row, column : ndarray of float
        NaN for prefix tokens.
    hue, brightness : ndarray of float
        0…1; NaN for prefix tokens, and the hue of greys.
    """

    is_class: Flags
    is_patch: Flags
    row: NDArray[np.float64]
    column: NDArray[np.float64]
    hue: NDArray[np.float64]
    brightness: NDArray[np.float64]


class ImageTextTokens(NamedTuple):
    """Columns of the tokens of images and texts for head scores: those of words and of patches.

    All sequences have their patches at the same positions.
    """

    token_id: NDArray[np.int64]
    is_special: Flags
    is_punctuation: Flags
    is_class: Flags
    is_patch: Flags
    row: NDArray[np.float64]
    column: NDArray[np.float64]
    hue: NDArray[np.float64]
    brightness: NDArray[np.float64]

    @property
    def is_word(self) -> Flags:
        """Tokens that are neither patches nor special."""
        return ~(self.is_patch | self.is_special)


Tokens = TextTokens | PatchTokens | ImageTextTokens


def _select(tokens: Any, indices: NDArray[np.int64]) -> Any:
    """Return all columns of tokens at these indices."""
    return tokens._make(column[indices] for column in tokens)


@dataclass(frozen=True)
class HeadAttention:
    """Vectors, sequences and rule of one head, from which its attention is computed.

    Attributes
    ----------
    queries, keys : ndarray of float32 or float16, shape (n_tokens, d_head)
        As passed to the attention function, sequence by sequence; not read for tokens without.
    lengths : ndarray of int, shape (n_sequences,)
        Number of tokens of every sequence.
    rule : HeadRule
    n_source : ndarray of int, shape (n_sequences,), or None
        Number of source tokens of every sequence, for a rule of an encoder-decoder model.
    """

    queries: NDArray[Any]
    keys: NDArray[Any]
    lengths: NDArray[np.int64]
    rule: HeadRule
    n_source: NDArray[np.int64] | None = None

    def __post_init__(self) -> None:
        require_shape("queries", self.queries, (None, None), "f")
        require_shape("keys", self.keys, self.queries.shape, "f")
        n_tokens = int(self.lengths.sum())
        if len(self.lengths) == 0 or self.lengths.min() < 1 or n_tokens != len(self.queries):
            raise ShapeError(
                f"the sequences have {n_tokens} tokens, there are {len(self.queries)} queries"
            )

    @cached_property
    def spans(self) -> Spans:
        """Return the tokens of every sequence with a query, and with a key."""
        lengths = self.lengths.astype(np.int64)
        return self.rule.spans(np.cumsum(lengths) - lengths, lengths, self.n_source)

    def blocks(self, tokens: Tokens, n_positions: int | None = None) -> "Iterator[Rows]":
        """Yield the rows of all sequences in blocks, grouped by their numbers of queries and keys.

        Parameters
        ----------
        tokens : TextTokens, PatchTokens or ImageTextTokens
            Over all tokens of the corpus.
        n_positions : int or None
            Number of first queries of each sequence; None for all.
        """
        require_shape(tokens._fields[0], tokens[0], (len(self.queries),))
        sizes = np.stack([self.spans.n_queries, self.spans.n_keys], axis=1)
        for n_queries, n_keys in np.unique(sizes, axis=0).tolist():
            of_size = np.flatnonzero((sizes == (n_queries, n_keys)).all(axis=1))
            n_rows = n_queries if n_positions is None else min(n_queries, n_positions)
            n_at_once = max(1, BLOCK_WEIGHTS // (n_rows * n_keys))
            for first in range(0, len(of_size), n_at_once):
                chosen = of_size[first : first + n_at_once]
                queries = self.spans.query_start[chosen][:, None] + np.arange(n_queries)
                keys = self.spans.key_start[chosen][:, None] + np.arange(n_keys)
                yield from self._rows(queries, keys, n_rows, tokens)

    def _rows(
        self, queries: NDArray[np.int64], keys: NDArray[np.int64], n_rows: int, tokens: Tokens
    ) -> "Iterator[Rows]":
        """Yield blocks of rows of sequences, whose tokens are (sequence, position)."""
        n_sequences, n_keys = keys.shape
        key_vectors = self.keys[keys]  # (sequence, key, d_head)
        key_tokens = _select(tokens, keys)
        n_at_once = max(1, BLOCK_WEIGHTS // (n_sequences * n_keys))
        for first in range(0, n_rows, n_at_once):
            positions = np.arange(first, min(first + n_at_once, n_rows))
            vectors = self.queries[queries[:, positions]]
            weights = pattern_rows(vectors, key_vectors, positions, self.rule)
            yield Rows(
                weights,
                positions,
                self.rule.visible(positions, n_keys),
                key_tokens,
                has_sink=self.rule.sink is not None,
                is_cross=self.rule.part == "cross",
                n_queries=queries.shape[1],
            )


def weighted_logs(weights: NDArray[Any]) -> NDArray[Any]:
    """Return w ln w of every weight, 0 for a weight of 0."""
    logs = np.log(weights, out=np.zeros_like(weights), where=weights > 0)
    return weights * logs


@dataclass(frozen=True)
class Rows:
    """A block of rows of the patterns of sequences of equal length.

    Attributes
    ----------
    weights : ndarray of float32, shape (n_sequences, n_rows, n_keys)
        [sequence, query, key]; hidden keys are 0.
    positions : ndarray of int, shape (n_rows,)
        Positions of the queries in their sequences.
    visible : ndarray of bool, shape (n_rows, n_keys)
    tokens : TextTokens, PatchTokens or ImageTextTokens
        Arrays of shape (n_sequences, n_keys): the tokens of the keys.
    has_sink : bool
        Whether rows sum to what a sink leaves.
    is_cross : bool
        Whether the keys are of another text than the queries.
    n_queries : int
        Of each of the sequences, of which these rows are some.
    """

    weights: Floats
    positions: NDArray[np.int64]
    visible: Flags
    tokens: Any
    has_sink: bool = False
    is_cross: bool = False
    n_queries: int = 0

    @cached_property
    def ahead(self) -> NDArray[np.int64]:
        """Position of each key minus that of each query, (row, key)."""
        n_keys = self.visible.shape[1]
        ahead: NDArray[np.int64] = np.arange(n_keys)[None, :] - self.positions[:, None]
        return ahead

    @cached_property
    def n_visible(self) -> NDArray[np.int64]:
        """Number of visible keys of every query, (row,)."""
        return np.count_nonzero(self.visible, axis=1)

    @cached_property
    def n_choices(self) -> NDArray[np.int64]:
        """Number of visible keys of every query, the sink counted, (row,)."""
        return self.n_visible + self.has_sink

    @cached_property
    def sink_weights(self) -> NDArray[np.float64]:
        """Weight of the sink in every row, (sequence, row)."""
        return np.maximum(0.0, 1.0 - self.weights.sum(axis=2, dtype=np.float64))

    @cached_property
    def summed(self) -> NDArray[np.float64]:
        """Weights summed over the sequences, (row, key); sufficient for scores by position."""
        summed: NDArray[np.float64] = self.weights.sum(axis=0, dtype=np.float64)
        return summed

    @cached_property
    def entropies(self) -> NDArray[np.float64]:
        """Entropy of every row in nats, the sink counted, (sequence, row)."""
        entropies = -weighted_logs(self.weights).sum(axis=2, dtype=np.float64)
        return entropies - weighted_logs(self.sink_weights) if self.has_sink else entropies

    @cached_property
    def others(self) -> Flags:
        """Visible keys other than the query's own, (row, key)."""
        return self.visible & (self.ahead != 0)

    @cached_property
    def copies(self) -> Flags:
        """Earlier tokens equal to the query's, visible or not, (sequence, row, key).

        Special tokens have no copies, since they are not part of the text.
        """
        token_id, is_special = self.tokens.token_id, self.tokens.is_special
        same: Flags = token_id[:, self.positions, None] == token_id[:, None, :]
        return same & (self.ahead < 0) & ~self.at_queries(is_special)[:, :, None]

    def of_text(self) -> "Rows":
        """Return the rows of queries that are no patches, of images and texts."""
        is_text = ~self.at_queries(self.tokens.is_patch)[0]
        return Rows(
            self.weights[:, is_text],
            self.positions[is_text],
            self.visible[is_text],
            self.tokens,
            self.has_sink,
        )

    def at_queries(self, column: NDArray[Any]) -> NDArray[Any]:
        """Return the values of a token column at the queries, (sequence, row)."""
        values: NDArray[Any] = column[:, self.positions]
        return values
