"""Pairs among keys, against SciPy and cases counted by hand."""

import numpy as np
import pytest
from scipy.special import softmax
from scipy.stats import percentileofscore, rankdata

from attentionviz.core.pattern import attention_pattern
from attentionviz.core.rule import HeadRule, OffsetBias
from attentionviz.errors import ShapeError
from attentionviz.measures.pair_fit import fit, pair_weight, score_pairs

EYE = np.eye(2, dtype=np.float32)
# Keys whose scores with the query (1, 0) are 3, 1, 2, 1, -5.
KEYS = np.array([[3, 9], [1, 0], [2, 0], [1, 7], [-5, 1]], dtype=np.float32)


def test_a_case_counted_by_hand() -> None:
    queries = np.array([[1, 0]] * 3, dtype=np.float32)
    found = score_pairs(queries, KEYS[[0, 3, 4]], [KEYS])
    assert found.score.tolist() == [3, 1, -5]
    assert found.n_above.tolist() == [0, 2, 4]
    assert found.n_equal.tolist() == [1, 2, 1]
    assert found.n_below.tolist() == [4, 1, 0]
    # Below, and half of what is equal, itself included, of five keys.
    assert found.percentile.tolist() == [0.9, 0.4, 0.1]


def test_percentiles_and_ranks_equal_scipys_for_any_block_size() -> None:
    rng = np.random.default_rng(3)
    keys = rng.standard_normal((301, 16)).astype(np.float32)
    queries, tokens = rng.standard_normal((7, 16)).astype(np.float32), [0, 5, 5, 300, 17, 99, 200]
    found = score_pairs(queries, keys[tokens], np.array_split(keys, 4))
    for i, token in enumerate(tokens):
        scores = keys.astype(np.float64) @ queries[i].astype(np.float64)
        assert found.score[i] == pytest.approx(scores[token], abs=1e-5)
        wanted = percentileofscore(scores, scores[token], kind="mean") / 100
        assert found.percentile[i] == pytest.approx(wanted, abs=1e-12)
        assert found.n_above[i] + 1 == rankdata(-scores, method="min")[token]


def test_identical_keys_have_equal_percentiles() -> None:
    rng = np.random.default_rng(5)
    keys = rng.standard_normal((1003, 64)).astype(np.float32)
    twins = [0, 400, 1002]
    keys[twins] = keys[7]
    queries = rng.standard_normal((5, 64)).astype(np.float32)
    found = score_pairs(queries, keys[[7] * 5], np.array_split(keys, 3))
    assert found.n_equal.tolist() == [4] * 5


def test_a_single_key_has_percentile_one_half() -> None:
    assert score_pairs(EYE[:1], EYE[:1], [EYE[:1]]).percentile.tolist() == [0.5]


def test_a_non_finite_key_gives_no_score() -> None:
    broken = np.array([[np.nan, 0]], dtype=np.float32)
    assert np.isnan(score_pairs(EYE, EYE, [EYE, broken]).score).all()


def test_pairs_out_of_range_are_refused() -> None:
    with pytest.raises(ShapeError, match=r"keys has shape \(5, 2\)"):
        score_pairs(EYE, KEYS, [KEYS])


def test_a_weight_has_every_term_of_the_scores() -> None:
    queries, keys = np.random.default_rng(0).standard_normal((2, 7, 4)).astype(np.float32)
    bias = OffsetBias((-9, 0), ((-3.0, 0.0),))
    rule = HeadRule(0.9, is_causal=True, chunk=4, softcap=2.0, bias=bias, sink=0.3)
    pattern = attention_pattern(queries, keys, rule)
    for key in (4, 5, 6):
        found = pair_weight(queries[6], (6, key), rule, [(4, keys[4:5]), (5, keys[5:7])])
        assert found == pytest.approx(pattern[6, key], abs=1e-6)


@pytest.mark.parametrize("scaling", [1.0, 30.0, 1e6])
@pytest.mark.parametrize("sink", [None, 2.0])
def test_a_weight_is_that_of_the_softmax(scaling: float, sink: float | None) -> None:
    query, rule = EYE[0], HeadRule(scaling, is_causal=False, sink=sink)
    scores = scaling * KEYS[:, 0].astype(np.float64)
    wanted = softmax(scores if sink is None else [*scores, sink])
    for key in range(len(KEYS)):
        found = pair_weight(query, (0, key), rule, [(0, KEYS[:2]), (2, KEYS[2:])])
        assert found == pytest.approx(wanted[key], abs=1e-9)


def test_the_fit_is_the_mean_of_wished_percentiles_counted_by_hand() -> None:
    percentile = np.array([[0.9, 0.2], [0.5, 0.5], [0.0, 1.0]])
    is_strong = np.array([True, False])
    # A weak pair at 0.2 fits as a strong one at 0.8.
    assert fit(percentile, is_strong).tolist() == pytest.approx([0.85, 0.5, 0.0])
    assert fit(percentile, ~is_strong).tolist() == pytest.approx([0.15, 0.5, 1.0])
