"""The pattern: rows that sum to one, masks that hold, weights that keep the rows."""

import itertools
import json
import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from attentionviz.core.pattern import (
    attention_pattern,
    pattern_rows,
    weigh_keys,
)
from attentionviz.core.rule import HeadRule, LayerRule, OffsetBias, row_name
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


TERMS: dict[str, dict[str, Any]] = {
    "soft cap": {"softcap": 1.5},
    "bias between offsets": {"bias": OffsetBias((-9, 0, 2), ((-4.5, 0.0, 1.0),))},
    "sink": {"sink": 0.7},
    "chunks": {"chunk": 3},
    "all": {"softcap": 2.0, "bias": OffsetBias((-9, -2, 9), ((3.0, -1.0, -1.0),)), "sink": -1.0},
}


@pytest.mark.parametrize("name", TERMS)
@given(n=st.integers(1, 9), seed=st.integers(0, 99), is_causal=st.booleans())
def test_each_term_of_a_score_is_that_of_its_formula(
    name: str, n: int, seed: int, is_causal: bool
) -> None:
    queries, keys = np.random.default_rng(seed).standard_normal((2, n, 4))
    rule = HeadRule(0.9, is_causal, **TERMS[name])
    found = attention_pattern(queries, keys, rule)
    for i in range(n):
        weights = {}
        for j in range(n):
            if (is_causal and j > i) or (rule.chunk and i // rule.chunk != j // rule.chunk):
                continue
            score = 0.9 * sum(queries[i] * keys[j])
            if rule.softcap:
                score = rule.softcap * math.tanh(score / rule.softcap)
            if rule.bias:
                score += line_through(rule.bias, j - i)
            weights[j] = math.exp(score)
        total = sum(weights.values()) + (0 if rule.sink is None else math.exp(rule.sink))
        expected = [weights.get(j, 0) / total for j in range(n)]
        assert found[i] == pytest.approx(expected, abs=1e-12)


def line_through(bias: OffsetBias, offset: int) -> float:
    (values,) = bias.values
    points = list(zip(bias.offsets, values, strict=True))
    for (x0, y0), (x1, y1) in itertools.pairwise(points):
        if x0 <= offset <= x1:
            return y0 + (y1 - y0) * (offset - x0) / (x1 - x0)
    return points[0][1] if offset < points[0][0] else points[-1][1]


@pytest.mark.parametrize("name", TERMS)
def test_a_rule_comes_back_from_the_manifest_and_a_rounded_one_is_close(name: str) -> None:
    terms = dict(TERMS[name])
    sink = terms.pop("sink", None)
    rule = LayerRule(0.9, is_causal=True, **terms, sinks=sink and (sink,))
    back = LayerRule.of(json.loads(json.dumps(rule.facts())))
    assert back.is_close(rule)
    assert not back.is_close(replace(rule, softcap=9.0, chunk=2))
    assert not back.is_close(replace(rule, sinks=(0.701,)))
    assert not back.is_close(replace(rule, bias=OffsetBias((-3, 0), ((0.001, 0.0),))))
    plain = LayerRule(0.9, is_causal=True)
    assert plain.facts().keys() == {"scaling", "is_causal", "max_distance"}


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


@given(
    n=st.integers(1, 9),
    is_causal=st.booleans(),
    max_distance=st.none() | st.integers(0, 12),
    chunk=st.none() | st.integers(1, 12),
)
def test_visible_span_equals_the_row_of_the_mask(
    n: int, is_causal: bool, max_distance: int | None, chunk: int | None
) -> None:
    rule = HeadRule(1.0, is_causal, max_distance, chunk)
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


def test_rows_of_an_encoder_decoder_model_are_named_and_placed_by_part() -> None:
    parts = ["encoder", "encoder", "decoder", "decoder", "cross", "cross"]
    manifest = {"layers": [{"part": part} for part in parts]}
    assert [row_name(manifest, row) for row in range(6)] == ["E0", "E1", "D0", "D1", "X0", "X1"]
    assert row_name({"layers": [{}, {}]}, 1) == "L1"
    start, length, n_source = np.array([0, 5]), np.array([5, 4]), np.array([3, 1])
    expected = {
        "encoder": ([0, 1, 2, 5], [0, 1, 2, 5]),
        "decoder": ([3, 4, 6, 7, 8], [3, 4, 6, 7, 8]),
        "cross": ([3, 4, 6, 7, 8], [0, 1, 2, 5]),
        None: (list(range(9)), list(range(9))),
    }
    for part, (queries, keys) in expected.items():
        rule = HeadRule(1.0, is_causal=False, part=part)
        spans = rule.spans(start, length, n_source)
        assert (spans.queries.tolist(), spans.keys.tolist()) == (queries, keys)
        one = rule.span_of(5, 4, 1)
        assert list(range(*one.queries)) == [token for token in queries if token >= 5]
        whole = one.placed(np.ones([end - first for first, end in one[:2]]))
        rows, columns = (sorted(set(axis + 5)) for axis in np.nonzero(whole))
        assert rows == [token for token in queries if token >= 5]
        assert columns == [token for token in keys if token >= 5]
    cross = HeadRule(1.0, is_causal=False, part="cross")
    assert cross.span(7, 2) == (0, 2)
    assert attention_pattern(np.ones((7, 4)), np.ones((2, 4)), cross) == pytest.approx(0.5)
    assert LayerRule.of(LayerRule(1.0, False, part="cross").facts()).part == "cross"
