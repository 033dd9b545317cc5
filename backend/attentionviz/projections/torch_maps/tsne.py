"""t-SNE of cosine neighbourhoods; see `attentionviz.projections.tsne`."""

from typing import Any

import torch
from torch import Tensor

from attentionviz.projections.affinities import fitting_perplexity
from attentionviz.projections.sampling import extent_growth, moves_all
from attentionviz.projections.torch_maps.affinities import Pairs, row_affinities, symmetric_pairs
from attentionviz.projections.torch_maps.descent import Repel, descend
from attentionviz.projections.torch_maps.heads import HeadBatch
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
    split = batch.split(settings["fit_points"], seed)
    sample = batch if split is None else split.sample
    pairs, repel, fallback = _objective(sample, settings)
    points, divergences = descend(sample.start(dims), pairs, repel, settings)
    if split is not None:
        placed = _place(split.rest, split.sample, points, settings["placing_neighbours"])
        points = split.joined(points, placed)
        if moves_all(batch.n_points, settings):
            start = points * extent_growth(batch.n_points, sample.n_points, dims)
            pairs, repel, _ = _objective(batch, settings)
            schedule = refining_schedule(settings)
            points, divergences = descend(start, pairs, repel, schedule, start_width=None)
    details = {} if split is None else {"n_fitted_points": sample.n_points}
    return [
        Projection(coordinates, {"kl_divergence": one, **details}, fallback)
        for coordinates, one in zip(points.cpu().numpy(), divergences.tolist(), strict=True)
    ]


def neighbours_kept(settings: dict[str, Any], n_points: int) -> int:
    """Return for how many neighbours of a point, on average, something is stored.

    Parameters
    ----------
    settings : dict
    n_points : int
        Of the head, of which ``fit_points`` have affinities.
    """
    n_affinities = 3 * settings["perplexity"] * min(1, settings["fit_points"] / n_points)
    return int(n_affinities + settings["placing_neighbours"])


def _objective(batch: HeadBatch, settings: dict[str, Any]) -> tuple[Pairs, Repel, str | None]:
    """Return affinities, repulsion, and how the perplexity falls back for few points."""
    perplexity, fallback = fitting_perplexity(settings["perplexity"], batch.n_points - 1)
    points = batch.unit_points
    found = nearest(points, points, int(3 * perplexity), skip_self=True)
    pairs = symmetric_pairs(found, row_affinities(found.distances, perplexity))

    def repel(points: Tensor) -> tuple[Tensor, Tensor]:
        total, forces, _ = repulsion(points, points)
        return total - points.shape[1], forces  # without every point with itself

    return pairs, repel, fallback


def _place(rest: HeadBatch, sample: HeadBatch, fitted: Tensor, n_neighbours: int) -> Tensor:
    """Return points at the weighted mean of their neighbours; see `tsne.place_by_cosine`."""
    found = nearest(rest.unit_points, sample.unit_points, n_neighbours)
    weights = row_affinities(found.distances, found.indices.shape[2] / 3)
    heads = torch.arange(fitted.shape[0], device=fitted.device)[:, None, None]
    positions = fitted[heads, found.indices]  # (head, point, neighbour, dims)
    placed = (weights[..., None] * positions).sum(dim=2)
    is_same = found.distances[:, :, :1] < SAME_DISTANCE
    return torch.where(is_same, positions[:, :, 0], placed)
