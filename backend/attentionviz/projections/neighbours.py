"""Exact cosine neighbours of aligned vectors, shared by t-SNE and UMAP, in 2-D and 3-D."""

import numpy as np
from numpy.typing import NDArray

from attentionviz.projections.vectors import Floats, HeadVectors, Neighbours

# Three times the largest default perplexity.
N_NEIGHBOURS = 90
CHUNK_POINTS = 1024

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
    for start in range(0, len(points), CHUNK_POINTS):
        rows = slice(start, min(start + CHUNK_POINTS, len(points)))
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
    for start in range(0, len(points), CHUNK_POINTS):
        rows = slice(start, start + CHUNK_POINTS)
        indices[rows], lowest = smallest(-(points[rows] @ others.T), n)
        distances[rows] = np.sqrt(lowest - lowest[:, :1])
    return indices, distances


def smallest(values: Floats, n: int) -> tuple[NDArray[np.int64], Floats]:
    """Return indices and values of the n smallest numbers of each row, smallest first."""
    if n < values.shape[1]:
        columns = np.sort(np.argpartition(values, n - 1, axis=1)[:, :n], axis=1)
    else:
        columns = np.broadcast_to(np.arange(values.shape[1]), values.shape)
    chosen = np.take_along_axis(values, columns, axis=1)
    order = np.argsort(chosen, axis=1, kind="stable")
    return np.take_along_axis(columns, order, axis=1), np.take_along_axis(chosen, order, axis=1)
