"""Single rows of a pattern, for queries anywhere in their sequence."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from attentionviz.core.pattern import Floats, block_pattern
from attentionviz.core.shapes import require_shape


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
