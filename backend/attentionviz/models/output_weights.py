"""Detection of the output projection W_O of each attention layer, for any architecture.

During one forward pass, the linear module whose input equals the attention output, number for
number, is the output projection of that layer.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch
from transformers.pytorch_utils import Conv1D

from attentionviz.errors import UnsupportedModelError
from attentionviz.models.interface import AttentionCall


@dataclass
class OutputWeights:
    """The output weights of every layer, collected while the model runs."""

    found: dict[int, torch.Tensor] = field(default_factory=dict)
    pending: tuple[int, torch.Tensor] | None = None

    def expect(self, layer: int, call: AttentionCall) -> None:
        """Search from now on for the module whose input is this layer's output."""
        self.pending = (layer, call.output)

    def offer(self, module: torch.nn.Module, inputs: tuple[Any, ...]) -> None:
        """Store the module's weights if its input is the searched output."""
        if self.pending is None or not inputs or not isinstance(inputs[0], torch.Tensor):
            return
        layer, output = self.pending
        flat = output.flatten(-2)  # (sequence, position, head * d_head)
        given = inputs[0]
        if given.numel() != flat.numel() or given.shape[-1] != flat.shape[-1]:
            return
        # NaN must match, since the trial text may contain words without finite vectors.
        if torch.allclose(given.reshape(flat.shape), flat, rtol=0, atol=0, equal_nan=True):
            self.found[layer] = _input_by_output(module)
            self.pending = None

    @contextmanager
    def watch(self, model: torch.nn.Module) -> Iterator[None]:
        """Offer every linear module of the model during the ``with`` block."""
        hooks = [
            module.register_forward_pre_hook(self.offer)
            for module in model.modules()
            if isinstance(module, torch.nn.Linear | Conv1D)
        ]
        try:
            yield
        finally:
            for hook in hooks:
                hook.remove()

    def norm_factors(self, layer: int, n_heads: int) -> torch.Tensor:
        """Return small matrices R with ‖v·W_O‖ = ‖v·R‖ for every head of a layer.

        Returns
        -------
        Tensor of float32, shape (n_heads, d_value, at most d_value)
            From the QR decomposition W_Oᵀ = Q·Rᵀ: Q preserves norms, so ‖v·W_O‖ is computed
            without a vector of size d_model.

        Raises
        ------
        UnsupportedModelError
            If no output projection was found for the layer.
        """
        if layer not in self.found:
            raise UnsupportedModelError(
                f"layer {layer}: the output of attention is changed before its output projection"
            )
        weight = self.found[layer].cpu().double()  # (head * d_value, d_model)
        by_head = weight.reshape(n_heads, -1, weight.shape[-1])
        factor = torch.linalg.qr(by_head.transpose(1, 2), mode="r").R  # (head, d_value, d_value)
        return factor.transpose(1, 2).float().contiguous()


def _input_by_output(module: torch.nn.Module) -> torch.Tensor:
    weight = module.get_parameter("weight").detach()
    return weight if isinstance(module, Conv1D) else weight.T
