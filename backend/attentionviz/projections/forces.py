"""Exact forces of t-SNE between all pairs of points, as compiled loops.

For thousands of points one vectorised pass over all pairs is faster than building and traversing a
Barnes-Hut tree, especially in 3-D. The kernel is Student's t with one degree of freedom,
w = 1 / (1 + distance²).
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from attentionviz.projections.compiled import compiled

Floats = NDArray[np.float32]


class Kernels(NamedTuple):
    """Compiled loops for one number of dimensions; arrays are float32, points in columns.

    Attributes
    ----------
    repel : callable
        ``repel(points, others, sums, forces)`` fills sums[i] with the sum over j of w_ij, and
        forces[:, i] with the sum over j of w_ij² (points_i - others_j).
    attract : callable
        ``attract(points, row_starts, columns, affinities, forces)`` adds p_ij w_ij (points_i -
        points_j) to the forces on i, and its opposite to those on j, for every entry of the rows.
    """

    repel: Callable[..., None]
    attract: Callable[..., None]


@lru_cache(maxsize=2)
def kernels(dims: int) -> Kernels:
    """Return the compiled loops for 2 or 3 dimensions.

    Notes
    -----
    ``fastmath`` allows vectorised sums; ``error_model="numpy"`` removes the check for division by
    zero, which prevents vectorisation. The order of summation depends on the processor, so results
    are reproducible on the same kind of machine only.
    """
    loops = _repulsion_loop(dims), _attraction_loop(dims)
    jitted = compiled(fastmath=True, error_model="numpy", nogil=True)
    return Kernels(*(jitted(loop) for loop in loops))


def _repulsion_loop(dims: int) -> Callable[..., None]:
    is_solid = dims == 3
    zero, one = np.float32(0), np.float32(1)

    def repel(points: Any, others: Any, sums: Any, forces: Any) -> None:
        xs, ys, zs = others[0], others[1], others[dims - 1]
        for i in range(points.shape[1]):
            x, y, z = points[0, i], points[1, i], points[dims - 1, i]
            total, fx, fy, fz = zero, zero, zero, zero
            for j in range(others.shape[1]):
                dx, dy, dz = x - xs[j], y - ys[j], zero
                if is_solid:
                    dz = z - zs[j]
                w = one / (one + dx * dx + dy * dy + dz * dz)
                total += w
                strength = w * w
                fx += strength * dx
                fy += strength * dy
                fz += strength * dz
            sums[i], forces[0, i], forces[1, i] = total, fx, fy
            if is_solid:
                forces[2, i] = fz

    return repel


def _attraction_loop(dims: int) -> Callable[..., None]:
    is_solid = dims == 3
    zero, one = np.float32(0), np.float32(1)

    def attract(points: Any, starts: Any, columns: Any, affinities: Any, forces: Any) -> None:
        for i in range(points.shape[0]):
            x, y, z = points[i, 0], points[i, 1], points[i, dims - 1]
            fx, fy, fz = zero, zero, zero
            for place in range(starts[i], starts[i + 1]):
                j = columns[place]
                dx, dy, dz = x - points[j, 0], y - points[j, 1], zero
                if is_solid:
                    dz = z - points[j, 2]
                strength = affinities[place] / (one + dx * dx + dy * dy + dz * dz)
                fx += strength * dx
                fy += strength * dy
                forces[j, 0] -= strength * dx
                forces[j, 1] -= strength * dy
                if is_solid:
                    fz += strength * dz
                    forces[j, 2] -= strength * dz
            forces[i, 0] += fx
            forces[i, 1] += fy
            if is_solid:
                forces[i, 2] += fz

    return attract


def repulsion(points: Floats, others: Floats) -> tuple[Floats, Floats]:
    """Return, for each point, the sum of w and the force of all others.

    Parameters
    ----------
    points, others : ndarray of float32, shapes (n_points, dims) and (n_others, dims)

    Returns
    -------
    sums : ndarray of float32, shape (n_points,)
        Sum over j of w_ij; a point that is among the others contributes 1 to its own sum.
    forces : ndarray of float32, shape (n_points, dims)
        Sum over j of w_ij² (points_i - others_j).
    """
    sums = np.empty(len(points), dtype=np.float32)
    forces = np.empty(points.shape[::-1], dtype=np.float32)  # (axis, point): lanes need one axis
    columns = np.ascontiguousarray(points.T), np.ascontiguousarray(others.T)
    kernels(points.shape[1]).repel(*columns, sums, forces)
    return sums, forces.T


def attraction(points: Floats, pairs: csr_matrix) -> Floats:
    """Return the attraction of each point to its neighbours.

    Parameters
    ----------
    points : ndarray of float32, shape (n_points, dims)
    pairs : csr_matrix of float32, shape (n_points, n_points)
        Affinities p, each pair once: one triangle of the symmetric matrix.

    Returns
    -------
    ndarray of float32, shape (n_points, dims)
        Sum over j of p_ij w_ij (points_i - points_j).
    """
    forces = np.zeros_like(points)
    kernels(points.shape[1]).attract(points, pairs.indptr, pairs.indices, pairs.data, forces)
    return forces
