"""A layer's rule is exactly what its mask says, or there is none."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from transformers.masking_utils import (
    sliding_window_bidirectional_mask_function,
    sliding_window_causal_mask_function,
)
from transformers.models.t5gemma2.modeling_t5gemma2 import sliding_window_mask_function

from attentionviz.core.rule import LayerRule
from attentionviz.errors import UnsupportedModelError
from attentionviz.models.interface import AttentionCall
from attentionviz.models.rules import (
    bias_of_matrix,
    matrix_of_function,
    require_call_follows,
    rule_of_matrix,
    visible_in_mask,
    visible_matrix,
)


@pytest.mark.parametrize("is_causal", [False, True])
@pytest.mark.parametrize("max_distance", [None, 0, 2])
def test_a_rule_is_found_again_from_its_own_matrix(
    is_causal: bool, max_distance: int | None
) -> None:
    rule = LayerRule(0.5, is_causal, max_distance)
    found = rule_of_matrix(visible_matrix(rule, 7), 0.5, 0)
    assert torch.equal(visible_matrix(found, 7), visible_matrix(rule, 7))
    if max_distance != 0:  # seeing nothing but oneself is causal, too
        assert found == rule


def test_a_window_that_no_key_is_outside_of_is_no_limit() -> None:
    assert rule_of_matrix(visible_matrix(LayerRule(1.0, True, 99), 5), 1.0, 0).max_distance is None


def test_the_windows_of_transformers_become_largest_distances() -> None:
    causal = matrix_of_function(sliding_window_causal_mask_function(4), 9)
    both = matrix_of_function(sliding_window_bidirectional_mask_function(4), 9)
    assert rule_of_matrix(causal, 1.0, 0) == LayerRule(1.0, True, 3)
    assert rule_of_matrix(both, 1.0, 0) == LayerRule(1.0, False, 4)
    uneven = matrix_of_function(sliding_window_mask_function(6, is_causal=False), 9)
    assert rule_of_matrix(uneven, 1.0, 0) == LayerRule(1.0, False, 2, max_ahead=3)


@pytest.mark.parametrize(("before", "after"), [(4, 2), (1, 3), (0, 2)])
def test_a_window_may_reach_farther_before_a_token_than_after_it(before: int, after: int) -> None:
    rule = LayerRule(1.0, False, before, max_ahead=after)
    seen = visible_matrix(rule, 9)
    assert rule_of_matrix(seen, 1.0, 0) == rule == LayerRule.of(rule.facts())
    spans = [(int(row.nonzero().min()), int(row.nonzero().max()) + 1) for row in seen]
    assert [rule.span(query, 9) for query in range(9)] == spans
    assert (spans[5], rule.hides_keys) == ((5 - before, min(9, 6 + after)), True)


@pytest.mark.parametrize("chunk", [1, 3, 5])
def test_chunks_are_found_causal_or_not(chunk: int) -> None:
    for is_causal in (False, True):
        rule = LayerRule(1.0, is_causal, chunk=chunk)
        found = rule_of_matrix(visible_matrix(rule, 8), 1.0, 0)
        assert torch.equal(visible_matrix(found, 8), visible_matrix(rule, 8))
        assert chunk == 1 or found == rule


@pytest.mark.parametrize("max_distance", [None, 2])
def test_a_block_that_sees_itself_in_a_causal_mask_is_found(max_distance: int | None) -> None:
    rule = LayerRule(1.0, True, max_distance, block=(2, 6))
    by_hand = torch.ones(9, 9).tril() > 0
    by_hand[2:6, 2:6] = True
    if max_distance is not None:  # of the past alone
        by_hand &= torch.arange(9)[:, None] - torch.arange(9)[None, :] <= max_distance
    assert torch.equal(visible_matrix(rule, 9), by_hand)
    assert rule_of_matrix(by_hand, 1.0, 0) == rule
    for query in range(9):
        seen = by_hand[query].nonzero()[:, 0]
        assert rule.span(query, 9) == (int(seen[0]), int(seen[-1]) + 1)


def test_a_matrix_that_no_rule_makes_is_refused_with_its_layer() -> None:
    seen = visible_matrix(LayerRule(1.0, True, None), 6)
    seen[4, 1] = False
    with pytest.raises(UnsupportedModelError, match="layer 3 hides keys by a rule"):
        rule_of_matrix(seen, 1.0, 3)


def test_a_mask_of_numbers_hides_where_it_is_very_negative() -> None:
    mask = torch.tensor([0.0, -1e4, torch.finfo(torch.float32).min, -torch.inf])
    assert visible_in_mask(mask).tolist() == [True, False, False, False]


def call_of(
    mask: torch.Tensor | None, is_causal: bool = False, bias: torch.Tensor | None = None
) -> AttentionCall:
    vectors = torch.zeros(2, 3, 5, 4)
    return AttentionCall(
        module=torch.nn.Identity(),
        query=vectors,
        key=vectors,
        value=vectors,
        output=vectors,
        mask=mask,
        scaling=1.0,
        is_causal=is_causal,
        bias=bias,
    )


LENGTHS = torch.tensor([3, 5])
REAL = torch.arange(5)[None, :] < LENGTHS[:, None]  # (sequence, key)
FULL = torch.tensor([5, 5])


def padded_mask(rule: LayerRule) -> torch.Tensor:
    return (visible_matrix(rule, 5)[None] & REAL[:, None, :])[:, None]  # (sequence, 1, query, key)


CAUSAL = LayerRule(1.0, True, None)
MASKS = {
    "a row of keys for all queries": (REAL[:, None, None], False, LENGTHS),
    "a row of keys for all queries and sequences": (torch.ones(5) > 0, False, FULL),
    "a square for all sequences": (visible_matrix(CAUSAL, 5), True, FULL),
    "a square for each head": (visible_matrix(CAUSAL, 5).expand(3, 5, 5), True, FULL),
    "a square for each sequence": (padded_mask(CAUSAL), True, LENGTHS),
}


@pytest.mark.parametrize(
    "hidden", [None, -1e4, -9984.0, torch.finfo(torch.float32).min, -torch.inf]
)
@pytest.mark.parametrize("name", MASKS)
def test_a_mask_is_read_in_every_shape_and_number_that_hides_the_same(
    name: str, hidden: float | None
) -> None:
    mask, is_causal, lengths = MASKS[name]
    call = call_of(mask if hidden is None else torch.where(mask, 0.0, hidden))
    require_call_follows(LayerRule(1.0, is_causal), call, lengths, 0)
    with pytest.raises(UnsupportedModelError, match="does not match its rule"):
        require_call_follows(LayerRule(1.0, not is_causal), call, lengths, 0)


def test_a_mask_that_follows_the_rule_and_hides_padding_passes() -> None:
    rule = LayerRule(1.0, True, 2)
    mask = padded_mask(rule)
    mask[0, 0, 4] = True  # what a padding query sees is nobody's business
    require_call_follows(rule, call_of(mask), LENGTHS, 0)


def test_a_mask_that_shows_padding_is_refused() -> None:
    rule = LayerRule(1.0, False, None)
    mask = padded_mask(rule)
    mask[0, 0, 1, 4] = True
    with pytest.raises(UnsupportedModelError, match="mask of layer 1 .*does not match its rule"):
        require_call_follows(rule, call_of(mask), LENGTHS, 1)


def test_one_head_with_a_mask_of_its_own_is_refused() -> None:
    rule = LayerRule(1.0, False, None)
    mask = padded_mask(rule).expand(-1, 2, -1, -1).clone()
    mask[1, 1, 0, 3] = False
    with pytest.raises(UnsupportedModelError, match="does not match its rule"):
        require_call_follows(rule, call_of(mask), LENGTHS, 0)


def test_no_mask_means_what_the_model_says_of_causality() -> None:
    same = torch.tensor([4, 4])
    require_call_follows(LayerRule(1.0, True, None), call_of(None, is_causal=True), same, 0)
    with pytest.raises(UnsupportedModelError, match="causal: True"):
        require_call_follows(LayerRule(1.0, True, None), call_of(None), same, 0)


def test_no_mask_over_padding_is_refused() -> None:
    with pytest.raises(UnsupportedModelError, match="does not match its rule"):
        require_call_follows(LayerRule(1.0, False, None), call_of(None), LENGTHS, 0)


POSITION = np.arange(40)
AHEAD = POSITION[None, :] - POSITION[:, None]
SLOPES = np.array([0.5, 0.123, 0.0])[:, None, None]
BIASES = {
    "ALiBi by offset": (SLOPES * AHEAD, 2),
    "ALiBi by key, as BLOOM and MPT add it": (SLOPES * (POSITION - 39) + 0 * AHEAD, 2),
    "buckets": (np.array([1.5, -2, 0.25])[:, None, None] * np.clip(AHEAD // 4, -3, 2), 12),
}


@pytest.mark.parametrize("is_causal", [False, True])
@pytest.mark.parametrize("name", BIASES)
def test_a_bias_by_offset_is_found_with_few_numbers(name: str, is_causal: bool) -> None:
    added, n_offsets = BIASES[name]
    rule = LayerRule(1.0, is_causal)
    bias = bias_of_matrix(added, rule, 0)
    assert bias is not None
    assert len(bias.offsets) <= n_offsets
    assert replace(rule, bias=bias).max_length == 40
    difference = bias.at(AHEAD) - added
    difference -= np.diagonal(difference, 0, 1, 2)[:, :, None]  # one number for all keys of a query
    assert np.abs(difference[:, rule.visible(POSITION, 40)]).max() < 1e-11


def test_a_bias_that_no_softmax_shows_is_none_unless_there_is_a_sink() -> None:
    by_query = POSITION[:, None] + 0.0 * AHEAD[None]
    assert bias_of_matrix(by_query, LayerRule(1.0, True), 0) is None
    with pytest.raises(UnsupportedModelError, match="layer 1 .* more than head and distance"):
        bias_of_matrix(by_query, LayerRule(1.0, True, sinks=(0.0,)), 1)


def test_a_bias_of_single_pairs_is_refused_when_found_and_in_every_batch() -> None:
    rule = LayerRule(1.0, is_causal=False)
    plain = torch.from_numpy(BIASES["buckets"][0][:, :5, :5]).float()
    bias = bias_of_matrix(plain.double().numpy(), rule, 0)
    rule = replace(rule, bias=bias)
    full = torch.ones(5, dtype=torch.bool)
    require_call_follows(rule, call_of(full, bias=plain), FULL, 0)
    require_call_follows(rule, call_of(torch.where(full, plain, 0.0)), FULL, 0)
    other = plain.clone()
    other[1, 2, 4] += 1e-3
    for wrong in (other, None):
        with pytest.raises(UnsupportedModelError, match="layer 0 adds to its scores in this batch"):
            require_call_follows(rule, call_of(full, bias=wrong), FULL, 0)
    with pytest.raises(UnsupportedModelError, match="more than head and distance"):
        bias_of_matrix(other.double().numpy(), rule, 0)
