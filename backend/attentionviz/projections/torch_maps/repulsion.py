"""Repulsion of t-SNE between points of some heads: exact in blocks, or by a grid in 2-D.

See `attentionviz.projections.forces` and `attentionviz.projections.grid_forces`.
"""

from functools import lru_cache

import torch
from torch import Tensor

from attentionviz.projections.grid_forces import (
    GRID_POINT_COST,
    POINT_COST,
    STEP,
    WIDTH,
    grid_size,
    kernel_spectra,
)
from attentionviz.projections.torch_maps.memory import block_rows
from attentionviz.projections.torch_maps.neighbours import squared_distances


def repulsion(points: Tensor, others: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return the sum of w over all pairs, and the forces on points and on others.

    Parameters
    ----------
    points, others : Tensor of float32, shapes (n_heads, n_points, dims), (n_heads, n_others, dims)
        A grid is used in 2-D only, where the CPU uses one: with few points it is less exact. The
        same tensor twice: each pair counts in both orders, and every point with itself.

    Returns
    -------
    total : Tensor of float32, shape (n_heads,)
    on_points, on_others : Tensor of float32, shapes of `points` and `others`
        Sum over j of w_ij² (points_i - others_j), and over i of w_ij² (others_j - points_i).
    """
    n = _grid_size(points, others) if points.shape[2] == 2 else None
    return exact_repulsion(points, others) if n is None else grid_repulsion(points, others, n)


def exact_repulsion(points: Tensor, others: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return sums and forces from all pairs; see `repulsion`."""
    is_same = points is others
    total = points.new_zeros(points.shape[0])
    on_points, on_others = [], torch.zeros_like(others)
    n_rows = block_rows(points.shape[0], others.shape[1], points.device)
    for part in points.split(n_rows, dim=1):
        w = squared_distances(part, others).add_(1).reciprocal_()  # (head, row, other)
        total += w.sum(dim=(1, 2))
        w.square_()
        on_points.append(_force(w, part, others))
        if not is_same:
            on_others += _force(w.transpose(1, 2), others, part)
    forces = torch.cat(on_points, dim=1)
    return total, forces, forces if is_same else on_others


def _force(squared_w: Tensor, points: Tensor, others: Tensor) -> Tensor:
    return points * squared_w.sum(dim=2, keepdim=True) - squared_w @ others


def _grid_size(points: Tensor, others: Tensor) -> int | None:
    """Return the size of a grid that covers the maps of all heads; None for exact forces."""
    low, high = _bounds(points, others)
    n = 2 * (int(float((high - low).max()) / STEP) + WIDTH + 1)
    n_each = points.shape[1], others.shape[1]
    if n_each[0] * n_each[1] < GRID_POINT_COST * n**2 + POINT_COST * sum(n_each):
        return None
    return grid_size(n)


def _bounds(points: Tensor, others: Tensor) -> tuple[Tensor, Tensor]:
    low = torch.minimum(points.amin(dim=1), others.amin(dim=1))
    return low, torch.maximum(points.amax(dim=1), others.amax(dim=1))


def grid_repulsion(points: Tensor, others: Tensor, n: int) -> tuple[Tensor, Tensor, Tensor]:
    """Return sums and forces by a grid of n x n points, half of them padding; see `repulsion`."""
    corner, _ = _bounds(points, others)
    at_points = _splines(points, corner, n)
    at_others = at_points if points is others else _splines(others, corner, n)
    sums, on_points = _read(_spread(at_others, n), at_points, n)
    if points is others:
        return sums.sum(dim=1), on_points, on_points
    _, on_others = _read(_spread(at_points, n), at_others, n)
    return sums.sum(dim=1), on_points, on_others


def _splines(points: Tensor, corner: Tensor, n: int) -> tuple[Tensor, Tensor]:
    """Return the grid points around each point and their weights, (head, point, WIDTH²)."""
    places = (points - corner[:, None]) / STEP
    firsts = places.to(torch.int64)  # the corner is the lowest: never negative
    t = places - firsts
    s = 1 - t
    weights = torch.stack(
        [s**3 / 6, 2 / 3 - t * t * (2 - t) / 2, 2 / 3 - s * s * (2 - s) / 2, t**3 / 6], dim=3
    )  # (head, point, axis, WIDTH)
    steps = torch.arange(WIDTH, device=points.device)
    rows, columns = firsts[:, :, 0, None] + steps, firsts[:, :, 1, None] + steps
    indices = rows[:, :, :, None] * n + columns[:, :, None, :]
    both = weights[:, :, 0, :, None] * weights[:, :, 1, None, :]
    return indices.flatten(2), both.flatten(2)


def _spread(splines: tuple[Tensor, Tensor], n: int) -> Tensor:
    """Return the spectrum of the density of points, (head, n, n // 2 + 1)."""
    indices, weights = splines
    density = weights.new_zeros((indices.shape[0], n * n))
    density.scatter_add_(1, indices.flatten(1), weights.flatten(1))
    return torch.fft.rfft2(density.unflatten(1, (n, n)))


def _read(spectrum: Tensor, splines: tuple[Tensor, Tensor], n: int) -> tuple[Tensor, Tensor]:
    """Return sums (head, point) and forces (head, point, 2)."""
    indices, weights = splines
    places = indices.flatten(1)
    found = []
    for kernel in _kernels(n, spectrum.device):
        field = torch.fft.irfft2(spectrum * kernel, s=(n, n)).flatten(1)
        found.append((field.gather(1, places).view_as(weights) * weights).sum(dim=2))
    return found[0], torch.stack(found[1:], dim=2)


@lru_cache(maxsize=2)
def _kernels(n: int, device: torch.device) -> tuple[Tensor, ...]:
    return tuple(torch.from_numpy(kernel).to(device) for kernel in kernel_spectra(n))
