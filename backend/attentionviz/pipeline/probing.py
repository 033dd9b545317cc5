"""What every head does with random tokens that are said twice, asked while the model is there."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from attentionviz import models
from attentionviz.core.pattern import block_pattern, visible_keys
from attentionviz.core.scores import PROBE_SCORES
from attentionviz.core.types import HeadId
from attentionviz.measures.head_scores import nothing, repeated_weights, score_of
from attentionviz.store import layout

Totals = dict[HeadId, dict[str, NDArray[np.float64]]]


def probe_heads(model: models.LoadedModel, seed: int) -> dict[str, Any]:
    """Return the content of ``probe.json``: facts of the probe, and the scores of every head.

    Parameters
    ----------
    model : LoadedModel
    seed : int
        Chooses the random tokens.
    """
    repeated = models.repeat_tokens(model, seed)
    totals = _totals(model, repeated) if repeated.reason is None else {}
    heads = {}
    for head in layout.iterate_heads(model.n_layers, model.n_heads):
        of_head = totals.get(head, {})
        heads[head.folder] = {
            name: score_of(of_head[name]) if name in of_head else nothing() for name in PROBE_SCORES
        }
    facts = {
        "n_sequences": len(repeated.sequences),
        "period": repeated.period,
        "reason": repeated.reason,
    }
    return {"probe": facts, "heads": heads}


def _totals(model: models.LoadedModel, repeated: models.RepeatedTokens) -> Totals:
    """Return weight and number of rows of every score, added up over all sequences."""
    totals: Totals = {}
    for batch in model.id_batches(repeated.sequences):
        captured = models.capture_batch(model, batch)
        for head in layout.iterate_heads(model.n_layers, model.n_heads):
            for name, sums in _sums(model, captured, head, repeated).items():
                of_head = totals.setdefault(head, {})
                of_head[name] = of_head.get(name, np.zeros(2)) + sums
    return totals


def _sums(
    model: models.LoadedModel,
    captured: models.CapturedBatch,
    head: HeadId,
    repeated: models.RepeatedTokens,
) -> dict[str, NDArray[np.float64]]:
    n_sequences, length = len(captured.lengths), captured.lengths[0]
    key_head = head.head * model.n_key_heads // model.n_heads
    queries = captured.queries[head.layer, head.head].reshape(n_sequences, length, -1)
    keys = captured.keys[head.layer, key_head].reshape(n_sequences, length, -1)
    rule = model.rules[head.layer]
    visible = visible_keys(length, length, is_causal=rule.is_causal, max_distance=rule.max_distance)
    pattern = block_pattern(queries, keys, scaling=rule.scaling, visible=visible)
    if visible is None:
        visible = np.ones((length, length), dtype=bool)
    weights = repeated_weights(pattern, repeated.period, repeated.n_before)
    seen = repeated_weights(visible, repeated.period, repeated.n_before)
    return {
        name: np.array([found.sum(dtype=np.float64), n_sequences * np.count_nonzero(seen[name])])
        for name, found in weights.items()
    }
