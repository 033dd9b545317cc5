"""Principal components of aligned queries and keys."""

from functools import partial
from typing import Any

import numpy as np

from attentionviz.projections.vectors import Floats, HeadVectors, Neighbours, Place, Projection

DEFAULTS: dict[str, Any] = {"solver": "covariance_eigh"}
PLACES_EXACTLY = True
# Variance below this share of the largest is rounding.
MIN_RELATIVE_STRENGTH = 1e-12


def project(
    vectors: HeadVectors, *, dims: int, seed: int, neighbours: Neighbours | None, **settings: Any
) -> Projection:
    """Return the principal components; see `attentionviz.projections.project`.

    Parameters
    ----------
    vectors : HeadVectors
    dims : 2 or 3
        Axes beyond the rank of the vectors are 0.
    seed, neighbours
        Not used.
    **settings
        ``solver`` of scikit-learn's PCA.

    Notes
    -----
    The sign of an axis is such that its largest loading is positive.
    ``variance_kept`` is the share of the variance that the axes explain.
    """
    points = vectors.aligned.points().astype(np.float64)
    pca, signs = _fit(points, dims, settings)
    coordinates = _coordinates(points, pca, signs, dims)
    return Projection(coordinates, {"variance_kept": float(pca.explained_variance_ratio_.sum())})


def placer(vectors: HeadVectors, drawn: Floats, *, dims: int, seed: int, **settings: Any) -> Place:
    """Return a function that projects other vectors onto the components; see `registry.placer`."""
    pca, signs = _fit(vectors.aligned.points().astype(np.float64), dims, settings)
    # Directions without variance in the corpus are arbitrary.
    varies = pca.explained_variance_ > MIN_RELATIVE_STRENGTH * pca.explained_variance_[0]
    return partial(_place, pca=pca, signs=np.where(varies, signs, 0), dims=dims)


def _place(new: HeadVectors, *, pca: Any, signs: Floats, dims: int) -> Floats:
    return _coordinates(new.aligned.points().astype(np.float64), pca, signs, dims)


def _fit(points: Any, dims: int, settings: dict[str, Any]) -> tuple[Any, Any]:
    from sklearn.decomposition import PCA  # importing it takes a second

    n_axes = min(dims, *points.shape)
    pca = PCA(n_axes, svd_solver=settings["solver"]).fit(points)
    largest = np.abs(pca.components_).argmax(axis=1)
    return pca, np.sign(pca.components_[np.arange(n_axes), largest])


def _coordinates(points: Any, pca: Any, signs: Any, dims: int) -> Floats:
    coordinates = np.zeros((len(points), dims), dtype=np.float32)
    coordinates[:, : len(signs)] = pca.transform(points) * signs
    return coordinates
