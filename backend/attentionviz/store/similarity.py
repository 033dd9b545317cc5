"""Validation of the files of head similarity."""

from typing import Any

import numpy as np

from attentionviz.errors import DamagedDatasetError
from attentionviz.store import layout

# Distances between heads are at most 1, so coordinates are of that order of magnitude.
MAX_COORDINATE = 10.0


def check_similarity(name: str, array: np.ndarray[Any, Any]) -> None:
    """Raise DamagedDatasetError unless a file of `layout.similarity_files` has valid values.

    Parameters
    ----------
    name : str
    array : ndarray of float32 or int32
        Distances: 0 to 1; of all pairs symmetric, 0 on the diagonal; of the nearest heads
        ascending. Nearest heads: others than the own, none twice. Alignments: −1 to 1, or NaN
        where undefined. Coordinates: finite, at most `MAX_COORDINATE`.
    """
    if name == layout.SIMILARITY_HEADS:
        own = np.arange(len(array), dtype=array.dtype)[:, None]
        all_of_row = np.sort(np.concatenate([array, own], axis=1), axis=1)
        is_valid = bool((all_of_row[:, 0] >= 0).all() and (all_of_row[:, -1] < len(array)).all())
        is_valid = is_valid and bool((np.diff(all_of_row, axis=1) > 0).all())
    elif name == layout.SIMILARITY_PATTERN:
        is_valid = bool(((array >= 0) & (array <= 1)).all())
        if array.shape[0] == array.shape[1]:
            is_valid = is_valid and bool((array == array.T).all()) and not array.diagonal().any()
        else:
            is_valid = is_valid and bool((np.diff(array, axis=1) >= 0).all())
    elif name == layout.SIMILARITY_VECTORS:
        is_valid = not (np.abs(array) > 1).any()
    else:
        is_valid = bool((np.abs(array) <= MAX_COORDINATE).all())
    if not is_valid:
        raise DamagedDatasetError(
            f"{name} has values outside its range, is not symmetric or out of order"
        )
