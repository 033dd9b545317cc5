"""The pattern: rows that sum to one, masks that hold, weights that keep the rows."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from attentionviz.core.pattern import (
    attention_pattern,
    pattern_rows,
    weigh_keys,
)
from attentionviz.core.rule import HeadRule
from attentionviz.errors import ShapeError

# A row of float32 exponentials sums to one within its rounding.
TOLERANCE = 1e-5
FULL = HeadRule(0.5, is_causal=False)
CAUSAL = HeadRule(0.5, is_causal=True)


def random_pattern(n: int, seed: int, rule: HeadRule) -> np.ndarray:
    rng = np.random.default_rng(seed)
    queries, keys = rng.standard_normal((2, n, 4)).astype(np.float32)
    return attention_pattern(queries, keys, rule)


@given(
    n=st.integers(1, 12),
    seed=st.integers(0, 99),
    is_causal=st.booleans(),
    max_distance=st.none() | st.integers(0, 5),
)
def test_rows_sum_to_one_over_the_visible_keys(
    n: int, seed: int, is_causal: bool, max_distance: int | None
) -> None:
    pattern = random_pattern(n, seed, HeadRule(0.5, is_causal, max_distance))
    assert np.abs(pattern.sum(axis=1) - 1).max() < TOLERANCE
    for i in range(n):
        for j in range(n):
            is_hidden = (is_causal and j > i) or (
                max_distance is not None and abs(i - j) > max_distance
            )
            assert not is_hidden or pattern[i, j] == 0


@pytest.mark.parametrize(("is_causal", "max_distance"), [(False, None), (True, None), (True, 2)])
def test_some_rows_are_those_of_the_whole_pattern(
    is_causal: bool, max_distance: int | None
) -> None:
    queries, keys = np.random.default_rng(0).standard_normal((2, 9, 4)).astype(np.float32)
    rule, at = HeadRule(0.7, is_causal, max_distance), np.array([0, 3, 8])
    whole = attention_pattern(queries, keys, rule)
    assert np.allclose(attention_pattern(queries[:4], keys, rule), whole[:4])
    rows = pattern_rows(queries[None, at], keys[None], at, rule)[0]
    assert np.allclose(rows, whole[at], atol=1e-6)
    assert (rule.visible(at, 9) == (whole[at] > 0)).all()


def test_large_scores_do_not_overflow() -> None:
    vectors = np.full((3, 2), 1e4, dtype=np.float32)
    pattern = attention_pattern(vectors, vectors, CAUSAL)
    assert np.allclose(pattern[2], 1 / 3)


@given(n=st.integers(1, 9), is_causal=st.booleans(), max_distance=st.none() | st.integers(0, 12))
def test_visible_span_equals_the_row_of_the_mask(
    n: int, is_causal: bool, max_distance: int | None
) -> None:
    rule = HeadRule(1.0, is_causal, max_distance)
    for query, visible in enumerate(rule.visible(np.arange(n), n)):
        seen = np.flatnonzero(visible)
        assert rule.span(query, n) == (seen[0], seen[-1] + 1)
    assert rule.hides_keys or rule.visible(np.arange(n), n).all()


def test_weighting_by_equal_norms_changes_nothing() -> None:
    pattern = random_pattern(5, 1, FULL)
    assert np.allclose(weigh_keys(pattern, np.full(5, 3.0)), pattern)


def test_weighting_favours_keys_of_large_norm_and_rows_still_sum_to_one() -> None:
    pattern = random_pattern(5, 2, FULL)
    weighed = weigh_keys(pattern, np.array([1, 1, 9, 1, 0]))
    assert (weighed[:, 2] > pattern[:, 2]).all()
    assert (weighed[:, 4] == 0).all()
    assert np.abs(weighed.sum(axis=1) - 1).max() < TOLERANCE


def test_a_row_of_zero_weights_stays_zero() -> None:
    pattern = random_pattern(3, 3, CAUSAL)
    assert weigh_keys(pattern, np.array([0, 1, 1]))[0].tolist() == [0, 0, 0]


def test_mismatched_shapes_are_named() -> None:
    queries, keys = np.zeros((4, 2), np.float32), np.zeros((3, 2), np.float32)
    with pytest.raises(ShapeError, match="4 queries of a sequence that has 3 keys"):
        attention_pattern(queries, keys, CAUSAL)
    with pytest.raises(ShapeError, match=r"expected \(any, 3\)"):
        attention_pattern(keys, keys.T, CAUSAL)
    with pytest.raises(ShapeError, match=r"\(2,\), expected \(3,\)"):
        weigh_keys(np.zeros((3, 3), np.float32), np.zeros(2))
