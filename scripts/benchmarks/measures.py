"""CPU seconds of what a build measures beside its maps: fidelity of a map, similarity of heads."""

import tempfile
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from scripts.benchmarks.timing import cpu_seconds

from attentionviz import models, projections
from attentionviz.core.heads import heads_of
from attentionviz.core.rule import ScoreRule
from attentionviz.core.types import HeadId
from attentionviz.measures.fidelity import TokenPositions, measure, prepare
from attentionviz.pipeline.comparing import forget
from attentionviz.pipeline.engine import LocalEngine
from attentionviz.pipeline.progress import Progress
from attentionviz.pipeline.similarity import write_similarity
from attentionviz.pipeline.units import MapJob
from attentionviz.projections import HeadVectors
from attentionviz.store import layout
from attentionviz.store.journal import Journal

SEED = 0


class Capture(NamedTuple):
    """All heads of a model over a corpus: (layer, head, token, d_head), and sequence lengths."""

    queries: np.ndarray
    keys: np.ndarray
    lengths: np.ndarray
    rules: list[dict[str, Any]]

    def first(self, n_tokens: int) -> "Capture":
        """Return the same for the first tokens only; the last sequence may be cut."""
        lengths = np.diff(np.minimum(np.cumsum(self.lengths), n_tokens), prepend=0)
        parts = (self.queries[:, :, :n_tokens], self.keys[:, :, :n_tokens])
        return Capture(*parts, lengths[lengths > 0], self.rules)

    def places(self) -> TokenPositions:
        """Return where tokens stand; the model of the benchmark looks both ways."""
        starts = np.repeat(np.cumsum(self.lengths) - self.lengths, self.lengths)
        sequence = np.repeat(np.arange(len(self.lengths)), self.lengths)
        return TokenPositions(sequence, np.arange(len(starts)) - starts, ScoreRule(1.0, False))


def capture(model: "models.LoadedModel", texts: list[str], n_tokens: int) -> Capture:
    """Return all heads of a model for the first tokens of some texts."""
    queries, keys, lengths = [], [], []
    for batch in model.text_batches(texts):
        captured = models.capture_batch(model, batch)
        queries.append(captured.queries.copy())
        keys.append(captured.keys.copy())
        lengths += batch.lengths
        if sum(lengths) >= n_tokens:
            break
    rules = [rule.facts() for rule in model.rules]
    joined = (np.concatenate(queries, axis=2), np.concatenate(keys, axis=2))
    return Capture(*joined, np.array(lengths), rules).first(n_tokens)


def fidelity_of_a_map(vectors: HeadVectors, places: TokenPositions) -> None:
    """Measure one 2-D map, what it is compared with included: as the first map of a head."""
    drawn = projections.project("pca", vectors, dims=2, seed=SEED).coordinates
    measure(prepare(vectors, places, SEED), drawn, "pca")


def similarity_seconds(all_heads: Capture, repeats: int) -> float:
    """Return CPU seconds of the distances, alignments and map of all heads, for one of them."""
    _, n_heads, n_tokens, d_head = all_heads.queries.shape
    manifest = {"n_heads": n_heads, "n_key_heads": n_heads, "d_head": d_head}
    manifest |= {"n_tokens": n_tokens, "seed": SEED, "layers": all_heads.rules}
    manifest["keep_vectors"] = {"choice": "all"}
    heads = heads_of(manifest)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for head in heads:
            _save(folder / layout.queries_path(head), all_heads.queries[head])
            _save(folder / layout.keys_path(head, manifest), all_heads.keys[head])

        job = MapJob(folder, manifest, tuple(map(int, all_heads.lengths)))

        def once() -> None:
            forget()
            (folder / layout.JOURNAL).unlink(missing_ok=True)
            progress = Progress(folder, lambda _: None)
            with Journal(folder) as journal:
                write_similarity(job, journal, progress, LocalEngine(1))

        return cpu_seconds(once, repeats) / len(heads)


def _save(path: Path, array: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    np.save(path, array)


def seconds(all_heads: Capture, at: HeadId, sizes: list[int]) -> dict[str, dict[str, float]]:
    """Return CPU seconds per head of fidelity and similarity, by number of points."""
    found: dict[str, dict[str, float]] = {"fidelity of a map": {}, "similarity, a head's share": {}}
    for n_points in [200, *sizes]:  # what is imported late is not timed: the first is not kept
        part = all_heads.first(n_points // 2)
        head = (at.layer, at.head)
        scaling = part.rules[at.layer]["scaling"]
        vectors = HeadVectors.of(part.queries[head], part.keys[head], scaling)
        places, repeats = part.places(), 3 if n_points <= 1000 else 1
        spent = (
            cpu_seconds(lambda v=vectors, p=places: fidelity_of_a_map(v, p), repeats),
            similarity_seconds(part, repeats),
        )
        for name, figure in zip(found, spent, strict=True):
            found[name][str(n_points)] = figure
    return {name: {str(n): by_size[str(n)] for n in sizes} for name, by_size in found.items()}
