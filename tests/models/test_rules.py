"""A layer's rule is exactly what its mask says, or there is none."""

import pytest
import torch
from transformers.masking_utils import (
    sliding_window_bidirectional_mask_function,
    sliding_window_causal_mask_function,
)

from attentionviz.core.rule import LayerRule
from attentionviz.errors import UnsupportedModelError
from attentionviz.models.rules import (
    matrix_of_function,
    require_mask_follows,
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


def test_a_matrix_that_no_rule_makes_is_refused_with_its_layer() -> None:
    seen = visible_matrix(LayerRule(1.0, True, None), 6)
    seen[4, 1] = False
    with pytest.raises(UnsupportedModelError, match="layer 3 hides keys by a rule"):
        rule_of_matrix(seen, 1.0, 3)


def test_a_mask_of_numbers_hides_where_it_is_very_negative() -> None:
    mask = torch.tensor([0.0, -1e4, torch.finfo(torch.float32).min, -torch.inf])
    assert visible_in_mask(mask, 0).tolist() == [True, False, False, False]


def test_a_mask_that_adds_to_scores_is_refused() -> None:
    with pytest.raises(UnsupportedModelError, match="layer 2 adds a bias"):
        visible_in_mask(torch.tensor([0.0, -0.5]), 2)


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
    given = mask if hidden is None else torch.where(mask, 0.0, hidden)
    seen = visible_in_mask(given, 0)
    require_mask_follows(LayerRule(1.0, is_causal, None), seen, False, lengths, 0)
    with pytest.raises(UnsupportedModelError, match="does not match its rule"):
        require_mask_follows(LayerRule(1.0, not is_causal, None), seen, False, lengths, 0)


def test_a_mask_that_follows_the_rule_and_hides_padding_passes() -> None:
    rule = LayerRule(1.0, True, 2)
    mask = padded_mask(rule)
    mask[0, 0, 4] = True  # what a padding query sees is nobody's business
    require_mask_follows(rule, mask, False, LENGTHS, 0)


def test_a_mask_that_shows_padding_is_refused() -> None:
    rule = LayerRule(1.0, False, None)
    mask = padded_mask(rule)
    mask[0, 0, 1, 4] = True
    with pytest.raises(UnsupportedModelError, match="mask of layer 1 .*does not match its rule"):
        require_mask_follows(rule, mask, False, LENGTHS, 1)


def test_one_head_with_a_mask_of_its_own_is_refused() -> None:
    rule = LayerRule(1.0, False, None)
    mask = padded_mask(rule).expand(-1, 2, -1, -1).clone()
    mask[1, 1, 0, 3] = False
    with pytest.raises(UnsupportedModelError, match="does not match its rule"):
        require_mask_follows(rule, mask, False, LENGTHS, 0)


def test_no_mask_means_what_the_model_says_of_causality() -> None:
    same = torch.tensor([4, 4])
    require_mask_follows(LayerRule(1.0, True, None), None, True, same, 0)
    with pytest.raises(UnsupportedModelError, match="causal: True"):
        require_mask_follows(LayerRule(1.0, True, None), None, False, same, 0)


def test_no_mask_over_padding_is_refused() -> None:
    with pytest.raises(UnsupportedModelError, match="does not match its rule"):
        require_mask_follows(LayerRule(1.0, False, None), None, False, LENGTHS, 0)
