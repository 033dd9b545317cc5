"""Choice of the best map of a head, or of all heads, by recall@10."""

from collections.abc import Mapping
from typing import Any

from attentionviz.core.types import METHODS, MapName


def best_map(maps: Mapping[str, Any], dims: int) -> MapName | None:
    """Return the map with the highest recall@10.

    Parameters
    ----------
    maps : mapping
        Name of a map to its facts, as of one head in ``heads.json``, or to means over heads.
    dims : int
        Number of dimensions, 2 or 3; other maps are ignored.

    Returns
    -------
    MapName or None
        Ties go to the first in the order of `METHODS`; an undefined recall ranks last. None if
        there is no map of these dimensions.
    """
    names = [name for method in METHODS if str(name := MapName(method, dims)) in maps]
    return max(names, key=lambda name: _recall(maps[str(name)]), default=None)


def _recall(facts: Mapping[str, Any]) -> float:
    recall = facts["fidelity"]["recall_at_10"]
    return -1.0 if recall is None else float(recall)
