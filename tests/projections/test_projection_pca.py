"""Principal components against their definition. Copy this file for a projection of your own."""

import numpy as np

from attentionviz.projections import HeadVectors, project


def random_head(n_tokens: int = 40, d_head: int = 6, seed: int = 0) -> HeadVectors:
    queries, keys = np.random.default_rng(seed).standard_normal((2, n_tokens, d_head))
    return HeadVectors.of(queries * [5, 3, 2, 1, 1, 1], keys * [5, 3, 2, 1, 1, 1], 0.5)


def test_axes_are_uncorrelated_and_in_order_of_their_variance() -> None:
    coordinates = project("pca", random_head(), dims=3, seed=0).coordinates.astype(float)
    covariance = np.cov(coordinates.T)
    # float32 coordinates hold seven digits
    assert np.allclose(covariance, np.diag(np.diag(covariance)), atol=1e-5 * covariance.max())
    assert (np.diff(np.diag(covariance)) < 0).all()


def test_the_variance_kept_is_the_share_of_the_singular_values() -> None:
    vectors = random_head()
    points = vectors.aligned.points()
    strengths = np.linalg.svd(points - points.mean(axis=0), compute_uv=False) ** 2
    kept = project("pca", vectors, dims=2, seed=0).details["variance_kept"]
    assert np.isclose(kept, strengths[:2].sum() / strengths.sum(), rtol=1e-5)  # float32 vectors


def test_the_direction_of_an_axis_does_not_depend_on_the_order_of_tokens() -> None:
    vectors = random_head()
    backwards = vectors.subset(np.arange(vectors.n_tokens)[::-1])
    drawn = project("pca", vectors, dims=2, seed=0).coordinates[: vectors.n_tokens]
    again = project("pca", backwards, dims=2, seed=0).coordinates[: vectors.n_tokens]
    assert np.allclose(drawn, again[::-1], atol=1e-4)


def test_axes_beyond_the_rank_are_zero() -> None:
    queries, keys = np.random.default_rng(0).standard_normal((2, 9, 2))
    coordinates = project("pca", HeadVectors.of(queries, keys, 1.0), dims=3, seed=0).coordinates
    assert (coordinates[:, 2] == 0).all()
    assert (np.ptp(coordinates[:, :2], axis=0) > 0).all()
