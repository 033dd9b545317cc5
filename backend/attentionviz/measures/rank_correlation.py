"""Spearman's rank correlation of nearness and score, within sequences, over visible keys."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from attentionviz.core.pattern import visible_keys

Floats = NDArray[np.floating]
Tokens = NDArray[np.int64]

MIN_KEYS = 3
# Whole sequences are taken until they hold so many tokens.
ENOUGH_TOKENS = 2000
# Of one very long sequence, every n-th query is taken.
MAX_PAIRS = 1 << 20


class Places(NamedTuple):
    """Where tokens stand and which keys a query sees: those of its sequence, by the layer's rule.

    Attributes
    ----------
    sequence_index, position : ndarray of int, shape (n_tokens,)
    is_causal : bool
        Whether only keys up to the query's own position are visible.
    max_distance : int or None
        Largest difference of positions that is visible.
    """

    sequence_index: NDArray[np.integer]
    position: NDArray[np.integer]
    is_causal: bool
    max_distance: int | None


class SequenceRanks(NamedTuple):
    """Ranks of the scores of one sequence.

    Attributes
    ----------
    queries, keys : ndarray of int, shapes (n_queries,) and (n_keys,)
        Tokens; the queries are those that have a rank correlation.
    visible : ndarray of bool, shape (n_queries, n_keys)
    ranks : ndarray of float, shape (n_queries, n_keys)
        Less their mean; 0 where not visible.
    """

    queries: Tokens
    keys: Tokens
    visible: NDArray[np.bool_]
    ranks: Floats


def rank_scores(queries: Floats, keys: Floats, places: Places, seed: int) -> list[SequenceRanks]:
    """Return the ranks of the scores of the sequences that are looked at.

    Parameters
    ----------
    queries, keys : ndarray of floats, shape (n_tokens, d_head)
        Raw vectors. The scaling is not needed: it changes no order.
    places : Places
    seed : int
        Chooses sequences where there are more than 2,000 tokens.
    """
    ranked = []
    for tokens in _sequences(places, seed):
        step = -(-(len(tokens) ** 2) // MAX_PAIRS)  # rounded up
        rows = tokens[::step]
        visible = _visible(len(tokens), places)[::step]
        ranks = _centred_ranks(queries[rows] @ keys[tokens].T, visible)
        has_order = (visible.sum(axis=1) >= MIN_KEYS) & (ranks != 0).any(axis=1)
        if has_order.any():
            ranked.append(
                SequenceRanks(rows[has_order], tokens, visible[has_order], ranks[has_order])
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
        In -1..1; None where no query has three visible keys and scores that differ. A query to
        which all its keys are equally near counts as 0: the map says nothing about it.
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


def _sequences(places: Places, seed: int) -> list[Tokens]:
    """Return the tokens of each sequence, of as many sequences in seeded order as are enough."""
    order = np.lexsort((places.position, places.sequence_index))
    cuts = np.flatnonzero(np.diff(places.sequence_index[order])) + 1
    sequences = np.split(order, cuts)
    if len(order) <= ENOUGH_TOKENS:
        return sequences
    shuffled = np.random.default_rng(seed).permutation(len(sequences))
    n_tokens = np.cumsum([len(sequences[i]) for i in shuffled])
    n_taken = int(np.searchsorted(n_tokens, ENOUGH_TOKENS)) + 1
    return [sequences[i] for i in np.sort(shuffled[:n_taken])]


def _visible(n: int, places: Places) -> NDArray[np.bool_]:
    rule = visible_keys(n, n, is_causal=places.is_causal, max_distance=places.max_distance)
    return np.ones((n, n), dtype=bool) if rule is None else rule


def _centred_ranks(values: Floats, visible: NDArray[np.bool_]) -> Floats:
    """Return the ranks of the visible values of each row less their mean; ties share a rank."""
    # What is not visible ranks last, and so changes no other rank.
    ranks = rankdata(np.where(visible, values, np.inf), axis=1)
    n_visible = np.maximum(visible.sum(axis=1, keepdims=True), 1)
    means = (ranks * visible).sum(axis=1, keepdims=True) / n_visible
    centred: Floats = np.where(visible, ranks - means, 0.0)
    return centred
