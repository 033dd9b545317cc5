"""Fit of heads to query-key pairs that should have strong or weak scores."""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from attentionviz.core.rule import HeadRule
from attentionviz.core.shapes import require_shape

Floats = NDArray[np.float32]
# Scores of identical keys differ by rounding; smaller differences, relative to ‖q‖·‖k‖, are ties.
ROUNDING = 8 * float(np.finfo(np.float32).eps)


class PairScores(NamedTuple):
    """Scores of a few pairs in one head, and their ranks among other keys; shape (n_pairs,).

    Attributes
    ----------
    score : ndarray of float64
        scaling * q·k; NaN if a number of the pair or of a compared key is not finite.
    n_above, n_equal, n_below : ndarray of int64
        Number of compared keys with a higher, equal and lower score for the pair's query.
    """

    score: NDArray[np.float64]
    n_above: NDArray[np.int64]
    n_equal: NDArray[np.int64]
    n_below: NDArray[np.int64]

    @property
    def percentile(self) -> NDArray[np.float64]:
        """Return the share of compared keys with a lower score; ties count half."""
        return (self.n_below + 0.5 * self.n_equal) / (self.n_above + self.n_equal + self.n_below)


def score_pairs(queries: Floats, keys: Floats, blocks: Iterable[Floats]) -> PairScores:
    """Return the score of each pair, and its rank among the keys of all blocks.

    Parameters
    ----------
    queries : ndarray of float32, shape (n_pairs, d_head)
        Times the scaling of the head. Not modified.
    keys : ndarray of float32, shape (n_pairs, d_head)
        Not modified.
    blocks : iterable of ndarray of float32, shape (n, d_head)
        The keys to compare with, iterated once. A pair's own key counts as equal.

    Raises
    ------
    ShapeError
        If the shapes of queries and keys differ.
    """
    require_shape("queries", queries, (None, None), "f")
    require_shape("keys", keys, queries.shape, "f")
    with np.errstate(over="ignore", invalid="ignore"):
        score = np.einsum("pd,pd->p", queries, keys, dtype=np.float64)  # (pair,)
        norms = np.linalg.norm(queries, axis=1) * np.linalg.norm(keys, axis=1)
        low, high = (score + sign * ROUNDING * norms for sign in (-1, 1))
        n_keys = 0
        n_above, n_below = np.zeros((2, len(queries)), dtype=np.int64)
        for block in blocks:
            scores = queries @ block.T  # (pair, key)
            score[~np.isfinite(scores).all(axis=1)] = np.nan
            n_keys += len(block)
            n_above += np.count_nonzero(scores > high.astype(np.float32)[:, None], axis=1)
            n_below += np.count_nonzero(scores < low.astype(np.float32)[:, None], axis=1)
    return PairScores(score, n_above, n_keys - n_above - n_below, n_below)


def pair_weight(
    query: Floats, at: tuple[int, int], rule: HeadRule, blocks: Iterable[tuple[int, Floats]]
) -> float:
    """Return the weight of one pair in the pattern: its softmax over the visible keys.

    Parameters
    ----------
    query : ndarray of float32, shape (d_head,)
    at : tuple of int
        Positions of query and key in their sequence.
    rule : HeadRule
    blocks : iterable of int and ndarray of float32, shape (n, d_head)
        The visible keys, block by block: the position of its first key, and its keys.
    """
    largest = -np.inf if rule.sink is None else rule.sink
    total, own = float(rule.sink is not None), -np.inf  # total of exp(score − largest)
    with np.errstate(over="ignore", invalid="ignore"):
        for first, block in blocks:
            products = (block @ query).astype(np.float64)[None, :]
            scores = rule.scores(products, np.array([at[0]]), first)[0]
            if first <= at[1] < first + len(scores):
                own = scores[at[1] - first]
            highest = max(largest, float(scores.max()))
            total = total * np.exp(largest - highest) + float(np.exp(scores - highest).sum())
            largest = highest
        return float(np.exp(own - largest) / total)


def fit(percentile: NDArray[np.float64], is_strong: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return how well heads fit the pairs, from 0 to 1; about 0.5 for an unrelated head.

    Parameters
    ----------
    percentile : ndarray of float64, shape (..., n_pairs)
        See `PairScores`.
    is_strong : ndarray of bool, shape (n_pairs,)
        Whether the score of a pair should be strong, not weak.

    Returns
    -------
    ndarray of float64, shape (...)
        Mean over pairs of the percentile if strong, 1 - percentile if weak.
    """
    return np.where(is_strong, percentile, 1 - percentile).mean(axis=-1)
