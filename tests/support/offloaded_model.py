"""Runs a model whose weights are read from disk, and measures the memory that it needs.

``python -m tests.support.offloaded_model FOLDER`` prints what was found as JSON.
"""

import json
import sys
import threading
import time
from pathlib import Path

import torch
from tests.support.text_architectures import TEXT_ARCHITECTURES, make
from tests.support.tiny_models import SENTENCES, byte_level_tokenizer, save
from transformers import LlamaConfig, LlamaModel

from attentionviz import models

N_LAYERS, HIDDEN = 48, 1024
TEXTS = SENTENCES[:2]


def write_large(folder: Path) -> int:
    """Write a LLaMA in bfloat16 with weights of zeros, which need no disk; return their bytes."""
    tokenizer = byte_level_tokenizer()
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=HIDDEN,
        intermediate_size=4 * HIDDEN,
        num_hidden_layers=N_LAYERS,
        num_attention_heads=8,
        num_key_value_heads=8,
        max_position_embeddings=128,
        dtype="bfloat16",
    )
    with torch.device("meta"):
        shapes = {name: list(w.shape) for name, w in LlamaModel(config).state_dict().items()}
    header, end = {}, 0
    for name, shape in shapes.items():
        start, end = end, end + 2 * torch.Size(shape).numel()
        header[name] = {"dtype": "BF16", "shape": shape, "data_offsets": [start, end]}
    encoded = json.dumps(header).encode()
    tokenizer.save_pretrained(folder)
    config.save_pretrained(folder)
    with (folder / "model.safetensors").open("wb") as file:
        file.write(len(encoded).to_bytes(8, "little") + encoded)
        file.truncate(8 + len(encoded) + end)
    return end


class OwnMemory(threading.Thread):
    """Follows the memory of this process that belongs to no file, and so cannot be given up.

    Weights that are mapped from their file leave memory when others need it.
    """

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.peak = 0

    def run(self) -> None:
        """Sample until the process ends."""
        while True:
            self.peak = max(self.peak, own_memory())
            time.sleep(0.005)


def own_memory() -> int:
    """Return the resident private memory of this process, bytes."""
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("RssAnon"))


def run(folder: Path, placement: models.Placement) -> float:
    """Capture and verify two short texts; return the largest error of a weight in float64."""
    model = models.load(str(folder), "cpu", local_models=None, dtype="auto", placement=placement)
    batch = model.prepare_texts(TEXTS)
    return models.check_attention(
        model, batch, models.capture_batch(model, batch)
    ).exact_max_abs_error


def main(folder: Path) -> None:
    """Warm the libraries up with a tiny model, and measure what the large one adds."""
    torch.set_num_threads(1)
    tiny, large = folder / "tiny", folder / "large"
    large.mkdir()
    save(*make(*TEXT_ARCHITECTURES["llama"]), tiny, tokenizer=byte_level_tokenizer())
    run(tiny, models.Placement(10_000))
    n_bytes = write_large(large)
    before, memory = own_memory(), OwnMemory()
    memory.start()
    error = run(large, models.Placement(n_bytes // 12))
    found = {"n_bytes": n_bytes, "added": memory.peak - before, "error": error}
    print(json.dumps(found))  # noqa: T201


if __name__ == "__main__":
    main(Path(sys.argv[1]))
