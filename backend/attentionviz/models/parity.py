"""Comparison of the captured attention with the model's own.

Two questions, two answers. Whether attention is softmax(scaling · q·k) at all is decided in
float64 (`exact`): there, only a real difference is seen. How far the attention that is drawn is
from that of the model's usual run is then measured with the vectors as they are stored. Rounding
makes up all of it, deep models amplify it, and it is reported, not judged.
"""

from dataclasses import asdict
from typing import NamedTuple

import numpy as np

from attentionviz.core.pattern import attention_pattern
from attentionviz.core.shapes import require_shape
from attentionviz.errors import UnsupportedModelError
from attentionviz.models.batches import Batch
from attentionviz.models.capture import CapturedBatch
from attentionviz.models.exact import check_exactly
from attentionviz.models.forward import eager_attention, run
from attentionviz.models.loaded import LoadedModel
from attentionviz.models.own_attention import watch_layers, weights_of
from attentionviz.models.steps import step


class AttentionCheck(NamedTuple):
    """How far attention from the captured arrays is from the model's own.

    Attributes
    ----------
    exact_max_abs_error : float
        Largest difference of one attention weight over all layers, heads and pairs, where both
        are computed in float64.
    exact_tolerance : float
        What rounding explains of that; more is refused.
    exact_n_sequences : int
        Sequences compared in float64.
    max_abs_error : float
        The same difference between attention from the arrays as they are stored and that of the
        model's usual run, eager and in its own precision.
    worst_layer, worst_head : int
        Where that is.
    n_sequences : int
        Sequences compared with the usual run.
    """

    exact_max_abs_error: float
    exact_tolerance: float
    exact_n_sequences: int
    max_abs_error: float
    worst_layer: int
    worst_head: int
    n_sequences: int


def check_attention(model: LoadedModel, batch: Batch, captured: CapturedBatch) -> AttentionCheck:
    """Prove that attention is softmax(scaling · q·k), and measure how exact the arrays are.

    Parameters
    ----------
    model : LoadedModel
    batch : Batch
        Two or more sequences, of different lengths so that padding is compared, too. The
        model's own attention of a layer takes ``4 · n_heads · n_sequences · n_padded²`` bytes.
    captured : CapturedBatch
        Of the same batch, float32 or float16.

    Returns
    -------
    AttentionCheck

    Raises
    ------
    UnsupportedModelError
        If attention is more than q·k, changes from one run to the next or is not returned, or if
        a number is not finite.
    """
    n_tokens = sum(batch.lengths)
    heads = (model.n_layers, model.n_heads, n_tokens, model.d_head)
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

    def compare(layer: int, returned: object, _: object) -> None:
        nonlocal worst
        own, rule = weights_of(returned, layer), model.rules[layer]
        for sequence, head, queries, keys in captured.heads_of(layer):
            pattern = attention_pattern(queries, keys, **asdict(rule))
            n_tokens = len(pattern)
            error = float(np.abs(own[sequence, head, :n_tokens, :n_tokens] - pattern).max())
            if not np.isfinite(error):
                raise UnsupportedModelError(
                    f"layer {layer}, head {head}: attention from queries and keys is {error}, "
                    "not finite numbers"
                )
            worst = max(worst, (error, layer, head))

    with (
        step("the model's own eager attention", UnsupportedModelError),
        eager_attention(model.network),
    ):
        with watch_layers(model, compare):
            run(model.network, batch.inputs, model.device)
    return worst
