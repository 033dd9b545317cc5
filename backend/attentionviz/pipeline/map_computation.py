"""Computation of maps and scores of all heads in worker processes, in viewing order."""

from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import groupby
from typing import Any

from tqdm import tqdm

from attentionviz.core.heads import heads_of
from attentionviz.core.types import HeadId, MapName
from attentionviz.pipeline.device_units import (
    heads_per_unit,
    map_on_device,
    run_device_unit,
    span_words,
)
from attentionviz.pipeline.engine import Engine, Unit
from attentionviz.pipeline.plan import BuildPlan
from attentionviz.pipeline.progress import Progress, RemainingTime, format_duration
from attentionviz.pipeline.scoring import SCORES, Work, run_work
from attentionviz.pipeline.units import MapJob, UnitResult, words
from attentionviz.store import layout
from attentionviz.store.journal import Journal

BAR = "{desc} {percentage:3.0f}% |{bar}| {n_fmt} of {total_fmt} maps{postfix}"


def missing_units(
    plan: BuildPlan, manifest: dict[str, Any], journal: Journal
) -> list[tuple[HeadId, Work]]:
    """Return the units with missing files, in the order in which a viewer sees them.

    Scores come after the first map of every head, which they tint; they take milliseconds per head.
    """
    heads = heads_of(manifest)
    units: list[tuple[HeadId, Work]] = []
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
    plan: BuildPlan,
    manifest: dict[str, Any],
    journal: Journal,
    progress: Progress,
    engine: Engine,
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
    engine : Engine
    """
    units = missing_units(plan, manifest, journal)
    n_left = Counter(str(name) for _, work in units if not isinstance(work, str) for name in work)
    n_units = len(heads_of(manifest)) * len(manifest["maps"])
    n_done = n_units - n_left.total()
    progress.update(n_units=n_units, n_units_done=n_done)
    resumed = f", {n_done:,} are already finished" if n_done else ""
    progress.announce("maps", f"computing {n_units:,} maps in {engine.description}{resumed}")
    remaining = RemainingTime(n_left)
    job = map_job(plan, manifest)

    def n_workers(name: str) -> int:
        is_on_device = "device" in manifest["maps"][name]
        return engine.n_device_workers if is_on_device else engine.n_workers

    with tqdm(total=n_units, initial=n_done, desc="maps", bar_format=BAR, disable=None) as bar:
        for result in _results(engine, job, units):
            journal.add(*result.records)
            n_finished = sum(name != SCORES for name, _ in result.seconds)
            n_done += n_finished
            _report_finished(result, remaining, progress)
            left = remaining.seconds(n_workers)
            postfix = f"{format_duration(left)} left" if left is not None else ""
            progress.update(
                n_units_done=n_done,
                remaining_seconds=None if left is None else round(left, 1),
                message=f"{n_done:,} of {n_units:,} maps are finished",
            )
            bar.set_postfix_str(postfix, refresh=False)
            bar.update(n_finished)


def _results(engine: Engine, job: MapJob, units: list[tuple[HeadId, Work]]) -> Iterator[UnitResult]:
    """Run the units in their order: on a GPU those of several heads, else one by one."""
    for name, group in groupby(units, lambda unit: map_on_device(job.manifest, unit[1])):
        if name is None:
            one_by_one = [_unit(head, work) for head, work in group]
            yield from engine.run(run_work, job, one_by_one)
        else:
            several = list(_device_units(engine, job, name, [head for head, _ in group]))
            yield from engine.run(run_device_unit, job, several, on_device=True)


def _unit(head: HeadId, work: Work) -> Unit:
    return Unit(_name(head, work), (head, work), _paths(head, work))


def _device_units(
    engine: Engine, job: MapJob, name: MapName, heads: list[HeadId]
) -> Iterator[Unit]:
    n_heads = heads_per_unit(job.manifest)
    for i in range(0, len(heads), n_heads):
        some = tuple(heads[i : i + n_heads])
        paths = tuple(path for head in some for path in map_paths(head, name))
        arguments = (some, name, engine.n_sharing_device)
        yield Unit(f"{name} of {span_words(some)}", arguments, paths)


def map_job(plan: BuildPlan, manifest: Mapping[str, Any]) -> MapJob:
    """Return the inputs that all units of a build share."""
    return MapJob(plan.folder, manifest, plan.lengths, plan.n_source)


def _report_finished(result: UnitResult, remaining: RemainingTime, progress: Progress) -> None:
    for name, seconds in result.seconds:
        if name == SCORES:
            continue
        remaining.finished(name, seconds)
        if remaining.n_left(name) == 0:
            mean = remaining.mean_seconds(name)
            progress.log(f"{name} of every head is finished, {mean:.2g} s per head")


def _name(head: HeadId, work: Work) -> str:
    what = work if isinstance(work, str) else ", ".join(map(str, work))
    return f"{what} of {words(head)}"


def _paths(head: HeadId, work: Work) -> tuple[str, ...]:
    if isinstance(work, str):
        return (layout.scores_path(head),)
    maps = tuple(path for name in work for path in map_paths(head, name))
    return (*maps, layout.neighbours_path(head))
