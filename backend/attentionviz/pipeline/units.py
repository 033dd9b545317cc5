"""The unit of work of a build: some maps of one head, computed in a worker process."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from attentionviz.core.rule import LayerRule, Spans
from attentionviz.core.types import HeadId, MapName
from attentionviz.errors import AppError, BuildError
from attentionviz.measures.fidelity import TokenPositions, measure, prepare
from attentionviz.pipeline.result import Result
from attentionviz.projections import (
    HeadVectors,
    Neighbours,
    Projection,
    dequantise,
    find_neighbours,
    needs_neighbours,
    project,
    quantise,
)
from attentionviz.store import layout
from attentionviz.store.columns import Sequences
from attentionviz.store.schema import canonical_json
from attentionviz.store.writer import FileRecord, write_array, write_bytes


@dataclass(frozen=True)
class MapJob:
    """Inputs shared by all units of a build.

    Attributes
    ----------
    folder : Path
        Of the build.
    manifest : mapping
        The partial manifest.
    lengths : tuple of int
        Number of tokens of every sequence.
    n_source : tuple of int or None
        Number of source tokens of every sequence; None unless the model has encoder and decoder.
    output : Path or None
        Folder for finished files; None for that of the build.
    """

    folder: Path
    manifest: Mapping[str, Any]
    lengths: tuple[int, ...]
    n_source: tuple[int, ...] | None = None
    output: Path | None = None

    def writing_to(self, folder: Path) -> "MapJob":
        """Return the same job with another folder for finished files."""
        return replace(self, output=folder)

    @property
    def target(self) -> Path:
        """Folder for finished files."""
        return self.output or self.folder

    def spans(self, layer: int) -> Spans:
        """Return the tokens of every sequence with a query, and with a key, in a layer."""
        rule = LayerRule.of(self.manifest["layers"][layer])
        return rule.spans(*Sequences.of(self.lengths, self.n_source))

    def positions(self, layer: int) -> TokenPositions:
        """Return the positions of the queries and keys, and the rule of a layer."""
        return TokenPositions.of(self.spans(layer), LayerRule.of(self.manifest["layers"][layer]))

    def vectors(self, head: HeadId) -> HeadVectors:
        """Return the queries and keys that a head has, aligned."""
        spans = self.spans(head.layer)
        queries, keys = read_vectors(self.folder, head, self.manifest)
        return HeadVectors.of(
            queries[spans.queries],
            keys[spans.keys],
            self.manifest["layers"][head.layer]["scaling"],
            rule=self.manifest["alignment"]["scale"],
            seed=self.manifest["seed"],
        )


@dataclass(frozen=True, kw_only=True)
class UnitResult(Result):
    """The result of a unit: finished files, and name and seconds of every map."""

    seconds: tuple[tuple[str, float], ...]


def run_unit(job: MapJob, head: HeadId, maps: tuple[MapName, ...]) -> UnitResult:
    """Compute, measure and write some maps of one head.

    Raises
    ------
    BuildError
        If a map cannot be computed; names layer, head and map.
    """
    # One thread per process: faster than several threads per head, and reproducible.
    with threadpool_limits(1):
        started = time.perf_counter()
        unit = HeadUnit(job, head)
        records: list[FileRecord] = []
        seconds = []
        for name in maps:
            records += unit.make(name)
            now = time.perf_counter()
            seconds.append((str(name), now - started))
            started = now
    return UnitResult(tuple(records), seconds=tuple(seconds))


class HeadUnit:
    """One head: its vectors, and the reference for the fidelity of its maps.

    Parameters
    ----------
    job : MapJob
    head : HeadId
    vectors : HeadVectors or None
        None to read them.
    """

    def __init__(self, job: MapJob, head: HeadId, vectors: HeadVectors | None = None) -> None:
        self.job = job
        self.head = head
        self.seed = job.manifest["seed"]
        try:
            self.vectors = vectors or job.vectors(head)
        except BuildError as error:
            raise BuildError(f"{words(head)}: {error}") from error
        self.reference = prepare(self.vectors, job.positions(head.layer), self.seed)

    def make(self, name: MapName) -> list[FileRecord]:
        """Write one map and its facts; return the finished files."""
        records: list[FileRecord] = []
        neighbours = None
        if needs_neighbours(name.method, self.vectors.n_points // 2):
            neighbours, records = shared_neighbours(self.job, self.head, self.vectors)
        return records + self.write(name, self.project(name, neighbours))

    def write(self, name: MapName, projection: Projection) -> list[FileRecord]:
        """Measure and write a finished map; return the finished files."""
        steps, offset, scale = quantise(projection.coordinates)
        drawn = dequantise(steps, offset, scale)  # fidelity is that of the stored coordinates
        facts = {
            "alignment_scale": self.vectors.aligned.scale,
            "vector_rank_correlation": self.reference.vector_rank_correlation,
            "offset": offset,
            "scale": scale,
            "fidelity": measure(self.reference, drawn, name.method),
            "details": projection.details,
            "fallback": projection.fallback,
        }
        n_tokens = sum(self.job.lengths)
        points = self.job.spans(self.head.layer).points(n_tokens)
        whole = np.zeros((2 * n_tokens, name.dims), dtype=np.uint16)
        whole[points] = steps
        facts_path = layout.map_facts_path(self.head, name)
        # The map is written last, so that every map that a reader finds has facts.
        return [
            write_bytes(self.job.target, facts_path, canonical_json(facts)),
            write_array(self.job.target, layout.map_path(self.head, name), whole),
        ]

    def project(self, name: MapName, neighbours: Neighbours | None) -> Projection:
        """Return the coordinates; BuildError names the head and the map."""
        try:
            return project(
                name.method,
                self.vectors,
                dims=name.dims,
                seed=self.seed,
                neighbours=neighbours,
                **self.job.manifest["maps"][str(name)]["parameters"],
            )
        except AppError as error:
            raise BuildError(f"{name} of {words(self.head)}: {error}") from error
        except (ValueError, ArithmeticError, np.linalg.LinAlgError) as error:
            raise BuildError(
                f"{name} of {words(self.head)} failed: {type(error).__name__}: {error}"
            ) from error


def shared_neighbours(
    job: MapJob, head: HeadId, vectors: HeadVectors
) -> tuple[Neighbours, list[FileRecord]]:
    """Return the neighbours of a head's points, searched by the first unit that needs them.

    Parameters
    ----------
    job : MapJob
        Neighbours are stored in the folder of its build until publication.
    head : HeadId
    vectors : HeadVectors

    Returns
    -------
    neighbours : Neighbours
    records : list of FileRecord
        The written file; empty if it existed.
    """
    path = layout.neighbours_path(head)
    if (job.folder / path).exists():
        indices, bits = read_array(job.folder / path)
        return Neighbours(indices, bits.view(np.float32)), []
    found = find_neighbours(vectors)
    both = np.stack([found.indices, found.distances.view(np.int32)])  # (2, point, neighbour)
    return found, [write_array(job.target, path, both)]


def read_array(path: Path) -> NDArray[Any]:
    """Return a whole array of the build folder, which is trusted."""
    array: NDArray[Any] = np.load(path, allow_pickle=False)
    return array


def read_vectors(
    folder: Path, head: HeadId, manifest: Mapping[str, Any]
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return the queries and keys of all tokens of a head, as captured, (n_tokens, d_head) each."""
    paths = layout.queries_path(head), layout.keys_path(head, manifest)
    queries, keys = (read_array(folder / layout.captured_path(path, manifest)) for path in paths)
    return queries, keys


def words(head: HeadId) -> str:
    """Return a head in words, for messages."""
    return f"layer {head.layer}, head {head.head}"
