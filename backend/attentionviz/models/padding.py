"""Detection of models in which padding changes the vectors of the sequence before it."""

from typing import Any

import torch

from attentionviz.models.batches import Batch
from attentionviz.models.float64 import Float64, float64_twin
from attentionviz.models.forward import run

TOLERANCE = 1e-6
"""Of the largest number of a float64 run, whose rounding no model amplifies so far."""


def changes_with_padding(network: Any, batch: Batch, device: torch.device) -> bool:
    """Return whether the shortest sequence of a batch has other vectors by itself.

    A mask hides padding from attention, but not from a convolution over the tokens, as in ConvBERT.

    Parameters
    ----------
    network : PreTrainedModel
    batch : Batch
        Of texts.
    device : torch.device
    """
    n_tokens = min(batch.lengths)
    row = batch.lengths.index(n_tokens)
    twin, device = float64_twin(network, device)
    by_itself = {name: one[row : row + 1, :n_tokens] for name, one in batch.inputs.items()}
    with Float64():
        padded, alone = (run(twin, inputs, device)[0] for inputs in (batch.inputs, by_itself))
    if not isinstance(alone, torch.Tensor) or alone.shape[:2] != (1, n_tokens):
        return False
    change = (padded[row, :n_tokens] - alone[0]).abs().nan_to_num()
    return bool(change.max() > TOLERANCE * alone.nan_to_num().abs().max())
