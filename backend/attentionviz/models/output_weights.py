"""Detection of the output projection W_O of each attention layer, for any architecture.

During one forward pass, the linear module whose input equals the attention output, number for
number, is the output projection of that layer. The input may have further channels beside it, its
channels may be the first axis of a sequence, as those of a convolution are, and its first axis that
of positions. The matrix of a
module that is no linear layer of PyTorch or transformers is measured by its outputs for unit
vectors.

The output may be multiplied by a gate, numbers from 0 to 1 that differ by token and channel; W_O is
then what the gated output is multiplied with.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch
from transformers.pytorch_utils import Conv1D

from attentionviz.errors import UnsupportedModelError
from attentionviz.models.interface import AttentionCall
from attentionviz.models.placement import resident

MIN_GATED_ROWS = 4
LEAST_GATE = 1e-3
"""Logarithm of a factor that is not one of the token times one of the channel."""


@dataclass
class OutputWeights:
    """The output weights of every attention call, collected while the model runs."""

    found: dict[int, torch.Tensor] = field(default_factory=dict)  # (head, d_value, d_value)
    pending: tuple[int, torch.Tensor] | None = None
    has_gate: bool = False

    def expect(self, index: int, call: AttentionCall) -> None:
        """Search from now on for the module whose input is the output of this call."""
        self.pending = (index, call.output)

    def offer(self, module: torch.nn.Module, inputs: tuple[Any, ...]) -> None:
        """Store the module's weights if its input is the searched output, or has it as a part."""
        if self.pending is None or not inputs or not isinstance(inputs[0], torch.Tensor):
            return
        index, output = self.pending
        for channels in (-1, 1):
            first = _first_channel(inputs[0].movedim(channels, -1), output)
            if first is None and channels == -1 and _is_gated(inputs[0], output):
                first, self.has_gate = 0, True
            if first is None:
                continue
            with resident(module):
                weight = _linear_map(module, inputs[0], channels)
                if weight is not None:
                    own = weight[first : first + output.shape[-2] * output.shape[-1]]
                    self.found[index] = _norm_factors(own, output.shape[2])
                    self.pending = None
                    return

    @contextmanager
    def watch(self, model: torch.nn.Module) -> Iterator[None]:
        """Offer every module with weights of its own during the ``with`` block."""
        hooks = [
            module.register_forward_pre_hook(self.offer)
            for module in model.modules()
            if next(module.parameters(recurse=False), None) is not None
        ]
        try:
            yield
        finally:
            for hook in hooks:
                hook.remove()

    def norm_factors(self, call: int, layer: int) -> torch.Tensor:
        """Return small matrices R with ‖v·W_O‖ = ‖v·R‖ for every head of a layer.

        Parameters
        ----------
        call : int
            Index of the attention call.
        layer : int
            For the error message.

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
        if call not in self.found:
            raise UnsupportedModelError(
                f"layer {layer}: the output of attention is changed before its output projection"
            )
        return self.found[call]


def _norm_factors(weight: torch.Tensor, n_heads: int) -> torch.Tensor:
    """Return the factors of a layer from its weight, shape (head * d_value, d_model)."""
    by_head = weight.cpu().double().reshape(n_heads, -1, weight.shape[-1])
    factor = torch.linalg.qr(by_head.transpose(1, 2), mode="r").R  # (head, d_value, d_value)
    return factor.transpose(1, 2).float().contiguous()


def _first_channel(given: torch.Tensor, output: torch.Tensor) -> int | None:
    """Return where the output of attention begins in the channels of an input, or None."""
    flat = output.flatten(-2)  # (sequence, position, head * d_head)
    n_channels, n_own = given.shape[-1], flat.shape[-1]
    if given.numel() * n_own != flat.numel() * n_channels or given.ndim < 2:
        return None
    forms = [given.reshape(*flat.shape[:2], n_channels)]
    if given.shape[:2] == flat.shape[1::-1]:  # (position, sequence, channel)
        forms.append(given.transpose(0, 1))
    for by_token in forms:
        for first in range(0, n_channels - n_own + 1, output.shape[-1]):
            part = by_token[..., first : first + n_own]
            # NaN must match, since the trial text may contain words without finite vectors.
            if torch.allclose(part, flat, rtol=0, atol=0, equal_nan=True):
                return first
    return None


def _is_gated(given: torch.Tensor, output: torch.Tensor) -> bool:
    """Return whether an input is the output of attention times a gate.

    A norm is no gate: it multiplies by a number of the token times a number of the channel.
    """
    flat = output.flatten(-2)
    if given.shape != flat.shape:
        return False
    rows = flat.isfinite().all(-1) & (flat != 0).all(-1) & given.isfinite().all(-1)
    gate = (given[rows] / flat[rows]).double()  # (token, channel)
    if gate.shape[0] < MIN_GATED_ROWS or not bool(((gate > 0) & (gate < 1)).all()):
        return False
    factors = gate.log()
    factors = factors - factors.mean(1, keepdim=True)
    return float((factors - factors.mean(0)).abs().max()) > LEAST_GATE


def _linear_map(module: torch.nn.Module, given: torch.Tensor, channels: int) -> torch.Tensor | None:
    """Return the matrix (input channel, output channel) of a module; None if it is not linear."""
    if isinstance(module, torch.nn.Linear | Conv1D):
        weight = module.get_parameter("weight").detach()
        return weight if isinstance(module, Conv1D) else weight.T
    n_channels = given.shape[channels]

    def apply(vectors: torch.Tensor) -> torch.Tensor:
        """Return the outputs for vectors (vector, channel), each as a sequence by itself."""
        full = vectors.view(len(vectors), *[1] * (given.ndim - 2), n_channels)
        returned = module.forward(full.movedim(-1, channels))
        outputs: torch.Tensor = returned[0] if isinstance(returned, tuple) else returned
        return outputs.movedim(channels, -1).flatten(1)

    unit = torch.eye(n_channels, dtype=given.dtype, device=given.device)
    some = torch.linspace(-1, 2, n_channels, dtype=given.dtype, device=given.device)[None]
    try:
        offset = apply(torch.zeros_like(some))
        weight = apply(unit) - offset
        is_linear = torch.allclose(apply(some) - offset, some @ weight, rtol=1e-3, atol=1e-3)
    except (RuntimeError, TypeError, ValueError, IndexError, AttributeError):
        return None  # it reads something else
    return weight if is_linear else None
