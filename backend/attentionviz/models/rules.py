"""Masking rules: the keys that a query sees, verified against the masks of the model."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from attentionviz.core.rule import LayerRule
from attentionviz.errors import UnsupportedModelError

HIDDEN_AT_MOST = -9e3
"""Older models mask a key by adding -1e4, which bfloat16 rounds to -9984; newer ones by adding the
minimum of the dtype, or minus infinity."""

MaskFunction = Callable[[Any, Any, Any, Any], Any]


def visible_matrix(
    rule: LayerRule, n_tokens: int, device: torch.device | str = "cpu"
) -> torch.Tensor:
    """Return the visible keys of a sequence, bool (n_tokens, n_tokens), [query, key]."""
    return torch.from_numpy(rule.visible(np.arange(n_tokens), n_tokens)).to(device)


def visible_in_mask(mask: torch.Tensor, layer: int) -> torch.Tensor:
    """Return which keys are visible in a mask.

    Parameters
    ----------
    mask : Tensor of bool or float
        Broadcast to (n_sequences, n_heads, n_padded, n_padded).
    layer : int
        For the error message.

    Returns
    -------
    Tensor of bool, of the same shape

    Raises
    ------
    UnsupportedModelError
        If the mask adds anything but 0 to the scores of visible keys.
    """
    seen = mask if mask.dtype == torch.bool else mask > HIDDEN_AT_MOST
    if seen is not mask and bool((mask[seen] != 0).any()):
        raise UnsupportedModelError(
            f"layer {layer} adds a bias to its scores, so they are more than q·k"
        )
    return seen


def rule_of_matrix(seen: torch.Tensor, scaling: float, layer: int) -> LayerRule:
    """Return the rule that gives exactly this mask.

    Parameters
    ----------
    seen : Tensor of bool, shape (n_tokens, n_tokens)
        Visible keys, [query, key].
    scaling : float
        Of the returned rule.
    layer : int
        For the error message.

    Raises
    ------
    UnsupportedModelError
        If the mask is not causal, within a distance, or both.
    """
    n_tokens = seen.shape[0]
    position = torch.arange(n_tokens, device=seen.device)
    distance = position[:, None] - position[None, :]
    is_causal = n_tokens > 1 and not bool((seen & (distance < 0)).any())
    full = LayerRule(scaling, is_causal)
    if torch.equal(seen, visible_matrix(full, n_tokens, seen.device)):
        return full
    limited = LayerRule(scaling, is_causal, int((distance.abs() * seen).max()))
    if torch.equal(seen, visible_matrix(limited, n_tokens, seen.device)):
        return limited
    raise UnsupportedModelError(
        f"layer {layer} hides keys by a rule that is neither causal nor a sliding window (as far "
        "before a token as after it)"
    )


def matrix_of_function(function: MaskFunction, n_tokens: int) -> torch.Tensor:
    """Return the mask of one unpadded sequence from a mask function of transformers."""
    position = torch.arange(n_tokens)
    seen = function(0, 0, position[:, None], position[None, :])
    return torch.as_tensor(seen).expand(n_tokens, n_tokens)


def require_mask_follows(
    rule: LayerRule, seen: torch.Tensor | None, is_causal: bool, lengths: torch.Tensor, layer: int
) -> None:
    """Raise UnsupportedModelError unless the mask of a batch matches the rule and hides padding.

    Parameters
    ----------
    rule : LayerRule
    seen : Tensor of bool, broadcast to (n_sequences, n_heads, n_padded, n_padded), or None
        From `visible_in_mask`; None without a mask.
    is_causal : bool
        Whether later keys are hidden if there is no mask.
    lengths : Tensor of int, shape (n_sequences,)
    layer : int
        For the error message.
    """
    n_padded = int(lengths.max())
    position = torch.arange(n_padded, device=lengths.device)
    is_real = position[None, :] < lengths[:, None]  # (sequence, position)
    expected = visible_matrix(rule, n_padded, lengths.device)[None] & is_real[:, None, :]
    if seen is None:
        assumed = LayerRule(rule.scaling, is_causal)
        seen = visible_matrix(assumed, n_padded, lengths.device)[None, None]
    differs = (seen != expected[:, None]) & is_real[:, None, :, None]
    if bool(differs.any()):
        raise UnsupportedModelError(
            f"the mask of layer {layer} for this batch does not match its rule (causal: "
            f"{rule.is_causal}, maximum distance: {rule.max_distance})"
        )
