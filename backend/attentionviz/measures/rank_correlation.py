"""Spearman's rank correlation of nearness and score, within sequences, over visible keys."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from attentionviz.core.rule import ScoreRule, Spans

Floats = NDArray[np.floating]
Tokens = NDArray[np.int64]

MIN_KEYS = 3
# Random sequences are used until they have this many tokens.
ENOUGH_TOKENS = 2000
# In longer sequences, only every n-th query is used.
MAX_PAIRS = 1 << 20


class TokenPositions(NamedTuple):
    """Sequences and positions of the tokens, and the masking rule of a layer.

    Attributes
    ----------
    sequence_index, position : ndarray of int, shape (n_queries,)
        Of the tokens with a query.
    rule : ScoreRule
    key_sequence_index : ndarray of int, shape (n_keys,), or None
        Of the tokens with a key, in the order of their positions, if they are others.
    """

    sequence_index: NDArray[np.integer]
    position: NDArray[np.integer]
    rule: ScoreRule
    key_sequence_index: NDArray[np.integer] | None = None

    @classmethod
    def of(cls, spans: Spans, rule: ScoreRule) -> "TokenPositions":
        """Return the positions of the queries and keys of a head."""

        def sequence_of(n: Tokens) -> Tokens:
            return np.repeat(np.arange(len(n)), n)

        queries = spans.queries
        return cls(
            sequence_of(spans.n_queries),
            queries - np.repeat(spans.query_start, spans.n_queries),
            rule,
            sequence_of(spans.n_keys) if rule.part == "cross" else None,
        )


class RankedSequences(NamedTuple):
    """Ranks of the scores of some sequences of similar length, padded to the longest.

    Attributes
    ----------
    queries, keys : ndarray of int, shapes (n_sequences, n_queries) and (n_sequences, n_keys)
        Indices of the vectors; padding repeats the last of the sequence.
    visible : ndarray of bool, shape (n_sequences, n_queries, n_keys)
        False for padding.
    ranks : ndarray of float64, shape (n_sequences, n_queries, n_keys)
        Minus their mean; 0 if not visible.
    has_order : ndarray of bool, shape (n_sequences, n_queries)
        Whether the rank correlation of a query is defined.
    """

    queries: Tokens
    keys: Tokens
    visible: NDArray[np.bool_]
    ranks: Floats
    has_order: NDArray[np.bool_]


def rank_scores(
    queries: Floats, keys: Floats, positions: TokenPositions, seed: int
) -> list[RankedSequences]:
    """Return the ranks of the scores of a sample of sequences.

    Parameters
    ----------
    queries, keys : ndarray of floats, shapes (n_queries, d_head) and (n_keys, d_head)
        Raw vectors; the scaling does not affect ranks.
    positions : TokenPositions
    seed : int
        Seed of the sample, for more than `ENOUGH_TOKENS` tokens.
    """
    ranked = []
    for of_queries, of_keys, visible in _blocks(positions, seed):
        ranks = _centred_ranks(queries[of_queries] @ keys[of_keys].swapaxes(1, 2), visible)
        has_order = (visible.sum(axis=2) >= MIN_KEYS) & ranks.any(axis=2)
        if has_order.any():
            ranked.append(RankedSequences(of_queries, of_keys, visible, ranks, has_order))
    return ranked


def mean_correlation(
    ranked: list[RankedSequences], nearness: Callable[[Tokens, Tokens], Floats]
) -> float | None:
    """Return the mean over queries of the correlation of nearness with the ranked scores.

    Parameters
    ----------
    ranked : list of RankedSequences
        From `rank_scores`.
    nearness : callable
        ``nearness(queries, keys)`` gives an array of shape (n_sequences, n_queries, n_keys) for
        some tokens, shapes (n_sequences, n_queries) and (n_sequences, n_keys).

    Returns
    -------
    float or None
        In -1..1; None if no query has three visible keys with different scores. A query whose keys
        are all equally near counts as 0.
    """
    correlations = []
    for block in ranked:
        near = _centred_ranks(nearness(block.queries, block.keys), block.visible)
        products = np.einsum("sqk,sqk->sq", near, block.ranks)[block.has_order]
        squares = np.einsum("sqk,sqk->sq", near, near)[block.has_order]
        norms = np.sqrt(
            squares * np.einsum("sqk,sqk->sq", block.ranks, block.ranks)[block.has_order]
        )
        correlations.append(
            np.divide(products, norms, out=np.zeros_like(products), where=norms > 0)
        )
    return float(np.concatenate(correlations).mean()) if correlations else None


class _Sequences(NamedTuple):
    """The vectors of all sequences, sequence by sequence."""

    order: Tokens
    start: Tokens
    length: Tokens

    @classmethod
    def of(cls, order: Tokens, sequence_index: NDArray[np.integer]) -> "_Sequences":
        ends = np.flatnonzero(np.diff(sequence_index[order], append=-1)) + 1
        length = np.diff(ends, prepend=0)
        return cls(order, ends - length, length)

    def padded(self, sequences: Tokens, step: int = 1) -> Tokens:
        """Return every n-th vector of some sequences; padding repeats the last of each."""
        length = self.length[sequences, None]
        positions = np.arange(0, length.max(), step)
        return self.order[self.start[sequences, None] + np.minimum(positions, length - 1)]


def _blocks(
    positions: TokenPositions, seed: int
) -> Iterator[tuple[Tokens, Tokens, NDArray[np.bool_]]]:
    """Yield queries, keys and what is visible of sequences of similar length, of a sample."""
    order = np.lexsort((positions.position, positions.sequence_index))
    queries = keys = _Sequences.of(order, positions.sequence_index)
    if positions.key_sequence_index is not None:
        n_keys = len(positions.key_sequence_index)
        keys = _Sequences.of(np.arange(n_keys), positions.key_sequence_index)
    sequences = np.arange(len(queries.length))
    if len(order) > ENOUGH_TOKENS:
        shuffled = np.random.default_rng(seed).permutation(sequences)
        n_taken = int(np.searchsorted(np.cumsum(queries.length[shuffled]), ENOUGH_TOKENS)) + 1
        sequences = np.sort(shuffled[:n_taken])
    n_queries, n_keys_of = queries.length[sequences], keys.length[sequences]
    steps = -(-(n_queries * n_keys_of) // MAX_PAIRS)  # rounded up
    kinds = (steps << 12) + (np.frexp(n_queries)[1] << 6) + np.frexp(n_keys_of)[1]
    for kind in np.unique(kinds).tolist():
        chosen, step = sequences[kinds == kind], kind >> 12
        of_queries, of_keys = queries.padded(chosen, step), keys.padded(chosen)
        rows, columns = np.arange(of_queries.shape[1]) * step, np.arange(of_keys.shape[1])
        exists = (rows < queries.length[chosen, None])[:, :, None]
        exists = exists & (columns < keys.length[chosen, None])[:, None, :]
        yield of_queries, of_keys, exists & positions.rule.visible(rows, len(columns))


def _centred_ranks(values: Floats, visible: NDArray[np.bool_]) -> Floats:
    """Return the ranks of the visible values of each row minus their mean; ties share a rank.

    Parameters
    ----------
    values, visible : ndarray, shape (n_sequences, n_queries, n_keys)
        Finite; equal values are a tie.

    Returns
    -------
    ndarray of float64
        As SciPy's ``rankdata``, from 1; 0 if not visible.
    """
    n_keys = values.shape[-1]
    # Hidden values rank last, so they do not affect other ranks.
    rows = np.where(visible, values, np.inf).reshape(-1, n_keys)
    order = np.argsort(rows, axis=1)
    rows = np.take_along_axis(rows, order, axis=1)
    is_first = np.ones(rows.shape, dtype=bool)  # of equal values
    is_first[:, 1:] = rows[:, 1:] != rows[:, :-1]
    firsts = np.flatnonzero(is_first)
    n_equal = np.diff(firsts, append=rows.size)
    of_sorted = np.repeat(firsts % n_keys + (n_equal + 1) / 2, n_equal).reshape(rows.shape)
    ranks = np.empty(rows.shape)
    np.put_along_axis(ranks, order, of_sorted, axis=1)
    mean = (1 + np.count_nonzero(visible, axis=2, keepdims=True)) / 2
    centred: Floats = np.where(visible, ranks.reshape(values.shape) - mean, 0.0)
    return centred
