"""Comparison of the captured attention with the model's own.

There are two checks. In float64 (`exact`), rounding is negligible, so any difference means that
attention is not softmax(scaling · q·k), and is an error. Then the attention computed from the
stored vectors is compared with that of the model's usual run; this difference is due to rounding,
which deep models amplify, so it is only reported.
"""

from typing import NamedTuple

import numpy as np

from attentionviz.core.pattern import attention_pattern
from attentionviz.core.shapes import require_shape
from attentionviz.errors import UnsupportedModelError
from attentionviz.models.batches import Batch
from attentionviz.models.capture import CapturedBatch
from attentionviz.models.exact import check_exactly
from attentionviz.models.loaded import LoadedModel
from attentionviz.models.own_attention import Array, watch_weights
from attentionviz.models.steps import step


class AttentionCheck(NamedTuple):
    """Differences between attention from the captured arrays and the model's own.

    Attributes
    ----------
    exact_max_abs_error : float
        Largest difference of an attention weight in float64, over all layers, heads and pairs.
    exact_tolerance : float
        Largest difference allowed in float64, from rounding.
    exact_n_sequences : int
        Number of sequences compared in float64.
    max_abs_error : float
        Largest difference between attention from the stored arrays and that of the model's usual
        run, eager and in its own precision.
    worst_layer, worst_head : int
        Layer and head of `max_abs_error`.
    n_sequences : int
        Number of sequences compared with the usual run.
    """

    exact_max_abs_error: float
    exact_tolerance: float
    exact_n_sequences: int
    max_abs_error: float
    worst_layer: int
    worst_head: int
    n_sequences: int


def check_attention(model: LoadedModel, batch: Batch, captured: CapturedBatch) -> AttentionCheck:
    """Check that attention is softmax(scaling · q·k), and measure the error of the stored arrays.

    Parameters
    ----------
    model : LoadedModel
    batch : Batch
        Two or more sequences, of different lengths so that padding is checked. The model's own
        attention of a layer takes ``4 · n_heads · n_sequences · n_padded²`` bytes.
    captured : CapturedBatch
        Of the same batch, float32 or float16.

    Raises
    ------
    UnsupportedModelError
        If attention is more than q·k, differs between two runs, is not returned, or is not finite.
    """
    n_tokens = sum(batch.lengths)
    n_layers = sum(heads.n_heads > 0 for heads in model.layers)
    heads = (n_layers, model.n_heads, n_tokens, model.d_head)
    require_shape("queries", captured.queries, heads, "f")
    require_shape("keys", captured.keys, (heads[0], model.n_key_heads, *heads[2:]), "f")
    exact = check_exactly(model, batch)
    worst, layer, head = distance_from_usual_run(model, batch, captured)
    return AttentionCheck(*exact, worst, layer, head, len(batch.lengths))


def distance_from_usual_run(
    model: LoadedModel, batch: Batch, captured: CapturedBatch
) -> tuple[float, int, int]:
    """Return the largest difference from the model's own attention, and its layer and head."""
    worst = (0.0, 0, 0)

    def compare(layer: int, own: Array, _: float) -> None:
        nonlocal worst
        rule = model.rules[layer]
        for sequence, head, queries, keys in captured.heads_of(layer, rule):
            pattern = attention_pattern(queries, keys, rule.of_head(head))
            n_queries, n_keys = pattern.shape
            error = float(np.abs(own[sequence, head, :n_queries, :n_keys] - pattern).max())
            if not np.isfinite(error):
                raise UnsupportedModelError(
                    f"layer {layer}, head {head}: attention from queries and keys is {error}, "
                    "not a finite number"
                )
            worst = max(worst, (error, layer, head))

    with step("the model's own eager attention", UnsupportedModelError):
        watch_weights(model, batch, compare)
    return worst
