"""Exact cosine neighbours of aligned vectors, shared by t-SNE and UMAP, in 2-D and 3-D."""

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from attentionviz.projections.compiled import compiled
from attentionviz.projections.vectors import Floats, HeadVectors, Neighbours

# Three times the largest default perplexity.
N_NEIGHBOURS = 90
# Products of so many points and others are in memory at once: 4 MiB, which fits into a CPU's cache.
TILE = 256, 4096

# Indices of the strongest others of each point, strongest first, and their distances.
Strongest = tuple[NDArray[np.int64], Floats]


def find_neighbours(vectors: HeadVectors, n_neighbours: int = N_NEIGHBOURS) -> Neighbours:
    """Return the nearest points of every point by cosine distance of aligned vectors.

    Parameters
    ----------
    vectors : HeadVectors
    n_neighbours : int
        At most; limited by the number of other points.
    """
    points = unit_vectors(vectors.aligned.points())
    return nearest(points, points, n_neighbours, skip_self=True)


def unit_vectors(vectors: Floats) -> Floats:
    """Return the vectors normalised to length 1; a zero vector stays zero."""
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit: Floats = np.divide(vectors, norms, out=np.zeros_like(vectors), where=norms > 0)
    return unit


def nearest(
    points: Floats, among: Floats, n_neighbours: int, *, skip_self: bool = False
) -> Neighbours:
    """Return the nearest others of each unit vector by cosine distance, ties by lower index.

    Parameters
    ----------
    points, among : ndarray of float32, shapes (n_points, d_head) and (n_others, d_head)
        Of length 1 or 0.
    n_neighbours : int
        At most; limited by the number of others.
    skip_self : bool
        Whether to exclude row i of `among` for row i of `points`, since it is the same point.
    """
    n = min(n_neighbours, len(among) - int(skip_self))
    indices, lowest = smallest_products(-points, among, n, skip_self=skip_self)
    return Neighbours(indices, np.clip(1 + lowest, 0, 2))


def strongest(points: Floats, others: Floats, n: int) -> Strongest:
    """Return the others with the largest dot products, and sqrt(largest - product) as distance.

    Parameters
    ----------
    points, others : ndarray of float32, shapes (n_points, d_head) and (n_others, d_head)
    n : int
        Number of others to return; limited by their number.
    """
    indices, lowest = smallest_products(-points, others, min(n, len(others)))
    return indices.astype(np.int64), np.sqrt(lowest - lowest[:, :1])


def smallest_products(
    points: Floats, others: Floats, n: int, *, skip_self: bool = False
) -> tuple[NDArray[np.int32], Floats]:
    """Return indices and values of the n smallest dot products of each point, smallest first.

    Parameters
    ----------
    points, others : ndarray of float32, shapes (n_points, d_head) and (n_others, d_head)
    n : int
        At most the number of others, without itself if that is excluded. Of equal products those
        with the first others are taken, and come first.
    skip_self : bool
        Whether to exclude row i of `others` for row i of `points`.
    """
    indices = np.full((len(points), n), -1, dtype=np.int32)
    values = np.full((len(points), n), np.inf, dtype=np.float32)
    buffer = np.empty(TILE[0] * TILE[1], dtype=np.float32)
    for top in range(0, len(points), TILE[0]):
        rows = slice(top, min(top + TILE[0], len(points)))
        for left in range(0, len(others), TILE[1]):
            among = others[left : left + TILE[1]]
            shape = rows.stop - top, len(among)
            products = buffer[: shape[0] * shape[1]].reshape(shape)
            np.matmul(points[rows], among.T, out=products)
            if skip_self:
                own = np.arange(max(top, left), min(rows.stop, left + len(among)))
                products[own - top, own - left] = np.inf
            _heap_loop()(products, left, indices[rows], values[rows])
        order = np.lexsort((indices[rows], values[rows]), axis=1)
        for found in (indices, values):
            found[rows] = np.take_along_axis(found[rows], order, axis=1)
    return indices, values


@lru_cache(maxsize=1)
def _heap_loop() -> Callable[..., None]:
    return compiled(nogil=True)(_add_to_heaps)


def _add_to_heaps(values: Any, first: int, indices: Any, chosen: Any) -> None:
    """Add values of the columns from `first` on to heaps of the smallest values of each row.

    The largest of a heap, of equals the last, comes first. Most values take one comparison; NumPy's
    partition moves all of them, in several times the time.
    """
    n = indices.shape[1]
    for i in range(values.shape[0]):
        heap, places = chosen[i], indices[i]
        for j in range(values.shape[1]):
            value = values[i, j]
            if value >= heap[0]:
                continue
            at, below = 0, 1
            while below < n:
                right = below + 1
                if right < n and (heap[right], places[right]) > (heap[below], places[below]):
                    below = right
                if heap[below] <= value:
                    break
                heap[at], places[at] = heap[below], places[below]
                at, below = below, 2 * below + 1
            heap[at], places[at] = value, first + j
