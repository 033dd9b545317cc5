"""Spearman's rank correlation of nearness and score, within sequences, over visible keys."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

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


class SequenceRanks(NamedTuple):
    """Ranks of the scores of one sequence.

    Attributes
    ----------
    queries, keys : ndarray of int, shapes (n_queries,) and (n_keys,)
        Indices of the vectors; only queries with a defined rank correlation.
    visible : ndarray of bool, shape (n_queries, n_keys)
    ranks : ndarray of float, shape (n_queries, n_keys)
        Minus their mean; 0 if not visible.
    """

    queries: Tokens
    keys: Tokens
    visible: NDArray[np.bool_]
    ranks: Floats


def rank_scores(
    queries: Floats, keys: Floats, positions: TokenPositions, seed: int
) -> list[SequenceRanks]:
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
    for tokens, others in _sequences(positions, seed):
        step = -(-(len(tokens) * len(others)) // MAX_PAIRS)  # rounded up
        rows = tokens[::step]
        visible = positions.rule.visible(np.arange(len(tokens))[::step], len(others))
        ranks = _centred_ranks(queries[rows] @ keys[others].T, visible)
        has_order = (visible.sum(axis=1) >= MIN_KEYS) & (ranks != 0).any(axis=1)
        if has_order.any():
            ranked.append(
                SequenceRanks(rows[has_order], others, visible[has_order], ranks[has_order])
            )
    return ranked


def mean_correlation(
    ranked: list[SequenceRanks], nearness: Callable[[Tokens, Tokens], Floats]
) -> float | None:
    """Return the mean over queries of the correlation of nearness with the ranked scores.

    Parameters
    ----------
    ranked : list of SequenceRanks
        From `rank_scores`.
    nearness : callable
        ``nearness(queries, keys)`` gives an array of shape (n_queries, n_keys) for some tokens.

    Returns
    -------
    float or None
        In -1..1; None if no query has three visible keys with different scores. A query whose keys
        are all equally near counts as 0.
    """
    correlations = []
    for sequence in ranked:
        near = _centred_ranks(nearness(sequence.queries, sequence.keys), sequence.visible)
        products = (near * sequence.ranks).sum(axis=1)
        norms = np.sqrt((near**2).sum(axis=1) * (sequence.ranks**2).sum(axis=1))
        correlations.append(
            np.divide(products, norms, out=np.zeros_like(products), where=norms > 0)
        )
    return float(np.concatenate(correlations).mean()) if correlations else None


def _sequences(positions: TokenPositions, seed: int) -> list[tuple[Tokens, Tokens]]:
    """Return queries and keys of each sequence of a sample with `ENOUGH_TOKENS` queries."""
    order = np.lexsort((positions.position, positions.sequence_index))
    of_queries = _by_sequence(order, positions.sequence_index)
    of_keys = of_queries
    if positions.key_sequence_index is not None:
        n_keys = len(positions.key_sequence_index)
        of_keys = _by_sequence(np.arange(n_keys), positions.key_sequence_index)
    sequences = list(zip(of_queries, of_keys, strict=True))
    if len(order) <= ENOUGH_TOKENS:
        return sequences
    shuffled = np.random.default_rng(seed).permutation(len(sequences))
    n_tokens = np.cumsum([len(of_queries[i]) for i in shuffled])
    n_taken = int(np.searchsorted(n_tokens, ENOUGH_TOKENS)) + 1
    return [sequences[i] for i in np.sort(shuffled[:n_taken])]


def _by_sequence(order: Tokens, sequence_index: NDArray[np.integer]) -> list[Tokens]:
    return np.split(order, np.flatnonzero(np.diff(sequence_index[order])) + 1)


def _centred_ranks(values: Floats, visible: NDArray[np.bool_]) -> Floats:
    """Return the ranks of the visible values of each row minus their mean; ties share a rank."""
    # Hidden values rank last, so they do not affect other ranks.
    ranks = rankdata(np.where(visible, values, np.inf), axis=1)
    n_visible = np.maximum(visible.sum(axis=1, keepdims=True), 1)
    means = (ranks * visible).sum(axis=1, keepdims=True) / n_visible
    centred: Floats = np.where(visible, ranks - means, 0.0)
    return centred
