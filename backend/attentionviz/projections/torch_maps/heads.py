"""Vectors of some heads of the same size, stacked on a device."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from attentionviz.projections import pca
from attentionviz.projections.sampling import extent_growth, split
from attentionviz.projections.vectors import HeadVectors, Projection


class Fitted(NamedTuple):
    """The maps of all heads of a batch after a descent.

    Attributes
    ----------
    points : Tensor of float32, shape (n_heads, n_points, dims)
    divergences : Tensor of floats, shape (n_heads,)
    fallback : str or None
        See `vectors.Projection`.
    """

    points: Tensor
    divergences: Tensor
    fallback: str | None

    def projections(self, objective: str, facts: dict[str, int]) -> list[Projection]:
        """Return the map of each head, with its divergence under the name of the objective."""
        return [
            Projection(coordinates, {objective: divergence, **facts}, self.fallback)
            for coordinates, divergence in zip(
                self.points.cpu().numpy(), self.divergences.tolist(), strict=True
            )
        ]


@dataclass(frozen=True)
class HeadBatch:
    """Heads with the same numbers of queries and keys and the same head size.

    Attributes
    ----------
    heads : tuple of HeadVectors
    device : torch.device
    """

    heads: tuple[HeadVectors, ...]
    device: torch.device

    @property
    def n_queries(self) -> int:
        """Number of queries of each head."""
        return len(self.heads[0].queries)

    @property
    def n_keys(self) -> int:
        """Number of keys of each head."""
        return len(self.heads[0].keys)

    @property
    def n_points(self) -> int:
        """Number of queries and keys of each head."""
        return self.heads[0].n_points

    @cached_property
    def queries(self) -> Tensor:
        """Raw queries, float32 (head, query, d_head)."""
        return self._stacked([head.queries for head in self.heads])

    @cached_property
    def keys(self) -> Tensor:
        """Raw keys, float32 (head, key, d_head)."""
        return self._stacked([head.keys for head in self.heads])

    @cached_property
    def unit_points(self) -> Tensor:
        """Aligned queries, then keys, of length 1 or 0: float32 (head, point, d_head)."""
        points = self._stacked([head.aligned.points() for head in self.heads])
        norms = points.norm(dim=2, keepdim=True)
        return torch.where(norms > 0, points / norms, torch.zeros_like(points))

    @cached_property
    def scaling(self) -> Tensor:
        """Factors of q·k, float32 (head, 1, 1)."""
        factors = [head.scaling for head in self.heads]
        return torch.tensor(factors, dtype=torch.float32, device=self.device)[:, None, None]

    def start(self, dims: int) -> Tensor:
        """Return the principal components of each head, float32 (head, point, dims)."""
        return self._stacked(
            [
                pca.project(h, dims=dims, seed=0, neighbours=None, **pca.DEFAULTS).coordinates
                for h in self.heads
            ]
        )

    def split(self, fit_points: int, seed: int) -> "Split | None":
        """Return the fitted and the placed points; None if all are fitted. See `sampling`."""
        parts = split(self.heads[0], fit_points, seed)
        if parts is None:
            return None
        chosen, others = parts
        sample, rest = (
            HeadBatch(tuple(h.subset(part.queries, part.keys) for h in self.heads), self.device)
            for part in parts
        )
        n = self.n_queries
        return Split(sample, rest, self._indices(chosen.points(n)), self._indices(others.points(n)))

    def _stacked(self, arrays: Sequence[NDArray[np.floating]]) -> Tensor:
        return torch.from_numpy(np.stack(arrays).astype(np.float32)).to(self.device)

    def _indices(self, indices: NDArray[np.int64]) -> Tensor:
        return torch.from_numpy(indices).to(self.device)


def fit_sampled(
    batch: HeadBatch,
    fit_points: int,
    seed: int,
    fit: Callable[[HeadBatch], Fitted],
    place: Callable[[HeadBatch, HeadBatch, Tensor], Tensor],
    *,
    descend_all: Callable[[Tensor], Fitted] | None = None,
) -> tuple[Fitted, dict[str, int]]:
    """Return maps and facts of a sample with the rest placed; see `sampling.fit_sampled`."""
    split = batch.split(fit_points, seed)
    if split is None:
        return fit(batch), {}
    fitted = fit(split.sample)
    points = split.joined(fitted.points, place(split.rest, split.sample, fitted.points))
    if descend_all is None:
        fitted = fitted._replace(points=points)
    else:
        growth = extent_growth(batch.n_points, split.sample.n_points, points.shape[2])
        fitted = descend_all(points * growth)._replace(fallback=fitted.fallback)
    return fitted, {"n_fitted_points": split.sample.n_points}


@dataclass(frozen=True)
class Split:
    """A sample of the points of every head, and the rest.

    Attributes
    ----------
    sample, rest : HeadBatch
    sample_points, rest_points : Tensor of int64
        Their places among all points.
    """

    sample: HeadBatch
    rest: HeadBatch
    sample_points: Tensor
    rest_points: Tensor

    def joined(self, fitted: Tensor, placed: Tensor) -> Tensor:
        """Return the coordinates of all points, (head, point, dims)."""
        n_points = fitted.shape[1] + placed.shape[1]
        points = fitted.new_empty((fitted.shape[0], n_points, fitted.shape[2]))
        points[:, self.sample_points] = fitted
        points[:, self.rest_points] = placed
        return points
