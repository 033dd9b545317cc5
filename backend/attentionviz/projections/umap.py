"""UMAP of the cosine neighbourhoods of aligned queries and keys."""

import warnings
from functools import lru_cache, partial
from typing import Any

import numpy as np

from attentionviz.projections import pca, umap_descent
from attentionviz.projections.compiled import cache_compiled, import_compiled
from attentionviz.projections.neighbours import find_neighbours
from attentionviz.projections.sampling import (
    DEFAULT_FIT_POINTS,
    DEFAULT_REFINED_POINTS,
    fit_sampled,
    moves_all,
)
from attentionviz.projections.tsne import place_by_cosine, placer
from attentionviz.projections.vectors import Floats, HeadVectors, Neighbours, Projection

DEFAULTS: dict[str, Any] = {
    "n_neighbours": 15,
    "min_dist": 0.1,
    "spread": 1.0,
    "n_epochs": 200,
    "negative_sample_rate": 5,
    "learning_rate": 1.0,
    "fit_points": DEFAULT_FIT_POINTS,
    "placing_neighbours": 15,
    "refined_points": DEFAULT_REFINED_POINTS,
    "refining_epochs": 50,
    "refining_rate": 0.3,
}
__all__ = ["DEFAULTS", "MIN_TOKENS", "NEEDS_NEIGHBOURS", "placer", "project"]
NEEDS_NEIGHBOURS = True
MIN_TOKENS = 4
# umap-learn scales every axis of an initial map to this extent, and adds noise.
START_EXTENT, START_NOISE = 10.0, 1e-4


def project(
    vectors: HeadVectors, *, dims: int, seed: int, neighbours: Neighbours | None, **settings: Any
) -> Projection:
    """Return the UMAP map; see `attentionviz.projections.project`.

    Parameters
    ----------
    vectors : HeadVectors
    dims : 2 or 3
    seed : int
        Seed of umap-learn, and of the sample, for more than ``fit_points``.
    neighbours : Neighbours or None
        Used if all points are fitted.
    **settings
        Values for all of `DEFAULTS`.

    Notes
    -----
    Starts from the principal components, which are reproducible; umap-learn's spectral
    initialisation gives maps of equal fidelity. Source: McInnes et al. 2018 (arXiv 1802.03426).
    """

    def descend_all(start: Floats) -> Projection:
        schedule = {"n_epochs": "refining_epochs", "learning_rate": "refining_rate"}
        later = {**settings, **{name: settings[other] for name, other in schedule.items()}}
        return Projection(_descend(start, vectors, seed, neighbours, later))

    return fit_sampled(
        vectors,
        settings["fit_points"],
        seed,
        partial(_fit, dims=dims, seed=seed, neighbours=neighbours, settings=settings),
        partial(place_by_cosine, n_neighbours=settings["placing_neighbours"]),
        descend_all=descend_all if moves_all(vectors.n_points, settings) else None,
    )


def _fit(
    vectors: HeadVectors,
    *,
    dims: int,
    seed: int,
    neighbours: Neighbours | None,
    settings: dict[str, Any],
) -> Projection:
    coordinates = _descend(_start(vectors, dims, seed), vectors, seed, neighbours, settings)
    fallback = None
    if (n := vectors.n_points) < settings["n_neighbours"]:
        fallback = f"all {n} points are neighbours: fewer than {settings['n_neighbours']}"
    return Projection(coordinates, fallback=fallback)


def _descend(
    start: Floats,
    vectors: HeadVectors,
    seed: int,
    neighbours: Neighbours | None,
    settings: dict[str, Any],
) -> Floats:
    """Return the map of all vectors after UMAP's descent from a start."""
    umap_ = _umap_learn()
    n_points = vectors.n_points
    # umap-learn counts the point itself as its first neighbour.
    n_near = min(settings["n_neighbours"], n_points) - 1
    if neighbours is None or len(neighbours.indices) != n_points:
        neighbours = find_neighbours(vectors, n_near)
    indices, distances = _with_self(neighbours, n_near)
    graph, _, _ = umap_.fuzzy_simplicial_set(
        vectors.aligned.points(),
        n_near + 1,
        np.random.RandomState(seed),
        "cosine",
        knn_indices=indices,
        knn_dists=distances,
    )
    return umap_descent.descend(
        start,
        graph,
        umap_.find_ab_params(settings["spread"], settings["min_dist"]),
        n_epochs=settings["n_epochs"],
        negative_sample_rate=settings["negative_sample_rate"],
        learning_rate=settings["learning_rate"],
        seed=seed,
    )


@lru_cache(maxsize=1)
def _umap_learn() -> Any:
    with warnings.catch_warnings():
        # umap-learn warns on import without TensorFlow, which only an unused class needs.
        warnings.simplefilter("ignore", ImportWarning)
        umap_ = import_compiled("umap.umap_")
    # Functions that `_fit` calls and that umap-learn does not cache itself.
    for name in ("smooth_knn_dist", "compute_membership_strengths"):
        cache_compiled(getattr(umap_, name))
    return umap_


def _with_self(neighbours: Neighbours, n_near: int) -> tuple[Any, Floats]:
    own = np.arange(len(neighbours.indices), dtype=np.int32)[:, None]
    indices = np.concatenate([own, neighbours.indices[:, :n_near]], axis=1)
    distances = np.concatenate(
        [np.zeros_like(own, dtype=np.float32), neighbours.distances[:, :n_near]], axis=1
    )
    return indices, distances


def _start(vectors: HeadVectors, dims: int, seed: int) -> Floats:
    """Return principal components on the scale of umap-learn's initial maps."""
    start = pca.project(vectors, dims=dims, seed=0, neighbours=None, **pca.DEFAULTS).coordinates
    extents = np.maximum(np.ptp(start, axis=0), 1e-12)
    start = (start - start.min(axis=0)) * np.float32(START_EXTENT) / extents
    # Equal points would not repel each other.
    noise = np.random.default_rng(seed).standard_normal(start.shape, dtype=np.float32)
    scaled: Floats = start + np.float32(START_NOISE) * noise
    return scaled
