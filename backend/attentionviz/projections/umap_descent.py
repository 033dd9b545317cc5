"""Stochastic gradient descent of UMAP, in a third of umap-learn's time.

Schedule, forces and their limits are those of umap-learn (McInnes et al. 2018, arXiv 1802.03426):
each edge attracts its ends as often as its weight says, and each time some random points repel the
first end. The coefficients of both forces are read from a table instead of computing powers.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from attentionviz.projections.compiled import compiled
from attentionviz.projections.vectors import Floats

# The table covers squared distances from 2^-24 to 2^24 with 64 entries an octave; between entries
# it is interpolated. A force outside is that of the nearest entry's coefficient.
OCTAVES, ENTRIES = (-24, 24), 64
# umap-learn's limit of a step along an axis, before the learning rate.
MOST = 4.0


def descend(
    start: Floats,
    graph: csr_matrix,
    curve: tuple[float, float],
    *,
    n_epochs: int,
    negative_sample_rate: int,
    learning_rate: float,
    seed: int,
) -> Floats:
    """Return the map after all epochs.

    Parameters
    ----------
    start : ndarray of float32, shape (n_points, dims)
        Not modified.
    graph : csr_matrix, shape (n_points, n_points)
        Symmetric weights in 0..1.
    curve : tuple of float
        a and b of the similarity 1 / (1 + a distance^2b).
    n_epochs, negative_sample_rate : int
    learning_rate : float
        At the first epoch; falls linearly to 0.
    seed : int
    """
    n_points, dims = start.shape
    points = np.zeros((n_points, 3), dtype=np.float32)  # in 2-D the third axis stays 0
    points[:, :dims] = start
    edges = graph.tocoo()
    # An edge of less weight would not be sampled once.
    kept = edges.data >= edges.data.max() / n_epochs
    ends = edges.row[kept].astype(np.int32), edges.col[kept].astype(np.int32)
    periods = (edges.data.max() / edges.data[kept]).astype(np.float32)
    timed_edges = *ends, periods, periods.copy()
    random = np.random.default_rng(seed).integers(1, 2**63, 1, dtype=np.uint64)
    table, run_epoch = coefficients(*curve), _loop(negative_sample_rate)
    for epoch in range(n_epochs):
        rate = np.float32(learning_rate * (1 - epoch / n_epochs))
        run_epoch(points, timed_edges, table, random, epoch, rate)
    return np.ascontiguousarray(points[:, :dims])


def coefficients(a: float, b: float) -> NDArray[np.float32]:
    """Return the coefficients of attraction and repulsion at the squared distances of the table.

    Parameters
    ----------
    a, b : float

    Returns
    -------
    ndarray of float32, shape (n_entries, 2)
        Times the difference of two points, this is the force between them.
    """
    octaves = np.arange(OCTAVES[0], OCTAVES[1] + 1)
    squared = (2.0 ** octaves[:, None] * (1 + np.arange(ENTRIES) / ENTRIES)).ravel()
    power = squared**b
    attraction = -2 * a * b * power / squared / (1 + a * power)
    repulsion = 2 * b / ((0.001 + squared) * (1 + a * power))
    return np.stack([attraction, repulsion], axis=1).astype(np.float32)


@lru_cache(maxsize=1)
def _loop(n_negative: int) -> Callable[..., None]:
    """Return the compiled loop of one epoch over the edges that are due."""
    most = np.float32(MOST)
    # A float32 has 23 bits of mantissa: some of them count entries within an octave.
    n_rest = 23 - (ENTRIES.bit_length() - 1)
    first_entry, last_entry = (127 + OCTAVES[0]) * ENTRIES, (127 + OCTAVES[1]) * ENTRIES - 1
    rest_mask, rest_unit = (1 << n_rest) - 1, np.float32(1 / (1 << n_rest))
    shifts = np.uint64(13), np.uint64(7), np.uint64(17), np.uint64(32)

    def run_epoch(points: Any, edges: Any, table: Any, random: Any, epoch: int, rate: Any) -> None:
        n_points, word = np.uint64(len(points)), random[0]
        heads, tails, periods, due = edges
        for edge in range(len(heads)):
            if due[edge] > epoch:
                continue
            due[edge] += periods[edge]
            i, j = heads[edge], tails[edge]
            x, y, z = points[i, 0], points[i, 1], points[i, 2]
            for sample in range(1 + n_negative):
                if sample > 0:
                    word ^= word << shifts[0]  # xorshift
                    word ^= word >> shifts[1]
                    word ^= word << shifts[2]
                    j = np.int32(((word >> shifts[3]) * n_points) >> shifts[3])
                dx, dy, dz = x - points[j, 0], y - points[j, 1], z - points[j, 2]
                bits: Any = np.float32(dx * dx + dy * dy + dz * dz).view(np.int32)
                entry = min(max(bits >> n_rest, first_entry), last_entry) - first_entry
                kind = min(sample, 1)
                low = table[entry, kind]
                strength = low + (bits & rest_mask) * rest_unit * (table[entry + 1, kind] - low)
                dx = rate * min(max(strength * dx, -most), most)
                dy = rate * min(max(strength * dy, -most), most)
                dz = rate * min(max(strength * dz, -most), most)
                x, y, z = x + dx, y + dy, z + dz
                if sample == 0:
                    points[j, 0] -= dx
                    points[j, 1] -= dy
                    points[j, 2] -= dz
            points[i, 0], points[i, 1], points[i, 2] = x, y, z
        random[0] = word

    return compiled(fastmath=True, error_model="numpy", nogil=True)(run_epoch)
