"""Scores by the position of the attended keys."""

import numpy as np

from attentionviz.measures.head_scores.corpus import Rows
from attentionviz.measures.head_scores.registry import Sums, mass, measures, ratio

DIAGONAL_WIDTH = 0.2
"""Of a text: where the weight of a pair is 0.6; their g."""


@measures("previous")
def previous(rows: Rows) -> Sums:
    """Sum A[i, i−1]."""
    return mass(rows, (rows.ahead == -1)[None])


@measures("next")
def next_token(rows: Rows) -> Sums:
    """Sum A[i, i+1]."""
    return mass(rows, (rows.ahead == 1)[None])


@measures("self")
def itself(rows: Rows) -> Sums:
    """Sum A[i, i]."""
    return mass(rows, (rows.ahead == 0)[None])


@measures("first")
def first(rows: Rows) -> Sums:
    """Sum A[i, 0] over the rows of other tokens."""
    is_first = np.arange(rows.visible.shape[1]) == 0
    return mass(rows, (is_first & ((rows.ahead != 0) | rows.is_cross))[None])


@measures("diagonality")
def diagonality(rows: Rows) -> Sums:
    """Sum the weights by how near the two texts are to a diagonal alignment.

    Source: Tachibana et al. 2017, section 4.2: one minus their guided attention loss.
    """
    n_keys = rows.visible.shape[1]
    apart = rows.positions[:, None] / rows.n_queries - np.arange(n_keys) / n_keys  # (row, key)
    near = np.exp(-(apart**2) / (2 * DIAGONAL_WIDTH**2))
    counts = rows.n_visible > 1
    found = (rows.summed * near)[counts].sum()
    return np.array([found, len(rows.weights) * np.count_nonzero(counts)])


@measures("mean_distance", ratio)
def mean_distance(rows: Rows) -> Sums:
    """Sum weight times distance, and weight, both without the first token.

    Source: Vig and Belinkov 2019, eq. 6, for a causal model, where |i − j| is i − j.
    """
    return _moments(rows)[[1, 0, -1]]


def _variance(sums: Sums) -> float | None:
    if sums[0] <= 0:
        return None
    mean_square, mean = sums[2] / sums[0], sums[1] / sums[0]
    return max(0.0, float(mean_square - mean**2))  # rounding can make it negative


@measures("variance_of_distance", _variance)
def variance_of_distance(rows: Rows) -> Sums:
    """Sum weight, weight · distance and weight · distance², all without the first token."""
    return _moments(rows)


def _moments(rows: Rows) -> Sums:
    """Return Σ A, Σ A|i − j| and Σ A(i − j)² over keys except the first, and the number of rows."""
    n_rows = len(rows.weights) * np.count_nonzero(rows.visible[:, 1:].any(axis=1))
    weights, far = rows.summed[:, 1:], np.abs(rows.ahead[:, 1:])
    return np.array([weights.sum(), (weights * far).sum(), (weights * far**2).sum(), n_rows])
