"""Attention weights returned by the model itself, one layer in memory at a time."""

import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch

from attentionviz.errors import UnsupportedModelError
from attentionviz.models.batches import Batch
from attentionviz.models.forward import eager_attention, run
from attentionviz.models.loaded import LoadedModel
from attentionviz.models.tracing import TracedCall, trace

Array = np.ndarray[Any, Any]
Rerun = Callable[[], Any]
LayerListener = Callable[[int, Any, Rerun], Any]
RETURNED = ("attentions", "encoder_attentions", "decoder_attentions", "cross_attentions")
"""Names of the weights in a model's output, in the order of the layers."""


@contextmanager
def watch_layers(model: LoadedModel, listener: LayerListener) -> Iterator[None]:
    """Report the return value of every attention module in the forward pass of the ``with`` block.

    Parameters
    ----------
    model : LoadedModel
    listener : callable
        Called with the index of the call, the return value of its module, and a function that runs
        the module again on the same inputs. If it returns a value, that replaces the module's.

    Raises
    ------
    UnsupportedModelError
        If the modules did not run exactly once per call.
    """
    n_runs = 0

    def after(module: torch.nn.Module, args: Any, kwargs: Any, returned: Any) -> Any:
        nonlocal n_runs
        n_runs += 1
        return listener(n_runs - 1, returned, lambda: module.forward(*args, **kwargs))

    modules = {model.network.get_submodule(call.module) for call in model.calls}
    hooks = [module.register_forward_hook(after, with_kwargs=True) for module in modules]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()
    if n_runs != len(model.calls):
        raise UnsupportedModelError(
            f"the model's own attention ran {n_runs} times, expected {len(model.calls)}"
        )


def watch_weights(
    model: LoadedModel, batch: Batch, listener: Callable[[int, Array, float], None]
) -> None:
    """Run a model with its own attention, and report the attention weights of every layer.

    Parameters
    ----------
    model : LoadedModel
    batch : Batch
    listener : callable
        Called with the layer, the weights, (sequence, head, query, key), and the scaling in this
        run, whose rounding may differ from that of the rule. Not called for layers without heads.
    """
    scalings = [rule.scaling for rule in model.rules]

    if not model.is_traced:

        def compare(index: int, returned: Any, _: Rerun) -> None:
            layer = model.layer_of_call(index)
            if model.layers[layer].n_heads:
                listener(layer, weights_of(returned, layer), scalings[layer])

        with eager_attention(model.network), watch_layers(model, compare):
            run(model.network, batch.inputs, model.device)
        return

    def report(index: int, call: TracedCall) -> None:
        layer = model.layer_of_call(index)
        scalings[layer] = call.scaling
        if model.layers[layer].n_heads:
            listener(layer, as_array(call.weights), call.scaling)

    options = {"output_attentions": True} if _returns_attention(model.network) else {}
    n_sequences = len(batch.lengths)
    with trace(report, model.network, n_sequences, has_two_texts=model.has_two_texts):
        output = run(model.network, batch.inputs, model.device, **options)
    returned = [weights for name in RETURNED for weights in getattr(output, name, None) or ()]
    layers = [call.layer for call in model.calls]
    if len(returned) == len(layers):
        for layer, weights in zip(sorted(layers), returned, strict=True):
            spans = batch.spans(model.rules[layer])
            shape = int(spans.n_queries.max()), int(spans.n_keys.max())
            is_shown = model.layers[layer].n_heads > 0
            if is_shown and isinstance(weights, torch.Tensor) and _are_weights(weights, shape):
                listener(layer, as_array(weights), scalings[layer])


def _returns_attention(network: torch.nn.Module) -> bool:
    parameters = inspect.signature(network.forward).parameters.values()
    return any(one.name == "output_attentions" or one.kind is one.VAR_KEYWORD for one in parameters)


def _are_weights(returned: torch.Tensor, shape: tuple[int, int]) -> bool:
    """Return whether a returned tensor holds weights: some models return scores by this name."""
    return (
        returned.ndim == 4
        and returned.shape[2:] == shape
        and float((returned[:, :, 0].double().sum(-1) - 1).abs().max()) < 1e-3
    )


def weights_of(returned: Any, layer: int) -> Array:
    """Return the attention weights in a module's return value, (sequence, head, query, key)."""
    parts = returned[:0:-1] if isinstance(returned, tuple) else ()  # a bias comes before weights
    weights = next((p for p in parts if isinstance(p, torch.Tensor) and p.ndim == 4), None)
    if weights is None:
        raise UnsupportedModelError(f"the model does not return the attention of layer {layer}")
    return as_array(weights)


def as_array(weights: torch.Tensor) -> Array:
    """Return a tensor as an array."""
    return (weights.float() if weights.dtype == torch.bfloat16 else weights).cpu().numpy()


def output_of(returned: Any) -> torch.Tensor:
    """Return the output in an attention module's return value."""
    output: torch.Tensor = returned[0] if isinstance(returned, tuple) else returned
    return output
