"""Hold what was captured against the attention that the model itself computes."""

from typing import NamedTuple

import numpy as np
import torch

from attentionviz.core.shapes import require_shape
from attentionviz.errors import UnsupportedModelError
from attentionviz.models.batches import Batch
from attentionviz.models.capture import CapturedBatch
from attentionviz.models.forward import eager_attention, run
from attentionviz.models.loaded import LoadedModel
from attentionviz.models.rules import LayerRule

FLOAT32_TOLERANCE = 1e-5
"""Two float32 paths to the same attention weight differ by rounding only."""

FLOAT16_TOLERANCE = 2e-2
"""Half precision keeps 11 bits: a score of 30 moves by up to 0.015, and its weight as much."""


class AttentionCheck(NamedTuple):
    """How far attention from the captured arrays is from the model's own.

    Attributes
    ----------
    max_abs_error : float
        Largest difference of one attention weight, over all layers, heads and pairs.
    tolerance : float
        What was allowed.
    n_sequences : int
        Sequences compared.
    """

    max_abs_error: float
    tolerance: float
    n_sequences: int


def check_attention(model: LoadedModel, batch: Batch, captured: CapturedBatch) -> AttentionCheck:
    """Recompute attention from captured arrays and compare it with the model's eager attention.

    Parameters
    ----------
    model : LoadedModel
    batch : Batch
        A few sequences, of different lengths so that padding is part of the comparison. The
        model's own attention takes ``4 · n_layers · n_heads · n_sequences · n_padded²`` bytes.
    captured : CapturedBatch
        Of the same batch; float16 arrays are held against the tolerance of half precision.

    Returns
    -------
    AttentionCheck

    Raises
    ------
    UnsupportedModelError
        If the error is above the tolerance, or the model does not return its attention.
    """
    n_tokens = sum(batch.lengths)
    heads = (model.n_layers, model.n_heads, n_tokens, model.d_head)
    require_shape("queries", captured.queries, heads, "f")
    require_shape("keys", captured.keys, (heads[0], model.n_key_heads, *heads[2:]), "f")
    with eager_attention(model.network):
        own = run(model.network, batch.inputs, model.device, output_attentions=True).attentions
    if own is None or len(own) != model.n_layers:
        raise UnsupportedModelError("the model does not return the attention of every layer")
    errors = [
        _layer_error(attention.float().cpu(), captured, layer, model.rules[layer])
        for layer, attention in enumerate(own)
    ]
    worst = float(np.max(errors))  # NaN if one of them is
    is_half = captured.queries.dtype == np.float16
    tolerance = FLOAT16_TOLERANCE if is_half else FLOAT32_TOLERANCE
    if not worst <= tolerance:  # true for NaN, too
        raise UnsupportedModelError(
            f"attention recomputed from queries and keys differs from the model's own by "
            f"{worst:.2g}, more than {tolerance:.2g}: its attention is more than q·k"
        )
    return AttentionCheck(worst, tolerance, len(batch.lengths))


def attention_pattern(queries: torch.Tensor, keys: torch.Tensor, rule: LayerRule) -> torch.Tensor:
    """Return softmax(scaling · q·k) over the visible keys of one sequence.

    Parameters
    ----------
    queries, keys : Tensor of float32, shape (n_heads, n_tokens, d_head)
    rule : LayerRule

    Returns
    -------
    Tensor of float32, shape (n_heads, n_tokens, n_tokens)
        [head, query, key]; rows sum to 1.
    """
    scores = rule.scaling * torch.matmul(queries, keys.transpose(1, 2))
    hidden = ~rule.visible(queries.shape[1])
    return torch.softmax(scores.masked_fill(hidden, -torch.inf), dim=-1)


def _layer_error(own: torch.Tensor, captured: CapturedBatch, layer: int, rule: LayerRule) -> float:
    queries = torch.from_numpy(captured.queries[layer]).float()  # (head, token, d_head)
    keys = torch.from_numpy(captured.keys[layer]).float()
    keys = keys.repeat_interleave(queries.shape[0] // keys.shape[0], 0)
    errors = []
    start = 0
    for sequence, n_tokens in enumerate(captured.lengths):
        inside = slice(start, start + n_tokens)
        pattern = attention_pattern(queries[:, inside], keys[:, inside], rule)
        errors.append((pattern - own[sequence, :, :n_tokens, :n_tokens]).abs().max())
        start += n_tokens
    return float(torch.stack(errors).max())  # the maximum of a NaN is a NaN
