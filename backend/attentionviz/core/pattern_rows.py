"""Single rows of a pattern, for queries anywhere in their sequence."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from attentionviz.core.pattern import Floats, block_pattern
from attentionviz.core.shapes import require_shape


def visible_from(
    positions: NDArray[np.int64], n_keys: int, *, is_causal: bool, max_distance: int | None
) -> NDArray[np.bool_]:
    """Return which keys of a sequence the queries at some positions see.

    Parameters
    ----------
    positions : ndarray of int, shape (n_queries,)
    n_keys : int
        Keys from the start of the same sequence.
    is_causal, max_distance
        As of `attentionviz.core.pattern.visible_keys`.

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


def pattern_rows(
    queries: NDArray[Any], keys: NDArray[Any], visible: NDArray[np.bool_], scaling: float
) -> Floats:
    """Return softmax(scaling * q·k) over the visible keys, for some queries of one sequence.

    Parameters
    ----------
    queries : ndarray of float32 or float16, shape (n_queries, d_head)
        Not modified.
    keys : ndarray of float32 or float16, shape (n_keys, d_head)
        Not modified.
    visible : ndarray of bool, shape (n_queries, n_keys)
        Every query sees a key.
    scaling : float

    Returns
    -------
    ndarray of float32, shape (n_queries, n_keys)
        Rows sum to 1, hidden keys are 0. NaN where a vector is not finite.
    """
    require_shape("visible", visible, (len(queries), len(keys)), "b")
    return block_pattern(queries[None], keys[None], scaling=scaling, visible=visible)[0]
