"""Scores of where a head looks, whatever stands there."""

import numpy as np

from attentionviz.measures.head_scores.corpus import Rows
from attentionviz.measures.head_scores.registry import Sums, mass, measures


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
    return mass(rows, (is_first & (rows.ahead != 0))[None])


@measures("distance")
def distance(rows: Rows) -> Sums:
    """Sum the mean distance of each row."""
    return _moment(rows, 1)


def _variance(sums: Sums) -> float | None:
    mean_square, mean = sums[0] / sums[-1], sums[1] / sums[-1]
    return max(0.0, float(mean_square - mean**2))  # below 0 by rounding only


@measures("distance_variance", _variance)
def distance_variance(rows: Rows) -> Sums:
    """Sum the mean squared distance, and the mean distance, of each row."""
    squares = _moment(rows, 2)
    return np.array([squares[0], _moment(rows, 1)[0], squares[1]])


def _moment(rows: Rows, power: int) -> Sums:
    counts = rows.n_visible > 1
    weights = rows.weights.sum(axis=0, dtype=np.float64)[counts]  # (row, key)
    far = np.abs(rows.ahead[counts]).astype(np.float64) ** power
    n_rows = len(rows.weights) * np.count_nonzero(counts)
    return np.array([(weights * far).sum(), n_rows])
