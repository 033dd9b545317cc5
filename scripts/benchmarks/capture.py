"""What capturing costs over a plain forward pass, pair by pair in one run."""

import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from attentionviz import models


def measure(sentences: list[str], local_models: Path, rounds: int = 9) -> dict[str, float]:
    """Return the medians of forward and capture time for one batch, and of their ratio.

    Both for demo-bert, and the ratio also for a seeded GPT-J of its size, whose attention is code
    of its own.
    """
    plain = models.load("demo-bert", device="cpu", local_models=local_models)
    with tempfile.TemporaryDirectory() as folder:
        _save_gptj(plain.network.config, local_models / "demo-gpt2", Path(folder))
        traced = models.load(f"{folder}/", device="cpu", local_models=local_models)
        _, _, traced_overhead, _ = _compare(traced, sentences, rounds)
    forward, capture, overhead, batch = _compare(plain, sentences, rounds)
    return {
        "forward_ms": 1000 * forward,
        "capture_ms": 1000 * capture,
        "overhead": overhead,
        "traced_overhead": traced_overhead,
        "n_sequences": len(batch.lengths),
        "n_tokens": int(sum(batch.lengths)),
    }


def _compare(
    model: models.LoadedModel, sentences: list[str], rounds: int
) -> tuple[float, float, float, models.Batch]:
    """Return the median seconds of forward pass and capture, of their ratio, and the batch."""
    import torch

    batch = next(iter(model.text_batches(sentences)))
    forward, capture = [], []
    for _ in range(rounds + 1):
        start = time.perf_counter()
        with torch.inference_mode():
            model.forward(batch)
        middle = time.perf_counter()
        models.capture_batch(model, batch)
        forward.append(middle - start)
        capture.append(time.perf_counter() - middle)
    forward, capture = forward[1:], capture[1:]  # the first warms up
    pairs = [c / f for c, f in zip(capture, forward, strict=True)]
    return statistics.median(forward), statistics.median(capture), statistics.median(pairs), batch


def _save_gptj(sizes: Any, tokenizer_of: Path, folder: Path) -> None:
    """Write a seeded GPT-J with the sizes of another model and the tokenizer of a third."""
    import torch
    from transformers import AutoTokenizer, GPTJConfig, GPTJModel

    tokenizer = AutoTokenizer.from_pretrained(tokenizer_of, local_files_only=True)
    config = GPTJConfig(
        vocab_size=len(tokenizer),
        n_embd=sizes.hidden_size,
        n_layer=sizes.num_hidden_layers,
        n_head=sizes.num_attention_heads,
        n_positions=sizes.max_position_embeddings,
        bos_token_id=0,
        eos_token_id=0,
        rotary_dim=sizes.hidden_size // sizes.num_attention_heads // 2,
    )
    torch.manual_seed(0)
    GPTJModel(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
