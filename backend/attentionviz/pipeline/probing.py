"""Head scores on repeated random tokens, computed while the model is loaded."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from attentionviz import models
from attentionviz.core.pattern import Floats, pattern_rows
from attentionviz.core.scores import PROBE_SCORES
from attentionviz.core.types import HeadId
from attentionviz.measures.head_scores import (
    prefix_matching,
    ratio,
    repeated_weights,
    score_of,
    undefined_score,
)

Sums = dict[str, NDArray[np.float64]]
"""Score name to [summed weight, number of pairs, number of rows] of one head."""

NOT_FINITE = "the vectors of all random sequences are not finite"

SumFunction = Callable[[Floats, NDArray[np.bool_], models.RepeatedTokens], Sums]


def probe_heads(model: models.LoadedModel, seed: int) -> dict[str, Any]:
    """Return the content of ``probe.json``: facts of both probes, and the scores of every head.

    Parameters
    ----------
    model : LoadedModel
    seed : int
        Seed of the random tokens.
    """
    repeated, totals = _totals(model, models.repeat_tokens(model, seed), _repeated_sums)
    prefix, more = _totals(model, models.prefix_matching_tokens(model, seed), _prefix_sums)
    totals |= more
    heads = {}
    for head in model.heads:
        heads[head.folder] = {
            name: score_of(totals[name, head], ratio)
            if (name, head) in totals
            else undefined_score()
            for name in PROBE_SCORES
        }
    facts = {
        "n_sequences": len(repeated.sequences),
        "period": repeated.period,
        "reason": repeated.reason,
    }
    prefix_facts = {
        "n_sequences": len(prefix.sequences),
        "period": prefix.period,
        "n_repeats": prefix.n_repeats,
        "start": prefix.start,
        "reason": prefix.reason,
    }
    return {"facts": {"probe": facts, "prefix_probe": prefix_facts}, "heads": heads}


def _totals(
    model: models.LoadedModel, repeated: models.RepeatedTokens, sums_of: SumFunction
) -> tuple[models.RepeatedTokens, dict[tuple[str, HeadId], NDArray[np.float64]]]:
    """Return the finite sequences, and the sums of every score and head over them."""
    totals: dict[tuple[str, HeadId], NDArray[np.float64]] = {}
    if repeated.reason is not None:
        return repeated, totals
    used: list[list[int]] = []
    for sequences, captured in _captured(model, repeated.sequences):
        used += sequences
        for head in model.heads:
            pattern, visible = _pattern(model, captured, head)
            for name, sums in sums_of(pattern, visible, repeated).items():
                totals[name, head] = totals.get((name, head), np.zeros(3)) + sums
    return repeated._replace(sequences=used, reason=None if used else NOT_FINITE), totals


def _captured(
    model: models.LoadedModel, sequences: list[list[int]]
) -> Iterator[tuple[list[list[int]], models.CapturedBatch]]:
    """Yield batches of sequences with their vectors, without sequences that are not finite."""
    start = 0
    for batch in model.id_batches(sequences):
        chunk = sequences[start : start + len(batch.lengths)]
        start += len(chunk)
        try:
            yield chunk, models.capture_batch(model, batch)
        except models.NotFiniteError as error:
            bad = {vector.sequence_idx for vector in error.vectors}
            finite = [token_ids for i, token_ids in enumerate(chunk) if i not in bad]
            yield from _captured(model, finite) if finite else ()


def _pattern(
    model: models.LoadedModel, captured: models.CapturedBatch, head: HeadId
) -> tuple[Floats, NDArray[np.bool_]]:
    """Return the patterns of sequences of equal length, and their mask of visible keys."""
    n_sequences, length = len(captured.lengths), captured.lengths[0]
    queries, keys = (vectors.reshape(n_sequences, length, -1) for vectors in captured.vectors(head))
    rule, positions = model.rules[head.layer].of_head(head.head), np.arange(length)
    return pattern_rows(queries, keys, positions, rule), rule.visible(positions, length)


def _repeated_sums(
    pattern: Floats, visible: NDArray[np.bool_], repeated: models.RepeatedTokens
) -> Sums:
    weights = repeated_weights(pattern, repeated.period, len(repeated.start))
    seen = repeated_weights(visible, repeated.period, len(repeated.start))
    sums = {}
    for name, found in weights.items():
        n_rows = len(pattern) * np.count_nonzero(seen[name])
        sums[name] = np.array([found.sum(dtype=np.float64), n_rows, n_rows])
    return sums


def _prefix_sums(
    pattern: Floats, visible: NDArray[np.bool_], repeated: models.RepeatedTokens
) -> Sums:
    of_tokens = (repeated.period, repeated.n_repeats, len(repeated.start))
    return {"prefix_matching": prefix_matching(pattern, visible, *of_tokens)}
