"""t-SNE of the cosine neighbourhoods of aligned queries and keys."""

from functools import partial
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix

from attentionviz.projections import pca
from attentionviz.projections.affinities import (
    fitting_perplexity,
    row_affinities,
    weighted_positions,
)
from attentionviz.projections.descent import DESCENT_DEFAULTS, descend
from attentionviz.projections.forces import attraction
from attentionviz.projections.grid_forces import repulsion
from attentionviz.projections.neighbours import find_neighbours, nearest, unit_vectors
from attentionviz.projections.sampling import (
    DEFAULT_FIT_POINTS,
    DEFAULT_REFINED_POINTS,
    fit_sampled,
    fitted_part,
    moves_all,
)
from attentionviz.projections.vectors import Floats, HeadVectors, Neighbours, Place, Projection

DEFAULTS: dict[str, Any] = {
    "perplexity": 30.0,
    **DESCENT_DEFAULTS,
    "fit_points": DEFAULT_FIT_POINTS,
    "placing_neighbours": 15,
    "refined_points": DEFAULT_REFINED_POINTS,
    "refining_iterations": 100,
}
# Forces in 3-D are those of all pairs.
DEFAULTS_3D: dict[str, Any] = {"refined_points": DEFAULT_FIT_POINTS}
NEEDS_NEIGHBOURS = True
MIN_TOKENS = 4
# Vectors at a smaller cosine distance are equal up to rounding.
SAME_DISTANCE = 1e-6


def project(
    vectors: HeadVectors, *, dims: int, seed: int, neighbours: Neighbours | None, **settings: Any
) -> Projection:
    """Return the t-SNE map; see `attentionviz.projections.project`.

    Parameters
    ----------
    vectors : HeadVectors
    dims : 2 or 3
    seed : int
        Seed of the sample, for more than ``fit_points``; otherwise nothing is random.
    neighbours : Neighbours or None
        Used if all points are fitted.
    **settings
        Values for all of `DEFAULTS`.

    Notes
    -----
    Starts from the principal components. Source: van der Maaten and Hinton 2008.
    """

    def descend_all(start: Floats) -> Projection:
        affinities, _ = _affinities(vectors, neighbours, settings)
        schedule = refining_schedule(settings)
        drawn, divergence = descend(start, affinities, joint_objective, schedule, start_width=None)
        return Projection(drawn, {"kl_divergence": divergence})

    return fit_sampled(
        vectors,
        settings["fit_points"],
        seed,
        partial(_fit, dims=dims, neighbours=neighbours, settings=settings),
        partial(place_by_cosine, n_neighbours=settings["placing_neighbours"]),
        descend_all=descend_all if moves_all(vectors.n_points, settings) else None,
    )


def refining_schedule(settings: dict[str, Any]) -> dict[str, Any]:
    """Return the settings of the descent of all points after a sample was fitted."""
    return {**settings, "early_iterations": 0, "iterations": settings["refining_iterations"]}


def _fit(
    vectors: HeadVectors, *, dims: int, neighbours: Neighbours | None, settings: dict[str, Any]
) -> Projection:
    affinities, fallback = _affinities(vectors, neighbours, settings)
    start = pca.project(vectors, dims=dims, seed=0, neighbours=None, **pca.DEFAULTS).coordinates
    coordinates, divergence = descend(start, affinities, joint_objective, settings)
    return Projection(coordinates, {"kl_divergence": divergence}, fallback)


def _affinities(
    vectors: HeadVectors, neighbours: Neighbours | None, settings: dict[str, Any]
) -> tuple[csr_matrix, str | None]:
    """Return the symmetric affinities of all points, and how they fall back for few points."""
    n_points = vectors.n_points
    perplexity, fallback = fitting_perplexity(settings["perplexity"], n_points - 1)
    n_near = min(int(3 * perplexity), n_points - 1)
    if neighbours is None or len(neighbours.indices) != n_points:
        neighbours = find_neighbours(vectors, n_near)
    indices, distances = neighbours.indices[:, :n_near], neighbours.distances[:, :n_near]
    rows = row_affinities(indices, distances, perplexity, n_points)
    return csr_matrix((rows + rows.T) / (2 * n_points)), fallback


def joint_objective(points: Floats, pairs: csr_matrix) -> tuple[Floats, float]:
    """Return a quarter of t-SNE's gradient, as openTSNE does, and the sum of w over all pairs.

    Parameters
    ----------
    points : ndarray of float32, shape (n_points, dims)
    pairs : csr_matrix of float32, shape (n_points, n_points)
        Upper triangle of the affinities.
    """
    sums, forces = repulsion(points, points)
    total = float(sums.sum(dtype=np.float64)) - len(points)  # without every point with itself
    return attraction(points, pairs) - forces / np.float32(total), total


def placer(vectors: HeadVectors, drawn: Floats, *, dims: int, seed: int, **settings: Any) -> Place:
    """Return a function that places points like those outside the sample; see `registry.placer`."""
    sample, fitted = fitted_part(vectors, drawn, settings, seed)
    n_neighbours = settings["placing_neighbours"]
    return partial(place_by_cosine, sample=sample, fitted=fitted, n_neighbours=n_neighbours)


def place_by_cosine(
    rest: HeadVectors, sample: HeadVectors, fitted: Floats, *, n_neighbours: int
) -> Floats:
    """Return points at the affinity-weighted mean of their cosine neighbours in a finished map.

    A point whose vector has the direction of a fitted one is placed at that point.

    Parameters
    ----------
    rest, sample : HeadVectors
    fitted : ndarray of float32, shape (n_sample_points, dims)
    n_neighbours : int
    """
    points, among = (unit_vectors(x.aligned.points()) for x in (rest, sample))
    found = nearest(points, among, n_neighbours)
    perplexity = found.indices.shape[1] / 3
    placed = weighted_positions(fitted, row_affinities(*found, perplexity, len(among)))
    is_same = found.distances[:, 0] < SAME_DISTANCE
    placed[is_same] = fitted[found.indices[is_same, 0]]
    return placed
