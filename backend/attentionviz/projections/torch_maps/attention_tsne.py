"""t-SNE of attention; see `attentionviz.projections.attention_tsne`."""

from functools import partial
from typing import Any

import torch
from torch import Tensor

from attentionviz.projections.affinities import fitting_perplexity
from attentionviz.projections.attention_tsne import sharpening_parameters
from attentionviz.projections.torch_maps.affinities import (
    Pairs,
    query_key_pairs,
    row_affinities,
    softmax_rows,
)
from attentionviz.projections.torch_maps.descent import descend
from attentionviz.projections.torch_maps.heads import Fitted, HeadBatch, fit_sampled
from attentionviz.projections.torch_maps.neighbours import closest, strongest
from attentionviz.projections.torch_maps.placing import candidate_positions, place_queries
from attentionviz.projections.torch_maps.repulsion import repulsion
from attentionviz.projections.torch_maps.sharpening import sharpen
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
        Values for all of `attention_tsne.DEFAULTS`.
    """
    fit = partial(_fit, dims=dims, settings=settings)
    fitted, facts = fit_sampled(batch, settings["fit_points"], seed, fit, _place_by_likeness)
    targets = strongest(batch.queries, batch.keys, settings["targets"]).indices
    points = _refine(fitted.points, targets, batch.n_keys, seed, settings)
    return fitted._replace(points=points).projections("kl_divergence_before_refining", facts)


def neighbours_kept(settings: dict[str, Any], n_points: int) -> int:
    """Return for how many neighbours of a point, on average, something is stored.

    Parameters
    ----------
    settings : dict
    n_points : int
        Of the head, of which ``fit_points`` have affinities.
    """
    n_affinities = 6 * settings["perplexity"] + settings["softmax_keys"]
    n_affinities *= min(1, settings["fit_points"] / n_points)
    n_candidates = (2 + settings["places_around_key"]) * settings["targets"]
    # Of a near key only the index is stored.
    return int(n_affinities + n_candidates + settings["sharpening_near_keys"] / 4)


def _fit(batch: HeadBatch, *, dims: int, settings: dict[str, Any]) -> Fitted:
    n_tokens = min(batch.n_queries, batch.n_keys)
    perplexity, fallback = fitting_perplexity(settings["perplexity"], n_tokens)
    pairs = score_affinities(batch, perplexity, settings)

    def repel(points: Tensor) -> tuple[Tensor, Tensor]:
        queries, keys = points[:, : batch.n_queries], points[:, batch.n_queries :]
        total, on_queries, on_keys = repulsion(queries, keys)
        return 2 * total, torch.cat([on_queries, on_keys], dim=1)

    return Fitted(*descend(batch.start(dims), pairs, repel, settings), fallback)


def score_affinities(batch: HeadBatch, perplexity: float, settings: dict[str, Any]) -> Pairs:
    """Return the affinities of queries and keys; see `attention_tsne.score_affinities`."""
    n_near = max(int(3 * perplexity), 1)
    queries = batch.queries * batch.scaling
    found = strongest(queries, batch.keys, max(n_near, settings["softmax_keys"]))
    near = found.first(n_near)
    back = strongest(batch.keys, queries, n_near)
    key_weight, softmax_weight = settings["key_weight"], settings["softmax_weight"]
    share = (1 - softmax_weight) / (1 + key_weight) / (2 * batch.n_queries)
    balance = key_weight * batch.n_queries / batch.n_keys
    to_keys = [(near.indices, share * row_affinities(near.distances, perplexity))]
    if softmax_weight > 0:
        softmax = softmax_weight / (2 * batch.n_queries) * softmax_rows(found.distances)
        to_keys.append((found.indices, softmax))
    to_queries = back.indices, share * balance * row_affinities(back.distances, perplexity)
    return query_key_pairs(to_keys, to_queries, batch.n_points)


def _place_by_likeness(rest: HeadBatch, sample: HeadBatch, fitted: Tensor) -> Tensor:
    """Return each query at the most similar fitted query, and each key at the most similar key."""
    dims = fitted.shape[2]
    like = (
        closest(rest.queries, sample.queries),
        closest(rest.keys, sample.keys) + sample.n_queries,
    )
    both = torch.cat(like, dim=1)[:, :, None]
    return fitted.gather(1, both.expand(-1, -1, dims))


def _refine(
    points: Tensor, targets: Tensor, n_keys: int, seed: int, settings: dict[str, Any]
) -> Tensor:
    """Return the maps with queries placed and points sharpened; see `attention_tsne.refine`."""
    if n_keys <= targets.shape[2]:
        return points
    queries, keys = points.split([targets.shape[1], n_keys], dim=1)
    parameters = sharpening_parameters(settings)

    def placed(seed: int) -> Tensor:
        candidates = candidate_positions(queries, keys, settings["places_around_key"], seed)
        return place_queries(queries, keys, targets, candidates)

    queries = placed(seed)
    for step in range(settings["refinements"]):
        queries, keys = sharpen(queries, keys, targets, parameters, seed + step)
        queries = placed(seed + step)
    return torch.cat([queries, keys], dim=1)
