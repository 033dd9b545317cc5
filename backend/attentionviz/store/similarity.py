"""Validation of the files of head similarity."""

from typing import Any

import numpy as np

from attentionviz.errors import DamagedDatasetError
from attentionviz.store import layout

# Distances of heads are 1 at most, and a map stretches them little.
MAX_PLACE = 10.0


def check_similarity(name: str, array: np.ndarray[Any, Any]) -> None:
    """Raise DamagedDatasetError unless a file of `layout.SIMILARITY_FILES` holds what it must.

    Parameters
    ----------
    name : str
        Of the file.
    array : ndarray of float32
        Its content. Distances are 0 to 1, the same both ways, and 0 from a head to itself;
        alignments −1 to 1, or NaN where they are not defined; places finite.
    """
    if name == layout.SIMILARITY_PATTERN:
        fits = bool(((array >= 0) & (array <= 1)).all() and (array == array.T).all())
        fits = fits and not array.diagonal().any()
    elif name == layout.SIMILARITY_VECTORS:
        fits = not (np.abs(array) > 1).any()
    else:
        fits = bool((np.abs(array) <= MAX_PLACE).all())
    if not fits:
        raise DamagedDatasetError(f"{name} holds numbers that say nothing of heads")
