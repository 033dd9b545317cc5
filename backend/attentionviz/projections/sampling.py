"""Fitting of a seeded sample of tokens and placement of the rest.

A map of a sample has its large distances right after few iterations, which a map of all points has
not; so up to ``refined_points`` all points go on from there. Source of the idea: Kobak and Berens
2019.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from attentionviz.projections.vectors import Floats, HeadVectors, Projection

DEFAULT_FIT_POINTS = 20_000
# The neighbours of more points would take minutes to search.
DEFAULT_REFINED_POINTS = 100_000


def fit_sampled(
    vectors: HeadVectors,
    fit_points: int,
    seed: int,
    fit: Callable[[HeadVectors], Projection],
    place: Callable[[HeadVectors, HeadVectors, Floats], Floats],
    *,
    descend_all: Callable[[Floats], Projection] | None = None,
) -> Projection:
    """Return `fit` of all tokens, or of a sample with the rest placed into its map.

    Parameters
    ----------
    vectors : HeadVectors
    fit_points : int
        Maximum number of points to fit: queries and keys.
    seed : int
        Seed of the sample.
    fit : callable
        ``fit(vectors)`` returns a map.
    place : callable
        ``place(rest, fitted_vectors, fitted_coordinates)`` returns the coordinates of the rest.
    descend_all : callable or None
        ``descend_all(start)`` returns the map of all points after a descent from the sample's map
        and the placed points, which is widened to the extent of a map of all points. None to leave
        the rest where it is placed.
    """
    parts = split(vectors, fit_points, seed)
    if parts is None:
        return fit(vectors)
    chosen, others = parts
    sample, rest = vectors.subset(*chosen), vectors.subset(*others)
    fitted = fit(sample)
    coordinates = np.empty((vectors.n_points, fitted.coordinates.shape[1]), dtype=np.float32)
    n_queries = len(vectors.queries)
    coordinates[chosen.points(n_queries)] = fitted.coordinates
    coordinates[others.points(n_queries)] = place(rest, sample, fitted.coordinates)
    details = {**fitted.details, "n_fitted_points": sample.n_points}
    if descend_all is not None:
        growth = extent_growth(vectors.n_points, sample.n_points, coordinates.shape[1])
        descended = descend_all(coordinates * np.float32(growth))
        coordinates, details = descended.coordinates, {**details, **descended.details}
    return Projection(coordinates, details, fitted.fallback)


def extent_growth(n_points: int, n_fitted: int, dims: int) -> float:
    """Return how much wider a map of all points is than one of a sample, if areas grow alike."""
    return float((n_points / n_fitted) ** (1 / dims))


def moves_all(n_points: int, settings: Mapping[str, Any]) -> bool:
    """Return whether a method moves all points of a map, after fitting a sample or at once."""
    return n_points <= max(settings["fit_points"], settings["refined_points"])


class Part(NamedTuple):
    """Some queries and keys of a head, by their indices, ascending."""

    queries: NDArray[np.int64]
    keys: NDArray[np.int64]

    def points(self, n_queries: int) -> NDArray[np.int64]:
        """Return their points in a map of so many queries, then the keys."""
        return np.concatenate([self.queries, n_queries + self.keys])


def split(vectors: HeadVectors, fit_points: int, seed: int) -> tuple[Part, Part] | None:
    """Return the fitted and the placed points; None if all are fitted.

    As many queries as keys are those of the same tokens, so the same are fitted.
    """
    n_each = len(vectors.queries), len(vectors.keys)
    if sum(n_each) <= max(fit_points // 2 * 2, 2):
        return None
    chosen, others = [], []
    for n in n_each:
        n_fit = max(fit_points * n // sum(n_each), 1)
        order = np.random.default_rng(seed).permutation(n)
        chosen.append(np.sort(order[:n_fit]))
        others.append(np.sort(order[n_fit:]))
    return Part(*chosen), Part(*others)


def fitted_part(
    vectors: HeadVectors, drawn: Floats, settings: Mapping[str, Any], seed: int
) -> tuple[HeadVectors, Floats]:
    """Return the queries and keys of a finished map that were not only placed, with coordinates.

    Parameters
    ----------
    vectors : HeadVectors
    drawn : ndarray of float32, shape (n_points, dims)
    settings : mapping
        With ``fit_points`` and ``refined_points``.
    seed : int
        As for `fit_sampled`.
    """
    parts = split(vectors, settings["fit_points"], seed)
    if parts is None or moves_all(vectors.n_points, settings):
        return vectors, drawn
    chosen, _ = parts
    return vectors.subset(*chosen), drawn[chosen.points(len(vectors.queries))]
