"""t-SNE of cosine neighbourhoods; see `attentionviz.projections.tsne`."""

from functools import partial
from typing import Any

import torch
from torch import Tensor

from attentionviz.projections.affinities import fitting_perplexity
from attentionviz.projections.descent import START_WIDTH
from attentionviz.projections.sampling import moves_all
from attentionviz.projections.torch_maps.affinities import row_affinities, symmetric_pairs
from attentionviz.projections.torch_maps.descent import descend
from attentionviz.projections.torch_maps.heads import Fitted, HeadBatch, fit_sampled
from attentionviz.projections.torch_maps.neighbours import nearest
from attentionviz.projections.torch_maps.repulsion import repulsion
from attentionviz.projections.tsne import SAME_DISTANCE, refining_schedule
from attentionviz.projections.vectors import Projection


def project(
    batch: HeadBatch, *, dims: int, seed: int, settings: dict[str, Any]
) -> list[Projection]:
    """Return the maps of all heads of a batch.

    Parameters
    ----------
    batch : HeadBatch
    dims : 2 or 3
    seed : int
    settings : dict
        Values for all of `tsne.DEFAULTS`.
    """

    def fit(sample: HeadBatch) -> Fitted:
        return _descend(sample, sample.start(dims), settings)

    def descend_all(start: Tensor) -> Fitted:
        return _descend(batch, start, refining_schedule(settings), start_width=None)

    place = partial(_place, n_neighbours=settings["placing_neighbours"])
    refine = descend_all if moves_all(batch.n_points, settings) else None
    fitted, facts = fit_sampled(batch, settings["fit_points"], seed, fit, place, descend_all=refine)
    return fitted.projections("kl_divergence", facts)


def neighbours_kept(settings: dict[str, Any], n_points: int) -> int:
    """Return for how many neighbours of a point, on average, something is stored.

    Parameters
    ----------
    settings : dict
    n_points : int
        Of the head, which have affinities unless they are only placed.
    """
    share = 1.0 if moves_all(n_points, settings) else settings["fit_points"] / n_points
    return int(3 * settings["perplexity"] * share + settings["placing_neighbours"])


def _descend(
    batch: HeadBatch,
    start: Tensor,
    settings: dict[str, Any],
    start_width: float | None = START_WIDTH,
) -> Fitted:
    perplexity, fallback = fitting_perplexity(settings["perplexity"], batch.n_points - 1)
    points = batch.unit_points
    found = nearest(points, points, int(3 * perplexity), skip_self=True)
    pairs = symmetric_pairs(found, row_affinities(found.distances, perplexity))

    def repel(points: Tensor) -> tuple[Tensor, Tensor]:
        total, forces, _ = repulsion(points, points)
        return total - points.shape[1], forces  # without every point with itself

    drawn = descend(start, pairs, repel, settings, start_width=start_width)
    return Fitted(*drawn, fallback)


def _place(rest: HeadBatch, sample: HeadBatch, fitted: Tensor, n_neighbours: int) -> Tensor:
    """Return points at the weighted mean of their neighbours; see `tsne.place_by_cosine`."""
    found = nearest(rest.unit_points, sample.unit_points, n_neighbours)
    weights = row_affinities(found.distances, found.indices.shape[2] / 3)
    heads = torch.arange(fitted.shape[0], device=fitted.device)[:, None, None]
    positions = fitted[heads, found.indices]  # (head, point, neighbour, dims)
    placed = (weights[..., None] * positions).sum(dim=2)
    is_same = found.distances[:, :, :1] < SAME_DISTANCE
    return torch.where(is_same, positions[:, :, 0], placed)
