"""Choice of the best map of each head by recall@10."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from attentionviz.core.types import DIMS, METHODS, MapName

_NAMES: dict[int, dict[str, MapName]] = {
    dims: {str(name): name for name in (MapName(method, dims) for method in METHODS)}
    for dims in DIMS
}


def best_maps(recall: Mapping[str, Any], dims: int, n_heads: int) -> list[MapName | None]:
    """Return the map with the highest recall@10 of each head.

    Parameters
    ----------
    recall : mapping of str to array_like of float, shape (n_heads,)
        Of each map by its name; NaN or None if undefined, −inf where there is no map yet.
    dims : 2 or 3
        Number of dimensions; other maps are ignored.
    n_heads : int

    Returns
    -------
    list of MapName or None
        Ties go to the first in the order of `METHODS`; an undefined recall ranks last. None where
        a head has no map of these dimensions.
    """
    names = [text for text in _NAMES[dims] if text in recall]
    if not names:
        return [None] * n_heads
    of_maps = np.array([recall[name] for name in names], dtype=np.float64)  # (map, head)
    of_maps[np.isnan(of_maps)] = -1.0
    found = [_NAMES[dims][names[i]] for i in of_maps.argmax(axis=0)]
    has_map = of_maps.max(axis=0) > -np.inf
    return [name if has_map[head] else None for head, name in enumerate(found)]
