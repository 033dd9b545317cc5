"""The map of heads: points whose distances approximate those of the heads."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.distance import cdist

from attentionviz.core.shapes import require_shape

METHOD = "SMACOF, begun from classical scaling"
MAX_ITERATIONS = 500
# Iterations stop when the stress decreases by less than this, relative to the squared distances.
TOLERANCE = 1e-7


class HeadMap(NamedTuple):
    """The map of heads, and its stress.

    Attributes
    ----------
    coordinates : ndarray of float32, shape (n_heads, 2)
        In units of the distances, centred, the longer axis first.
    stress : float
        Kruskal's stress-1 of the coordinates; 0 if all distances are preserved.
    """

    coordinates: NDArray[np.float32]
    stress: float


def head_map(distances: NDArray[np.floating]) -> HeadMap:
    """Return the map of heads from their distances.

    Parameters
    ----------
    distances : ndarray of float, shape (n_heads, n_heads)
        Symmetric, 0 on the diagonal. Not modified.

    Notes
    -----
    Deterministic: starts from classical scaling (Torgerson 1952), and the sign of an axis is such
    that the head with the largest magnitude is positive.
    Source: de Leeuw 1977; Borg & Groenen 2005, "Modern Multidimensional Scaling", section 8.6.
    """
    n = len(distances)
    require_shape("distances", distances, (n, n), "f")
    wanted = distances.astype(np.float64)
    points = np.zeros((n, 2))
    if wanted.any():  # if all distances are 0, SMACOF would divide by 0
        from sklearn.manifold import MDS  # importing it takes a second

        descent = MDS(
            2,
            metric="precomputed",
            init="classical_mds",
            n_init=1,
            max_iter=MAX_ITERATIONS,
            eps=TOLERANCE,
        )
        points = descent.fit_transform(wanted)
    coordinates = _oriented(points).astype(np.float32)
    return HeadMap(coordinates, stress_of(wanted, coordinates))


def stress_of(distances: NDArray[np.floating], coordinates: NDArray[np.floating]) -> float:
    """Return √(Σ(d − δ)² / Σd²) with distances d in the map and δ given; 0 if all points coincide.

    Notes
    -----
    Source: Kruskal 1964, "Multidimensional scaling by optimizing goodness of fit", stress-1.
    """
    drawn = cdist(coordinates, coordinates)
    total = (drawn**2).sum()
    wrong = ((drawn - distances) ** 2).sum()
    return float(np.sqrt(wrong / total)) if total > 0 else 0.0


def _oriented(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the points rotated to their principal axes, with fixed signs."""
    centred = points - points.mean(axis=0)
    _, axes = np.linalg.eigh(centred.T @ centred)
    turned: NDArray[np.float64] = centred @ axes[:, ::-1]
    farthest = turned[np.abs(turned).argmax(axis=0), [0, 1]]
    return turned * np.where(farthest < 0, -1.0, 1.0)
