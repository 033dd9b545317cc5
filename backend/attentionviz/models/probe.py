"""Detection of the properties of a model's attention by one small forward pass."""

from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from typing import Any

import torch
from transformers import PreTrainedModel

from attentionviz.core.rule import LayerRule
from attentionviz.errors import UnsupportedModelError
from attentionviz.models.float64 import Float64, float64_twin
from attentionviz.models.forward import run
from attentionviz.models.interface import AttentionCall, Listener, observe
from attentionviz.models.output_weights import OutputWeights
from attentionviz.models.positions import PositionTables
from attentionviz.models.rules import (
    added_to_scores,
    bias_of_matrix,
    matrix_of_function,
    rule_of_matrix,
    sinks_of,
    visible_in_mask,
    visible_matrix,
)
from attentionviz.models.tracing import trace


class NotReachedError(UnsupportedModelError):
    """Attention was not observed once in every layer."""


@dataclass
class Findings:
    """Detected properties of a model's attention.

    Attributes
    ----------
    rules : list of LayerRule
        One a layer.
    has_bias : bool
        Whether a layer adds something to its scores.
    norm_factors : list of Tensor
        One a layer, see `OutputWeights.norm_factors`.
    attention_modules : list of str
        Name of the attention module of each layer; layers may share one.
    n_heads, n_key_heads, d_head : int
    n_positions : int
        Padded length in every layer.
    max_length : int or None
        Maximum number of tokens of a sequence, by request and by the position embeddings.
    first_keys : Tensor, shape (n_sequences, n_key_heads, n_positions, d_head)
        Keys of layer 0, each of which depends on its own token only.
    """

    rules: list[LayerRule] = field(default_factory=list)
    has_bias: bool = False
    norm_factors: list[torch.Tensor] = field(default_factory=list)
    attention_modules: list[str] = field(default_factory=list)
    n_heads: int = 0
    n_key_heads: int = 0
    d_head: int = 0
    n_positions: int = 0
    max_length: int | None = None
    first_keys: torch.Tensor = field(default_factory=lambda: torch.empty(0))


def probe(
    network: PreTrainedModel,
    inputs: dict[str, torch.Tensor],
    device: torch.device,
    *,
    lengths: list[int] | None,
    max_length: int | None,
    is_traced: bool = False,
) -> Findings:
    """Run a small batch and return the common properties of its attention calls.

    Parameters
    ----------
    network : PreTrainedModel
        Set to the observed attention, or to its own if it is traced.
    inputs : dict of str to Tensor
    device : torch.device
    lengths : list of int or None
        Number of tokens of each sequence; None without padding.
    max_length : int or None
        Rules are verified for sequences up to this length; None for the length of the batch.
    is_traced : bool
        Whether attention is observed by `trace`, with rules for the length of the batch.

    Raises
    ------
    NotReachedError
        If attention is not observed in every layer.
    UnsupportedModelError
        If it is more than q·k, or differs in shape.
    """
    name = network.config.model_type
    findings, weights = Findings(max_length=max_length), OutputWeights()
    tables = PositionTables(lengths or [0])
    calls: list[tuple[int, ...]] = []
    names = {module: name for name, module in network.named_modules()}

    def listen(layer: int, call: AttentionCall) -> None:
        calls.append((*call.query.shape, call.key.shape[1], call.key.shape[2]))
        if call.module not in names:
            raise UnsupportedModelError(f"layer {layer} of {name} attends outside of its modules")
        findings.attention_modules.append(names[call.module])
        if layer == 0:
            findings.first_keys = call.key
            findings.max_length = _least(max_length, tables.max_length)
            # Single words may have vectors that are not finite; all of them mean damage.
            if not bool(torch.isfinite(call.query).any() & torch.isfinite(call.key).any()):
                raise UnsupportedModelError(
                    f"queries or keys of layer {layer} are not finite numbers; the weights may be "
                    "damaged or from a diverged training"
                )
        mask_function = observation.function_of(call.mask)
        seen = (
            matrix_of_function(mask_function, findings.max_length or call.query.shape[2])
            if mask_function
            else _seen_by_longest(call, lengths, layer)
        )
        rule = rule_of_matrix(seen, call.scaling, layer)
        rule = replace(rule, softcap=call.softcap, sinks=sinks_of(call, layer))
        findings.rules.append(rule)
        findings.has_bias |= added_to_scores(call) is not None
        weights.expect(layer, call)

    observing = _observing(network, inputs, listen, is_traced)
    with observing as observation, weights.watch(network), tables:
        try:
            run(network, inputs, device)
        except TypeError as error:
            if "required" in str(error):  # an argument of the forward pass
                raise UnsupportedModelError(f"{name} needs other inputs: {error}") from error
            raise
    _require_every_layer(network.config, len(calls))
    if len(set(calls)) > 1 or calls[0][2] != calls[0][5]:
        raise UnsupportedModelError(f"the layers of {name} differ in heads, sizes or tokens")
    _, findings.n_heads, findings.n_positions, findings.d_head, findings.n_key_heads, _ = calls[0]
    findings.norm_factors = [weights.norm_factors(layer).to(device) for layer in range(len(calls))]
    if findings.has_bias or is_traced:
        longest = inputs if lengths is None else _longest(inputs, lengths, findings)
        findings.rules = _at_full_length(network, longest, device, findings.rules, is_traced)
    return findings


def _observing(
    network: PreTrainedModel,
    inputs: dict[str, torch.Tensor],
    listener: Listener,
    is_traced: bool,
) -> AbstractContextManager[Any]:
    if is_traced:
        return trace(listener, network, len(next(iter(inputs.values()))))
    return observe(listener, keeps_masks=True)


def _longest(
    inputs: dict[str, torch.Tensor], lengths: list[int], findings: Findings
) -> dict[str, torch.Tensor]:
    """Return a sequence of the maximum length: the longest of the batch, repeated."""
    row, n_tokens = lengths.index(max(lengths)), findings.max_length or max(lengths)
    repeated = torch.arange(n_tokens) % max(lengths)
    return {name: tensor[row : row + 1, repeated] for name, tensor in inputs.items()}


def _at_full_length(
    network: PreTrainedModel,
    inputs: dict[str, torch.Tensor],
    device: torch.device,
    rules: list[LayerRule],
    is_traced: bool,
) -> list[LayerRule]:
    """Return the rules with the bias of each layer, measured in float64 on one long sequence.

    So is the mask of a traced layer, since a short sequence may not reach beyond a window.
    """
    measured = list(rules)

    def listen(layer: int, call: AttentionCall) -> None:
        if is_traced:
            mask = rule_of_matrix(_seen_by_longest(call, None, layer), 1.0, layer)
            measured[layer] = replace(
                rules[layer],
                is_causal=mask.is_causal,
                max_distance=mask.max_distance,
                chunk=mask.chunk,
            )
        added = added_to_scores(call)
        if added is not None:
            full = (*call.query.shape[:3], call.key.shape[2])  # (sequence, head, query, key)
            numbers = added.broadcast_to(full)[0].double().cpu().numpy()
            bias = bias_of_matrix(numbers, measured[layer], layer)
            measured[layer] = replace(measured[layer], bias=bias)

    twin, device = float64_twin(network, device)
    with Float64(), _observing(twin, inputs, listen, is_traced):
        run(twin, inputs, device)
    return measured


def _least(*limits: int | None) -> int | None:
    return min((limit for limit in limits if limit is not None), default=None)


def _seen_by_longest(call: AttentionCall, lengths: list[int] | None, layer: int) -> torch.Tensor:
    """Return the visible keys of the longest sequence of the batch, from the mask."""
    if call.mask is None:
        return visible_matrix(LayerRule(call.scaling, call.is_causal), call.query.shape[2])
    longest = 0 if lengths is None else lengths.index(max(lengths))
    full = (*call.query.shape[:3], call.key.shape[2])  # (sequence, head, query, key)
    seen = visible_in_mask(call.mask).broadcast_to(full)[longest]  # (head, query, key)
    if not bool((seen == seen[:1]).all()):
        raise UnsupportedModelError(f"the heads of layer {layer} have different masks")
    return seen[0].cpu()


def _require_every_layer(config: Any, n_calls: int) -> None:
    name = config.model_type
    n_layers = getattr(config.get_text_config(), "num_hidden_layers", n_calls)
    if n_calls == 0:
        raise NotReachedError(
            f"{name} has no attention that can be observed: no product of queries and keys becomes "
            "the softmax that its values are multiplied with"
        )
    if n_calls != n_layers:
        raise NotReachedError(
            f"attention was reached {n_calls} times in the {n_layers} layers of {name}"
        )
