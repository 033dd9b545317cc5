"""Detection of the properties of a model's attention by one small forward pass."""

from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from typing import Any

import torch
from transformers import PreTrainedModel

from attentionviz.core.heads import NO_ATTENTION, LayerHeads, without_heads
from attentionviz.core.rule import NO_RULE, LayerRule, Part
from attentionviz.errors import UnsupportedModelError
from attentionviz.models.audio import FEATURES
from attentionviz.models.batches import TARGET
from attentionviz.models.float64 import Float64, float64_twin
from attentionviz.models.forward import run
from attentionviz.models.interface import (
    IMPLEMENTATION,
    AttentionCall,
    Listener,
    MaskFunction,
    observe,
)
from attentionviz.models.layer_positions import LayerPositions, attending_layers
from attentionviz.models.loaded import ObservedCall
from attentionviz.models.output_weights import OutputWeights
from attentionviz.models.positions import PositionTables
from attentionviz.models.rules import (
    ACROSS,
    added_to_scores,
    bias_of_matrix,
    matrix_of_function,
    rule_of_matrix,
    sinks_of,
    visible_in_mask,
    visible_matrix,
)
from attentionviz.models.tracing import trace

PART_ORDER: tuple[Part | None, ...] = ("encoder", "decoder", "cross")
"""Layers of an encoder-decoder model are sorted by it."""


class NotReachedError(UnsupportedModelError):
    """Attention was not observed in every layer that attends."""


@dataclass
class Findings:
    """Detected properties of a model's attention.

    Attributes
    ----------
    layers : list of LayerHeads
    rules : list of LayerRule
        One a layer.
    has_bias : bool
        Whether a layer adds something to its scores.
    norm_factors : list of Tensor
        One a layer, see `OutputWeights.norm_factors`.
    has_gate : bool
        Whether the output of attention is multiplied by a gate.
    calls : list of ObservedCall
    n_positions : int
        Padded length in every layer.
    max_length : int or None
        Maximum number of tokens of a sequence, by request and by the position embeddings.
    first_keys : Tensor, shape (n_sequences, n_key_heads, n_positions, d_head)
        Keys of the first call; in layer 0, each depends on its own token only.
    """

    layers: list[LayerHeads] = field(default_factory=list)
    rules: list[LayerRule] = field(default_factory=list)
    has_bias: bool = False
    norm_factors: list[torch.Tensor] = field(default_factory=list)
    has_gate: bool = False
    calls: list[ObservedCall] = field(default_factory=list)
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
    target_lengths: list[int] | None = None,
) -> Findings:
    """Run a small batch and return the properties of its attention calls by layer.

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
    target_lengths : list of int or None
        Number of target tokens of each sequence, whose longest has another length than that of
        the source; None unless the model has an encoder and a decoder.

    Raises
    ------
    NotReachedError
        If attention is observed in no layer, or not in all layers that attend.
    UnsupportedModelError
        If it is more than q·k, or layers differ in tokens.
    """
    name = network.config.model_type
    findings, weights = Findings(max_length=max_length), OutputWeights()
    # Recordings are all of one length, which limits no text.
    of_source = [0] if FEATURES in inputs else lengths or [0]
    tables, positions = PositionTables(of_source), LayerPositions(network)
    of_target = PositionTables(target_lengths or [0])
    calls: list[AttentionCall] = []

    def listen(index: int, call: AttentionCall) -> None:
        positions.note_call()
        calls.append(_without_numbers(call))
        if index == 0 or target_lengths is not None:
            findings.max_length = _least(max_length, tables.max_length, of_target.max_length)
        if index == 0:
            findings.first_keys = call.key
            # Single words may have vectors that are not finite; all of them mean damage.
            if not bool(torch.isfinite(call.query).any() & torch.isfinite(call.key).any()):
                raise UnsupportedModelError(
                    f"queries or keys of the first attention layer of {name} are not finite "
                    "numbers; the weights may be damaged or from a diverged training"
                )
        weights.expect(index, call)

    observing = _observing(network, inputs, listen, is_traced, target_lengths is not None)
    watching = positions.watch(), weights.watch(network), tables, of_target
    with observing as observation, watching[0], watching[1], watching[2], watching[3]:
        _run_trial(network, inputs, device)
    findings.has_gate = weights.has_gate
    parts = [_part(call, lengths, target_lengths) for call in calls]
    findings.calls, n_layers = _place_calls(network, calls, positions, parts)
    _require_all_that_attend(network, inputs, device, findings.calls, n_layers, is_traced)
    findings.n_positions = calls[0].key.shape[2]
    findings.layers = [without_heads(NO_ATTENTION)] * n_layers
    findings.rules = [NO_RULE] * n_layers
    findings.norm_factors = [torch.empty(0)] * n_layers
    for index, (call, part) in enumerate(zip(calls, parts, strict=True)):
        layer = findings.calls[index].layer
        n_heads, d_head = call.query.shape[1], call.query.shape[3]
        findings.layers[layer] = LayerHeads(n_heads, call.key.shape[1], d_head)
        function = observation.function_of(call.mask)
        of_queries = lengths if part in (None, "encoder") else target_lengths
        rule = _rule_of(call, function, of_queries, layer, findings.max_length, part)
        findings.rules[layer] = rule
        findings.has_bias |= added_to_scores(call) is not None
        findings.norm_factors[layer] = weights.norm_factors(index, layer).to(device)
    if findings.has_bias or is_traced:
        longest = _longest(inputs, lengths, target_lengths, findings)
        _measure_at_full_length(network, longest, device, findings, is_traced)
    return findings


def _run_trial(
    network: PreTrainedModel, inputs: dict[str, torch.Tensor], device: torch.device
) -> None:
    try:
        run(network, inputs, device)
    except TypeError as error:
        if "required" in str(error):  # an argument of the forward pass
            name = network.config.model_type
            raise UnsupportedModelError(f"{name} needs other inputs: {error}") from error
        raise


def _part(
    call: AttentionCall, lengths: list[int] | None, target_lengths: list[int] | None
) -> Part | None:
    """Return of which part of an encoder-decoder model a call is, by the lengths of its texts."""
    found = call.query.shape[2], call.key.shape[2]
    if target_lengths is None:
        if found[0] != found[1]:
            raise UnsupportedModelError(f"attention has {found[0]} queries and {found[1]} keys")
        return None
    source, target = max(lengths or [0]), max(target_lengths)
    of_text: dict[tuple[int, int], Part] = {
        (source, source): "encoder",
        (target, target): "decoder",
        (target, source): "cross",
    }
    if found not in of_text:
        raise UnsupportedModelError(
            f"attention has {found[0]} queries and {found[1]} keys for a source of {source} and a "
            f"target of {target} tokens"
        )
    return of_text[found]


def _rule_of(
    call: AttentionCall,
    function: MaskFunction | None,
    lengths: list[int] | None,
    layer: int,
    max_length: int | None,
    part: Part | None,
) -> LayerRule:
    """Return the rule of a layer without its bias."""
    if function is None:
        seen = _seen_by_longest(call, lengths, layer)
    else:
        seen = matrix_of_function(function, max_length or call.query.shape[2])
    if part == "cross" and not bool(seen.all()):
        raise UnsupportedModelError(f"layer {layer} hides tokens of the source from the target")
    across = LayerRule(call.scaling, is_causal=False)
    rule = across if part == "cross" else rule_of_matrix(seen, call.scaling, layer)
    return replace(rule, softcap=call.softcap, sinks=sinks_of(call, layer), part=part)


def _without_numbers(call: AttentionCall) -> AttentionCall:
    """Return a call whose vectors have shapes only."""
    parts = ("query", "key", "value", "output", "weights")
    sizes = {name: getattr(call, name).to("meta") for name in parts if hasattr(call, name)}
    return replace(call, **sizes)


def _place_calls(
    network: PreTrainedModel,
    calls: list[AttentionCall],
    positions: LayerPositions,
    parts: list[Part | None],
) -> tuple[list[ObservedCall], int]:
    """Return the calls with their layers, and the number of layers.

    Those of a model with encoder and decoder are sorted by their part.
    """
    name = network.config.model_type
    if not calls:
        raise NotReachedError(
            f"{name} has no attention that can be observed: no product of queries and keys becomes "
            "the softmax that its values are multiplied with"
        )
    if len({(call.query.shape[2], call.key.shape[2]) for call in calls}) > 1 and not any(parts):
        raise UnsupportedModelError(f"the layers of {name} differ in tokens")
    layers: list[int] | None
    if any(parts):
        n_layers = _n_of_all_parts(network.config, parts)
        layers = _sorted_by_part(parts) if len(calls) == n_layers else None
    else:
        n_layers = getattr(network.config.get_text_config(), "num_hidden_layers", len(calls))
        layers = positions.layers(n_layers)
    if layers is None:
        if len(calls) != n_layers:
            raise NotReachedError(
                f"attention was reached {len(calls)} times in the {n_layers} layers of {name}"
            )
        layers = list(range(n_layers))
    names = {module: one for one, module in network.named_modules()}
    placed = []
    for layer, call in zip(layers, calls, strict=True):
        if call.module not in names:
            raise UnsupportedModelError(f"layer {layer} of {name} attends outside of its modules")
        placed.append(ObservedCall(layer, call.key.shape[1], names[call.module]))
    return placed, n_layers


def _n_of_all_parts(config: Any, parts: list[Part | None]) -> int:
    """Return the number of layers of a model with encoder and decoder, by its configuration."""
    names = ("decoder_layers", "num_decoder_layers")
    of_decoder = (getattr(config, name, None) for name in names)
    n_decoder = next((n for n in of_decoder if n), parts.count("decoder"))
    return int(getattr(config, "num_hidden_layers", parts.count("encoder")) + 2 * n_decoder)


def _sorted_by_part(parts: list[Part | None]) -> list[int]:
    """Return the layer of each call, counted part by part."""
    order = sorted(range(len(parts)), key=lambda call: PART_ORDER.index(parts[call]))
    return [order.index(call) for call in range(len(order))]


def _observing(
    network: PreTrainedModel,
    inputs: dict[str, torch.Tensor],
    listener: Listener,
    is_traced: bool,
    has_two_texts: bool,
) -> AbstractContextManager[Any]:
    if is_traced:
        n_sequences = len(next(iter(inputs.values())))
        return trace(listener, network, n_sequences, has_two_texts=has_two_texts)
    return observe(listener, keeps_masks=True)


def _longest(
    inputs: dict[str, torch.Tensor],
    lengths: list[int] | None,
    target_lengths: list[int] | None,
    findings: Findings,
) -> dict[str, torch.Tensor]:
    """Return a sequence of the maximum length: the longest of the batch, repeated.

    The whole batch if it has no padding.
    """
    if lengths is None:
        return inputs
    made = {}
    for name, tensor in inputs.items():
        of_text = (target_lengths or []) if name.startswith(TARGET) else lengths
        row, n_tokens = of_text.index(max(of_text)), findings.max_length or max(of_text)
        repeated = torch.arange(n_tokens) % max(of_text)
        chosen = tensor[row : row + 1]
        made[name] = chosen if name == FEATURES else chosen[:, repeated]
    return made


def _require_all_that_attend(
    network: PreTrainedModel,
    inputs: dict[str, torch.Tensor],
    device: torch.device,
    calls: list[ObservedCall],
    n_layers: int,
    is_traced: bool,
) -> None:
    """Raise NotReachedError if a layer attends without an observed call."""
    if len(calls) == n_layers:
        return
    attending = attending_layers(network, inputs, device, n_layers)
    if not is_traced:
        network.set_attn_implementation(IMPLEMENTATION)
    if missed := attending - {call.layer for call in calls}:
        raise NotReachedError(
            f"layer {min(missed)} of {network.config.model_type} attends in a way that is not "
            f"observed, unlike layer {calls[0].layer}"
        )


def _measure_at_full_length(
    network: PreTrainedModel,
    inputs: dict[str, torch.Tensor],
    device: torch.device,
    findings: Findings,
    is_traced: bool,
) -> None:
    """Measure the bias of each layer in float64 on one long sequence, for its rule.

    So is the mask of a traced layer, since a short sequence may not reach beyond a window.
    """
    measured = findings.rules

    def listen(index: int, call: AttentionCall) -> None:
        layer = findings.calls[index].layer
        is_cross = measured[layer].part == "cross"
        if is_traced and not is_cross:
            mask = rule_of_matrix(_seen_by_longest(call, None, layer), 1.0, layer)
            measured[layer] = replace(
                measured[layer],
                is_causal=mask.is_causal,
                max_distance=mask.max_distance,
                max_ahead=mask.max_ahead,
                chunk=mask.chunk,
            )
        added = added_to_scores(call)
        if added is not None and is_cross:
            raise UnsupportedModelError(ACROSS.format(layer))
        if added is not None:
            full = (*call.query.shape[:3], call.key.shape[2])  # (sequence, head, query, key)
            numbers = added.broadcast_to(full)[0].double().cpu().numpy()
            bias = bias_of_matrix(numbers, measured[layer], layer)
            measured[layer] = replace(measured[layer], bias=bias)

    twin, device = float64_twin(network, device)
    has_two_texts = any(rule.part for rule in measured)
    with Float64(), _observing(twin, inputs, listen, is_traced, has_two_texts):
        run(twin, inputs, device)


def _least(*limits: int | None) -> int | None:
    return min((limit for limit in limits if limit is not None), default=None)


def _seen_by_longest(call: AttentionCall, lengths: list[int] | None, layer: int) -> torch.Tensor:
    """Return the visible keys of the longest sequence of the batch, from the mask."""
    if call.mask is None:
        assumed = LayerRule(call.scaling, call.is_causal)
        return visible_matrix(assumed, call.query.shape[2], n_keys=call.key.shape[2])
    longest = 0 if lengths is None else lengths.index(max(lengths))
    full = (*call.query.shape[:3], call.key.shape[2])  # (sequence, head, query, key)
    seen = visible_in_mask(call.mask).broadcast_to(full)[longest]  # (head, query, key)
    if not bool((seen == seen[:1]).all()):
        raise UnsupportedModelError(f"the heads of layer {layer} have different masks")
    return seen[0].cpu()
