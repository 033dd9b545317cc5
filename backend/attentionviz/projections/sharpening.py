"""Final gradient descent of attention t-SNE, on the strongest keys of each query.

t-SNE normalises over all pairs of a map, at the expense of queries in dense regions. Here each
query has its own distribution, as in attention: w_ij / (sum over keys of w_ij) with
w_ij = (1 + distance² / r_i²)^-2, where r_i is the distance to its tenth nearest key. The loss is
the cross entropy with its strongest keys, equally weighted (neighbourhood components: Goldberger et
al. 2004; one width per point: Hinton and Roweis 2002).
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from attentionviz.projections.compiled import compiled
from attentionviz.projections.vectors import Floats

# Number of iterations between updates of the widths.
WIDTH_EVERY = 5


def sharpen(
    queries: Floats,
    keys: Floats,
    targets: NDArray[np.int64],
    *,
    iterations: int,
    rate: float,
    momentum: float,
) -> tuple[Floats, Floats]:
    """Return queries and keys after some iterations of the descent.

    Parameters
    ----------
    queries, keys : ndarray of float32, shapes (n_queries, dims) and (n_keys, dims)
        Not modified.
    targets : ndarray of int, shape (n_queries, n_targets)
        The strongest keys of each query.
    iterations : int
    rate : float
        Learning rate. Forces on a key are averaged, so that steps of keys with many queries stay
        bounded.
    momentum : float
        Share of the previous step that is added to the next.
    """
    q, k = (np.ascontiguousarray(x.T, dtype=np.float32) for x in (queries, keys))  # (axis, point)
    q_step, k_step = np.zeros_like(q), np.zeros_like(k)
    width = np.empty(q.shape[1], dtype=np.float32)
    for iteration in range(iterations):
        if iteration % WIDTH_EVERY == 0:
            width = squared_widths(q.T, k.T, targets.shape[1])
        on_queries, on_keys, weights = forces(q, k, targets, width)
        q_step = np.float32(momentum) * q_step + np.float32(rate) * on_queries
        k_step = np.float32(momentum) * k_step + np.float32(rate) * on_keys / (1 + weights)
        q, k = q + q_step, k + k_step
    return np.ascontiguousarray(q.T), np.ascontiguousarray(k.T)


def squared_widths(queries: Floats, keys: Floats, n_near: int) -> Floats:
    """Return the squared distance of each query to its n-th nearest key, bounded away from 0."""
    distance = cKDTree(keys).query(queries, k=[n_near])[0][:, 0]
    least = max(float(np.ptp(keys, axis=0).max()), 1e-9) * 1e-4
    squares: Floats = (np.maximum(distance, least) ** 2).astype(np.float32)
    return squares


def forces(
    queries: Floats, keys: Floats, targets: NDArray[np.int64], squared_widths: Floats
) -> tuple[Floats, Floats, Floats]:
    """Return the forces on queries and keys, and the total weight of the forces on each key.

    Parameters
    ----------
    queries, keys : ndarray of float32, shapes (dims, n_queries) and (dims, n_keys)
    targets : ndarray of int, shape (n_queries, n_targets)
    squared_widths : ndarray of float32, shape (n_queries,)

    Returns
    -------
    on_queries, on_keys : ndarray of float32, shapes (dims, n_queries) and (dims, n_keys)
        Negative gradient of the sum of cross entropies, where that of query i is multiplied by
        r_i² / 4, so that forces stay bounded for small widths.
    weights : ndarray of float32, shape (n_keys,)
    """
    on_queries, on_keys = np.zeros_like(queries), np.zeros_like(keys)
    weights = np.zeros(keys.shape[1], dtype=np.float32)
    _loop(len(queries))(queries, keys, targets, squared_widths, on_queries, on_keys, weights)
    return on_queries, on_keys, weights


@lru_cache(maxsize=2)
def _loop(dims: int) -> Callable[..., None]:
    """Return the compiled sum of forces; options as in `attentionviz.projections.forces`."""
    return compiled(fastmath=True, error_model="numpy", nogil=True)(_force_loop(dims))


def _force_loop(dims: int) -> Callable[..., None]:
    is_solid = dims == 3
    zero, one = np.float32(0), np.float32(1)

    def add_forces(
        q: Any, k: Any, targets: Any, squares: Any, on_q: Any, on_k: Any, weights: Any
    ) -> None:
        n_keys = k.shape[1]
        share = one / np.float32(targets.shape[1])
        strengths = np.empty(n_keys, dtype=np.float32)
        for i in range(q.shape[1]):
            x, y, z, narrow = q[0, i], q[1, i], q[dims - 1, i], one / squares[i]
            total = zero
            for j in range(n_keys):
                dx, dy, dz = k[0, j] - x, k[1, j] - y, zero
                if is_solid:
                    dz = k[2, j] - z
                u = one / (one + (dx * dx + dy * dy + dz * dz) * narrow)
                total += u * u
                strengths[j] = -u * u * u
            part = one / total
            for j in range(n_keys):
                strengths[j] *= part
                weights[j] -= strengths[j]
            for j in targets[i]:
                dx, dy, dz = k[0, j] - x, k[1, j] - y, zero
                if is_solid:
                    dz = k[2, j] - z
                pull = share / (one + (dx * dx + dy * dy + dz * dz) * narrow)
                strengths[j] += pull
                weights[j] += pull
            for axis in range(dims):
                place, pulled = q[axis, i], zero
                for j in range(n_keys):
                    force = strengths[j] * (k[axis, j] - place)
                    pulled += force
                    on_k[axis, j] -= force
                on_q[axis, i] = pulled

    return add_forces
