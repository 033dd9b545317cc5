"""The attention pattern of one sequence in one head, from its queries and keys.

Scores are before the softmax, the pattern after it; both are [query_pos, key_pos].
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from attentionviz.core.rule import HeadRule
from attentionviz.core.shapes import require_shape
from attentionviz.errors import ShapeError

Floats = NDArray[np.float32]
# Norms by which keys may be weighted, and their columns in the norms of a head.
WEIGHTS = ("none", "value", "output")
NORM_COLUMN = {"value": 2, "output": 3}


def attention_pattern(queries: NDArray[Any], keys: NDArray[Any], rule: HeadRule) -> Floats:
    """Return the attention of one sequence: the softmax of its scores over the visible keys.

    Parameters
    ----------
    queries : ndarray of float, shape (n_queries, d_head)
        The sequence's first, as the attention function saw them. Not modified.
    keys : ndarray of float, shape (n_keys, d_head)
        Of the same sequence, n_keys >= n_queries; of a cross head of its source text, of any
        number. Not modified.
    rule : HeadRule

    Returns
    -------
    ndarray of float32, shape (n_queries, n_keys)
        [query_pos, key_pos]; hidden keys are 0. Every row sums to 1 or, if the head has a sink, to
        what the sink leaves. NaN where a vector is not finite. float64 for float64 vectors.

    Raises
    ------
    ShapeError
        If the shapes of the arrays do not match.
    """
    require_shape("keys", keys, (None, None), "f")
    require_shape("queries", queries, (None, keys.shape[1]), "f")
    if len(queries) > len(keys) and rule.part != "cross":
        raise ShapeError(f"{len(queries)} queries of a sequence that has {len(keys)} keys")
    return pattern_rows(queries[None], keys[None], np.arange(len(queries)), rule)[0]


def pattern_rows(
    queries: NDArray[Any], keys: NDArray[Any], positions: NDArray[np.int64], rule: HeadRule
) -> Floats:
    """Return some rows of the patterns of sequences of equal length, as `attention_pattern` does.

    Parameters
    ----------
    queries : ndarray of float, shape (n_sequences, n_rows, d_head)
        As the attention function saw them. Not modified.
    keys : ndarray of float, shape (n_sequences, n_keys, d_head)
        From the start of the same sequences. Not modified.
    positions : ndarray of int, shape (n_rows,)
        Positions of the queries in their sequences; each sees a key.
    rule : HeadRule

    Returns
    -------
    ndarray of float32, shape (n_sequences, n_rows, n_keys)
        NaN where a vector is not finite. float64 for float64 vectors.

    Raises
    ------
    ShapeError
        If the shapes of the arrays do not match.
    """
    require_shape("keys", keys, (None, None, None), "f")
    require_shape("queries", queries, (len(keys), len(positions), keys.shape[2]), "f")
    with np.errstate(over="ignore", invalid="ignore"):
        dtype = np.result_type(queries, keys, np.float32)
        scores = queries.astype(dtype) @ keys.astype(dtype).swapaxes(1, 2)  # (sequence, query, key)
        rule.scores(scores, positions)
        if rule.hides_keys:
            scores[:, ~rule.visible(positions, keys.shape[1])] = -np.inf
        largest = scores.max(axis=-1, keepdims=True)
        if rule.sink is not None:
            largest = np.maximum(largest, dtype.type(rule.sink))
        scores -= largest
        np.exp(scores, out=scores)
        total = scores.sum(axis=-1, keepdims=True)
        if rule.sink is not None:
            total += np.exp(dtype.type(rule.sink) - largest)
        scores /= total
        return scores


def weigh_keys(pattern: Floats, norms: NDArray[Any]) -> Floats:
    """Return the pattern times one norm per key, its rows summing to 1; a sink has no value.

    Parameters
    ----------
    pattern : ndarray of float32, shape (n_queries, n_keys)
        [query_pos, key_pos]. Not modified.
    norms : ndarray of float, shape (n_keys,)
        ‖v_j‖ or ‖v_j·W_O‖ of every key.

    Returns
    -------
    ndarray of float32, shape (n_queries, n_keys)
        A row whose weights are all zero stays zero.

    Notes
    -----
    Source: Kobayashi et al. 2020 (arXiv 2004.10102), section 3; the norm is that of a key's own
    vector, so each head is weighted separately.
    """
    require_shape("pattern", pattern, (None, None), "f")
    if norms.shape != pattern.shape[1:]:
        raise ShapeError(f"norms has shape {norms.shape}, expected {pattern.shape[1:]}")
    weighed = pattern * norms.astype(np.float32)
    total = weighed.sum(axis=1, keepdims=True)
    return np.divide(weighed, total, out=np.zeros_like(weighed), where=total > 0)
