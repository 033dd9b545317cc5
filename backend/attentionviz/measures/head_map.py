"""A flat map of heads: points whose distances are as near as can be to those of the heads."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from attentionviz.core.shapes import require_shape

METHOD = "SMACOF, begun from classical scaling"
MAX_ITERATIONS = 500
# Share of the stress that a step must still take away.
TOLERANCE = 1e-6


class HeadMap(NamedTuple):
    """Where the heads lie, and how far the picture is from the distances.

    Attributes
    ----------
    coordinates : ndarray of float32, shape (n_heads, 2)
        In units of the distances, centred, the longer axis first.
    stress : float
        Kruskal's stress-1 of the coordinates: 0 is a picture without fault.
    """

    coordinates: NDArray[np.float32]
    stress: float


def head_map(distances: NDArray[np.floating]) -> HeadMap:
    """Return the map of heads for their distances.

    Parameters
    ----------
    distances : ndarray of float, shape (n_heads, n_heads)
        Symmetric, 0 on the diagonal. Not modified.

    Notes
    -----
    No seed: classical scaling (Torgerson 1952) is where the descent begins, and of the two
    directions of an axis the one is taken in which the head farthest out is positive.
    Source: de Leeuw 1977; Borg & Groenen 2005, "Modern Multidimensional Scaling", section 8.6.
    """
    n = len(distances)
    require_shape("distances", distances, (n, n), "f")
    wanted = distances.astype(np.float64)
    points = _classical(wanted)
    drawn = _between(points)
    stress = _raw_stress(wanted, drawn)
    for _ in range(MAX_ITERATIONS):
        moved = _guttman(wanted, points, drawn)
        drawn = _between(moved)
        next_stress = _raw_stress(wanted, drawn)
        if not stress - next_stress > TOLERANCE * stress:
            break
        points, stress = moved, next_stress
    coordinates = _oriented(points).astype(np.float32)
    return HeadMap(coordinates, stress_of(wanted, coordinates))


def stress_of(distances: NDArray[np.floating], coordinates: NDArray[np.floating]) -> float:
    """Return √(Σ(d − δ)² / Σd²): d as drawn, δ as they are; 0 where all points are one.

    Notes
    -----
    Source: Kruskal 1964, "Multidimensional scaling by optimizing goodness of fit", stress-1.
    """
    drawn = _between(coordinates.astype(np.float64))
    total = (drawn**2).sum()
    wrong = ((drawn - distances) ** 2).sum()
    return float(np.sqrt(wrong / total)) if total > 0 else 0.0


def _classical(distances: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the two leading axes of the doubly centred squares, (n, 2)."""
    squares = distances**2
    rows = squares.mean(axis=0)
    products = -0.5 * (squares - rows[:, None] - rows[None, :] + squares.mean())
    values, vectors = np.linalg.eigh(products)
    points = np.zeros((len(distances), 2))
    n_axes = min(2, len(distances))
    leading = np.maximum(values[::-1][:n_axes], 0.0)
    points[:, :n_axes] = vectors[:, ::-1][:, :n_axes] * np.sqrt(leading)
    return points


def _guttman(
    distances: NDArray[np.float64], points: NDArray[np.float64], drawn: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the points after one step, which never makes the stress larger."""
    ratios = np.divide(distances, drawn, out=np.zeros_like(drawn), where=drawn > 0)
    moved = ratios.sum(axis=1)[:, None] * points - ratios @ points  # (head, axis)
    return moved / len(points)


def _raw_stress(distances: NDArray[np.float64], drawn: NDArray[np.float64]) -> float:
    wrong = (drawn - distances).reshape(-1)
    return float(wrong @ wrong)


def _between(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the distances of points, (n, n)."""
    x, y = points[:, 0], points[:, 1]
    return np.sqrt((x[:, None] - x[None, :]) ** 2 + (y[:, None] - y[None, :]) ** 2)


def _oriented(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the points turned onto their principal axes, with fixed signs."""
    centred = points - points.mean(axis=0)
    _, axes = np.linalg.eigh(centred.T @ centred)
    turned: NDArray[np.float64] = centred @ axes[:, ::-1]
    farthest = turned[np.abs(turned).argmax(axis=0), [0, 1]]
    return turned * np.where(farthest < 0, -1.0, 1.0)
