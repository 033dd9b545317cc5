"""Neighbourhoods as probabilities: Gaussian, of one perplexity for all points."""

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from attentionviz.projections.vectors import Floats


def row_affinities(
    indices: NDArray[np.integer], distances: Floats, perplexity: float, n_others: int
) -> csr_matrix:
    """Return p(j|i), of the given perplexity in every row, over the neighbours of each point.

    Parameters
    ----------
    indices : ndarray of int, shape (n_points, n_neighbours)
        Neighbours of each point among `n_others`.
    distances : ndarray of float32, shape (n_points, n_neighbours)
        The Gaussian is one of the squared distance.
    perplexity : float
        Effective number of neighbours; at most a third of `n_neighbours` is of use.
    n_others : int

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
    """Return the perplexity that so many neighbours bear, and a sentence where it is a smaller one.

    Three neighbours a unit of perplexity are the usual share, and what openTSNE takes.
    """
    if 3 * perplexity <= n_neighbours:
        return perplexity, None
    smaller = n_neighbours / 3
    return smaller, (
        f"perplexity {smaller:.3g} instead of {perplexity:g}: "
        f"a point has only {n_neighbours} others to be near to"
    )


def place_among(fitted: Floats, weights: csr_matrix) -> Floats:
    """Return points at the weighted mean of their neighbours in a finished map.

    Parameters
    ----------
    fitted : ndarray of float32, shape (n_others, dims)
    weights : csr_matrix, shape (n_points, n_others)
        Rows sum to 1.
    """
    placed: Floats = (weights @ fitted).astype(np.float32)
    return placed
