"""The attention pattern of one sequence in one head, from its queries and keys.

Scores are before the softmax, the pattern after it; both are [query_pos, key_pos].
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from attentionviz.core.shapes import require_shape
from attentionviz.errors import ShapeError

Floats = NDArray[np.float32]
# Norms by which keys may be weighted, and their columns in the norms of a head.
WEIGHTS = ("none", "value", "output")
NORM_COLUMN = {"value": 2, "output": 3}


def visible_keys(
    n_queries: int,
    n_keys: int,
    *,
    is_causal: bool,
    max_distance: int | None,
    first_query: int = 0,
) -> NDArray[np.bool_] | None:
    """Return the attention mask of some queries of a sequence; None if they see all keys.

    Parameters
    ----------
    n_queries, n_keys : int
        Positions of one sequence; keys from its start, queries from `first_query` on.
    is_causal : bool
        Whether later keys are hidden.
    max_distance : int or None
        Keys further away than this, on either side, are hidden (sliding window).
    first_query : int

    Returns
    -------
    ndarray of bool, shape (n_queries, n_keys), or None
    """
    if not is_causal and max_distance is None:
        return None
    queries = first_query + np.arange(n_queries)
    return visible_from(queries, n_keys, is_causal=is_causal, max_distance=max_distance)


def visible_from(
    positions: NDArray[np.int64], n_keys: int, *, is_causal: bool, max_distance: int | None
) -> NDArray[np.bool_]:
    """Return the attention mask of the queries at some positions of a sequence.

    Parameters
    ----------
    positions : ndarray of int, shape (n_queries,)
    n_keys : int
        Keys from the start of the same sequence.
    is_causal, max_distance
        As of `visible_keys`.

    Returns
    -------
    ndarray of bool, shape (n_queries, n_keys)
    """
    ahead = np.arange(n_keys)[None, :] - positions[:, None]  # (query, key)
    visible = np.ones(ahead.shape, dtype=bool)
    if is_causal:
        visible &= ahead <= 0
    if max_distance is not None:
        visible &= np.abs(ahead) <= max_distance
    return visible


def visible_span(
    query: int, n_keys: int, *, is_causal: bool, max_distance: int | None
) -> tuple[int, int]:
    """Return start and end of the keys that one query of a sequence sees, as `visible_keys`.

    Parameters
    ----------
    query : int
        Its position.
    n_keys : int
        Length of the sequence.
    is_causal : bool
    max_distance : int or None
        See `visible_keys`.
    """
    reach = n_keys if max_distance is None else max_distance
    end = query + 1 if is_causal else min(n_keys, query + reach + 1)
    return max(0, query - reach), end


def attention_pattern(
    queries: NDArray[Any],
    keys: NDArray[Any],
    *,
    scaling: float,
    is_causal: bool,
    max_distance: int | None,
) -> Floats:
    """Return softmax(scaling * q·k) over the visible keys of one sequence.

    Parameters
    ----------
    queries : ndarray of float, shape (n_queries, d_head)
        The sequence's first, as the attention function saw them. Not modified.
    keys : ndarray of float, shape (n_keys, d_head)
        Of the same sequence, n_keys >= n_queries. Not modified.
    scaling : float
    is_causal : bool
    max_distance : int or None
        See `visible_keys`; a query always sees its own key.

    Returns
    -------
    ndarray of float32, shape (n_queries, n_keys)
        [query_pos, key_pos]; every row sums to 1, hidden keys are 0. NaN where a vector is not
        finite. float64 for float64 vectors.

    Raises
    ------
    ShapeError
        If the shapes of the arrays do not match.
    """
    require_shape("keys", keys, (None, None), "f")
    require_shape("queries", queries, (None, keys.shape[1]), "f")
    if len(queries) > len(keys):
        raise ShapeError(f"{len(queries)} queries of a sequence that has {len(keys)} keys")
    with np.errstate(over="ignore", invalid="ignore"):
        dtype = np.result_type(queries, keys, np.float32)
        scores = queries.astype(dtype) @ keys.astype(dtype).T  # (query, key)
        scores *= dtype.type(scaling)
        visible = visible_keys(*scores.shape, is_causal=is_causal, max_distance=max_distance)
        return _softmax(scores, visible)


def block_pattern(
    queries: NDArray[Any],
    keys: NDArray[Any],
    *,
    scaling: float,
    visible: NDArray[np.bool_] | None,
) -> Floats:
    """Return some rows of the patterns of sequences of equal length, as `attention_pattern` does.

    Parameters
    ----------
    queries : ndarray of float32 or float16, shape (n_sequences, n_rows, d_head)
        As the attention function saw them. Not modified.
    keys : ndarray of float32 or float16, shape (n_sequences, n_keys, d_head)
        All of the same sequences. Not modified.
    scaling : float
    visible : ndarray of bool, shape (n_rows, n_keys), or None
        From `visible_keys`; each row sees a key.

    Returns
    -------
    ndarray of float32, shape (n_sequences, n_rows, n_keys)
        NaN where a vector is not finite.

    Raises
    ------
    ShapeError
        If the shapes of the arrays do not match.
    """
    require_shape("keys", keys, (None, None, None), "f")
    require_shape("queries", queries, (len(keys), None, keys.shape[2]), "f")
    with np.errstate(over="ignore", invalid="ignore"):
        transposed = keys.astype(np.float32).swapaxes(1, 2)
        scores = queries.astype(np.float32) @ transposed  # (sequence, query, key)
        scores *= np.float32(scaling)
        return _softmax(scores, visible)


def _softmax(scores: Floats, visible: NDArray[np.bool_] | None) -> Floats:
    """Apply the softmax to each row in place; hidden keys get 0."""
    if visible is not None:
        scores[..., ~visible] = -np.inf
    scores -= scores.max(axis=-1, keepdims=True)
    np.exp(scores, out=scores)
    scores /= scores.sum(axis=-1, keepdims=True)
    return scores


def weigh_keys(pattern: Floats, norms: NDArray[Any]) -> Floats:
    """Return the pattern times one norm per key, its rows summing to 1 again.

    Parameters
    ----------
    pattern : ndarray of float32, shape (n, n)
        [query_pos, key_pos]. Not modified.
    norms : ndarray of float, shape (n,)
        ‖v_j‖ or ‖v_j·W_O‖ of every key.

    Returns
    -------
    ndarray of float32, shape (n, n)
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
