"""Maps of many heads on a GPU: seconds, memory, and agreement with the maps of the CPU."""

import time
from pathlib import Path
from typing import Any

import torch
from scripts.benchmarks.measures import Capture, capture
from scripts.benchmarks.scale import prose

from attentionviz import models
from attentionviz.measures.fidelity import recall
from attentionviz.pipeline.device_units import MAX_HEADS
from attentionviz.projections import GPU_METHODS, HeadVectors, Projection, project
from attentionviz.projections.torch_maps import project_heads

SEED = 0
# Heads whose maps are also computed on the CPU.
N_COMPARED = 2


def measure(
    local_models: Path, n_heads: int, n_tokens: int, device: str | None = None
) -> dict[str, Any] | None:
    """Return the figures of two maps of all heads in one process; None without a CUDA device.

    Vectors are those of demo-bert, whose heads repeat; each is aligned and drawn anew. Fidelity
    and writing are not part of it.

    Parameters
    ----------
    local_models : Path
    n_heads, n_tokens : int
    device : str or None
        Instead of a CUDA device.
    """
    if device is None and not torch.cuda.is_available():
        return None
    place = device or "cuda"
    model = models.load("demo-bert", device="cpu", local_models=local_models)
    found = capture(model, prose(), n_tokens)
    result: dict[str, Any] = {"device": _name(place), "heads": n_heads, "points": 2 * n_tokens}
    project_heads(GPU_METHODS[0], [_vectors(found, 0)], dims=2, seed=SEED, device=place)  # warm
    for method in GPU_METHODS:
        _forget_peak(place)
        start, kept = time.perf_counter(), list[Projection]()
        for first in range(0, n_heads, MAX_HEADS):
            several = [_vectors(found, i) for i in range(first, min(first + MAX_HEADS, n_heads))]
            made = project_heads(method, several, dims=2, seed=SEED, device=place)
            kept += made[: max(0, N_COMPARED - len(kept))]
        seconds = time.perf_counter() - start
        compared = [_agreement(method, _vectors(found, i), one) for i, one in enumerate(kept)]
        result[f"{method}-2d"] = {"seconds": seconds, "peak_mb": _peak_mb(place), "heads": compared}
    return result


def _vectors(found: Capture, index: int) -> HeadVectors:
    n_layers, n_each = found.queries.shape[:2]
    layer, head = divmod(index % (n_layers * n_each), n_each)
    scaling = found.rules[layer]["scaling"]
    return HeadVectors.of(found.queries[layer, head], found.keys[layer, head], scaling)


def _agreement(method: str, vectors: HeadVectors, ours: Projection) -> dict[str, float]:
    """Return the objective relative to that of the CPU, and recall@10 of both."""
    numpys = project(method, vectors, dims=2, seed=SEED)
    objectives = [float(next(iter(one.details.values())) or 0) for one in (ours, numpys)]
    return {
        "objective_ratio": objectives[0] / objectives[1],
        "recall_at_10": recall(vectors, ours.coordinates, method, 10),
        "recall_at_10_cpu": recall(vectors, numpys.coordinates, method, 10),
    }


def _name(device: str) -> str:
    return torch.cuda.get_device_name() if device == "cuda" else device


def _forget_peak(device: str) -> None:
    if device == "cuda":
        torch.cuda.reset_peak_memory_stats()


def _peak_mb(device: str) -> float | None:
    return torch.cuda.max_memory_allocated() / 1e6 if device == "cuda" else None
