"""Observation of attention: a function registered with transformers.

Current models of transformers pass query, key, value, mask and scaling, after rotary embedding and
normalisation, to an attention function selected by name. The function registered here reports
these arguments to a listener and calls the library's ``sdpa``.

Notes
-----
Source: transformers, ``AttentionInterface`` and ``AttentionMaskInterface``.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import torch
from transformers import AttentionInterface, AttentionMaskInterface
from transformers.masking_utils import sdpa_mask
from transformers.modeling_utils import ALL_ATTENTION_FUNCTIONS

from attentionviz.errors import UnsupportedModelError
from attentionviz.models.rules import MaskFunction

IMPLEMENTATION = "attentionviz_capture"

EXTRA_TERMS = {
    "softcap": "its scores are limited by a soft cap",
    "s_aux": "its softmax has a learned sink beside the keys",
    "position_bias": "it adds a bias of relative position to its scores",
}
"""Arguments with which models request scores that are more than q·k, and their effect."""


@dataclass(frozen=True)
class AttentionCall:
    """Arguments and output of one attention call.

    Attributes
    ----------
    module : Module
        The calling attention module.
    query, key, value : Tensor, shape (n_sequences, n_heads or n_key_heads, n_padded, d_head)
    mask : Tensor or None
        Booleans (True: visible) or numbers added to scores, broadcast to (n_sequences, n_heads,
        n_padded, n_padded).
    scaling : float
    is_causal : bool
        Whether later keys are hidden in addition to the mask.
    output : Tensor, shape (n_sequences, n_padded, n_heads, d_head)
    """

    module: torch.nn.Module
    query: torch.Tensor
    key: torch.Tensor
    value: torch.Tensor
    mask: torch.Tensor | None
    scaling: float
    is_causal: bool
    output: torch.Tensor


Listener = Callable[[int, AttentionCall], None]


@dataclass
class Observation:
    """State of one observed forward pass."""

    listener: Listener
    keeps_masks: bool
    n_calls: int = 0
    masks: list[tuple[torch.Tensor, MaskFunction]] = field(default_factory=list)

    def function_of(self, mask: torch.Tensor | None) -> MaskFunction | None:
        """Return the function from which this mask object was made, or None if unknown."""
        return next((function for made, function in self.masks if made is mask), None)


_current: ContextVar[Observation | None] = ContextVar("attention_observation", default=None)


@contextmanager
def observe(listener: Listener, *, keeps_masks: bool = False) -> Iterator[Observation]:
    """Report every attention call of forward passes in the ``with`` block to a listener.

    Parameters
    ----------
    listener : callable
        Called with the index of the call, from 0, and the call.
    keeps_masks : bool
        Also create every mask in full and store the function from which it was made.
    """
    observation = Observation(listener, keeps_masks)
    token = _current.set(observation)
    try:
        yield observation
    finally:
        _current.reset(token)


@cache
def register() -> None:
    """Register the observed attention with transformers, once per process."""
    AttentionInterface.register(IMPLEMENTATION, _attend)
    AttentionMaskInterface.register(IMPLEMENTATION, _make_mask)


def _attend(
    module: torch.nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    **options: Any,
) -> tuple[torch.Tensor, None]:
    observation = _current.get()
    if observation is not None:
        _require_plain_scores(options, observation.n_calls)
    output, _ = ALL_ATTENTION_FUNCTIONS["sdpa"](
        module, query, key, value, attention_mask, **options
    )
    if observation is not None:
        scaling = options.get("scaling")
        requested = options.get("is_causal")
        causal = getattr(module, "is_causal", True) if requested is None else requested
        call = AttentionCall(
            module=module,
            query=query,
            key=key,
            value=value,
            mask=attention_mask,
            scaling=query.shape[-1] ** -0.5 if scaling is None else float(scaling),
            is_causal=bool(causal) and query.shape[2] > 1,
            output=output,
        )
        layer = observation.n_calls
        observation.n_calls += 1
        observation.listener(layer, call)
    return output, None


def _require_plain_scores(options: dict[str, Any], layer: int) -> None:
    for name, effect in EXTRA_TERMS.items():
        if options.get(name) is not None:
            raise UnsupportedModelError(f"layer {layer}: {effect}, so they are more than q·k")


def _make_mask(**options: Any) -> torch.Tensor | None:
    observation = _current.get()
    if observation is None or not observation.keeps_masks:
        return sdpa_mask(**options)
    options["allow_is_causal_skip"] = options["allow_is_bidirectional_skip"] = False
    mask = torch.as_tensor(sdpa_mask(**options))
    observation.masks.append((mask, options["mask_function"]))
    return mask
