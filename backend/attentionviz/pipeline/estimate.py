"""Estimate of a build: tokens, maps, time and disk space, without building."""

import math
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import numpy as np
from joblib import cpu_count

from attentionviz.core.heads import rules_with_heads
from attentionviz.measures.similarity import n_nearest
from attentionviz.pipeline.build import open_engine, prepare
from attentionviz.pipeline.calibration import Calibration, calibrate
from attentionviz.pipeline.comparing import Comparison
from attentionviz.pipeline.corpora.account import Account
from attentionviz.pipeline.map_computation import map_job
from attentionviz.pipeline.plan import BuildPlan
from attentionviz.pipeline.progress import Log, format_duration
from attentionviz.pipeline.request import BuildRequest
from attentionviz.pipeline.sources import n_available
from attentionviz.projections import needs_neighbours
from attentionviz.projections.neighbours import N_NEIGHBOURS
from attentionviz.store import layout
from attentionviz.store.grid import choose_grid_tokens

if TYPE_CHECKING:
    from attentionviz.models import LoadedModel

# Comparison of one head with the others, and its facts.
HEAD_SECONDS = 0.02
# CPU time of the builder for a unit, measured by `scripts/benchmark.py --only cluster`: of local
# processes, and of a cluster, where it also checks and moves the files.
UNIT_SECONDS, CLUSTER_UNIT_SECONDS = 0.0004, 0.0016
# The attention check and the probes run a few sequences through the model several times.
N_CHECKED_TOKENS = 3000

NPY_HEADER_BYTES = 128
# In manifest.json, and in the details of a head and of one of its maps.
FILE_BYTES, HEAD_BYTES, MAP_BYTES = 190, 1100, 150
BLOCK_BYTES = 4096


class Estimate(NamedTuple):
    """Estimated size, time and disk space of a build.

    Attributes
    ----------
    dataset_id : str
    n_sequences, n_sequences_total : int
        Sequences taken, and in the corpus.
    n_tokens : int
    n_heads : int
        Heads of all layers.
    n_maps : int
        Maps of all heads.
    account : mapping
        Counts of the corpus, as ``corpus.account`` of a manifest.
    seconds : float
        Time of the whole build, see `assumed`.
    n_bytes : int
        Size of the finished dataset.
    n_bytes_building : int
        Largest size on disk during the build.
    lost : str or None
        What the dataset cannot show because of ``--keep-vectors``; None if nothing.
    n_workers : int
        Workers over which the time is divided.
    assumed : str
        What the time assumes of them, as a phrase.
    """

    dataset_id: str
    n_sequences: int
    n_sequences_total: int
    n_tokens: int
    n_heads: int
    n_maps: int
    account: Mapping[str, Any]
    seconds: float
    n_bytes: int
    n_bytes_building: int
    lost: str | None
    n_workers: int
    assumed: str


class Workers(NamedTuple):
    """Workers as an estimate assumes them.

    Attributes
    ----------
    n : int
        Units at the same time.
    n_capturing : int
        Of these, those that run the model.
    unit_seconds : float
        What the builder spends on each unit, one after the other.
    words : str
    """

    n: int
    n_capturing: int
    unit_seconds: float
    words: str

    @classmethod
    def of(cls, request: BuildRequest, log: Log) -> Self:
        """Return the workers of a request; a cluster is asked how many it has."""
        if request.uses_cluster:
            with open_engine(request, log) as engine:
                n, on_gpu = engine.n_workers, engine.device != "cpu"
            each = "each as fast as one core of this machine"
            capture = "capture on one of them at the speed of the model here; " if on_gpu else ""
            words = f"{_counted(n)} of the cluster, {capture}{each}"
            return cls(n, 1 if on_gpu else n, CLUSTER_UNIT_SECONDS, words)
        n = max(1, min(request.n_workers, cpu_count()))
        words = f"{_counted(n)} of this machine under its current load"
        if n < request.n_workers:
            words += f", which has no cores for {request.n_workers}"
        return cls(n, 1, UNIT_SECONDS, words)


def estimate(request: BuildRequest, log: Log = lambda _: None) -> Estimate:
    """Load the model, read the corpus, time a few steps, and return the estimate.

    Parameters
    ----------
    request : BuildRequest
    log : callable
        Called with one-sentence progress messages.

    Raises
    ------
    AppError
        As `build.prepare`.
    """
    started = time.perf_counter()
    plan, model, source = prepare(request, log)
    loading = time.perf_counter() - started
    log("timing the maps of one head")
    if any("device" in facts for facts in plan.facts["maps"].values()):
        log("maps that a GPU would compute are timed on the CPU")
    measured = calibrate(plan, model, source)
    n_heads = len(model.heads)
    n_bytes, n_spare = _bytes(plan, model, measured)
    workers = Workers.of(request, log)
    return Estimate(
        dataset_id=plan.dataset_id,
        n_sequences=len(plan.lengths),
        n_sequences_total=n_available(source.corpus),
        n_tokens=plan.n_tokens,
        n_heads=n_heads,
        n_maps=n_heads * len(plan.facts["maps"]),
        account=plan.account.facts(),
        seconds=round(loading + _seconds(plan, n_heads, measured, workers), 1),
        n_bytes=n_bytes,
        n_bytes_building=n_bytes + n_spare,
        lost=plan.lost_without_vectors(),
        n_workers=workers.n,
        assumed=workers.words,
    )


def format_estimate(found: Estimate) -> str:
    """Return an estimate as text for the terminal: corpus, sizes, time and disk space."""
    return (
        f"{found.dataset_id}: {Account.of(found.account).summary()}\n"
        f"{found.dataset_id}: {found.n_tokens:,} tokens, {found.n_heads:,} heads, "
        f"{found.n_maps:,} maps; about {format_duration(found.seconds)} and "
        f"{found.n_bytes / 1e6:,.0f} MB ({found.n_bytes_building / 1e6:,.0f} MB while building)\n"
        f"{found.dataset_id}: the time assumes {found.assumed}"
        + (f"\n{found.dataset_id}: {found.lost}" if found.lost else "")
    )


def _counted(n: int) -> str:
    return "1 worker" if n == 1 else f"{n} workers"


def _seconds(plan: BuildPlan, n_heads: int, measured: Calibration, workers: Workers) -> float:
    """Return the seconds after the model is loaded."""
    n = plan.n_tokens
    is_image = bool(plan.facts["patch_grid"])
    n_passes = 2 if plan.request.skip_bad_sequences else 1
    passed = n_passes * n / workers.n_capturing + min(N_CHECKED_TOKENS, 3 * n)
    capture = measured.capture * passed + measured.tokens * n
    # Queries, keys and norms of all heads are written by batch, and again by head.
    written = n * n_heads * (2 * plan.facts["d_head"] * 4 + 16)
    capture += 2 * written * measured.byte + 3 * n_heads * measured.flush
    images = measured.image * len(plan.lengths) if is_image else 0.0
    is_started = workers.n > 1 and not plan.request.uses_cluster
    starting = measured.first + (2 * measured.start if is_started else 0.0)
    n_units = n_heads * (len(measured.maps) + 1)
    own = n_units * (workers.unit_seconds + measured.flush)
    # The builder records units while others run: the slower of both counts.
    heads = max(n_heads * (head_seconds(measured, n) + HEAD_SECONDS) / workers.n, own)
    return capture + images + starting + heads


def head_seconds(measured: Calibration, n_tokens: int) -> float:
    """Return the seconds of one core for all maps and scores of a head."""
    maps = sum(curve.at(n_tokens) for curve in measured.maps.values())
    return measured.scores.at(n_tokens) + maps


def _bytes(plan: BuildPlan, model: "LoadedModel", measured: Calibration) -> tuple[int, int]:
    """Return the bytes of the dataset, and the largest additional bytes during the build."""
    n, n_heads = plan.n_tokens, len(model.heads)
    grid = len(choose_grid_tokens(plan.lengths, n_heads, plan.request.seed))
    manifest = {
        **plan.facts,
        "grid": {"n_tokens": grid, "n_points": 2 * grid},
        "similarity": {"n_nearest": n_nearest(n_heads)},
    }
    files = layout.expected_files(manifest)
    arrays = {name: spec for name, spec in files.items() if spec is not None}
    n_bytes = sum(
        NPY_HEADER_BYTES + math.prod(spec.shape) * np.dtype(spec.dtype).itemsize
        for spec in arrays.values()
    )
    n_bytes += FILE_BYTES * len(files) + n_heads * (HEAD_BYTES + MAP_BYTES * len(manifest["maps"]))
    n_bytes += int(measured.token_bytes * n + measured.image_bytes * len(plan.lengths))
    vectors = np.dtype(plan.request.precision).itemsize * (model.n_heads + model.n_key_heads)
    n_layers = len(rules_with_heads(plan.facts))
    shards = n_layers * n * (vectors * model.d_head + 16 * model.n_heads)
    neighbours = 0
    if any(needs_neighbours(method, n) for method in plan.request.methods):
        neighbours = n_heads * 2 * n * min(N_NEIGHBOURS, 2 * n) * 8
    comparison = Comparison(map_job(plan, plan.facts)).n_bytes()
    captured = 0
    if plan.request.keep_vectors != "all":
        captured = n_layers * n * vectors * model.d_head
    # Shards are removed before neighbours are written, which are there while heads are compared;
    # files fill whole blocks; maps have facts.
    blocks = BLOCK_BYTES * (len(files) + n_heads * (1 + len(manifest["maps"])))
    return n_bytes, captured + max(shards, neighbours + comparison) + blocks
