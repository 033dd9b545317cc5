"""Principal components of aligned queries and keys: the directions of most variance."""

from typing import Any

import numpy as np

from attentionviz.projections.vectors import HeadVectors, Neighbours, Projection

DEFAULTS: dict[str, Any] = {"solver": "covariance_eigh"}
NEARNESS = "distance"


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
    Of the two directions of an axis the one is taken whose largest loading is positive.
    ``variance_kept`` is the share of the variance that the axes hold.
    """
    from sklearn.decomposition import PCA  # importing it takes a second

    points = vectors.aligned.points().astype(np.float64)
    n_axes = min(dims, *points.shape)
    pca = PCA(n_axes, svd_solver=settings["solver"]).fit(points)
    largest = np.abs(pca.components_).argmax(axis=1)
    signs = np.sign(pca.components_[np.arange(n_axes), largest])
    coordinates = np.zeros((len(points), dims), dtype=np.float32)
    coordinates[:, :n_axes] = pca.transform(points) * signs
    return Projection(coordinates, {"variance_kept": float(pca.explained_variance_ratio_.sum())})
