"""Scores by how attention is spread over keys: entropy and sparsity."""

import numpy as np
from numpy.typing import NDArray

from attentionviz.measures.head_scores.corpus import Rows, weighted_logs
from attentionviz.measures.head_scores.registry import Sums, measures

SHARE = 0.9
# Tolerance for float32 rounding, so that nine of ten equal weights are 0.9.
ROUNDING = 1e-6


def row_entropies(rows: Rows) -> NDArray[np.float64]:
    """Return the entropy of each row, relative to the maximum for its visible keys.

    Returns
    -------
    ndarray of float64, shape (n_sequences, n_rows with more than one visible key)
        0 to 1. A sink is a visible key.
    """
    counts = rows.n_choices > 1
    return rows.entropies[:, counts] / np.log(rows.n_choices[counts])


def row_sparsities(rows: Rows) -> NDArray[np.int64]:
    """Return the smallest number of keys with 90 % of the mass of each row.

    Returns
    -------
    ndarray of int64, shape (n_sequences, n_rows with more than one visible key)
        A sink is a visible key.
    """
    weights = rows.weights
    if rows.has_sink:
        weights = np.concatenate([weights, rows.sink_weights[:, :, None]], axis=2)
    descending = -np.sort(-weights[:, rows.n_choices > 1], axis=2)
    cumulative = np.cumsum(descending, axis=2, dtype=np.float64)
    n_keys: NDArray[np.int64] = 1 + np.count_nonzero(cumulative < SHARE - ROUNDING, axis=2)
    return n_keys


@measures("entropy")
def entropy(rows: Rows) -> Sums:
    """Sum the entropy of each row, relative to the maximum for its visible keys."""
    found = row_entropies(rows)
    return np.array([found.sum(), found.size])


@measures("attention_entropy")
def attention_entropy(rows: Rows) -> Sums:
    """Sum the entropy without the first token of each row with at most 90 % on that token.

    Source: Vig and Belinkov 2019, eq. 7. With m the mass on the others, −Σ (w/m) ln (w/m) is
    ln m − Σ w ln w / m.
    """
    first = rows.weights[:, :, 0]  # (sequence, row)
    counts = first <= SHARE + ROUNDING
    others = (rows.weights.sum(axis=2, dtype=np.float64) - first)[counts]
    if rows.has_sink:
        others = 1.0 - first[counts].astype(np.float64)
    entropies = (rows.entropies + weighted_logs(first))[counts]
    return np.array([(np.log(others) + entropies / others).sum(), np.count_nonzero(counts)])


@measures("sparsity")
def sparsity(rows: Rows) -> Sums:
    """Sum the smallest numbers of keys with 90 % of the mass."""
    found = row_sparsities(rows)
    return np.array([found.sum(), found.size], dtype=np.float64)
