"""Choice of the best map of a head, by recall@10."""

from collections.abc import Mapping
from typing import Any

from attentionviz.core.types import METHODS, MapName


def best_map(maps: Mapping[str, Any], dims: int) -> MapName | None:
    """Return the map of a head with the highest recall@10.

    Parameters
    ----------
    maps : mapping
        Of one head in ``heads.json``: name of a map to its facts.
    dims : int
        Maps of other dimensions are passed over.

    Returns
    -------
    MapName or None
        Of equal ones the first in the order of `METHODS`; one whose recall is undefined comes
        last. None where the head has no map of these dimensions.
    """
    found = [name for method in METHODS if str(name := MapName(method, dims)) in maps]
    return max(found, key=lambda name: _recall(maps[str(name)]), default=None)


def _recall(facts: Mapping[str, Any]) -> float:
    recall = facts["fidelity"]["recall_at_10"]
    return -1.0 if recall is None else float(recall)
