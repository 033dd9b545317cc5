"""Gaussian affinities of neighbours, with the same perplexity for all points."""

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from attentionviz.projections.vectors import Floats


def row_affinities(
    indices: NDArray[np.integer], distances: Floats, perplexity: float, n_others: int
) -> csr_matrix:
    """Return the affinities p(j|i) over the neighbours j of each point i.

    Parameters
    ----------
    indices : ndarray of int, shape (n_points, n_neighbours)
        Neighbours of each point, from 0 to `n_others` - 1.
    distances : ndarray of float32, shape (n_points, n_neighbours)
        The kernel is a Gaussian of these distances.
    perplexity : float
        Effective number of neighbours of every point; at most a third of `n_neighbours`.
    n_others : int
        Number of columns of the result.

    Returns
    -------
    csr_matrix of float32, shape (n_points, n_others)
        Every row sums to 1.
    """
    from openTSNE.affinity import joint_probabilities_nn  # takes a second

    rows = joint_probabilities_nn(
        np.ascontiguousarray(indices, dtype=np.int64),
        np.ascontiguousarray(distances, dtype=np.float64),
        [perplexity],
        symmetrize=False,
        normalization="point-wise",
        n_reference_samples=n_others,
        n_jobs=1,
    )
    return csr_matrix(rows, dtype=np.float32)


def fitting_perplexity(perplexity: float, n_neighbours: int) -> tuple[float, str | None]:
    """Return the perplexity for a number of neighbours, and a message if it must be reduced.

    Three neighbours per unit of perplexity are usual, also in openTSNE.
    """
    if 3 * perplexity <= n_neighbours:
        return perplexity, None
    smaller = n_neighbours / 3
    return smaller, (
        f"perplexity {smaller:.3g} instead of {perplexity:g}: "
        f"a point has only {n_neighbours} possible neighbours"
    )


def weighted_positions(fitted: Floats, weights: csr_matrix) -> Floats:
    """Return the weighted mean positions of the neighbours of each point in a finished map.

    Parameters
    ----------
    fitted : ndarray of float32, shape (n_others, dims)
    weights : csr_matrix, shape (n_points, n_others)
        Rows sum to 1.
    """
    placed: Floats = (weights @ fitted).astype(np.float32)
    return placed
