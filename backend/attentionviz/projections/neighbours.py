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
CHUNK_POINTS = 1024
# Products of a block of points with all others: 64 MiB.
BLOCK_PRODUCTS = 1 << 24

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
    indices = np.empty((len(points), n), dtype=np.int32)
    distances = np.empty((len(points), n), dtype=np.float32)
    n_rows = _rows_of_block(among)
    for start in range(0, len(points), n_rows):
        rows = slice(start, min(start + n_rows, len(points)))
        distance = 1 - points[rows] @ among.T  # (point, other)
        if skip_self:
            distance[np.arange(len(distance)), np.arange(rows.start, rows.stop)] = np.inf
        indices[rows], distances[rows] = smallest(distance, n)
    return Neighbours(indices, np.clip(distances, 0, 2))


def strongest(points: Floats, others: Floats, n: int) -> Strongest:
    """Return the others with the largest dot products, and sqrt(largest - product) as distance.

    Parameters
    ----------
    points, others : ndarray of float32, shapes (n_points, d_head) and (n_others, d_head)
    n : int
        Number of others to return; limited by their number.
    """
    n = min(n, len(others))
    indices = np.empty((len(points), n), dtype=np.int64)
    distances = np.empty((len(points), n), dtype=np.float32)
    n_rows = _rows_of_block(others)
    for start in range(0, len(points), n_rows):
        rows = slice(start, start + n_rows)
        indices[rows], lowest = smallest(-(points[rows] @ others.T), n)
        distances[rows] = np.sqrt(lowest - lowest[:, :1])
    return indices, distances


def smallest(values: Floats, n: int) -> tuple[NDArray[np.int64], Floats]:
    """Return indices and values of the n smallest numbers of each row, smallest first.

    Parameters
    ----------
    values : ndarray of float32, shape (n_rows, n_columns)
        At least n of each row are finite.
    n : int
        Of equal numbers the first are taken, and come first.
    """
    indices = np.empty((len(values), n), dtype=np.int64)
    chosen = np.empty((len(values), n), dtype=values.dtype)
    _smallest_loop()(values, indices, chosen)
    order = np.lexsort((indices, chosen), axis=1)
    return np.take_along_axis(indices, order, axis=1), np.take_along_axis(chosen, order, axis=1)


def _rows_of_block(others: Floats) -> int:
    """Return the number of points whose products with all others are in memory at once."""
    return max(1, min(CHUNK_POINTS, BLOCK_PRODUCTS // len(others)))


@lru_cache(maxsize=1)
def _smallest_loop() -> Callable[..., None]:
    return compiled(nogil=True)(_fill_heaps)


def _fill_heaps(values: Any, indices: Any, chosen: Any) -> None:
    """Fill rows with their smallest values as heaps: the largest, of equals the last, is first.

    Most values take one comparison; NumPy's partition moves all of them, in several times the time.
    """
    n = indices.shape[1]
    for i in range(values.shape[0]):
        heap, places = chosen[i], indices[i]
        heap[:], places[:] = np.inf, -1
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
            heap[at], places[at] = value, j
