"""Trustworthiness of a map: whether neighbours in the map are neighbours in the vector space."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from attentionviz.projections.neighbours import unit_vectors

N_NEAREST = 10
MAX_POINTS = 2000
# Points whose neighbours are compared with the others.
MAX_COMPARED = 1000


class VectorSpace(NamedTuple):
    """Distances between the aligned vectors of a sample of points.

    Attributes
    ----------
    points : ndarray of int, shape (n_points,)
        Indices of at most 2,000 points.
    compared : ndarray of int, shape (n_compared,)
        At most 1,000 of them, by position in `points`.
    distances : ndarray of float32, shape (n_compared, n_points)
        Cosine distances, which t-SNE and UMAP aim to preserve; -inf between a point and itself.
    ascending : ndarray of float32, shape (n_compared, n_points)
        The distances of each point, sorted.
    """

    points: NDArray[np.int64]
    compared: NDArray[np.int64]
    distances: NDArray[np.float32]
    ascending: NDArray[np.float32]


def vector_space(aligned: NDArray[np.float32], seed: int) -> VectorSpace:
    """Return the reference distances for `trustworthiness`.

    Parameters
    ----------
    aligned : ndarray of float32, shape (n_points, d_head)
        Queries, then keys, after alignment.
    seed : int
        Seed of the samples, for more than 1,000 points.
    """
    rng = np.random.default_rng(seed)
    points = _sample(len(aligned), MAX_POINTS, rng)
    compared = _sample(len(points), MAX_COMPARED, rng)
    unit = unit_vectors(aligned[points])
    distances = unit[compared] @ unit.T
    np.subtract(1, distances, out=distances)
    distances[np.arange(len(compared)), compared] = -np.inf
    return VectorSpace(points, compared, distances, np.sort(distances, axis=1))


def trustworthiness(space: VectorSpace, coordinates: NDArray[np.floating]) -> float | None:
    """Return the trustworthiness of a map for ten neighbours.

    Parameters
    ----------
    space : VectorSpace
    coordinates : ndarray of floats, shape (n_all_points, dims)
        Compared by Euclidean distance for all methods.

    Returns
    -------
    float or None
        At most 1; None for 20 points or fewer, for which the measure is undefined.

    Notes
    -----
    Source: Venna and Kaski 2001. Equals scikit-learn's value for at most 1,000 points; of more, the
    mean over a sample.
    """
    n, k = len(space.points), N_NEAREST
    if n <= 2 * k:
        return None
    near = _nearest_others(coordinates[space.points].astype(np.float64), space.compared)
    to_near = np.take_along_axis(space.distances, near, axis=1)
    excess = np.maximum(_ranks(space.ascending, to_near) - k, 0).sum()
    return float(1 - 2 * excess / (len(near) * k * (2 * n - 3 * k - 1)))


def _ranks(ascending: NDArray[np.float32], values: NDArray[np.float32]) -> NDArray[np.int64]:
    """Return how many numbers of each sorted row are smaller than the values of the row."""
    n, rows = ascending.shape[1], np.arange(len(ascending))[:, None]
    ranks = np.zeros(values.shape, dtype=np.int64)
    for bit in reversed(range(n.bit_length())):
        raised = np.minimum(ranks + (1 << bit), n)
        ranks = np.where(ascending[rows, raised - 1] < values, raised, ranks)
    return ranks


def _sample(n: int, n_max: int, rng: np.random.Generator) -> NDArray[np.int64]:
    return np.arange(n) if n <= n_max else np.sort(rng.choice(n, n_max, replace=False))


def _nearest_others(
    coordinates: NDArray[np.float64], compared: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Return the ten nearest other points of some points, shape (n_compared, 10)."""
    _, found = cKDTree(coordinates).query(coordinates[compared], k=N_NEAREST + 1)
    is_self = found == compared[:, None]
    # A point that coincides with ten others may be missing among its own neighbours.
    is_self[~is_self.any(axis=1), -1] = True
    others: NDArray[np.int64] = found[~is_self].reshape(len(compared), N_NEAREST)
    return others
