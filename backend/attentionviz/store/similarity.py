"""Validation of the files of head similarity."""

from typing import Any

import numpy as np

from attentionviz.errors import DamagedDatasetError
from attentionviz.store import layout

# Distances between heads are at most 1, so coordinates are of that order of magnitude.
MAX_COORDINATE = 10.0


def check_similarity(name: str, array: np.ndarray[Any, Any]) -> None:
    """Raise DamagedDatasetError unless a file of `layout.SIMILARITY_FILES` has valid values.

    Parameters
    ----------
    name : str
    array : ndarray of float32
        Distances: 0 to 1, symmetric, 0 on the diagonal. Alignments: −1 to 1, or NaN
        where undefined. Coordinates: finite, at most `MAX_COORDINATE`.
    """
    if name == layout.SIMILARITY_PATTERN:
        is_valid = bool(((array >= 0) & (array <= 1)).all() and (array == array.T).all())
        is_valid = is_valid and not array.diagonal().any()
    elif name == layout.SIMILARITY_VECTORS:
        is_valid = not (np.abs(array) > 1).any()
    else:
        is_valid = bool((np.abs(array) <= MAX_COORDINATE).all())
    if not is_valid:
        raise DamagedDatasetError(f"{name} has values outside its range, or is not symmetric")
