"""Hold what was captured against the attention that the model itself computes."""

from typing import NamedTuple

import numpy as np
import torch

from attentionviz.core.pattern import attention_pattern
from attentionviz.core.shapes import require_shape
from attentionviz.errors import UnsupportedModelError
from attentionviz.models.batches import Batch
from attentionviz.models.capture import CapturedBatch
from attentionviz.models.forward import eager_attention, run
from attentionviz.models.loaded import LoadedModel
from attentionviz.models.rules import LayerRule

FLOAT32_TOLERANCE = 1e-5
"""Two float32 paths to the same attention weight differ by rounding only."""

NOISE_FACTOR = 4
"""Deep models with sharp attention amplify rounding: their own attention to a sequence, alone and
in a padded batch, then differs by more than that. Up to this many times as much is allowed."""

LARGEST_TOLERANCE = 1e-3
"""What is noisier than this is not shown. A forgotten bias or a wrong key costs 0.01 and more."""

FLOAT16_TOLERANCE = 2e-2
"""Half precision keeps 11 bits: a score of 30 moves by up to 0.015, and its weight as much."""


class AttentionCheck(NamedTuple):
    """How far attention from the captured arrays is from the model's own.

    Attributes
    ----------
    max_abs_error : float
        Largest difference of one attention weight, over all layers, heads and pairs.
    tolerance : float
        What was allowed: 1e-5 in float32, more where the model itself is noisier.
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
        Two or more sequences, of different lengths so that padding is compared, too. The
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
    own = _own_attention(model, batch.inputs)
    errors = [
        _layer_error(attention, captured, layer, model.rules[layer])
        for layer, attention in enumerate(own)
    ]
    worst = float(np.max(errors))  # NaN if one of them is
    tolerance, reason = FLOAT32_TOLERANCE, "its attention is more than q·k"
    if captured.queries.dtype == np.float16:
        reason = "16 bits may be too few for it; build with --precision float32"
        tolerance = FLOAT16_TOLERANCE
    elif worst > tolerance:
        noise = NOISE_FACTOR * _own_noise(model, batch, own)
        tolerance = min(max(tolerance, noise), LARGEST_TOLERANCE)
    if not worst <= tolerance:  # true for NaN, too
        raise UnsupportedModelError(
            f"attention recomputed from queries and keys differs from the model's own by "
            f"{worst:.2g}, more than {tolerance:.2g}: {reason}"
        )
    return AttentionCheck(worst, tolerance, len(batch.lengths))


def _own_attention(model: LoadedModel, inputs: dict[str, torch.Tensor]) -> list[torch.Tensor]:
    """Return the model's eager attention of every layer, (sequence, head, query, key)."""
    with eager_attention(model.network):
        own = run(model.network, inputs, model.device, output_attentions=True).attentions
    if own is None or len(own) != model.n_layers:
        raise UnsupportedModelError("the model does not return the attention of every layer")
    return [attention.float().cpu() for attention in own]


def _own_noise(model: LoadedModel, batch: Batch, own: list[torch.Tensor]) -> float:
    """Return how far the model's own attention in this batch is from that of each one alone."""
    worst = 0.0
    for sequence, n_tokens in enumerate(batch.lengths):
        alone = {name: tensor[sequence : sequence + 1] for name, tensor in batch.inputs.items()}
        if model.modality == "text":
            alone = {name: tensor[:, :n_tokens] for name, tensor in alone.items()}
        for together, single in zip(own, _own_attention(model, alone), strict=True):
            difference = together[sequence, :, :n_tokens, :n_tokens] - single[0]
            worst = max(worst, float(difference.abs().max()))
    return worst


def _layer_error(own: torch.Tensor, captured: CapturedBatch, layer: int, rule: LayerRule) -> float:
    """Return the largest error of what the server will compute for the heads of a layer."""
    queries, keys = captured.queries[layer], captured.keys[layer]  # (head, token, d_head)
    worst, start = 0.0, 0
    for sequence, n_tokens in enumerate(captured.lengths):
        inside = slice(start, start + n_tokens)
        for head in range(len(queries)):
            pattern = attention_pattern(
                queries[head, inside],
                keys[head * len(keys) // len(queries), inside],
                scaling=rule.scaling,
                is_causal=rule.is_causal,
                max_distance=rule.max_distance,
            )
            error = np.abs(pattern - own[sequence, head, :n_tokens, :n_tokens].numpy()).max()
            worst = float(np.maximum(worst, error))  # NaN stays NaN
        start += n_tokens
    return worst
