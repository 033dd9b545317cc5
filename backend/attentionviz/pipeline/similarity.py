"""Similarity of all heads: distances of attention and of vectors, and a map of heads."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from attentionviz.measures import head_map, similarity, vector_similarity
from attentionviz.pipeline import comparing
from attentionviz.pipeline.comparing import LANDMARKS, TO_LANDMARKS, Comparison, Step
from attentionviz.pipeline.engine import Engine, Function, Unit
from attentionviz.pipeline.progress import Progress
from attentionviz.pipeline.units import MapJob, read_array
from attentionviz.store import layout
from attentionviz.store.journal import Journal
from attentionviz.store.writer import write_array


def write_similarity(
    job: MapJob, journal: Journal, progress: Progress, engine: Engine
) -> dict[str, Any]:
    """Write the missing files of similarity; return the manifest entry ``similarity``.

    Parameters
    ----------
    job : MapJob
    journal : Journal
        Each finished file is added at once.
    progress : Progress
    engine : Engine
        Runs blocks of heads; this process joins them.
    """
    writer = _Writer(job, journal, progress, engine)
    comparison = writer.comparison
    progress.announce(
        "publish", f"comparing {len(comparison.heads):,} heads in {engine.description}"
    )
    facts = writer.write_nearest() if comparison.n_nearest else writer.write_all_pairs()
    engine.on_every_worker(comparing.forget)
    return {
        "n_rows": min(len(group.rows) for group in comparison.groups),
        "smoothing": similarity.SMOOTHING,
        "log_base": similarity.LOG_BASE,
        "n_tokens": min(len(group.queries) for group in comparison.groups),
        "seed": job.manifest["seed"],
        **facts,
    }


class _Writer:
    """Writes the files of the similarity of one build: those of blocks, then of all heads."""

    def __init__(self, job: MapJob, journal: Journal, progress: Progress, engine: Engine) -> None:
        self.job = job
        self.journal = journal
        self.progress = progress
        self.engine = engine
        self.comparison = Comparison(job)

    def write_all_pairs(self) -> dict[str, Any]:
        """Write distances and alignments of all pairs, (n_heads, n_heads), and the map."""
        pattern, vectors = layout.SIMILARITY_PATTERN, layout.SIMILARITY_VECTORS
        self.run_rows(pattern, vectors)
        if pattern not in self.journal:
            self.run("distances", comparing.compare_with_all, "entropies")
            self.write(pattern, self.join_pairs("entropies", similarity.distances_of, 1.0))
        if vectors not in self.journal:
            self.run("alignments", comparing.align_with_all, "products")
            align = vector_similarity.alignments_of
            self.write(vectors, self.join_pairs("products", lambda found, _: align(found), np.nan))
        self.run_once(comparing.draw_map, layout.HEAD_MAP)
        stress = head_map.stress_of(self.read(pattern), self.read(layout.HEAD_MAP))
        return {"map_method": head_map.METHOD, "stress": round(stress, 6)}

    def write_nearest(self) -> dict[str, Any]:
        """Write the nearest heads of each, (n_heads, n_nearest), and the map from landmarks."""
        heads, pattern = layout.SIMILARITY_HEADS, layout.SIMILARITY_PATTERN
        vectors = layout.SIMILARITY_VECTORS
        self.run_rows(heads, pattern, vectors, TO_LANDMARKS)
        if not self.journal.has_all((heads, pattern)):
            self.run("nearest heads", comparing.find_nearest, "nearest", "distances")
            self.write(heads, self.join("nearest"))
            self.write(pattern, self.join("distances"))
        if TO_LANDMARKS not in self.journal:
            self.run_once(comparing.choose_landmarks, LANDMARKS)
            self.run("landmarks", comparing.compare_with_landmarks, "to_landmarks")
            self.write(TO_LANDMARKS, self.join("to_landmarks"))
        if vectors not in self.journal:
            self.run("alignments", comparing.align_with_nearest, "alignments")
            self.write(vectors, self.join("alignments"))
        self.run_once(comparing.draw_map, layout.HEAD_MAP)
        landmarks, to_landmarks = self.read(LANDMARKS), self.read(TO_LANDMARKS)
        stress = head_map.landmark_stress(landmarks, to_landmarks, self.read(layout.HEAD_MAP))
        return {
            "map_method": head_map.LANDMARK_METHOD,
            "stress": round(stress, 6),
            "n_landmarks": len(landmarks),
            "n_nearest": self.comparison.n_nearest,
        }

    def run_rows(self, *needed_by: str) -> None:
        """Write the rows and kernels of all heads unless the files that need them are finished."""
        if not self.journal.has_all(needed_by):
            self.run("rows", comparing.write_rows, "weights", "kernels")

    def run(self, what: str, step: Step, *names: str) -> None:
        """Run a step for the blocks whose files are missing."""
        blocks = self.comparison.blocks()
        missing = {block: tuple(map(block.path, names)) for block in blocks}
        missing = {b: paths for b, paths in missing.items() if not self.journal.has_all(paths)}
        units = [
            Unit(f"{what} of heads {block.start}..{block.stop - 1}", (step, block), paths)
            for block, paths in missing.items()
        ]
        n_done = len(blocks) - len(units)
        for result in self.engine.run(comparing.run_step, self.job, units):
            self.journal.add(*result.records)
            n_done += 1
            share = f"{100 * n_done / len(blocks):.0f} %"
            self.progress.update(message=f"comparing heads: {what}, {share}")

    def run_once(self, function: Function, path: str) -> None:
        """Run a unit that writes one file of all heads, unless it is finished."""
        if path not in self.journal:
            for result in self.engine.run(function, self.job, [Unit(path, (), (path,))]):
                self.journal.add(*result.records)

    def join(self, name: str) -> NDArray[Any]:
        """Return the rows of all heads from the files of all blocks, (n_heads, n)."""
        parts = [self.comparison.read(name, i) for i in range(len(self.comparison.groups))]
        order = np.concatenate([group.heads for group in self.comparison.groups])
        found: NDArray[Any] = np.concatenate(parts)[np.argsort(order)]
        return found

    def join_pairs(
        self, name: str, finish: Callable[[NDArray[Any], int], NDArray[Any]], across: float
    ) -> NDArray[np.float32]:
        """Return a number of each pair of heads, `across` for pairs of different groups."""
        n_heads = len(self.comparison.heads)
        found = np.full((n_heads, n_heads), across, dtype=np.float32)
        for i, group in enumerate(self.comparison.groups):
            pairs = finish(self.comparison.read(name, i), len(group.rows))
            found[np.ix_(group.heads, group.heads)] = pairs
        return found

    def read(self, path: str) -> NDArray[Any]:
        """Return an array of the build."""
        return read_array(self.job.folder / path)

    def write(self, path: str, array: NDArray[Any]) -> None:
        """Write a file and add it to the journal."""
        self.journal.add(write_array(self.job.folder, path, array))
