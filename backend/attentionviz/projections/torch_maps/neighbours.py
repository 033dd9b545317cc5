"""Exact search of neighbours and strongest keys by matrix products, and of nearest points."""

from typing import NamedTuple

import torch
from torch import Tensor

from attentionviz.projections.torch_maps.memory import block_rows


class Found(NamedTuple):
    """The others that were found for every point, nearest first.

    Attributes
    ----------
    indices : Tensor of int64, shape (n_heads, n_points, n_found)
    distances : Tensor of float32, shape (n_heads, n_points, n_found)
    """

    indices: Tensor
    distances: Tensor

    def first(self, n: int) -> "Found":
        """Return the nearest n of them."""
        return Found(self.indices[:, :, :n], self.distances[:, :, :n])


def nearest(points: Tensor, among: Tensor, n: int, *, skip_self: bool = False) -> Found:
    """Return the nearest others of each unit vector by cosine distance.

    Parameters
    ----------
    points, among : Tensor of float32, shapes (n_heads, n_points, d) and (n_heads, n_others, d)
        Of length 1 or 0.
    n : int
        At most; limited by the number of others.
    skip_self : bool
        Whether to exclude row i of `among` for row i of `points`.
    """
    n = min(n, among.shape[1] - int(skip_self))
    indices, products = _largest_products(points, among, n, skip_self=skip_self)
    return Found(indices, (1 - products).clamp(0, 2))


def strongest(points: Tensor, others: Tensor, n: int) -> Found:
    """Return the others with the largest dot products, and sqrt(largest - product) as distance.

    Parameters
    ----------
    points, others : Tensor of float32, shapes (n_heads, n_points, d) and (n_heads, n_others, d)
    n : int
        Limited by the number of others.
    """
    indices, products = _largest_products(points, others, min(n, others.shape[1]))
    return Found(indices, (products[:, :, :1] - products).sqrt())


def _largest_products(
    points: Tensor, others: Tensor, n: int, *, skip_self: bool = False
) -> tuple[Tensor, Tensor]:
    n_heads, n_points, _ = points.shape
    indices = torch.empty((n_heads, n_points, n), dtype=torch.int64, device=points.device)
    values = points.new_empty((n_heads, n_points, n))
    n_rows = block_rows(n_heads, others.shape[1], points.device)
    for top in range(0, n_points, n_rows):
        rows = slice(top, min(top + n_rows, n_points))
        products = points[:, rows] @ others.transpose(1, 2)  # (head, row, other)
        if skip_self:
            own = torch.arange(rows.start, rows.stop, device=points.device)
            products[:, own - top, own] = -torch.inf
        values[:, rows], indices[:, rows] = products.topk(n, dim=2)
    # Of equal products the first others come first, as in the search of `projections.neighbours`.
    indices, order = indices.sort(dim=2)
    values, order = values.gather(2, order).sort(dim=2, descending=True, stable=True)
    return indices.gather(2, order), values


def closest(points: Tensor, others: Tensor) -> Tensor:
    """Return for each point the index of the nearest of the others, by Euclidean distance.

    Parameters
    ----------
    points, others : Tensor of float32, shapes (n_heads, n_points, d) and (n_heads, n_others, d)

    Returns
    -------
    Tensor of int64, shape (n_heads, n_points)
    """
    half_squares = others.square().sum(2)[:, None] / 2
    n_rows = block_rows(points.shape[0], others.shape[1], points.device)
    parts = [
        torch.argmin(half_squares - part @ others.transpose(1, 2), dim=2)
        for part in points.split(n_rows, dim=1)
    ]
    return torch.cat(parts, dim=1)


def squared_distances(points: Tensor, others: Tensor) -> Tensor:
    """Return the squared distances of all pairs, (n_heads, n_points, n_others).

    From differences along each axis: products would lose small distances in large maps.

    Parameters
    ----------
    points, others : Tensor of float32, shapes (n_heads, n, dims)
    """
    squared = (points[:, :, None, 0] - others[:, None, :, 0]).square_()
    for axis in range(1, points.shape[2]):
        difference = points[:, :, None, axis] - others[:, None, :, axis]
        squared.addcmul_(difference, difference)
    return squared


def nearest_in_map(points: Tensor, others: Tensor, n: int) -> tuple[Tensor, Tensor]:
    """Return the nearest others of each point of a map, and their squared distances.

    Parameters
    ----------
    points, others : Tensor of float32, shapes (n_heads, n_points, dims), (n_heads, n_others, dims)
    n : int
        At most the number of others.

    Returns
    -------
    indices, squared : Tensor of int64 and float32, shapes (n_heads, n_points, n)
    """
    n_rows = block_rows(points.shape[0], others.shape[1], points.device)
    found = [
        squared_distances(part, others).topk(n, dim=2, largest=False)
        for part in points.split(n_rows, dim=1)
    ]
    squared, indices = (torch.cat(parts, dim=1) for parts in zip(*found, strict=True))
    return indices, squared
