"""Rules found in what a model hides from queries and adds to scores, and verified in each batch."""

from dataclasses import replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from attentionviz.core.rule import ROUNDING, LayerRule, OffsetBias
from attentionviz.errors import UnsupportedModelError
from attentionviz.models.interface import AttentionCall, MaskFunction

HIDDEN_AT_MOST = -9e3
"""Older models mask a key by adding -1e4, which bfloat16 rounds to -9984; newer ones by adding the
minimum of the dtype, or minus infinity."""

EXACT = 1e-12
"""Tolerance of numbers added to scores in float64, relative to the largest."""

ACROSS = "layer {} adds a bias to scores between two texts, which have no distance"

Floats = NDArray[np.float64]


def visible_matrix(
    rule: LayerRule,
    n_tokens: int,
    device: torch.device | str = "cpu",
    n_keys: int | None = None,
) -> torch.Tensor:
    """Return the visible keys of a sequence, bool (n_tokens, n_keys or n_tokens), [query, key]."""
    return torch.from_numpy(rule.visible(np.arange(n_tokens), n_keys or n_tokens)).to(device)


def visible_in_mask(mask: torch.Tensor) -> torch.Tensor:
    """Return which keys are visible in a mask of booleans or of numbers added to scores."""
    return mask if mask.dtype == torch.bool else mask > HIDDEN_AT_MOST


def added_to_scores(call: AttentionCall) -> torch.Tensor | None:
    """Return what a call adds to the scores of visible keys; None for nothing.

    Returns
    -------
    Tensor or None
        Broadcast to (n_sequences, n_heads, n_padded, n_padded); undefined where a key is hidden.
    """
    added = call.bias
    if call.mask is not None and call.mask.dtype != torch.bool:
        numbers = call.mask.where(visible_in_mask(call.mask), torch.zeros_like(call.mask))
        added = numbers if added is None else added + numbers
    return None if added is None or not bool(added.any()) else added


def sinks_of(call: AttentionCall, layer: int) -> tuple[float, ...] | None:
    """Return the score of the sink in each head of a call; None without sinks."""
    if call.sinks is None:
        return None
    if call.sinks.numel() != call.query.shape[1]:
        raise UnsupportedModelError(f"the sinks of layer {layer} are not one number a head")
    return tuple(call.sinks.flatten().tolist())


def bias_of_matrix(added: Floats, rule: LayerRule, layer: int) -> OffsetBias | None:
    """Return the bias by offset that gives exactly these numbers, or None if it has no effect.

    Parameters
    ----------
    added : ndarray of float64, shape (n_heads, n_tokens, n_tokens)
        Added to the scores of one sequence, [head, query, key].
    rule : LayerRule
        Of the layer, without its bias.
    layer : int
        For the error message.

    Raises
    ------
    UnsupportedModelError
        If the numbers depend on more than head and offset. A number added to all keys of a query
        does not count, unless there is a sink.
    """
    n_tokens = added.shape[1]
    position = np.arange(n_tokens)
    seen = rule.visible(position, n_tokens)
    offset = (position[None, :] - position[:, None])[seen]
    offsets, first, place = np.unique(offset, return_index=True, return_inverse=True)
    forms = [added] if rule.sinks else [added, added - _own_keys(added)]
    for form in forms:
        numbers = form[:, seen]
        table = numbers[:, first]  # (head, offset)
        tolerance = EXACT * max(1.0, float(np.abs(table).max()))
        if float(np.abs(numbers - table[:, place]).max()) <= tolerance:
            if rule.sinks is None and float(np.ptp(table, axis=1).max()) <= tolerance:
                return None
            return _with_few_offsets(offsets, table, tolerance)
    raise UnsupportedModelError(
        f"layer {layer} adds a bias to its scores that depends on more than head and distance"
    )


def _own_keys(added: Any) -> Any:
    """Return the number added to each query's own key, (..., query, 1)."""
    return added.diagonal(0, -2, -1)[..., None]


def _with_few_offsets(offsets: NDArray[np.int64], table: Floats, tolerance: float) -> OffsetBias:
    """Return a bias without the offsets that lie on a line between their neighbours."""
    bend = np.abs(np.diff(table, n=2, axis=1)).max(axis=0, initial=0.0)
    kept = np.concatenate([[True], bend > tolerance, [True]])[: len(offsets)]
    for chosen in (kept, np.ones_like(kept)):
        values = tuple(tuple(row) for row in table[:, chosen].tolist())
        bias = OffsetBias(tuple(offsets[chosen].tolist()), values)
        if float(np.abs(bias.at(offsets) - table).max()) <= tolerance:
            break
    return bias


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
        If the mask is not causal, within a distance or in chunks, or causal and one of these, and
        no block of positions sees each other in a causal one.
    """
    n_tokens = seen.shape[0]
    position = torch.arange(n_tokens, device=seen.device)
    distance = position[:, None] - position[None, :]
    is_causal = n_tokens > 1 and not bool((seen & (distance < 0)).any())
    full = LayerRule(scaling, is_causal)
    n_first = int(seen[:, 0].sum())
    before, after = int((distance * seen).max()), int((-distance * seen).max())
    candidates = [
        full,
        replace(full, max_distance=max(before, after)),
        replace(full, chunk=n_first),
        replace(full, max_distance=before, max_ahead=after),
    ]
    later = seen & (distance < 0)
    if bool(later.any()):
        first, last = int(later.any(1).nonzero()[0]), int(later.any(0).nonzero()[-1])
        block = replace(full, is_causal=True, block=(first, last + 1))
        candidates += [block, replace(block, max_distance=before)]
    for rule in candidates:
        if torch.equal(seen, visible_matrix(rule, n_tokens, seen.device)):
            return rule
    raise UnsupportedModelError(
        f"layer {layer} hides keys by a rule that is neither causal, also with a block of tokens "
        "that see each other, nor a sliding window nor chunks of equal length"
    )


def matrix_of_function(function: MaskFunction, n_tokens: int) -> torch.Tensor:
    """Return the mask of one unpadded sequence from a mask function of transformers."""
    position = torch.arange(n_tokens)
    seen = function(0, 0, position[:, None], position[None, :])
    return torch.as_tensor(seen).expand(n_tokens, n_tokens)


def require_call_follows(
    rule: LayerRule,
    call: AttentionCall,
    n_queries: torch.Tensor,
    layer: int,
    n_keys: torch.Tensor | None = None,
) -> None:
    """Raise UnsupportedModelError unless a call matches the rule of its layer and hides padding.

    Parameters
    ----------
    rule : LayerRule
    call : AttentionCall
    n_queries : Tensor of int, shape (n_sequences,)
        Without padding.
    layer : int
        For the error message.
    n_keys : Tensor of int, shape (n_sequences,), or None
        If keys are of another text.
    """
    device = n_queries.device
    n_keys = n_queries if n_keys is None else n_keys
    most = int(n_queries.max()), int(n_keys.max())
    is_query, is_key = (
        torch.arange(n_padded, device=device)[None, :] < n[:, None]  # (sequence, position)
        for n_padded, n in zip(most, (n_queries, n_keys), strict=True)
    )
    expected = visible_matrix(rule, most[0], device, most[1])[None] & is_key[:, None, :]
    if call.mask is None:
        assumed = LayerRule(rule.scaling, call.is_causal)
        seen = visible_matrix(assumed, most[0], device, most[1])[None, None]
    else:
        seen = visible_in_mask(call.mask)
    differs = (seen != expected[:, None]) & is_query[:, None, :, None]
    if bool(differs.any()):
        raise UnsupportedModelError(
            f"the mask of layer {layer} for this batch does not match its rule (causal: "
            f"{rule.is_causal}, maximum distance: {rule.max_distance})"
        )
    added = added_to_scores(call)
    if added is None and rule.bias is None:
        return
    if rule.part == "cross":
        raise UnsupportedModelError(ACROSS.format(layer))
    difference = torch.zeros((), device=device) if added is None else added
    n_padded = most[0]
    tolerance = ROUNDING
    if rule.bias is not None:
        table = torch.from_numpy(
            rule.bias.at(np.arange(n_padded)[None, :] - np.arange(n_padded)[:, None])
        )
        difference = difference - table.to(difference)
        tolerance *= max(1.0, float(table.abs().max()))
    difference = difference.broadcast_to((*difference.shape[:-2], n_padded, n_padded))
    if rule.sinks is None:
        difference = difference - _own_keys(difference)
    counts = (expected & is_query[:, :, None])[:, None]  # (sequence, 1, query, key)
    if float(difference.abs().where(counts, 0).max()) > tolerance:
        raise UnsupportedModelError(
            f"the bias that layer {layer} adds to its scores in this batch is not the one by head "
            "and distance that it added in the trial run"
        )
