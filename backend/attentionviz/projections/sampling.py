"""Fitting of a seeded sample of tokens and placement of the rest, at linear cost."""

from collections.abc import Callable

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
        Maximum number of points to fit; two per token.
    seed : int
        Seed of the sample.
    fit : callable
        ``fit(vectors)`` returns a map.
    place : callable
        ``place(rest, fitted_vectors, fitted_coordinates)`` returns the coordinates of the rest.
    """
    chosen, others = split_tokens(vectors.n_tokens, fit_points, seed)
    if not len(others):
        return fit(vectors)
    sample, rest = vectors.subset(chosen), vectors.subset(others)
    fitted = fit(sample)
    coordinates = np.empty((2 * vectors.n_tokens, fitted.coordinates.shape[1]), dtype=np.float32)
    coordinates[_points(chosen, vectors.n_tokens)] = fitted.coordinates
    coordinates[_points(others, vectors.n_tokens)] = place(rest, sample, fitted.coordinates)
    return Projection(
        coordinates, {**fitted.details, "n_fitted_points": 2 * len(chosen)}, fitted.fallback
    )


def split_tokens(
    n_tokens: int, fit_points: int, seed: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the fitted tokens and the placed tokens, each ascending."""
    n_fit = max(fit_points // 2, 1)
    if n_tokens <= n_fit:
        return np.arange(n_tokens), np.empty(0, dtype=np.int64)
    order = np.random.default_rng(seed).permutation(n_tokens)
    return np.sort(order[:n_fit]), np.sort(order[n_fit:])


def fitted_part(
    vectors: HeadVectors, drawn: Floats, fit_points: int, seed: int
) -> tuple[HeadVectors, Floats]:
    """Return the fitted tokens of a finished map, and their coordinates.

    Parameters
    ----------
    vectors : HeadVectors
    drawn : ndarray of float32, shape (2 * n_tokens, dims)
    fit_points, seed : int
        As for `fit_sampled`.
    """
    chosen, others = split_tokens(vectors.n_tokens, fit_points, seed)
    if not len(others):
        return vectors, drawn
    return vectors.subset(chosen), drawn[_points(chosen, vectors.n_tokens)]


def _points(tokens: NDArray[np.integer], n_tokens: int) -> NDArray[np.integer]:
    """Return the point indices of some tokens: their queries, then their keys."""
    return np.concatenate([tokens, tokens + n_tokens])
