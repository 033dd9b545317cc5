"""Benchmark of the steps of a build on this machine, with a part of the corpus.

The maps of one head are computed, measured and written by the same unit of work as in a build, at
growing numbers of tokens, as far as a small share of the build's own time allows. What a map costs
at other sizes follows from these times alone, so nothing here knows how a method works.
"""

import itertools
import math
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import numpy as np
from joblib import cpu_count
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from attentionviz.core.rule import head_rule
from attentionviz.core.types import HeadId, MapName
from attentionviz.measures.head_scores import HeadAttention, TextTokens, score_head
from attentionviz.pipeline.columns import TokenTable
from attentionviz.pipeline.corpus import TextCorpus, open_image
from attentionviz.pipeline.image_files import encode_image
from attentionviz.pipeline.plan import BuildPlan
from attentionviz.pipeline.sources import Source, corpus_of
from attentionviz.pipeline.units import MapJob, read_vectors, run_unit
from attentionviz.store import layout
from attentionviz.store.columns import Sequences
from attentionviz.store.token_files import n_bytes
from attentionviz.store.writer import write_array

if TYPE_CHECKING:
    from attentionviz.models import Batch, LoadedModel

T = TypeVar("T")
N_TOKENS = 500
N_IMAGES = 4
LADDER = (500, 2_000, 5_000, 10_000, 20_000, 40_000, 80_000)
"""Numbers of tokens at which maps are timed, as far as the budget reaches."""

MIN_BUDGET_SECONDS, MAX_BUDGET_SECONDS, BUDGET_SHARE = 2.0, 60.0, 0.05
"""Time for the next size of one kind of map, as a share of the predicted time of all its maps."""

GROWTH = (1.0, 2.0)
"""Least and largest exponent beyond the timed sizes: every method is linear to quadratic."""

NOISE = 0.05
"""Of vectors that are repeated to make a larger head, relative to their standard deviation."""


class Curve(NamedTuple):
    """Seconds of one kind of work for a head, at ascending numbers of tokens."""

    sizes: tuple[int, ...]
    seconds: tuple[float, ...]

    def at(self, n_tokens: int) -> float:
        """Return the seconds at any size: by powers of the size between and beyond the timed ones.

        Beyond the largest size the exponent is that of the last two, within `GROWTH`.
        """
        if len(self.sizes) == 1:
            return self.seconds[0] * n_tokens / self.sizes[0]
        after = min(max(int(np.searchsorted(self.sizes, n_tokens)), 1), len(self.sizes) - 1)
        (low, high), (quick, slow) = (
            values[after - 1 : after + 1] for values in (self.sizes, self.seconds)
        )
        exponent = math.log(slow / quick) / math.log(high / low)
        if n_tokens > high:
            exponent = min(max(exponent, GROWTH[0]), GROWTH[1])
        return slow * (n_tokens / high) ** exponent

    def with_size(self, n_tokens: int, seconds: float) -> "Curve":
        """Return the curve with a larger size."""
        return Curve((*self.sizes, n_tokens), (*self.seconds, max(seconds, 1e-6)))


class Calibration(NamedTuple):
    """Measured times and sizes; seconds are of one core.

    Attributes
    ----------
    capture, tokens : float
        Seconds to capture one token, and to write its columns.
    maps : dict of tuple of MapName to Curve
        Seconds of each unit of maps of a head, with fidelity and writing.
    scores : Curve
        Seconds of the scores of a head.
    first : float
        Extra seconds of the first units of a process, which import and compile.
    start : float
        Seconds to start a worker process, which is also about what the builder takes to import
        what compares heads.
    flush, byte : float
        Seconds to write a small file, and one byte of a large one.
    image : float
        Seconds to store one image; 0 for text.
    token_bytes, image_bytes : float
        Size of one token in the files of tokens and sequences, and of one image with its thumbnail.
    """

    capture: float
    tokens: float
    maps: dict[tuple[MapName, ...], Curve]
    scores: Curve
    first: float
    start: float
    flush: float
    byte: float
    image: float
    token_bytes: float
    image_bytes: float


def calibrate(plan: BuildPlan, model: "LoadedModel", source: Source) -> Calibration:
    """Run every step of a build on a few sequences and return times and sizes.

    Parameters
    ----------
    plan : BuildPlan
    model : LoadedModel
    source : Source
        Its first sequences are captured, about `N_TOKENS` tokens.
    """
    # Imports torch.
    from attentionviz.pipeline.bad_sequences import capture, only_finite

    totals = itertools.accumulate(plan.lengths)
    n_sequences = min(1 + sum(1 for total in totals if total < N_TOKENS), len(plan.lengths))
    if plan.request.skip_bad_sequences:
        source = only_finite(source, n_sequences)
    batches = list(source.batches(n_sequences))
    sequences = range(len(batches[0].lengths))
    captured, seconds = _timed(lambda: capture(plan, source, batches[0], sequences))
    head = model.heads[0 if model.has_two_texts else len(model.heads) // 2]
    spans = batches[0].spans(model.rules[head.layer])
    queries, keys = captured.vectors(head)
    image, image_bytes = _images(model, source)
    token_bytes, writing = _timed(lambda: _token_bytes(source, batches))
    with tempfile.TemporaryDirectory() as folder, threadpool_limits(1):
        trial = _Trial(plan, head, queries[spans.queries], keys[spans.keys], Path(folder))
        maps, first = trial.time_maps()
        scores = trial.time_scores()
        flush, byte = _disk(Path(folder))
    command = [sys.executable, "-c", f"import {MapJob.__module__}, sklearn.manifold"]
    start = _wall(lambda: subprocess.run(command, check=False))  # noqa: S603 - this program
    return Calibration(
        capture=seconds / captured.queries.shape[2],
        tokens=writing / sum(sum(batch.lengths) for batch in batches),
        maps=maps,
        scores=scores,
        first=first,
        start=start,
        flush=flush,
        byte=byte,
        image=image,
        token_bytes=token_bytes,
        image_bytes=image_bytes,
    )


class _Trial:
    """Units of one head in a folder of its own, at any number of tokens.

    Parameters
    ----------
    plan : BuildPlan
    head : HeadId
    queries, keys : ndarray of floats, shape (any, d_head)
        Captured vectors of the head; more are made of these with noise.
    folder : Path
    """

    def __init__(
        self,
        plan: BuildPlan,
        head: HeadId,
        queries: NDArray[Any],
        keys: NDArray[Any],
        folder: Path,
    ) -> None:
        self.plan = plan
        self.head = head
        self.folder = folder
        self.vectors = {
            layout.queries_path(head): queries,
            layout.keys_path(head, plan.facts): keys,
        }
        self.sizes = sorted({*(n for n in LADDER if n < plan.n_tokens), plan.n_tokens})

    def time_maps(self) -> tuple[dict[tuple[MapName, ...], Curve], float]:
        """Return a curve for each group of maps, and the extra seconds of first units."""
        curves: dict[tuple[MapName, ...], Curve] = {}
        groups, first = self.plan.request.task_groups(), 0.0
        for n in self.sizes:
            job = self._job(n)
            size = sum(job.lengths)
            for group in groups:
                known = curves.get(group)
                if known is None:
                    _, cold = _timed(partial(run_unit, job, self.head, group))
                elif known.at(size) > self._budget(known) or known.sizes[-1] >= size:
                    continue
                _, seconds = _timed(partial(run_unit, job, self.head, group))
                first += max(0.0, cold - seconds) if known is None else 0.0
                curves[group] = (known or Curve((), ())).with_size(size, seconds)
            if all(curve.sizes[-1] < size for curve in curves.values()):
                break
        return curves, first

    def _budget(self, curve: Curve) -> float:
        """Return the seconds that timing the next size may take."""
        n_workers = max(1, min(self.plan.request.n_workers, cpu_count()))
        n_units = sum(one.get("n_heads", self.plan.facts["n_heads"]) for one in self._layers)
        predicted = n_units * curve.at(self.plan.n_tokens) / n_workers
        return min(max(BUDGET_SHARE * predicted, MIN_BUDGET_SECONDS), MAX_BUDGET_SECONDS)

    @property
    def _layers(self) -> list[dict[str, Any]]:
        layers: list[dict[str, Any]] = self.plan.facts["layers"]
        return layers

    def time_scores(self) -> Curve:
        """Return the seconds of the scores of a head; which tokens they are does not matter."""
        curve = Curve((), ())
        rule = head_rule(self.plan.facts, self.head)
        for n in self.sizes[:2]:
            job = self._job(n)
            ids = np.random.default_rng(0).integers(0, 1000, sum(job.lengths))
            tokens = TextTokens.of(ids, is_special=ids < 2, is_punctuation=ids < 20)
            attention = HeadAttention(
                *read_vectors(self.folder, self.head, self.plan.facts),
                np.asarray(job.lengths),
                rule,
                Sequences.of(job.lengths, job.n_source).n_source,
            )
            _, seconds = _timed(partial(score_head, attention, tokens, None))
            if not curve.sizes or curve.sizes[-1] < len(ids):
                curve = curve.with_size(len(ids), seconds)
        return curve

    def _job(self, n_tokens: int) -> MapJob:
        """Write vectors of the first sequences, about so many tokens, and return their job."""
        n_sequences = int(np.searchsorted(np.cumsum(self.plan.lengths), n_tokens)) + 1
        lengths = self.plan.lengths[:n_sequences]
        n_source = self.plan.n_source and self.plan.n_source[:n_sequences]
        rng = np.random.default_rng(0)
        for path, vectors in self.vectors.items():
            rows = np.arange(sum(lengths)) % len(vectors)
            noise = NOISE * vectors.std() * rng.standard_normal((len(rows), vectors.shape[1]))
            noise[: len(vectors)] = 0
            made = (vectors[rows] + noise).astype(self.plan.request.precision)
            write_array(self.folder, layout.captured_path(path, self.plan.facts), made)
        (self.folder / layout.neighbours_path(self.head)).unlink(missing_ok=True)
        return MapJob(self.folder, self.plan.facts, lengths, n_source)


def _disk(folder: Path) -> tuple[float, float]:
    """Return the seconds to write a small file, and one byte of a large one."""
    large = np.zeros(1 << 22, dtype=np.float32)
    small = _wall(lambda: write_array(folder, "small.npy", large[:10]))
    return small, _wall(lambda: write_array(folder, "large.npy", large)) / large.nbytes


def _token_bytes(source: Source, batches: list["Batch"]) -> float:
    table = TokenTable(source.model.modality)
    for batch in batches:
        table.add(batch)
    return n_bytes(corpus_of(source, table).files()) / table.n_tokens


def _images(model: "LoadedModel", source: Source) -> tuple[float, float]:
    """Return mean seconds and bytes to store one image; 0 for text."""
    if isinstance(source.corpus, TextCorpus):
        return 0.0, 0.0
    paths = source.corpus.paths[:N_IMAGES]
    files, seconds = _timed(
        lambda: [encode_image(model.visible_image(open_image(path))) for path in paths]
    )
    n_bytes = sum(len(content) for pair in files for content in pair)
    return seconds / len(paths), n_bytes / len(paths)


def _wall(run: Callable[[], object]) -> float:
    """Return the seconds of something that waits for the disk or for another process."""
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def _timed(run: Callable[[], T]) -> tuple[T, float]:
    """Return the result, and the geometric mean of wall time and CPU time in seconds.

    Other load on the machine may end before the build or last as long; the mean allows for both.
    """
    wall, cpu = time.perf_counter(), time.process_time()
    result = run()
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    return result, (wall * min(wall, cpu)) ** 0.5
