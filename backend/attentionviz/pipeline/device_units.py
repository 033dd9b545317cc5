"""The unit of work of a build on a GPU: one map of several heads, since one cannot fill it."""

import time
from collections.abc import Mapping
from typing import Any

from threadpoolctl import threadpool_limits

from attentionviz.core.types import HeadId, MapName
from attentionviz.errors import AppError, BuildError
from attentionviz.pipeline.scoring import Work
from attentionviz.pipeline.units import HeadUnit, MapJob, UnitResult, words
from attentionviz.store.writer import FileRecord

MAX_HEADS = 16
# Vectors of so many points are in the memory of a process at once.
MAX_POINTS = 500_000


def map_on_device(manifest: Mapping[str, Any], work: Work) -> MapName | None:
    """Return the map of a unit that a GPU computes; None for units of the CPU."""
    # Maps of a GPU are never quick, so that each has a unit of its own.
    if isinstance(work, str) or len(work) > 1:
        return None
    return work[0] if "device" in manifest["maps"][str(work[0])] else None


def free_device(manifest: Mapping[str, Any]) -> None:
    """Free what this process holds of the memory of the GPU that computes maps, if one does."""
    kinds = {facts["device"] for facts in manifest["maps"].values() if "device" in facts}
    if kinds:
        from attentionviz.projections.torch_maps.memory import release

        for kind in kinds:
            release(kind)


def heads_per_unit(manifest: Mapping[str, Any]) -> int:
    """Return the number of heads of one unit."""
    return max(1, min(MAX_HEADS, MAX_POINTS // (2 * manifest["n_tokens"])))


def run_device_unit(
    job: MapJob, heads: tuple[HeadId, ...], name: MapName, n_sharing: int
) -> UnitResult:
    """Compute one map of several heads on the device that the manifest says; measure and write it.

    Parameters
    ----------
    job : MapJob
    heads : tuple of HeadId
    name : MapName
    n_sharing : int
        Processes that share the memory of the device.

    Raises
    ------
    BuildError
        If a map cannot be computed; names map and heads.
    """
    from attentionviz.projections.torch_maps import project_heads  # imports torch

    facts = job.manifest["maps"][str(name)]
    started = time.perf_counter()
    with threadpool_limits(1):
        try:
            vectors = [job.vectors(head) for head in heads]
            projections = project_heads(
                name.method,
                vectors,
                dims=name.dims,
                seed=job.manifest["seed"],
                device=facts["device"],
                n_sharing=n_sharing,
                **facts["parameters"],
            )
        except AppError as error:
            raise BuildError(f"{name} of {span_words(heads)}: {error}") from error
        records: list[FileRecord] = []
        while vectors:  # freed one by one
            index = len(heads) - len(vectors)
            unit = HeadUnit(job, heads[index], vectors.pop(0))
            records += unit.write(name, projections[index])
    each = (time.perf_counter() - started) / len(heads)
    return UnitResult(tuple(records), seconds=((str(name), each),) * len(heads))


def span_words(heads: tuple[HeadId, ...]) -> str:
    """Return the heads of a unit in words."""
    if len(heads) == 1:
        return words(heads[0])
    return f"{len(heads)} heads from {words(heads[0])} to {words(heads[-1])}"
