"""Placing of each query where most of its strongest keys are the nearest.

A descent moves all points at once by small steps, so a query stays near the first of its keys that
it meets. While the keys lie still no query depends on another, and each can be put at the best of
many places, wherever that is.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from attentionviz.projections.compiled import compiled
from attentionviz.projections.vectors import Floats


def candidate_places(queries: Floats, keys: Floats, n_around: int, seed: int) -> Floats:
    """Return places worth a try: where queries and keys lie, and around every key.

    Parameters
    ----------
    queries, keys : ndarray of float32, shapes (n_queries, dims) and (n_keys, dims)
        A finished map.
    n_around : int
        Places around each key, even over the disc or ball that reaches to its tenth neighbour.
    seed : int

    Returns
    -------
    ndarray of float32, shape (n_queries + (1 + n_around) * n_keys, dims)
    """
    dims = keys.shape[1]
    reach = cKDTree(keys).query(keys, k=[min(11, len(keys))])[0]  # the first is the key itself
    rng = np.random.default_rng(seed)
    steps = rng.standard_normal((n_around, *keys.shape))
    steps /= np.linalg.norm(steps, axis=2, keepdims=True)
    steps *= reach * rng.uniform(size=(n_around, len(keys), 1)) ** (1 / dims)
    around = (keys + steps).reshape(-1, dims)
    return np.concatenate([queries, keys, around]).astype(np.float32)


class QueryPlaces:
    """Places that are the same for all queries, and which keys are nearest to each.

    Parameters
    ----------
    keys : ndarray of float32, shape (n_keys, dims)
    candidates : ndarray of float32, shape (n_candidates, dims)
    n_targets : int
        How many keys each query should be near to; as many around a place are looked at.
    """

    def __init__(self, keys: Floats, candidates: Floats, n_targets: int) -> None:
        near = cKDTree(keys).query(candidates, k=np.arange(1, n_targets + 1))[1].ravel()
        self._candidates = candidates
        # Short numbers are sorted by their digits, in a tenth of the time.
        short = near.astype(np.uint16) if len(keys) <= 2**16 else near
        self._holders = (np.argsort(short, kind="stable") // n_targets).astype(np.int32)
        counts = np.bincount(near, minlength=len(keys))
        self._starts = np.concatenate([[0], np.cumsum(counts)]).astype(np.int32)

    @property
    def n_bytes(self) -> int:
        """Memory that the places take."""
        return self._candidates.nbytes + self._holders.nbytes + self._starts.nbytes

    def best(self, queries: Floats, targets: NDArray[np.int64]) -> Floats:
        """Return each query at the place whose nearest keys hold most of its targets.

        Parameters
        ----------
        queries : ndarray of float32, shape (n_queries, dims)
            Where they lie now: of places as good the nearest is taken, and this one where it is
            among the candidates and none is better.
        targets : ndarray of int64, shape (n_queries, n_targets)
        """
        chosen = np.empty(len(queries), dtype=np.int64)
        _election()(targets, self._starts, self._holders, self._candidates, queries, chosen)
        placed: Floats = np.where(chosen[:, None] >= 0, self._candidates[chosen], queries)
        return placed


def place_queries(
    queries: Floats, keys: Floats, targets: NDArray[np.int64], candidates: Floats
) -> Floats:
    """Return each query at the candidate whose nearest keys hold most of its targets.

    Parameters
    ----------
    queries : ndarray of float32, shape (n_queries, dims)
        Where they lie now: of places as good the nearest is taken, and this one where it is among
        the candidates and none is better.
    keys : ndarray of float32, shape (n_keys, dims)
    targets : ndarray of int, shape (n_queries, n_targets)
        Keys that each query should be near to; as many keys around a place are looked at.
    candidates : ndarray of float32, shape (n_candidates, dims)
        The same for all queries.
    """
    return QueryPlaces(keys, candidates, targets.shape[1]).best(queries, targets)


@lru_cache(maxsize=1)
def _election() -> Callable[..., None]:
    """Return the compiled loop that counts for each query the targets around each candidate."""
    return compiled(nogil=True)(_elect)


def _elect(
    targets: Any, starts: Any, holders: Any, candidates: Any, queries: Any, chosen: Any
) -> None:
    """Fill `chosen` with a candidate for each query, -1 where none is near a target.

    ``holders[starts[j]:starts[j + 1]]`` are the candidates that have key j among their nearest.
    """
    counts = np.zeros(len(candidates), dtype=np.int32)
    for i in range(len(queries)):
        most = 0
        for j in targets[i]:
            for place in range(starts[j], starts[j + 1]):
                counts[holders[place]] += 1
                most = max(most, counts[holders[place]])
        chosen[i], least = -1, np.inf
        for j in targets[i]:
            for place in range(starts[j], starts[j + 1]):
                candidate = holders[place]
                if counts[candidate] == most:
                    squared = 0.0
                    for axis in range(queries.shape[1]):
                        squared += (candidates[candidate, axis] - queries[i, axis]) ** 2
                    if squared < least:
                        chosen[i], least = candidate, squared
                counts[candidate] = 0  # for the next query
