"""Scores of how many keys share the attention of a query."""

import numpy as np

from attentionviz.measures.head_scores.corpus import Rows
from attentionviz.measures.head_scores.registry import Sums, measures

SHARE = 0.9
# Nine of ten equal weights are 0.9, whichever way float32 rounds.
ROUNDING = 1e-6


@measures("entropy")
def entropy(rows: Rows) -> Sums:
    """Sum the entropy of each row over the largest that its visible keys allow."""
    counts = rows.n_visible > 1
    weights = rows.weights[:, counts]  # (sequence, row, key)
    logs = np.log(weights, out=np.zeros_like(weights), where=weights > 0)
    entropies = -(weights * logs).sum(axis=2, dtype=np.float64)
    shares = entropies / np.log(rows.n_visible[counts])
    return np.array([shares.sum(), shares.size])


@measures("sparsity")
def sparsity(rows: Rows) -> Sums:
    """Sum the least numbers of keys that hold 90 % of the mass."""
    counts = rows.n_visible > 1
    largest_first = -np.sort(-rows.weights[:, counts], axis=2)
    held = np.cumsum(largest_first, axis=2, dtype=np.float64)
    n_keys = 1 + np.count_nonzero(held < SHARE - ROUNDING, axis=2)  # (sequence, row)
    return np.array([n_keys.sum(), n_keys.size], dtype=np.float64)
