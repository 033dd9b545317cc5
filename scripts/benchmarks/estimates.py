"""What ``--estimate`` predicts, and what happens: three sizes, and a table of cost.

Of each size a dataset is built for real after its estimate. The table of cost follows from the
curves of the largest estimate, for models of more heads and corpora of more tokens.
"""

import json
import math
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
from scripts.benchmarks.stages import write_corpus, write_model

from attentionviz.core.heads import LayerHeads
from attentionviz.core.types import METHODS
from attentionviz.measures.similarity import n_nearest
from attentionviz.pipeline.build import prepare
from attentionviz.pipeline.calibration import calibrate
from attentionviz.pipeline.estimate import head_seconds
from attentionviz.pipeline.request import BuildRequest
from attentionviz.store import layout

SIZES = (1_000, 4_000, 12_000)
COST_HEADS = ((12, 12), (32, 32), (80, 64))
COST_TOKENS = (1_000, 10_000, 100_000, 1_000_000)
D_HEAD = 64


def measure(folder: Path, sizes: tuple[int, ...] = SIZES) -> dict[str, Any]:
    """Return predicted and real seconds and bytes of each size, and the table of cost.

    Parameters
    ----------
    folder : Path
        Gets the model, the corpora and the datasets.
    sizes : tuple of int
        Numbers of tokens, ascending.
    """
    model = write_model(folder / "model")
    runs = {}
    for n in sizes:
        corpus = write_corpus(folder / f"{n}.txt", n)
        runs[str(n)] = _run(model, corpus, folder / "built", f"tokens-{n}")
    return {"runs": runs, "cost": cost(model, corpus, folder / "built")}


def _run(model: Path, corpus: Path, data_dir: Path, name: str) -> dict[str, float]:
    command = [sys.executable, "-m", "attentionviz", "build", "--model", str(model), "--json"]
    command += ["--text", str(corpus), "--output", str(data_dir), "--id", name]
    command += ["--device", "cpu", "--dims", "2"]
    settings = {"check": True, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    start = time.perf_counter()
    predicted = json.loads(subprocess.run([*command, "--estimate"], **settings).stdout)
    estimated = time.perf_counter()
    subprocess.run(command, **settings)
    happened = time.perf_counter() - estimated
    folder = data_dir / (data_dir / f"{name}.current").read_text(encoding="utf-8").strip()
    n_bytes = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    return {
        "predicted_s": predicted["seconds"],
        "happened_s": happened,
        "estimate_s": estimated - start,
        "predicted_bytes": predicted["n_bytes"],
        "happened_bytes": n_bytes,
    }


def cost(model: Path, corpus: Path, data_dir: Path) -> list[dict[str, Any]]:
    """Return seconds of one core and bytes, by heads and tokens, from the times of one head.

    Maps of all methods in 2-D, with fidelity and scores; without the capture, which depends on the
    model. ``is_measured`` tells sizes at which all maps of a head were timed from others.
    """
    request = BuildRequest(
        model=str(model), text=corpus, output=data_dir, methods=METHODS, dims=(2,), device="cpu"
    )
    plan, loaded, source = prepare(request, lambda _: None)
    measured = calibrate(plan, loaded, source)
    largest = min(curve.sizes[-1] for curve in measured.maps.values())
    rows = []
    for n_layers, n_heads in COST_HEADS:
        for n_tokens in COST_TOKENS:
            rows.append(
                {
                    "heads": n_layers * n_heads,
                    "tokens": n_tokens,
                    "core_s": n_layers * n_heads * head_seconds(measured, n_tokens),
                    "bytes": {
                        choice: _bytes(plan.facts, n_layers, n_heads, n_tokens, choice)
                        for choice in ("all", "none")
                    },
                    "is_measured": n_tokens <= largest,
                }
            )
    return rows


def _bytes(facts: Any, n_layers: int, n_heads: int, n_tokens: int, choice: str) -> int:
    """Return the bytes of vectors in float16, norms and maps of a dataset."""
    sizes = LayerHeads(n_heads, n_heads, D_HEAD)
    stored = n_tokens if choice == "all" else 0
    manifest = {
        **facts,
        "n_layers": n_layers,
        "n_heads": n_heads,
        "n_key_heads": n_heads,
        "d_head": sizes.d_head,
        "layers": [facts["layers"][0]] * n_layers,
        "n_tokens": n_tokens,
        "precision": "float16",
        "keep_vectors": {"choice": choice, "n_sequences": stored, "n_tokens": stored},
        "grid": {"n_tokens": 1, "n_points": 2},
        "similarity": {"n_nearest": n_nearest(n_layers * n_heads)},
    }
    specs = [spec for spec in layout.expected_files(manifest).values() if spec is not None]
    return sum(math.prod(spec.shape) * np.dtype(spec.dtype).itemsize for spec in specs)
