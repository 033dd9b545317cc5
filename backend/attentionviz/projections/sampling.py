"""Fitting of a seeded sample of tokens and placement of the rest, at linear cost."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from attentionviz.projections.vectors import Floats, HeadVectors, Projection

DEFAULT_FIT_POINTS = 20_000


def fit_sampled(
    vectors: HeadVectors,
    fit_points: int,
    seed: int,
    fit: Callable[[HeadVectors], Projection],
    place: Callable[[HeadVectors, HeadVectors, Floats], Floats],
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
    return Projection(
        coordinates, {**fitted.details, "n_fitted_points": sample.n_points}, fitted.fallback
    )


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
    vectors: HeadVectors, drawn: Floats, fit_points: int, seed: int
) -> tuple[HeadVectors, Floats]:
    """Return the fitted queries and keys of a finished map, and their coordinates.

    Parameters
    ----------
    vectors : HeadVectors
    drawn : ndarray of float32, shape (n_points, dims)
    fit_points, seed : int
        As for `fit_sampled`.
    """
    parts = split(vectors, fit_points, seed)
    if parts is None:
        return vectors, drawn
    chosen, _ = parts
    return vectors.subset(*chosen), drawn[chosen.points(len(vectors.queries))]
