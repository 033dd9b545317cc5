"""Final gradient descent of attention t-SNE, on the strongest keys of each query.

t-SNE normalises over all pairs of a map, at the expense of queries in dense regions. Here each
query has its own distribution, as in attention: w_ij / (sum over keys of w_ij) with
w_ij = (1 + distance² / r_i²)^-2, where r_i is the distance to its tenth nearest key. The loss is
the cross entropy with its strongest keys, equally weighted (neighbourhood components: Goldberger et
al. 2004; one width per point: Hinton and Roweis 2002).

The sum runs over the nearest keys of each query, and over a sample for the keys beyond, which have
a small part of it: w falls with the fourth power of the distance. So the cost is linear in the
number of points. Keys beyond the nearest are not pushed away.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from attentionviz.projections.compiled import compiled
from attentionviz.projections.vectors import Floats

# Number of iterations between searches of the nearest keys.
SEARCH_EVERY = 8


class KeysAround(NamedTuple):
    """The keys over which the distribution of each query is summed.

    Attributes
    ----------
    near : ndarray of int32, shape (n_queries, n_near)
        The nearest keys, nearest first.
    squared_widths : ndarray of float32, shape (n_queries,)
        r_i²; bounded away from 0.
    squared_limits : ndarray of float32, shape (n_queries,)
        Squared distance to the last of the nearest keys.
    far : ndarray of int32, shape (n_far,)
        A random sample of all keys, of which those beyond the limit of a query count; empty if the
        nearest keys are all keys.
    """

    near: NDArray[np.int32]
    squared_widths: Floats
    squared_limits: Floats
    far: NDArray[np.int32]


class Sharpening(NamedTuple):
    """Parameters of the descent.

    Attributes
    ----------
    iterations : int
    rate : float
        Learning rate. Forces on a key are averaged, so that steps of keys with many queries stay
        bounded.
    momentum : float
        Share of the previous step that is added to the next.
    near_keys, far_keys : int
        Nearest keys of each query, and sampled keys for those beyond, of its distribution.
    """

    iterations: int
    rate: float
    momentum: float
    near_keys: int
    far_keys: int


def sharpen(
    queries: Floats, keys: Floats, targets: NDArray[np.int64], parameters: Sharpening, seed: int
) -> tuple[Floats, Floats]:
    """Return queries and keys after some iterations of the descent.

    Parameters
    ----------
    queries, keys : ndarray of float32, shapes (n_queries, dims) and (n_keys, dims)
        Not modified.
    targets : ndarray of int, shape (n_queries, n_targets)
        The strongest keys of each query.
    parameters : Sharpening
    seed : int
        Of the samples of far keys.
    """
    q, k = (np.ascontiguousarray(x, dtype=np.float32) for x in (queries, keys))
    q_step, k_step = np.zeros_like(q), np.zeros_like(k)
    rate, momentum = np.float32(parameters.rate), np.float32(parameters.momentum)
    for iteration in range(parameters.iterations):
        if iteration % SEARCH_EVERY == 0:
            around = keys_around(q, k, targets.shape[1], parameters, seed + iteration)
        on_queries, on_keys, weights = forces(q, k, targets, around)
        q_step = momentum * q_step + rate * on_queries
        k_step = momentum * k_step + rate * on_keys / (1 + weights[:, None])
        q, k = q + q_step, k + k_step
    return q, k


def keys_around(
    queries: Floats, keys: Floats, n_width: int, parameters: Sharpening, seed: int
) -> KeysAround:
    """Return the keys over which the distribution of each query is summed.

    Parameters
    ----------
    queries, keys : ndarray of float32, shapes (n_queries, dims) and (n_keys, dims)
    n_width : int
        The width of a query is the distance to its n-th nearest key.
    parameters : Sharpening
    seed : int
        Of the sample of far keys.
    """
    n_near = min(max(parameters.near_keys, n_width), len(keys))
    distances, near = cKDTree(keys).query(queries, k=np.arange(1, n_near + 1))
    least = max(float(np.ptp(keys, axis=0).max()), 1e-9) * 1e-4
    widths = np.maximum(distances[:, min(n_width, n_near) - 1], least)
    n_far = min(parameters.far_keys, len(keys)) if n_near < len(keys) else 0
    return KeysAround(
        near.astype(np.int32),
        (widths**2).astype(np.float32),
        (distances[:, -1] ** 2).astype(np.float32),
        np.random.default_rng(seed).choice(len(keys), n_far, replace=False).astype(np.int32),
    )


def forces(
    queries: Floats, keys: Floats, targets: NDArray[np.int64], around: KeysAround
) -> tuple[Floats, Floats, Floats]:
    """Return the forces on queries and keys, and the total weight of the forces on each key.

    Parameters
    ----------
    queries, keys : ndarray of float32, shapes (n_queries, dims) and (n_keys, dims)
    targets : ndarray of int, shape (n_queries, n_targets)
    around : KeysAround

    Returns
    -------
    on_queries, on_keys : ndarray of float32, shapes (n_queries, dims) and (n_keys, dims)
        Negative gradient of the sum of cross entropies, where that of query i is multiplied by
        r_i² / 4, so that forces stay bounded for small widths; without that on far keys.
    weights : ndarray of float32, shape (n_keys,)
    """
    on_queries, on_keys = np.zeros_like(queries), np.zeros_like(keys)
    weights, totals = np.zeros(len(keys), np.float32), np.zeros(len(queries), np.float32)
    push_from_far, push, pull = _loops(queries.shape[1])
    widths = around.squared_widths
    push_from_far(queries, keys, widths, around.squared_limits, around.far, totals, on_queries)
    push(queries, keys, widths, around.near, totals, (on_queries, on_keys, weights))
    pull(queries, keys, widths, targets, (on_queries, on_keys, weights))
    return on_queries, on_keys, weights


@lru_cache(maxsize=2)
def _loops(dims: int) -> list[Callable[..., None]]:
    """Return the compiled sums of forces; options as in `attentionviz.projections.forces`."""
    loops = (_far_loop(dims), _near_loop(dims), _target_loop(dims))
    return [compiled(fastmath=True, error_model="numpy", nogil=True)(loop) for loop in loops]


def _far_loop(dims: int) -> Callable[..., None]:
    one = np.float32(1)

    def push_from_far(
        q: Any, k: Any, squared_widths: Any, squared_limits: Any, far: Any, totals: Any, on_q: Any
    ) -> None:
        """Add w of the far keys of each query, and the forces by which they push it."""
        each = np.float32(k.shape[0]) / np.float32(max(len(far), 1))
        for i in range(q.shape[0]):
            for j in far:
                squared = np.float32(0)
                for axis in range(dims):
                    squared += (k[j, axis] - q[i, axis]) ** 2
                if squared > squared_limits[i]:
                    u = one / (one + squared / squared_widths[i])
                    totals[i] += each * u * u
                    for axis in range(dims):
                        on_q[i, axis] -= each * u * u * u * (k[j, axis] - q[i, axis])

    return push_from_far


def _near_loop(dims: int) -> Callable[..., None]:
    one = np.float32(1)

    def push(q: Any, k: Any, squared_widths: Any, near: Any, totals: Any, on: Any) -> None:
        """Push each query and its near keys apart; divide by the sum of w."""
        on_q, on_k, weights = on
        u = np.empty(near.shape[1], dtype=np.float32)
        for i in range(q.shape[0]):
            total = totals[i]
            for place in range(near.shape[1]):
                squared = np.float32(0)
                for axis in range(dims):
                    squared += (k[near[i, place], axis] - q[i, axis]) ** 2
                u[place] = one / (one + squared / squared_widths[i])
                total += u[place] * u[place]
            for axis in range(dims):
                on_q[i, axis] /= total
            for place in range(near.shape[1]):
                j, part = near[i, place], u[place] * u[place] * u[place] / total
                weights[j] += part
                for axis in range(dims):
                    force = part * (k[j, axis] - q[i, axis])
                    on_q[i, axis] -= force
                    on_k[j, axis] += force

    return push


def _target_loop(dims: int) -> Callable[..., None]:
    one = np.float32(1)

    def pull(q: Any, k: Any, squared_widths: Any, targets: Any, on: Any) -> None:
        """Pull each query and its targets together."""
        on_q, on_k, weights = on
        share = one / np.float32(targets.shape[1])
        for i in range(q.shape[0]):
            for j in targets[i]:
                squared = np.float32(0)
                for axis in range(dims):
                    squared += (k[j, axis] - q[i, axis]) ** 2
                part = share / (one + squared / squared_widths[i])
                weights[j] += part
                for axis in range(dims):
                    force = part * (k[j, axis] - q[i, axis])
                    on_q[i, axis] += force
                    on_k[j, axis] -= force

    return pull
