"""Validation of the files of head similarity."""

from typing import Any

import numpy as np

from attentionviz.errors import DamagedDatasetError
from attentionviz.store import layout

# Distances of heads are at most 1, and coordinates in a map are of the same order.
MAX_PLACE = 10.0


def check_similarity(name: str, array: np.ndarray[Any, Any]) -> None:
    """Raise DamagedDatasetError unless a file of `layout.SIMILARITY_FILES` has valid values.

    Parameters
    ----------
    name : str
        Of the file.
    array : ndarray of float32
        Its content. Distances: 0 to 1, symmetric, 0 on the diagonal. Alignments: −1 to 1, or NaN
        where undefined. Coordinates: finite, at most `MAX_PLACE`.
    """
    if name == layout.SIMILARITY_PATTERN:
        is_valid = bool(((array >= 0) & (array <= 1)).all() and (array == array.T).all())
        is_valid = is_valid and not array.diagonal().any()
    elif name == layout.SIMILARITY_VECTORS:
        is_valid = not (np.abs(array) > 1).any()
    else:
        is_valid = bool((np.abs(array) <= MAX_PLACE).all())
    if not is_valid:
        raise DamagedDatasetError(f"{name} has invalid values for the similarity of heads")
