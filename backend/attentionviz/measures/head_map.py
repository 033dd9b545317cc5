"""The map of heads: points whose distances approximate those of the heads."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.distance import cdist

from attentionviz.core.shapes import require_shape

METHOD = "SMACOF, begun from classical scaling"
LANDMARK_METHOD = "SMACOF of landmarks, others placed by their distances to them"
N_LANDMARKS = 256
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


def choose_landmarks(
    distances_from: Callable[[int], NDArray[np.float64]], n_heads: int, n: int, seed: int
) -> NDArray[np.int64]:
    """Return landmark heads, (n,).

    Parameters
    ----------
    distances_from : callable
        Returns the distances of one head, by its index, to all heads, (n_heads,).
    n_heads, n : int
        Heads, and landmarks, of which there are at most as many.
    seed : int

    Notes
    -----
    Each is drawn with a probability that grows with the square of its distance to the nearest
    landmark before it (Arthur & Vassilvitskii 2007, "k-means++"). The farthest head each time
    chooses outliers, and the map then has more stress.
    """
    rng = np.random.default_rng(seed)
    landmarks = [int(rng.integers(n_heads))]
    nearest = distances_from(landmarks[0])
    for _ in range(n - 1):
        share = nearest**2
        share[landmarks] = 0.0
        if not share.any():  # the others are equal to landmarks
            share[:] = 1.0
            share[landmarks] = 0.0
        landmarks.append(int(rng.choice(n_heads, p=share / share.sum())))
        nearest = np.minimum(nearest, distances_from(landmarks[-1]))
    return np.array(landmarks)


def landmark_map(landmarks: NDArray[np.int64], distances: NDArray[np.floating]) -> HeadMap:
    """Return the map of heads from their distances to landmarks.

    Parameters
    ----------
    landmarks : ndarray of int, shape (n,)
    distances : ndarray of float, shape (n_heads, n)
        Of every head to each landmark. Not modified.

    Returns
    -------
    HeadMap
        Its stress is that of these distances.

    Notes
    -----
    The landmarks have the map of `head_map`. Every head is placed among them where its distances
    fit best (de Silva & Tenenbaum 2004, "Sparse multidimensional scaling using landmark points"),
    and moved by the steps of SMACOF until the stress of its own distances no longer decreases.
    """
    wanted = distances.astype(np.float64)
    require_shape("distances", wanted, (None, len(landmarks)), "f")
    anchors = head_map(wanted[landmarks]).coordinates.astype(np.float64)
    squares = wanted**2 - (wanted[landmarks] ** 2).mean(axis=0)
    points = -squares @ np.linalg.pinv(anchors).T / 2  # the mean of the anchors is 0
    before = np.inf
    for _ in range(MAX_ITERATIONS):
        drawn = cdist(points, anchors)
        wrong = ((drawn - wanted) ** 2).sum()
        if before - wrong <= TOLERANCE * (wanted**2).sum():
            break
        before = wrong
        pull = np.divide(wanted, drawn, out=np.zeros_like(drawn), where=drawn > 0)
        points = (pull.sum(axis=1, keepdims=True) * points - pull @ anchors) / len(landmarks)
    coordinates = _oriented(points).astype(np.float32)
    return HeadMap(coordinates, landmark_stress(landmarks, distances, coordinates))


def landmark_stress(
    landmarks: NDArray[np.int64],
    distances: NDArray[np.floating],
    coordinates: NDArray[np.floating],
) -> float:
    """Return the stress of the distances to landmarks; see `landmark_map` and `stress_of`."""
    return _stress(cdist(coordinates, coordinates[landmarks]), distances)


def stress_of(distances: NDArray[np.floating], coordinates: NDArray[np.floating]) -> float:
    """Return √(Σ(d − δ)² / Σd²) with distances d in the map and δ given; 0 if all points coincide.

    Notes
    -----
    Source: Kruskal 1964, "Multidimensional scaling by optimizing goodness of fit", stress-1.
    """
    return _stress(cdist(coordinates, coordinates), distances)


def _stress(drawn: NDArray[np.float64], distances: NDArray[np.floating]) -> float:
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
