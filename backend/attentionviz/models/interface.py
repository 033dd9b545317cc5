"""Observation of attention: a function registered with transformers.

Current models of transformers pass query, key, value, mask and scaling, after rotary embedding and
normalisation, to an attention function selected by name. The function registered here reports
these arguments to a listener and calls the library's ``sdpa``, or computes what that does not
know: a soft cap and sinks.

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

IMPLEMENTATION = "attentionviz_capture"
TO_ITSELF = "attentionviz_to_itself"
"""Attention in which every token attends to itself alone, so that tokens are not mixed."""


@dataclass(frozen=True, kw_only=True)
class AttentionInputs:
    """Arguments of one attention call.

    Attributes
    ----------
    query, key, value : Tensor, shape (n_sequences, n_heads or n_key_heads, n_padded, d_head)
    mask : Tensor or None
        Booleans (True: visible) or numbers added to scores, broadcast to (n_sequences, n_heads,
        n_padded, n_padded).
    scaling : float
    is_causal : bool
        Whether later keys are hidden in addition to the mask.
    softcap : float or None
        Scores are ``softcap * tanh(scaling * q·k / softcap)``.
    bias : Tensor or None
        Added to scores beside the mask, broadcast as it is.
    sinks : Tensor or None, shape (n_heads,)
        Score of one more key of the softmax, which has no value.
    """

    query: torch.Tensor
    key: torch.Tensor
    value: torch.Tensor
    mask: torch.Tensor | None
    scaling: float
    is_causal: bool
    softcap: float | None = None
    bias: torch.Tensor | None = None
    sinks: torch.Tensor | None = None

    def attend(self) -> torch.Tensor:
        """Return the output, (n_sequences, n_padded, n_heads, d_head), with every term."""
        group = self.query.shape[1] // self.key.shape[1]
        key, value = (part.repeat_interleave(group, 1) for part in (self.key, self.value))
        scores = self.query @ key.transpose(2, 3) * self.scaling  # (sequence, head, query, key)
        if self.softcap is not None:
            scores = self.softcap * torch.tanh(scores / self.softcap)
        if self.bias is not None:
            scores = scores + self.bias
        seen = self.mask
        if seen is None and self.is_causal:
            seen = torch.ones_like(scores[0, 0], dtype=torch.bool).tril()
        if seen is not None and seen.dtype != torch.bool:
            scores = scores + seen
        elif seen is not None:
            scores = scores.masked_fill(~seen, torch.finfo(scores.dtype).min)
        if self.sinks is not None:
            sinks = self.sinks.view(1, -1, 1, 1).expand(*scores.shape[:3], 1)
            scores = torch.cat([scores, sinks], dim=-1)
        weights = torch.softmax(scores, dim=-1)[..., : key.shape[2]]
        return (weights @ value).transpose(1, 2).contiguous()


@dataclass(frozen=True, kw_only=True)
class AttentionCall(AttentionInputs):
    """Arguments and output of one attention call.

    Attributes
    ----------
    module : Module
        The calling attention module.
    output : Tensor, shape (n_sequences, n_padded, n_heads, d_head)
    """

    module: torch.nn.Module
    output: torch.Tensor


MaskFunction = Callable[[Any, Any, Any, Any], Any]
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
    AttentionInterface.register(TO_ITSELF, _attend_to_itself)
    AttentionMaskInterface.register(TO_ITSELF, sdpa_mask)


def _attend(
    module: torch.nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    **options: Any,
) -> tuple[torch.Tensor, None]:
    scaling, softcap = options.get("scaling"), options.get("softcap")
    requested = options.get("is_causal")
    causal = getattr(module, "is_causal", True) if requested is None else requested
    inputs = AttentionInputs(
        query=query,
        key=key,
        value=value,
        mask=attention_mask,
        scaling=query.shape[-1] ** -0.5 if scaling is None else float(scaling),
        is_causal=bool(causal) and query.shape[2] > 1,
        softcap=None if softcap is None else float(softcap),
        bias=options.get("position_bias"),
        sinks=options.get("s_aux"),
    )
    if inputs.softcap is None and inputs.sinks is None:
        output, _ = ALL_ATTENTION_FUNCTIONS["sdpa"](
            module, query, key, value, attention_mask, **options
        )
    else:
        output = inputs.attend()
    observation = _current.get()
    if observation is not None:
        layer = observation.n_calls
        observation.n_calls += 1
        observation.listener(layer, AttentionCall(module=module, output=output, **vars(inputs)))
    return output, None


def _attend_to_itself(
    module: torch.nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    **options: Any,
) -> tuple[torch.Tensor, None]:
    if query.shape[2] != value.shape[2]:
        raise UnsupportedModelError(
            "the tokens of an image are not its patches but learned queries that attend to them, "
            "so they have no place in the image"
        )
    value = value.repeat_interleave(query.shape[1] // value.shape[1], 1)
    return value.transpose(1, 2).contiguous(), None


def _make_mask(**options: Any) -> torch.Tensor | None:
    observation = _current.get()
    if observation is None or not observation.keeps_masks:
        return sdpa_mask(**options)
    options["allow_is_causal_skip"] = options["allow_is_bidirectional_skip"] = False
    mask = torch.as_tensor(sdpa_mask(**options))
    observation.masks.append((mask, options["mask_function"]))
    return mask
