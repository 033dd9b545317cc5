"""Layers of a network: which of them attends, found while it runs.

Layers are modules in a list, such as ``model.layers``, that run one after another. A list may be
inside a module of another list; then the layers are those of the outermost lists of which no module
attends twice in one run. So the layers of a hybrid keep their numbers, and two attentions in one
block are not taken for two layers.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from transformers import PreTrainedModel

from attentionviz.errors import UnsupportedModelError
from attentionviz.models.forward import run
from attentionviz.models.tracing import Trace, tracing

Run = tuple[str, int]
"""A run of a module: the name of its list, and the number of the run in the forward pass."""


class LayerPositions:
    """Notes during one forward pass in which layer each attention call happens.

    Parameters
    ----------
    network : PreTrainedModel
    """

    def __init__(self, network: PreTrainedModel) -> None:
        self._name = network.config.model_type
        self._lists = {
            module: name
            for name, modules in network.named_modules()
            if isinstance(modules, torch.nn.ModuleList)
            for module in modules
        }
        self._runs: list[tuple[int, Run]] = []  # (depth, run), in order
        self._running: list[Run] = []
        self.calls: list[tuple[Run, ...]] = []

    @contextmanager
    def watch(self) -> Iterator[None]:
        """Note the runs of layers in the ``with`` block."""

        def enter(module: torch.nn.Module, _: Any) -> None:
            made = (self._lists[module], len(self._runs))
            self._runs.append((len(self._running), made))
            self._running.append(made)

        def leave(*_: Any) -> None:
            self._running.pop()

        hooks = [module.register_forward_pre_hook(enter) for module in self._lists]
        hooks += [module.register_forward_hook(leave) for module in self._lists]
        try:
            yield
        finally:
            for hook in hooks:
                hook.remove()

    def note_call(self) -> None:
        """Note that attention happens now."""
        self.calls.append(tuple(self._running))

    def layers(self, n_expected: int) -> list[int] | None:
        """Return the layer of each call, from 0; None if the network has not so many layers.

        Parameters
        ----------
        n_expected : int
            Number of layers by the configuration.

        Raises
        ------
        UnsupportedModelError
            If a layer attends more than once.
        """
        depths = min(map(len, self.calls), default=0)
        for depth in range(depths):
            attending = [call[depth] for call in self.calls]
            if len(set(attending)) < len(attending):
                continue
            lists = {name for name, _ in attending}
            layers = [made for at, made in self._runs if at == depth and made[0] in lists]
            if len(layers) == n_expected:
                return [layers.index(made) for made in attending]
            return None
        if depths == 0:
            return None
        raise UnsupportedModelError(
            f"a layer of {self._name} attends more than once, and its attentions cannot be told "
            "apart by layer and head"
        )


class _Sightings(Trace):
    """Notes where any attention happens, understood or not."""

    def __init__(self, positions: LayerPositions, network: torch.nn.Module, n: int) -> None:
        super().__init__(lambda *_: None, network, n)
        self._positions = positions

    def _report(self, *_: Any) -> None:
        self._positions.note_call()

    def _attend(self, *args: Any, **kwargs: Any) -> torch.Tensor:
        self._positions.note_call()
        made: torch.Tensor = torch.ops.aten.scaled_dot_product_attention(*args, **kwargs)
        return made


def attending_layers(
    network: PreTrainedModel, inputs: dict[str, torch.Tensor], device: torch.device, n_layers: int
) -> set[int]:
    """Return the layers with a softmax over products of vectors that mixes other vectors.

    Also those whose attention `observe` does not reach or `trace` does not understand.

    Parameters
    ----------
    network : PreTrainedModel
        Runs once with its own eager attention, and keeps it.
    inputs : dict of str to Tensor
    device : torch.device
    n_layers : int
    """
    positions = LayerPositions(network)
    network.set_attn_implementation("eager")
    with (
        positions.watch(),
        tracing(_Sightings(positions, network, len(next(iter(inputs.values()))))),
    ):
        run(network, inputs, device)
    found = positions.layers(n_layers)
    return set(range(n_layers)) if found is None else set(found)
