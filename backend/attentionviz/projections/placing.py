"""Placement of each query where most of its strongest keys are nearest.

Gradient descent moves all points in small steps, so a query stays near the first of its keys that
it reaches. With fixed keys the queries are independent, and each can be moved to the best of many
candidate positions anywhere in the map.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from attentionviz.projections.compiled import compiled
from attentionviz.projections.vectors import Floats

# With the same nearest key. Where many queries share their strongest keys (a sink), they lie at the
# same place, and as candidates for each other would cost the square of their number.
MOST_CANDIDATES = 100


def candidate_positions(queries: Floats, keys: Floats, n_around: int, seed: int) -> Floats:
    """Return candidate positions: those of queries and keys, and random ones around every key.

    Parameters
    ----------
    queries, keys : ndarray of float32, shapes (n_queries, dims) and (n_keys, dims)
        A finished map.
    n_around : int
        Positions around each key, uniform in the disc or ball up to its tenth neighbour.
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


class QueryCandidates:
    """Candidate positions, shared by all queries, with the nearest keys of each.

    Parameters
    ----------
    keys : ndarray of float32, shape (n_keys, dims)
    candidates : ndarray of float32, shape (n_candidates, dims)
    n_targets : int
        Number of targets of a query, and of nearest keys of a candidate.
    """

    def __init__(self, keys: Floats, candidates: Floats, n_targets: int) -> None:
        found = cKDTree(keys).query(candidates, k=np.arange(1, n_targets + 1))[1]
        kept = _thinned(found[:, 0])
        self._candidates, near = candidates[kept], found[kept].ravel()
        # NumPy sorts 16-bit integers by radix, in a tenth of the time.
        short = near.astype(np.uint16) if len(keys) <= 2**16 else near
        self._holders = (np.argsort(short, kind="stable") // n_targets).astype(np.int32)
        counts = np.bincount(near, minlength=len(keys))
        self._starts = np.concatenate([[0], np.cumsum(counts)]).astype(np.int32)

    @property
    def n_bytes(self) -> int:
        """Memory of the candidates, in bytes."""
        return self._candidates.nbytes + self._holders.nbytes + self._starts.nbytes

    def best(self, queries: Floats, targets: NDArray[np.int64]) -> Floats:
        """Return each query at the candidate whose nearest keys include most of its targets.

        Parameters
        ----------
        queries : ndarray of float32, shape (n_queries, dims)
            Current positions; of equally good candidates, the nearest to this is chosen.
        targets : ndarray of int64, shape (n_queries, n_targets)
            At most 255.
        """
        chosen = np.empty(len(queries), dtype=np.int64)
        _candidate_loop()(targets, self._starts, self._holders, self._candidates, queries, chosen)
        placed: Floats = np.where(chosen[:, None] >= 0, self._candidates[chosen], queries)
        return placed


def _thinned(nearest: NDArray[np.intp]) -> NDArray[np.intp]:
    """Return the candidates that are kept, ascending: the last ones of each nearest key."""
    latest = nearest[::-1]
    order = np.argsort(latest, kind="stable")
    grouped = latest[order]
    ranks = np.arange(len(grouped)) - np.searchsorted(grouped, grouped)
    return np.sort(len(nearest) - 1 - order[ranks < MOST_CANDIDATES])


def place_queries(
    queries: Floats, keys: Floats, targets: NDArray[np.int64], candidates: Floats
) -> Floats:
    """Return each query at the candidate whose nearest keys include most of its targets.

    Parameters
    ----------
    queries : ndarray of float32, shape (n_queries, dims)
        Current positions; of equally good candidates, the nearest to this is chosen.
    keys : ndarray of float32, shape (n_keys, dims)
    targets : ndarray of int, shape (n_queries, n_targets)
        Keys to which each query should be near.
    candidates : ndarray of float32, shape (n_candidates, dims)
    """
    return QueryCandidates(keys, candidates, targets.shape[1]).best(queries, targets)


@lru_cache(maxsize=1)
def _candidate_loop() -> Callable[..., None]:
    """Return the compiled loop that chooses a candidate for each query."""
    return compiled(nogil=True)(_choose_candidates)


def _choose_candidates(
    targets: Any, starts: Any, holders: Any, candidates: Any, queries: Any, chosen: Any
) -> None:
    """Fill `chosen` with a candidate for each query, -1 if none is near a target.

    ``holders[starts[j]:starts[j + 1]]`` are the candidates with key j among their nearest keys.
    """
    counts = np.zeros(len(candidates), dtype=np.uint8)  # small, so that they fit into the cache
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
