"""Alignment changes where vectors lie, and no attention."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from scipy.special import softmax

from attentionviz.core.alignment import align
from attentionviz.errors import ShapeError

RULES = pytest.mark.parametrize("rule", ["norm ratio", "search"])


def random_vectors(n: int = 50, d: int = 8, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    queries, keys = np.random.default_rng(seed).standard_normal((2, n, d)).astype(np.float32)
    return 6 * queries + 3, keys / 2 - 1


@settings(deadline=None)
@given(
    vectors=arrays.arrays(
        np.float32,
        st.tuples(st.just(2), st.integers(1, 9), st.integers(1, 5)),
        elements=st.floats(-8, 8, width=32),
    ),
    rule=st.sampled_from(["norm ratio", "search"]),
)
def test_softmax_is_unchanged(vectors: np.ndarray, rule: str) -> None:
    queries, keys = vectors
    aligned = align(queries, keys, rule=rule)
    assume(0.01 < aligned.scale < 100)  # beyond, float32 cannot hold sums of such vectors
    before = softmax(queries.astype(float) @ keys.T.astype(float), axis=1)
    after = softmax(aligned.queries.astype(float) @ aligned.keys.T.astype(float), axis=1)
    # Scores up to 320 in float32, whose rounding the softmax multiplies.
    assert np.allclose(before, after, atol=5e-3)


@RULES
def test_the_means_of_queries_and_keys_coincide(rule: str) -> None:
    aligned = align(*random_vectors(), rule=rule)
    assert np.allclose(aligned.queries.mean(axis=0), aligned.keys.mean(axis=0), atol=1e-4)


def test_the_norm_ratio_equalises_the_median_norms_before_the_shift() -> None:
    queries, keys = random_vectors()
    scale = align(queries, keys).scale
    norms = [np.median(np.linalg.norm(x, axis=1)) for x in (queries * scale, keys / scale)]
    assert norms[0] == pytest.approx(norms[1], rel=1e-6)


def test_the_scale_is_applied_before_the_shift() -> None:
    queries, keys = random_vectors()
    aligned = align(queries, keys)
    shift = (queries * aligned.scale).mean(axis=0) - (keys / aligned.scale).mean(axis=0)
    assert np.allclose(aligned.keys, keys / aligned.scale + shift, atol=1e-5)


def test_the_search_undoes_a_scale_that_hides_the_products_from_the_distances() -> None:
    directions = np.random.default_rng(0).standard_normal((400, 8))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    vectors = directions.astype(np.float32)
    scale = align(4 * vectors, vectors[::-1] / 4, rule="search").scale
    assert scale == pytest.approx(0.25, rel=0.2)  # the candidates are a tenth apart


def test_the_search_over_a_sample_is_reproducible_by_its_seed() -> None:
    queries, keys = random_vectors(1200)
    scales = {align(queries, keys, rule="search", seed=3).scale for _ in range(2)}
    assert len(scales) == 1


@pytest.mark.parametrize("zero", ["queries", "keys", "both"])
@RULES
def test_zero_vectors_of_one_kind_give_finite_points(zero: str, rule: str) -> None:
    queries, keys = random_vectors(12)
    queries = queries * (zero == "keys")
    keys = keys * (zero == "queries")
    aligned = align(queries, keys, rule=rule)
    assert np.isfinite(aligned.points()).all()
    if rule == "norm ratio":
        assert aligned.scale == 1.0


def test_vectors_are_not_modified() -> None:
    queries, keys = random_vectors()
    copies = queries.copy(), keys.copy()
    align(queries, keys, rule="search")
    assert np.array_equal(queries, copies[0]) and np.array_equal(keys, copies[1])


def test_mismatched_shapes_are_refused_with_both_shapes() -> None:
    with pytest.raises(ShapeError, match=r"keys has shape \(4, 3\), expected \(any, 2\)"):
        align(np.ones((4, 2)), np.ones((4, 3)))
    with pytest.raises(ShapeError, match="at least one token"):
        align(np.ones((0, 2)), np.ones((0, 2)))
