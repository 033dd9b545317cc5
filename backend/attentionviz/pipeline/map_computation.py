"""Computation of maps and scores of all heads in worker processes, in viewing order."""

import os
import warnings
from collections import Counter
from collections.abc import Iterator
from typing import Any, Literal

from joblib import Parallel, delayed, parallel_config
from joblib.externals.loky.process_executor import TerminatedWorkerError
from tqdm import tqdm

from attentionviz.core.heads import heads_of
from attentionviz.core.types import HeadId, MapName
from attentionviz.errors import BuildError
from attentionviz.pipeline.plan import BuildPlan
from attentionviz.pipeline.progress import Progress, RemainingTime, format_duration
from attentionviz.pipeline.scoring import SCORES, run_scores
from attentionviz.pipeline.units import MapJob, UnitResult, exit_with_parent, run_unit
from attentionviz.store import layout
from attentionviz.store.journal import Journal

Work = tuple[MapName, ...] | Literal["scores"]
Unit = tuple[HeadId, Work]
BAR = "{desc} {percentage:3.0f}% |{bar}| {n_fmt} of {total_fmt} maps{postfix}"


def missing_units(plan: BuildPlan, manifest: dict[str, Any], journal: Journal) -> list[Unit]:
    """Return the units with missing files, in the order in which a viewer sees them.

    Scores come after the first map of every head, which they tint; they take milliseconds per head.
    """
    heads = heads_of(manifest)
    units: list[Unit] = []
    for i, group in enumerate(plan.request.task_groups()):
        for head in heads:
            maps = tuple(name for name in group if not journal.has_all(map_paths(head, name)))
            if maps:
                units.append((head, maps))
        if i == 0:
            units += [(h, "scores") for h in heads if layout.scores_path(h) not in journal]
    return units


def map_paths(head: HeadId, name: MapName) -> tuple[str, str]:
    """Return the relative paths of a map and of its facts."""
    return layout.map_path(head, name), layout.map_facts_path(head, name)


def compute_maps(
    plan: BuildPlan, manifest: dict[str, Any], journal: Journal, progress: Progress
) -> None:
    """Compute all missing maps and head scores.

    Parameters
    ----------
    plan : BuildPlan
    manifest : dict
        The partial manifest.
    journal : Journal
        Each finished file is added at once.
    progress : Progress
    """
    units = missing_units(plan, manifest, journal)
    n_left = Counter(str(name) for _, work in units if not isinstance(work, str) for name in work)
    n_units = len(heads_of(manifest)) * len(manifest["maps"])
    n_done = n_units - n_left.total()
    progress.update(n_units=n_units, n_units_done=n_done)
    resumed = f", {n_done:,} are already finished" if n_done else ""
    workers = "1 process" if plan.request.n_workers == 1 else f"{plan.request.n_workers} processes"
    progress.announce("maps", f"computing {n_units:,} maps in {workers}{resumed}")
    remaining = RemainingTime(n_left, plan.request.n_workers)
    job = MapJob(plan.folder, manifest, plan.lengths, os.getpid(), plan.n_source)
    with tqdm(total=n_units, initial=n_done, desc="maps", bar_format=BAR, disable=None) as bar:
        for result in run_units(job, units, plan.request.n_workers):
            journal.add(*result.records)
            n_finished = sum(name != SCORES for name, _ in result.seconds)
            n_done += n_finished
            _report_finished(result, remaining, progress)
            left = remaining.seconds()
            postfix = f"{format_duration(left)} left" if left is not None else ""
            progress.update(
                n_units_done=n_done,
                remaining_seconds=None if left is None else round(left, 1),
                message=f"{n_done:,} of {n_units:,} maps are finished",
            )
            bar.set_postfix_str(postfix, refresh=False)
            bar.update(n_finished)


def _report_finished(result: UnitResult, remaining: RemainingTime, progress: Progress) -> None:
    for name, seconds in result.seconds:
        if name == SCORES:
            continue
        remaining.finished(name, seconds)
        if remaining.n_left(name) == 0:
            mean = remaining.mean_seconds(name)
            progress.log(f"{name} of every head is finished, {mean:.2g} s per head")


def run_work(job: MapJob, head: HeadId, work: Work) -> UnitResult:
    """Run one unit: some maps of a head, or its scores."""
    return run_scores(job, head) if isinstance(work, str) else run_unit(job, head, work)


def run_units(job: MapJob, units: list[Unit], n_workers: int) -> Iterator[UnitResult]:
    """Run units in parallel, started in this order; yield their results as they finish.

    Parameters
    ----------
    job : MapJob
    units : list of (HeadId, tuple of MapName or "scores")
    n_workers : int
        1: run in this process.

    Raises
    ------
    BuildError
        If a unit fails, or a worker process is killed.
    """
    if n_workers == 1:
        yield from (run_work(job, head, work) for head, work in units)
        return
    _ignore_worker_restarts()
    # As initializer, since an idle worker would outlive the builder by minutes.
    initializer = {"initializer": exit_with_parent, "initargs": (job.builder_pid,)}
    with parallel_config(backend="loky", inner_max_num_threads=1, **initializer):
        parallel = Parallel(n_jobs=n_workers, return_as="generator_unordered", batch_size=1)
        results = parallel(delayed(run_work)(job, head, work) for head, work in units)
        try:
            yield from results
        except TerminatedWorkerError as error:
            raise BuildError(
                "a worker process was killed, most likely for lack of memory; run the same "
                "command again with fewer --workers to resume"
            ) from error


def _ignore_worker_restarts() -> None:
    """Ignore joblib's warning of a worker that restarts because of its memory use.

    joblib warns in the thread that delivers results. With warnings as errors, that thread would
    end and the build would hang.
    """
    message = "A worker stopped while some jobs were given to the executor"
    warnings.filterwarnings("ignore", message, UserWarning)
