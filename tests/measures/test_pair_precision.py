"""Precision at L: patterns whose hits are counted by hand, and a slow reference."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.head_patterns import head_of, random_head, text_tokens

from attentionviz.core.pattern import attention_pattern
from attentionviz.measures.head_scores import score_head
from attentionviz.measures.head_scores.pairs import precision_of_top

# The 12 pairs of a sequence of 12 tokens that its pattern prefers, of 21 at least 6 apart.
PREFERRED = [(i, j) for i in range(6) for j in range(i + 6, 12)][:12]


def pattern_of(preferred: list[tuple[int, int]], n: int = 12) -> np.ndarray:
    """Return a symmetric pattern with more weight on some pairs; the rest is on the diagonal."""
    pattern = np.full((n, n), 0.01)
    for rank, (i, j) in enumerate(preferred):
        pattern[i, j] = pattern[j, i] = 0.1 - 0.001 * rank
    np.fill_diagonal(pattern, 0)
    np.fill_diagonal(pattern, 1 - pattern.sum(axis=1))
    return pattern


def slow_precision(pattern: np.ndarray, pairs: list[tuple[int, int]]) -> float:
    """Return precision at L as in the paper, pair by pair."""
    n = len(pattern)
    symmetric = pattern + pattern.T
    corrected = {
        (i, j): symmetric[i, j] - symmetric[i].sum() * symmetric[:, j].sum() / symmetric.sum()
        for i in range(n)
        for j in range(i + 6, n)
    }
    top = sorted(corrected, key=lambda pair: -corrected[pair])[:n]
    wanted = {(min(pair), max(pair)) for pair in pairs}
    return sum(pair in wanted for pair in top) / len(top)


def test_precision_at_l_counted_by_hand() -> None:
    near, missed = (2, 5), (5, 11)  # 3 apart; not among the top 12
    labels = [PREFERRED[0], PREFERRED[4], PREFERRED[11], near, missed]
    found = precision_of_top(pattern_of(PREFERRED), np.array(labels))
    assert found == 3 / 12
    assert precision_of_top(pattern_of(PREFERRED), np.array(labels)[:, ::-1]) == 3 / 12


def test_a_token_that_all_attend_to_is_corrected_for() -> None:
    pattern = np.full((13, 13), 0.02)
    pattern[:, 12] = 0.7  # so that, uncorrected, all pairs with token 12 come first
    pattern[np.arange(6), np.arange(6) + 6] += 0.06
    labels = np.array([(i, i + 6) for i in range(6)])
    pattern /= pattern.sum(axis=1, keepdims=True)
    assert precision_of_top(pattern, labels) == 6 / 13


@settings(max_examples=25, deadline=None)
@given(n=st.integers(7, 24), seed=st.integers(0, 2**16), is_causal=st.booleans())
def test_precision_equals_a_slow_reference(n: int, seed: int, is_causal: bool) -> None:
    head = random_head([n], seed, is_causal=is_causal)
    pattern = attention_pattern(head.queries, head.keys, head.rule).astype(np.float64)
    rng = np.random.default_rng(seed)
    pairs = rng.permuted(np.tile(np.arange(n), (9, 1)), axis=1)[:, :2]
    expected = slow_precision(pattern, [(int(i), int(j)) for i, j in pairs])
    assert precision_of_top(pattern, pairs) == pytest.approx(expected)


def test_the_score_is_the_mean_over_sequences_with_pairs_without_special_tokens() -> None:
    first, second, third = pattern_of(PREFERRED), pattern_of(PREFERRED), pattern_of([])
    framed = np.full((14, 14), 0.3)  # special tokens before and after take most of the attention
    framed[1:13, 1:13] = 0.04 * first
    framed /= framed.sum(axis=1, keepdims=True)
    head = head_of(framed, second, third)
    ids = [0, *range(1, 13), 0, *range(1, 13), *range(1, 13)]
    start = 14  # of the second sequence
    hits = [(1 + i, 1 + j) for i, j in PREFERRED[:6]] + [(start, start + 6)]
    too_near = [(start + 12, start + 15)]  # of the third: it has no pair that counts
    scores = score_head(head, text_tokens(ids, special=[0]), np.array(hits + too_near)).scores
    assert scores["precision_at_l"]["value"] == pytest.approx((6 / 12 + 1 / 12) / 2, abs=1e-6)
    assert scores["precision_at_l"]["n_rows"] == 24


def test_without_far_pairs_the_score_is_undefined() -> None:
    head, tokens = head_of(pattern_of([])), text_tokens(list(range(12)))
    near = score_head(head, tokens, np.array([[0, 5]])).scores["precision_at_l"]
    assert near == {"value": None, "n_rows": 0}
    none = np.empty((0, 2), dtype=np.int64)
    assert score_head(head, tokens, none).scores["precision_at_l"] == near
    assert score_head(head, tokens).scores["precision_at_l"] == near
