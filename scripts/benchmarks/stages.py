"""Time and memory of a build by the size of its corpus: every stage, the disk, and the page.

Of each size a dataset is built for real (of a small seeded model, PCA alone) and opened in the
page; the stages of one of its heads are then measured in a process of their own.
"""

import functools
import json
import math
import os
import random
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import psutil
from scripts.benchmarks.memory import largest_memory

ROOT = Path(__file__).resolve().parents[2]
SIZES = (1_000, 10_000, 50_000, 100_000, 200_000)
PORT = 8578
D_HEAD, N_LAYERS, N_HEADS, N_WORDS = 32, 2, 2, 4000
MB = 2**20
POLL_SECONDS = 0.02


def measure(sizes: tuple[int, ...], folder: Path) -> dict[str, dict[str, Any]]:
    """Return the figures of each size, by number of tokens.

    Parameters
    ----------
    sizes : tuple of int
    folder : Path
        Gets the model, the corpora and the datasets.
    """
    model = write_model(folder / "model")
    result: dict[str, dict[str, Any]] = {}
    for n in sizes:
        name = f"tokens-{n}"
        corpus = write_corpus(folder / f"{name}.txt", n)
        built = _build(model, corpus, folder / "built", name)
        result[str(n)] = built | _head_in_a_process(folder / "built", name)
    for n, opened in _open_in_page(folder / "built", sizes).items():
        result[str(n)] |= opened
    return result


def write_model(folder: Path) -> Path:
    """Write a seeded GPT-2 of four heads whose tokens are words, and return its folder."""
    from tests.support.tiny_models import randomise
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import GPT2Config, GPT2Model, PreTrainedTokenizerFast

    words = {word: i for i, word in enumerate(["<unk>", "<s>", *_vocabulary()])}
    tokenizer = Tokenizer(models.WordLevel(words, unk_token="<unk>"))  # noqa: S106 - a token
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    config = GPT2Config(
        vocab_size=len(words),
        n_embd=D_HEAD * N_HEADS,
        n_layer=N_LAYERS,
        n_head=N_HEADS,
        n_positions=64,
        bos_token_id=1,
        eos_token_id=1,
    )
    model = GPT2Model(config)
    randomise(model, 0)
    model.save_pretrained(folder)
    special = {"unk_token": "<unk>", "bos_token": "<s>", "eos_token": "<s>"}
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, **special).save_pretrained(folder)
    return folder


def _vocabulary() -> list[str]:
    letters = "abcdefghijklmnopqrstuvwxyz"
    return ["".join(letters[i // 26**k % 26] for k in range(3)) for i in range(N_WORDS)]


def write_corpus(path: Path, n_tokens: int) -> Path:
    """Write seeded sentences of 8 to 40 words, few of them frequent, and return the path."""
    rng = random.Random(n_tokens)  # noqa: S311 - a benchmark, no secret
    words = _vocabulary()
    weights = [1 / (i + 1) for i in range(len(words))]
    n, lines = 0, []
    while n < n_tokens:
        length = min(rng.randint(8, 40), max(n_tokens - n, 2))
        lines.append(" ".join(rng.choices(words, weights, k=length)))
        n += length
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def _build(model: Path, corpus: Path, data_dir: Path, name: str) -> dict[str, Any]:
    """Build a dataset by the command; return seconds of each phase, memory, and disk space."""
    command = [sys.executable, "-m", "attentionviz", "build", "--model", str(model)]
    command += ["--text", str(corpus), "--output", str(data_dir), "--id", name, "--device", "cpu"]
    command += ["--method", "pca", "--dims", "2", "--workers", "2"]
    process = subprocess.Popen(
        command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, encoding="utf-8"
    )
    begun: list[tuple[str, float]] = [("load_s", time.perf_counter())]
    phases = {
        "checking queries": "capture_s",
        "computing": "pca_s",
        "writing the grid": "publish_s",
    }

    def read() -> None:
        for line in process.stderr or ():
            for words, phase in phases.items():
                if words in line and phase not in dict(begun):
                    begun.append((phase, time.perf_counter()))

    # In a thread: worker processes may keep the pipe open after the command has ended.
    threading.Thread(target=read, daemon=True).start()
    with largest_memory({"builder": psutil.Process(process.pid)}, POLL_SECONDS) as peaks:
        if process.wait():
            raise RuntimeError(f"the build of {name} failed")
    ends = [at for _, at in begun[1:]] + [time.perf_counter()]
    seconds = {phase: end - at for (phase, at), end in zip(begun, ends, strict=True)}
    folder = data_dir / (data_dir / f"{name}.current").read_text(encoding="utf-8").strip()
    n_bytes = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    return {**seconds, "builder_mb": peaks["builder"] / MB, "disk_mb": n_bytes / MB}


def _head_in_a_process(data_dir: Path, name: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "scripts.benchmarks.stages", str(data_dir), name]
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'backend'}"}
    answer = subprocess.run(command, check=True, capture_output=True, env=environment, cwd=ROOT)
    found: dict[str, Any] = json.loads(answer.stdout)
    return found


def measure_head(data_dir: Path, name: str) -> dict[str, Any]:
    """Return CPU seconds of every stage of one head, and this process's memory.

    Every map is computed as a unit of a build does, with fidelity apart.
    """
    import numpy as np

    from attentionviz.core.types import METHODS, HeadId
    from attentionviz.measures.fidelity import TokenPositions, prepare
    from attentionviz.measures.fidelity import measure as measure_fidelity
    from attentionviz.measures.head_scores import HeadAttention, TextTokens, score_head
    from attentionviz.projections import HeadVectors, find_neighbours, needs_neighbours, project
    from attentionviz.store.reader import open_dataset

    reader, head = open_dataset(data_dir, name), HeadId(1, 0)
    rule, n = reader.rule(head), reader.n_tokens
    seconds: dict[str, float] = {}
    peaks = {"imports": _peak_mb()}

    def timed(stage: str, run: Callable[[], Any]) -> Any:
        start = time.process_time()
        found = run()
        seconds[stage] = time.process_time() - start
        peaks[stage] = _peak_mb()
        return found

    few = HeadVectors.of(*np.random.default_rng(0).standard_normal((2, 200, 8)), 1.0)
    for method in METHODS:  # imports and compiles
        project(method, few, dims=2, seed=0)
    peaks["compiled"] = _peak_mb()
    vectors = timed(
        "align_s",
        lambda: HeadVectors.of(reader.queries(head, 0, n), reader.keys(head, 0, n), rule.scaling),
    )
    positions = TokenPositions.of(reader.spans(head), rule)
    reference = timed("fidelity_prepare_s", lambda: prepare(vectors, positions, 0))
    found = None
    if any(needs_neighbours(method, n) for method in METHODS):
        found = timed("neighbours_s", lambda: find_neighbours(vectors))
    for method in METHODS:
        shared = found if needs_neighbours(method, n) else None
        draw = functools.partial(project, method, vectors, dims=2, seed=0, neighbours=shared)
        drawn = timed(f"{method}_s", draw).coordinates
        compare = functools.partial(measure_fidelity, reference, drawn, method)
        timed(f"fidelity_{method}_s", compare)
    lengths = reader.sequences().length
    ids = np.random.default_rng(0).integers(0, N_WORDS, n)
    tokens = TextTokens.of(ids, is_special=ids < 2, is_punctuation=ids < 20)
    attention = HeadAttention(vectors.queries, vectors.keys, lengths, rule, None)
    timed("scores_s", lambda: score_head(attention, tokens, None))
    return {**seconds, "worker_mb": max(peaks.values()), "worker_peaks_mb": peaks}


def _peak_mb() -> float:
    """Return the largest memory of this process since the last call; Linux only, else its all."""
    status = Path("/proc/self/status")
    if not status.exists():
        return float(psutil.Process().memory_info().rss / MB)
    lines = dict(line.split(":", 1) for line in status.read_text(encoding="utf-8").splitlines())
    Path("/proc/self/clear_refs").write_text("5", encoding="utf-8")
    return int(lines["VmHWM"].split()[0]) / 1024


def _open_in_page(data_dir: Path, sizes: tuple[int, ...]) -> dict[int, dict[str, float]]:
    """Return seconds to the first grid, and memory of the page, by size."""
    from playwright.sync_api import sync_playwright
    from scripts.benchmarks import page, serving
    from tests.browser.conftest import ARGUMENTS, find_chromium

    opened = {}
    with serving.running_server(data_dir, PORT), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=ARGUMENTS)
        for n in sizes:
            context = browser.new_context(viewport=page.VIEWPORT, bypass_csp=True)
            tab = context.new_page()
            address = f"http://127.0.0.1:{PORT}/?dataset=tokens-{n}&method=pca"
            seconds = page.first_grid_seconds(tab, address)
            tab.wait_for_timeout(1500)
            memory = page.heap_mb(context.new_cdp_session(tab))
            opened[n] = {"first_grid_s": seconds, "page_mb": memory}
            context.close()
        browser.close()
    return opened


def slopes(result: dict[str, dict[str, Any]], figure: str) -> list[float | None]:
    """Return the exponent of growth of a figure between two sizes: 1 where it is linear."""
    found: list[float | None] = []
    for (small, one), (large, other) in pairwise(result.items()):
        low, high = one.get(figure), other.get(figure)
        is_there = bool(low) and bool(high)
        ratio = math.log(int(large) / int(small))
        found.append(math.log(high / low) / ratio if is_there else None)
    return found


if __name__ == "__main__":
    print(json.dumps(measure_head(Path(sys.argv[1]), sys.argv[2])))
