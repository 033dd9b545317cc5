"""What capturing costs over a plain forward pass, pair by pair in one run."""

import statistics
import time
from pathlib import Path

from attentionviz import models


def measure(sentences: list[str], local_models: Path, rounds: int = 9) -> dict[str, float]:
    """Return the medians of forward and capture time for one batch, and of their ratio."""
    import torch

    plain = models.load("demo-bert", device="cpu", local_models=local_models)
    batch = next(iter(plain.text_batches(sentences)))
    forward, capture = [], []
    for _ in range(rounds + 1):
        start = time.perf_counter()
        with torch.inference_mode():
            plain.forward(batch)
        middle = time.perf_counter()
        models.capture_batch(plain, batch)
        forward.append(middle - start)
        capture.append(time.perf_counter() - middle)
    pairs = [c / f for c, f in zip(capture[1:], forward[1:], strict=True)]  # the first warms up
    return {
        "forward_ms": 1000 * statistics.median(forward[1:]),
        "capture_ms": 1000 * statistics.median(capture[1:]),
        "overhead": statistics.median(pairs),
        "n_sequences": len(batch.lengths),
        "n_tokens": int(sum(batch.lengths)),
    }
