"""Patterns between words against loops over their tokens."""

import numpy as np
import pytest

from attentionviz.core.pattern import attention_pattern
from attentionviz.core.rule import HeadRule
from attentionviz.measures.similarity import smoothed
from attentionviz.measures.unit_patterns import unit_means, unit_pattern

UNITS = np.array([-1, 0, 0, 1, 2, 2, 2, -1])


@pytest.mark.parametrize("is_causal", [False, True])
def test_a_key_word_has_the_sum_and_a_query_word_the_mean(is_causal: bool) -> None:
    queries, keys = np.random.default_rng(0).standard_normal((2, 8, 4)).astype(np.float32)
    rule = HeadRule(0.5, is_causal)
    pattern = attention_pattern(queries, keys, rule)
    wanted, seen = np.zeros((3, 3)), np.zeros((3, 3), dtype=bool)
    for i in range(3):
        tokens = np.flatnonzero(UNITS == i)
        for j in range(3):
            others = np.flatnonzero(UNITS == j)
            wanted[i, j] = np.mean([pattern[t, others].sum() for t in tokens])
            seen[i, j] = not is_causal or others.min() <= tokens.max()
        wanted[i] /= wanted[i].sum()
    found = unit_pattern(queries, keys, UNITS, rule)
    assert np.allclose(found, smoothed(wanted, seen), atol=1e-6)
    assert np.allclose(found.sum(axis=1), 1)


def test_with_one_token_per_unit_the_pattern_is_unchanged() -> None:
    queries, keys = np.random.default_rng(1).standard_normal((2, 6, 4)).astype(np.float32)
    rule = HeadRule(1.0, is_causal=False)
    found = unit_pattern(queries, keys, np.arange(6), rule)
    assert np.allclose(found, smoothed(attention_pattern(queries, keys, rule)), atol=1e-6)


def test_a_row_with_all_weight_on_a_special_token_becomes_uniform() -> None:
    queries = np.array([[0.0], [400.0], [400.0]], dtype=np.float32)
    keys = np.array([[400.0], [0.0], [0.0]], dtype=np.float32)
    rule = HeadRule(1.0, is_causal=False)
    assert unit_pattern(queries, keys, np.array([-1, 0, 1]), rule) == pytest.approx(0.5)


def test_the_vector_of_a_word_is_the_mean_of_its_tokens() -> None:
    vectors = np.arange(16.0).reshape(8, 2)
    means = unit_means(vectors, UNITS)
    assert means.tolist() == [[3, 4], [6, 7], [10, 11]]
