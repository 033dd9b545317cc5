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
    row = batch.lengths.index(min(batch.lengths))
    shortest = batch.cut([row], max(batch.lengths))
    # The output is that of the target text, if there are two.
    n_tokens = shortest.lengths[0] - (shortest.n_source[0] if shortest.n_source else 0)
    twin, device = float64_twin(network, device)
    with Float64():
        padded, alone = (run(twin, one.inputs, device)[0] for one in (batch, shortest))
    if not isinstance(alone, torch.Tensor) or alone.shape[:2] != (1, n_tokens):
        return False
    change = (padded[row, :n_tokens] - alone[0]).abs().nan_to_num()
    return bool(change.max() > TOLERANCE * alone.nan_to_num().abs().max())
