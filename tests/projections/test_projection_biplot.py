"""The biplot against the best fit of the score matrix."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attentionviz.projections import HeadVectors, project


def head_and_scores(n_tokens: int, seed: int) -> tuple[HeadVectors, np.ndarray]:
    queries, keys = np.random.default_rng(seed).standard_normal((2, n_tokens, 5)) + 0.7
    return HeadVectors.of(queries, keys, 0.4), 0.4 * queries @ (keys - keys.mean(axis=0)).T


@settings(deadline=None)
@given(n_tokens=st.integers(4, 30), seed=st.integers(0, 99), dims=st.sampled_from([2, 3]))
def test_products_are_the_best_fit_of_the_scores(n_tokens: int, seed: int, dims: int) -> None:
    vectors, scores = head_and_scores(n_tokens, seed)
    projection = project("biplot", vectors, dims=dims, seed=0)
    q, k = projection.coordinates[:n_tokens], projection.coordinates[n_tokens:]
    u, strengths, vt = np.linalg.svd(scores)
    best = u[:, :dims] * strengths[:dims] @ vt[:dims]
    assert np.allclose(q @ k.T, best, atol=1e-5 * strengths[0])  # float32 vectors
    kept = (strengths[:dims] ** 2).sum() / (strengths**2).sum()
    assert projection.details["score_energy_kept"] == pytest.approx(kept, rel=1e-5)


def test_a_head_of_rank_two_keeps_all_of_its_scores() -> None:
    queries, keys = np.random.default_rng(0).standard_normal((2, 20, 2))
    projection = project("biplot", HeadVectors.of(queries, keys, 1.0), dims=2, seed=0)
    assert projection.details["score_energy_kept"] == pytest.approx(1.0)


def test_the_sign_of_an_axis_makes_its_farthest_query_positive() -> None:
    vectors, _ = head_and_scores(25, 3)
    drawn = project("biplot", vectors, dims=3, seed=0).coordinates[:25]
    assert (drawn[np.abs(drawn).argmax(axis=0), np.arange(3)] > 0).all()


def test_score_energy_of_identical_keys_is_undefined() -> None:
    queries = np.random.default_rng(0).standard_normal((6, 4)).astype(np.float32)
    vectors = HeadVectors.of(queries, np.ones_like(queries), 1.0)
    projection = project("biplot", vectors, dims=2, seed=0)
    assert projection.details["score_energy_kept"] is None
    assert np.abs(projection.coordinates).max() == pytest.approx(0, abs=1e-6)
