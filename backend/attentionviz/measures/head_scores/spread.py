"""Scores of the number of keys that share the attention of a query."""

import numpy as np
from numpy.typing import NDArray

from attentionviz.measures.head_scores.corpus import Rows, weighted_logs
from attentionviz.measures.head_scores.registry import Sums, measures

SHARE = 0.9
# Nine of ten equal weights are 0.9, whichever way float32 rounds.
ROUNDING = 1e-6


def row_entropies(rows: Rows) -> NDArray[np.float64]:
    """Return the entropy of each row over the largest that its visible keys allow.

    Parameters
    ----------
    rows : Rows

    Returns
    -------
    ndarray of float64, shape (n_sequences, n_rows that see more than one key)
    """
    counts = rows.n_visible > 1
    return rows.entropies[:, counts] / np.log(rows.n_visible[counts])


def row_sparsities(rows: Rows) -> NDArray[np.int64]:
    """Return the least number of keys that hold 90 % of the mass of each row.

    Parameters
    ----------
    rows : Rows

    Returns
    -------
    ndarray of int64, shape (n_sequences, n_rows that see more than one key)
    """
    largest_first = -np.sort(-rows.weights[:, rows.n_visible > 1], axis=2)
    held = np.cumsum(largest_first, axis=2, dtype=np.float64)
    n_keys: NDArray[np.int64] = 1 + np.count_nonzero(held < SHARE - ROUNDING, axis=2)
    return n_keys


@measures("entropy")
def entropy(rows: Rows) -> Sums:
    """Sum the entropy of each row over the largest that its visible keys allow."""
    found = row_entropies(rows)
    return np.array([found.sum(), found.size])


@measures("attention_entropy")
def attention_entropy(rows: Rows) -> Sums:
    """Sum the entropy of each row without the first token, unless that has more than 90 %.

    Source: Vig and Belinkov 2019, eq. 7. With m the mass on the others, −Σ (w/m) ln (w/m) is
    ln m − Σ w ln w / m.
    """
    first = rows.weights[:, :, 0]  # (sequence, row)
    counts = first <= SHARE + ROUNDING
    others = (rows.weights.sum(axis=2, dtype=np.float64) - first)[counts]
    entropies = (rows.entropies + weighted_logs(first))[counts]
    return np.array([(np.log(others) + entropies / others).sum(), np.count_nonzero(counts)])


@measures("sparsity")
def sparsity(rows: Rows) -> Sums:
    """Sum the least numbers of keys that hold 90 % of the mass."""
    found = row_sparsities(rows)
    return np.array([found.sum(), found.size], dtype=np.float64)
