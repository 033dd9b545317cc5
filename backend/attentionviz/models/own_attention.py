"""Attention weights returned by the model itself, one layer in memory at a time."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch

from attentionviz.errors import UnsupportedModelError
from attentionviz.models.loaded import LoadedModel

Array = np.ndarray[Any, Any]
Rerun = Callable[[], Any]
LayerListener = Callable[[int, Any, Rerun], Any]


@contextmanager
def watch_layers(model: LoadedModel, listener: LayerListener) -> Iterator[None]:
    """Report the return value of every attention module in the forward pass of the ``with`` block.

    Parameters
    ----------
    model : LoadedModel
    listener : callable
        Called with the layer index, the return value of its module, and a function that runs the
        module again on the same inputs. If it returns a value, that replaces the module's.

    Raises
    ------
    UnsupportedModelError
        If the modules did not run exactly once per layer.
    """
    n_runs = 0

    def after(module: torch.nn.Module, args: Any, kwargs: Any, returned: Any) -> Any:
        nonlocal n_runs
        n_runs += 1
        return listener(n_runs - 1, returned, lambda: module.forward(*args, **kwargs))

    modules = {model.network.get_submodule(name) for name in model.attention_modules}
    hooks = [module.register_forward_hook(after, with_kwargs=True) for module in modules]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()
    if n_runs != model.n_layers:
        raise UnsupportedModelError(
            f"the model's own attention ran {n_runs} times in {model.n_layers} layers"
        )


def weights_of(returned: Any, layer: int) -> Array:
    """Return the attention weights in a module's return value, (sequence, head, query, key)."""
    parts = returned[:0:-1] if isinstance(returned, tuple) else ()  # a bias comes before weights
    weights = next((p for p in parts if isinstance(p, torch.Tensor) and p.ndim == 4), None)
    if weights is None:
        raise UnsupportedModelError(f"the model does not return the attention of layer {layer}")
    if weights.dtype == torch.bfloat16:  # which NumPy lacks
        weights = weights.float()
    return weights.cpu().numpy()


def output_of(returned: Any) -> torch.Tensor:
    """Return the output in an attention module's return value."""
    output: torch.Tensor = returned[0] if isinstance(returned, tuple) else returned
    return output
