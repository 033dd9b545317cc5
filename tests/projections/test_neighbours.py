"""Neighbours and affinities against brute force."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import cdist
from scipy.special import softmax

from attentionviz.projections import HeadVectors, find_neighbours, neighbours
from attentionviz.projections.affinities import fitting_perplexity, row_affinities
from attentionviz.projections.attention_tsne import score_affinities, softmax_rows, strongest
from attentionviz.projections.neighbours import smallest_products


def random_head(n_tokens: int, seed: int = 0) -> HeadVectors:
    queries, keys = np.random.default_rng(seed).standard_normal((2, n_tokens, 6))
    return HeadVectors.of(queries + 1, keys, 0.5)


@settings(deadline=None)
@given(n_tokens=st.integers(2, 40), seed=st.integers(0, 50))
def test_neighbours_are_the_nearest_others_by_cosine(n_tokens: int, seed: int) -> None:
    vectors = random_head(n_tokens, seed)
    expected = cdist(vectors.aligned.points(), vectors.aligned.points(), "cosine")
    np.fill_diagonal(expected, np.inf)
    found = find_neighbours(vectors, 12)
    n = min(12, 2 * n_tokens - 1)
    assert found.indices.shape == found.distances.shape == (2 * n_tokens, n)
    assert np.allclose(found.distances, np.sort(expected, axis=1)[:, :n], atol=1e-5)
    assert np.allclose(np.take_along_axis(expected, found.indices, 1), found.distances, atol=1e-5)


def test_a_search_in_blocks_gives_the_same_neighbours() -> None:
    vectors = random_head(700)  # 1,400 points: more than one block
    expected = cdist(vectors.aligned.points(), vectors.aligned.points(), "cosine")
    np.fill_diagonal(expected, np.inf)
    found = find_neighbours(vectors, 3)
    assert np.allclose(found.distances, np.sort(expected, axis=1)[:, :3], atol=1e-5)


def test_a_zero_vector_is_equally_far_from_all_others() -> None:
    queries = np.random.default_rng(0).standard_normal((5, 4))
    keys = queries - queries.mean(axis=0)
    vectors = HeadVectors.of(queries, keys, 1.0)
    vectors.aligned.queries[2] = 0
    assert (find_neighbours(vectors).distances[2] == 1).all()


def test_the_strongest_keys_come_first_and_at_distance_zero() -> None:
    rng = np.random.default_rng(0)
    queries, keys = rng.standard_normal((2, 30, 6)).astype(np.float32)
    products = queries @ keys.T
    indices, distances = strongest(queries, keys, 7)
    assert np.array_equal(indices, np.argsort(-products, axis=1)[:, :7])
    scores = np.take_along_axis(products, indices, axis=1)
    assert np.allclose(distances**2, scores[:, :1] - scores, atol=1e-5)
    assert (distances[:, 0] == 0).all()


@pytest.mark.parametrize("skip_self", [False, True])
@pytest.mark.parametrize("tile", [(1, 1), (2, 5), (256, 4096)])
@pytest.mark.parametrize("n", [1, 4, 11])
def test_the_smallest_products_come_in_order_and_of_equals_the_first(
    n: int, tile: tuple[int, int], skip_self: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(neighbours, "TILE", tile)
    points, others = np.random.default_rng(n).integers(-2, 3, (2, 12, 3)).astype(np.float32)
    indices, found = smallest_products(points, others, n, skip_self=skip_self)
    products = points @ others.T  # small integers, so there are many equal ones
    if skip_self:
        np.fill_diagonal(products, np.inf)
    assert np.array_equal(indices, np.argsort(products, axis=1, kind="stable")[:, :n])
    assert np.array_equal(found, np.take_along_axis(products, indices, axis=1))


def test_every_row_has_the_requested_perplexity() -> None:
    distances = np.sort(np.random.default_rng(0).uniform(0.1, 3, (20, 60)), axis=1)
    indices = np.tile(np.arange(60), (20, 1))
    rows = row_affinities(indices, distances.astype(np.float32), 15, 60).toarray()
    assert np.allclose(rows.sum(axis=1), 1, atol=1e-5)
    entropy = -(rows * np.log(np.maximum(rows, 1e-30))).sum(axis=1)
    assert np.allclose(np.exp(entropy), 15, rtol=1e-3)  # openTSNE's search stops there


def test_a_perplexity_too_large_for_the_neighbours_is_lowered_and_reported() -> None:
    assert fitting_perplexity(30, 90) == (30, None)
    assert fitting_perplexity(30, 9) == (
        3,
        "perplexity 3 instead of 30: a point has only 9 possible neighbours",
    )


def test_attention_affinities_join_queries_and_keys_and_are_symmetric() -> None:
    vectors = random_head(40)
    p = score_affinities(vectors, 5, 0.5).toarray()
    assert p.sum() == pytest.approx(1, rel=1e-5)
    assert np.array_equal(p, p.T)
    assert (p[:40, :40] == 0).all() and (p[40:, 40:] == 0).all()
    scores = vectors.queries @ vectors.keys.T
    best = scores.argmax(axis=1)
    assert (p[np.arange(40), 40 + best] > 0).all()
    without_keys_own = score_affinities(vectors, 5, 0.0).toarray()
    assert np.allclose(without_keys_own[:40].sum(axis=1), 1 / 80, rtol=1e-4)  # all rows alike


def test_a_sharp_softmax_is_tempered_and_a_flat_one_is_not() -> None:
    scores = np.random.default_rng(0).standard_normal((2, 60)).astype(np.float32)
    scores[1] *= 20
    indices = np.argsort(-scores, axis=1)[:, :30]
    ordered = np.take_along_axis(scores, indices, axis=1)
    rows = softmax_rows(indices, np.sqrt(ordered[:, :1] - ordered), 60).toarray()
    assert np.allclose(rows[0, indices[0]], softmax(ordered[0]), atol=1e-6)
    assert np.allclose(rows.sum(axis=1), 1, atol=1e-6) and (rows > 0).sum(axis=1).max() <= 30
    sharp = rows[1, indices[1]]
    assert (np.diff(sharp) <= 0).all()
    assert np.exp(-(sharp * np.log(sharp)).sum()) == pytest.approx(10, rel=1e-3)


def test_affinities_mix_in_the_softmax_and_sum_to_one() -> None:
    vectors = random_head(40)
    found = strongest(vectors.queries * np.float32(vectors.scaling), vectors.keys, 30)
    fine, mixed = (score_affinities(vectors, 5, 0.5, w, found).toarray() for w in (0.0, 0.4))
    plain = softmax_rows(*found, 40).toarray() / 80
    assert np.allclose(mixed[:40, 40:], 0.6 * fine[:40, 40:] + 0.4 * plain, atol=1e-7)
    assert mixed.sum() == pytest.approx(1, rel=1e-5)
    assert np.array_equal(mixed, mixed.T)
