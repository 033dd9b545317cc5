"""Choice of the best map of a head, or of all heads, by recall@10."""

from collections.abc import Mapping
from typing import Any

from attentionviz.core.types import DIMS, METHODS, MapName

# Thousands of heads are asked at once.
_NAMES: dict[int, dict[str, MapName]] = {
    dims: {str(name): name for name in (MapName(method, dims) for method in METHODS)}
    for dims in DIMS
}


def best_map(maps: Mapping[str, Any], dims: int) -> MapName | None:
    """Return the map with the highest recall@10.

    Parameters
    ----------
    maps : mapping
        Name of a map to its facts, as of one head in ``heads.json``, or to means over heads.
    dims : 2 or 3
        Number of dimensions; other maps are ignored.

    Returns
    -------
    MapName or None
        Ties go to the first in the order of `METHODS`; an undefined recall ranks last. None if
        there is no map of these dimensions.
    """
    names = [text for text in _NAMES[dims] if text in maps]
    best = max(names, key=lambda text: _recall(maps[text]), default=None)
    return None if best is None else _NAMES[dims][best]


def _recall(facts: Mapping[str, Any]) -> float:
    recall = facts["fidelity"]["recall_at_10"]
    return -1.0 if recall is None else float(recall)
