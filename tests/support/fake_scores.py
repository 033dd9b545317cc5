"""Random but plausible scores and offset profiles of heads."""

from typing import Any

import numpy as np
from tests.support.fake_spec import FakeSpec

from attentionviz.core.rule import Part

LARGEST = {
    "attention_entropy": 3.0,
    "mean_distance": 20.0,
    "distance": 20.0,
    "variance_of_distance": 90.0,
    "distance_variance": 90.0,
    "sparsity": 30.0,
    "patch_distance": 6.0,
    "prefix_matching": 0.5,
}
OFFSETS = range(-32, 33)


def fake_scores(spec: FakeSpec) -> list[dict[str, Any]]:
    """Return ``scores`` and ``profile`` of every head, layer by layer."""
    rng = np.random.default_rng(spec.seed + 2)
    parts = [spec.rules[head.layer].part for head in spec.head_ids]
    return [
        {"scores": _scores(spec, rng, part), "profile": _profile(spec, rng, part)} for part in parts
    ]


def _scores(
    spec: FakeSpec, rng: np.random.Generator, part: Part | None
) -> dict[str, dict[str, Any]]:
    scores = {}
    for name, facts in spec.scores.items():
        # Most heads do little of anything, a few do one thing.
        value = float(rng.beta(0.6, 2.4)) * LARGEST.get(name, 1.0) + (name == "sparsity")
        is_hidden = name == "next" and spec.is_causal
        has_rows = facts.is_of(spec.modality) and not is_hidden
        has_rows &= facts.texts in (None, 2 if part == "cross" else 1)
        n_rows = int(rng.integers(1, spec.n_tokens + 1))
        scores[name] = {
            "value": round(value, 6) if has_rows else None,
            "n_rows": n_rows if has_rows else 0,
        }
    return scores


def _profile(spec: FakeSpec, rng: np.random.Generator, part: Part | None) -> dict[str, list[Any]]:
    centre, width = rng.normal(0, 4), rng.uniform(0.5, 6)
    weights, n_rows = [], []
    for offset in OFFSETS:
        is_hidden = (spec.is_causal or part == "decoder") and offset > 0 or part == "cross"
        weight = float(np.exp(-(((offset - centre) / width) ** 2)) / width)
        weights.append(None if is_hidden else round(weight, 6))
        n_rows.append(0 if is_hidden else max(1, spec.n_tokens - abs(offset)))
    return {"offsets": list(OFFSETS), "weights": weights, "n_rows": n_rows}
