"""Distances of heads against SciPy, hand-counted cases, and what a metric must keep."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.distance import jensenshannon

from attentionviz.core.rule import ScoreRule, Spans
from attentionviz.measures import similarity
from attentionviz.measures.head_map import choose_landmarks, head_map, landmark_map, stress_of
from attentionviz.measures.similarity import Row, choose_rows, distances, distances_from, smoothed
from attentionviz.store.columns import Sequences

# Terms are summed in float64; the root of a difference of sums near 0 keeps half of the digits.
TOLERANCE = 1e-6


def random_rows(n_heads: int, lengths: list[int], seed: int = 0) -> np.ndarray:
    """Return rows that each sum to 1, one after the other, (head, key)."""
    rng = np.random.default_rng(seed)
    return np.concatenate([rng.dirichlet(np.full(n, 0.3), n_heads) for n in lengths], axis=1)


def test_distances_are_the_root_of_scipys_mean_divergence() -> None:
    lengths = [2, 5, 9, 30]
    rows = random_rows(6, lengths)
    edges = np.cumsum([0, *lengths])
    found = distances(rows, len(lengths))
    for i in range(6):
        for j in range(6):
            squares = [
                jensenshannon(rows[i, a:b], rows[j, a:b], base=2) ** 2
                for a, b in zip(edges, edges[1:], strict=False)
            ]
            assert found[i, j] == pytest.approx(np.sqrt(np.mean(squares)), abs=TOLERANCE)
    assert np.allclose(distances_from(rows[2], rows, len(lengths)), found[2], atol=TOLERANCE)


def test_blocks_narrower_than_the_rows_give_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = random_rows(5, [40, 70])
    whole = distances(rows, 2)
    monkeypatch.setattr(similarity, "BLOCK_TERMS", 0)  # then a block is 32 keys wide
    assert np.allclose(distances(rows, 2), whole, atol=TOLERANCE)


def test_two_heads_counted_by_hand() -> None:
    rows = np.array([[1.0, 0.0], [0.0, 1.0], [0.5, 0.5]])
    found = distances(rows, 1)
    assert found[0, 1] == pytest.approx(1.0), "nothing in common is one bit"
    # H(3/4, 1/4) − (0 + 1) / 2 bits
    expected = np.sqrt(-0.75 * np.log2(0.75) - 0.25 * np.log2(0.25) - 0.5)
    assert found[0, 2] == pytest.approx(expected)


@given(seed=st.integers(0, 200), n_heads=st.integers(1, 7), n_rows=st.integers(1, 4))
def test_distances_are_a_metric(seed: int, n_heads: int, n_rows: int) -> None:
    found = distances(random_rows(n_heads, [4] * n_rows, seed), n_rows)
    assert (found == found.T).all()
    assert not found.diagonal().any()
    assert (found >= 0).all()
    assert (found <= 1).all()
    by_detour = found[:, :, None] + found[None, :, :]  # (from, over, to)
    assert (found[:, None, :] <= by_detour + TOLERANCE).all()


def test_heads_with_equal_patterns_have_distance_zero() -> None:
    rows = random_rows(3, [10, 20]).astype(np.float32)
    rows[2] = rows[0]
    assert distances(rows, 2)[0, 2] == 0


def test_without_rows_all_distances_are_zero() -> None:
    assert not distances(np.empty((3, 0)), 0).any()


def test_a_row_is_smoothed_over_its_visible_keys() -> None:
    pattern = np.array([[1.0, 0.0, 0.0], [0.2, 0.3, 0.5]])
    visible = np.array([[True, True, False], [True, True, True]])
    found = smoothed(pattern, visible)
    assert found[0] == pytest.approx([0.999 + 0.0005, 0.0005, 0], abs=1e-12)
    assert found.sum(axis=1) == pytest.approx([1, 1])
    assert smoothed(np.zeros((1, 4)))[0] == pytest.approx([0.25] * 4), "nothing is made even"


def spans_of(lengths: list[int]) -> Spans:
    return ScoreRule(1.0, False).spans(*Sequences.of(lengths))


def test_rows_are_chosen_by_seed_and_have_two_keys_or_more() -> None:
    lengths = spans_of([1, 3, 2, 50])
    rows = choose_rows(lengths, 4, is_causal=True, seed=5)
    assert rows == choose_rows(lengths, 4, is_causal=True, seed=5)
    assert Row(2, 1, 3, 1) in rows
    assert all(row.stop == row.query + 1 and row.stop - row.start > 1 for row in rows)
    assert len(rows) == 2 + 1 + 49
    both = choose_rows(lengths, 4, is_causal=False, seed=5)
    assert [row for row in both if row.start == 1] == [Row(i, 1, 4, 1) for i in (1, 2, 3)]
    assert choose_rows(spans_of([1, 1]), 4, is_causal=False, seed=0) == []


def test_many_heads_get_fewer_rows_within_the_bounds() -> None:
    lengths = spans_of([100] * 400)
    for n_heads in (72, 1000, 4000):
        rows = choose_rows(lengths, n_heads, is_causal=False, seed=0)
        n_keys = sum(row.stop - row.start for row in rows)
        assert n_heads * n_keys <= similarity.MAX_WEIGHTS
        assert n_heads * (n_heads + 1) // 2 * n_keys <= similarity.MAX_TERMS
        assert len(rows) <= similarity.MAX_ROWS
    assert len(choose_rows(lengths, 10**6, is_causal=False, seed=0)) == 1


def test_landmarks_and_nearest_heads_agree_with_all_pairs() -> None:
    n_heads, lengths = 300, [6, 9, 14]
    rng = np.random.default_rng(3)
    kinds = random_rows(12, lengths, seed=4)
    rows = 0.7 * kinds[rng.integers(12, size=n_heads)] + 0.3 * random_rows(n_heads, lengths)
    exact = distances(rows, len(lengths))
    entropy = similarity.entropies(rows)

    likely = similarity.likely_nearest(rows.astype(np.float32), 32)
    for i, others in enumerate(likely):
        found = similarity.distances_among(rows, entropy, i, others, len(lengths))
        assert found == pytest.approx(exact[i, others], abs=TOLERANCE)
        nearest = np.argsort(exact[i] + 2 * (np.arange(n_heads) == i))[:10]
        assert set(nearest) <= set(others)

    roots = np.sqrt(rows)
    hellinger = similarity.hellinger_distances(roots, 5, len(lengths))
    assert (hellinger <= exact[5] + TOLERANCE).all()
    assert (exact[5] <= hellinger / np.sqrt(np.log(2)) + TOLERANCE).all()
    landmarks = choose_landmarks(
        lambda i: similarity.hellinger_distances(roots, i, len(lengths)), n_heads, 64, seed=0
    )
    assert len(set(landmarks)) == 64
    to_landmarks = exact[:, landmarks]
    found_map, whole = landmark_map(landmarks, to_landmarks), head_map(exact)
    assert found_map.stress == pytest.approx(stress_of(exact, found_map.coordinates), rel=0.1)
    assert stress_of(exact, found_map.coordinates) < 1.1 * whole.stress


def test_equal_heads_have_landmarks_and_one_place() -> None:
    landmarks = choose_landmarks(lambda _: np.zeros(9), 9, 5, seed=0)
    assert len(set(landmarks)) == 5
    assert not landmark_map(landmarks, np.zeros((9, 5))).coordinates.any()
