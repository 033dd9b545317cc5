"""What engines cost: equal units on one and two workers, and units that do nothing.

Local processes and a Dask cluster of real processes on the loopback interface run the same units
through the same door as a build does, with its journal.
"""

import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import psutil
from distributed import Client
from scripts.benchmarks.memory import largest_memory
from tests.support.dask_cluster import cluster

from attentionviz.pipeline.cluster.engine import connect
from attentionviz.pipeline.engine import Engine, LocalEngine, Unit
from attentionviz.pipeline.request import BuildRequest
from attentionviz.pipeline.result import Result
from attentionviz.store.journal import Journal
from attentionviz.store.writer import write_bytes

N_EMPTY = 51_200
"""Units that do nothing: ten maps of 5,120 heads."""

N_EQUAL, EQUAL_SECONDS = 40, 0.5
N_WRITTEN = 400
"""Units that write two small files, as those of maps do."""
POLL_SECONDS = 0.1
MB = 2**20


@dataclass(frozen=True)
class TriedJob:
    """Inputs of the units, as large as those of a build of some thousand sequences."""

    target: Path
    lengths: tuple[int, ...] = tuple(range(5_000))

    def writing_to(self, folder: Path) -> "TriedJob":
        """Return the same job with another folder for finished files."""
        return replace(self, target=folder)


def nothing(_job: TriedJob, _index: int) -> Result:
    """Do nothing."""
    return Result()


def wait(_job: TriedJob, seconds: float) -> Result:
    """Sleep, so that neither other load nor the number of cores counts, only the engine."""
    time.sleep(seconds)
    return Result()


def write(job: TriedJob, index: int) -> Result:
    """Write two small files."""
    paths = (f"{index % 100}/{index}-{name}.json" for name in ("facts", "map"))
    return Result(tuple(write_bytes(job.target, path, b"{}" * 500) for path in paths))


def measure(n_empty: int = N_EMPTY) -> dict[str, Any]:
    """Return the figures of local processes and of a cluster.

    Parameters
    ----------
    n_empty : int
        Units that do nothing.
    """
    return {kind: _measure_engine(kind, n_empty) for kind in ("local", "dask")}


def _measure_engine(kind: str, n_empty: int) -> dict[str, float]:
    found: dict[str, float] = {}
    seconds = {}
    for n_workers in (1, 2):
        with _engine(kind, n_workers) as (engine, scheduler, folder):
            job = TriedJob(folder)
            list(engine.run(nothing, job, _units(8)))  # begins the workers
            equal = [Unit(f"unit {i}", (EQUAL_SECONDS,), ()) for i in range(N_EQUAL)]
            started = time.perf_counter()
            list(engine.run(wait, job, equal))
            seconds[n_workers] = time.perf_counter() - started
            if n_workers == 2:
                found |= _written(engine, job)
                found |= _empty(engine, job, scheduler, n_empty)
    return {"one_worker_s": seconds[1], "two_workers_s": seconds[2], **found}


def _written(engine: Engine, job: TriedJob) -> dict[str, float]:
    """Return CPU seconds of this process for a unit whose files are checked and recorded."""
    units = [
        Unit(f"unit {i}", (i,), tuple(f"{i % 100}/{i}-{n}.json" for n in ("facts", "map")))
        for i in range(N_WRITTEN)
    ]
    started = time.process_time()
    with Journal(job.target) as journal:
        for result in engine.run(write, job, units):
            journal.add(*result.records)
    return {"builder_unit_ms": 1000 * (time.process_time() - started) / N_WRITTEN}


def _empty(engine: Engine, job: TriedJob, scheduler: int | None, n_units: int) -> dict[str, float]:
    """Return units a second, units taken from the list in advance, and memory at the end."""
    given, n_ahead = 0, 0

    def counted() -> Iterator[Unit]:
        nonlocal given
        for unit in _units(n_units):
            given += 1
            yield unit

    watched = {"builder": psutil.Process()}
    if scheduler is not None:
        watched["scheduler"] = psutil.Process(scheduler)
    before = {name: one.memory_info().rss for name, one in watched.items()}
    began = {name: sum(one.cpu_times()[:2]) for name, one in watched.items()}
    with largest_memory(watched, POLL_SECONDS) as largest:
        started = time.perf_counter()
        for n_done, _ in enumerate(engine.run(nothing, job, counted())):
            n_ahead = max(n_ahead, given - n_done)
        seconds = time.perf_counter() - started
        own = {name: sum(one.cpu_times()[:2]) - began[name] for name, one in watched.items()}
    grown = {f"{name}_grown_mb": (largest[name] - before[name]) / MB for name in watched}
    peaks = {f"{name}_mb": largest[name] / MB for name in watched}
    return {
        "n_empty": n_units,
        "empty_units_per_s": n_units / seconds,
        **{f"empty_{name}_ms": 1000 * spent / n_units for name, spent in own.items()},
        "n_ahead": n_ahead,
        **peaks,
        **grown,
    }


def _units(n: int) -> Iterator[Unit]:
    return (Unit(f"unit {i}", (i,), ()) for i in range(n))


@contextmanager
def _engine(kind: str, n_workers: int) -> Iterator[tuple[Engine, int | None, Path]]:
    """Yield an engine, the process of its scheduler, and the folder of a build."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        staged = folder / "data" / ".staging" / "tried"
        staged.mkdir(parents=True)
        if kind == "local":
            yield LocalEngine(n_workers), None, staged
            return
        running = stack.enter_context(cluster(folder / "dask", n_workers))
        with Client(running.address, set_as_default=False) as client:
            client.wait_for_workers(n_workers, timeout=60)
        request = BuildRequest(
            model="", output=folder, text=folder, device="cpu", scheduler=running.address
        )
        engine = stack.enter_context(connect(request, lambda _: None))
        stack.enter_context(engine.in_folder(staged))
        yield engine, running.scheduler and running.scheduler.pid, staged
