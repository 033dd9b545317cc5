"""Similarity of all heads: distances of attention and of vectors, and a map of heads."""

from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from attentionviz.core.heads import heads_of, rules_with_heads
from attentionviz.core.pattern import pattern_rows
from attentionviz.core.rule import LayerRule, head_rule
from attentionviz.core.types import HeadId
from attentionviz.measures import head_map, similarity, vector_similarity
from attentionviz.measures.similarity import Row
from attentionviz.pipeline.progress import Progress
from attentionviz.pipeline.units import read_array
from attentionviz.store import layout
from attentionviz.store.journal import Journal
from attentionviz.store.writer import write_array


def write_similarity(
    folder: Path,
    manifest: dict[str, Any],
    lengths: tuple[int, ...],
    journal: Journal,
    progress: Progress,
) -> dict[str, Any]:
    """Write the missing ones of the three files; return the manifest entry ``similarity``.

    Parameters
    ----------
    folder : Path
        Of the build.
    manifest : dict
        The partial manifest.
    lengths : tuple of int
        Number of tokens of every sequence.
    journal : Journal
        Each finished file is added at once.
    progress : Progress
    """
    comparison = _Comparison(folder, manifest, np.asarray(lengths))
    # One thread, so that the bytes do not depend on the number of cores.
    with threadpool_limits(1):
        if layout.SIMILARITY_PATTERN not in journal:
            progress.announce("publish", f"comparing {len(comparison.heads):,} heads")
            distances = comparison.distances().astype(np.float32)
            journal.add(write_array(folder, layout.SIMILARITY_PATTERN, distances))
        if layout.SIMILARITY_VECTORS not in journal:
            journal.add(write_array(folder, layout.SIMILARITY_VECTORS, comparison.alignments()))
        distances = read_array(folder / layout.SIMILARITY_PATTERN)
        if layout.HEAD_MAP not in journal:
            coordinates = head_map.head_map(distances).coordinates
            journal.add(write_array(folder, layout.HEAD_MAP, coordinates))
    stress = head_map.stress_of(distances, read_array(folder / layout.HEAD_MAP))
    return {
        "n_rows": len(comparison.rows),
        "smoothing": similarity.SMOOTHING,
        "log_base": similarity.LOG_BASE,
        "n_tokens": len(comparison.tokens),
        "seed": manifest["seed"],
        "map_method": head_map.METHOD,
        "stress": round(stress, 6),
    }


class _Comparison:
    """All heads of a build over the same rows and tokens; one head's vectors in memory at a time.

    Parameters
    ----------
    folder : Path
    manifest : dict
    lengths : ndarray of int, shape (n_sequences,)
    """

    def __init__(self, folder: Path, manifest: dict[str, Any], lengths: NDArray[np.int64]) -> None:
        self.folder = folder
        self.manifest = manifest
        self.heads = heads_of(manifest)
        n_heads, seed = len(self.heads), manifest["seed"]
        is_causal = all(LayerRule.of(rule).hides_later_keys for rule in rules_with_heads(manifest))
        self.rows = similarity.choose_rows(lengths, n_heads, is_causal=is_causal, seed=seed)
        self.tokens = vector_similarity.choose_tokens(manifest["n_tokens"], n_heads, seed)

    def vectors(self, head: HeadId) -> tuple[NDArray[Any], NDArray[Any]]:
        """Return queries and keys of a head, as stored."""
        queries = read_array(self.folder / layout.queries_path(head))
        return queries, read_array(self.folder / layout.keys_path(head, self.manifest))

    def distances(self) -> NDArray[np.float64]:
        """Return the distances of the attention of all heads, (n_heads, n_heads)."""
        n_keys = sum(row.stop - row.start for row in self.rows)
        weights = np.zeros((len(self.heads), n_keys), dtype=np.float32)
        for i, head in enumerate(self.heads):
            parts = list(self.smoothed_rows(head))
            if parts:
                weights[i] = np.concatenate(parts)
        return similarity.distances(weights, len(self.rows))

    def smoothed_rows(self, head: HeadId) -> Iterator[NDArray[np.float64]]:
        """Yield the chosen rows of a head, smoothed, each over the keys start..stop of its row."""
        rule = head_rule(self.manifest, head)
        queries, keys = self.vectors(head)
        for start, group in groupby(self.rows, key=lambda row: row.start):
            rows: list[Row] = list(group)
            tokens = np.array([row.query for row in rows])
            positions, span = tokens - start, keys[start : rows[-1].stop]
            pattern = pattern_rows(queries[None, tokens], span[None], positions, rule)[0]
            smooth = similarity.smoothed(pattern, rule.visible(positions, len(span)))
            yield from (
                weights[: row.stop - start] for row, weights in zip(rows, smooth, strict=True)
            )

    def alignments(self) -> NDArray[np.float32]:
        """Return the alignments of the vectors of all heads, (n_heads, n_heads)."""
        n = len(self.tokens)
        vectors = np.empty((len(self.heads), n * (n - 1) // 2), dtype=np.float32)
        for i, head in enumerate(self.heads):
            queries, keys = (array[self.tokens] for array in self.vectors(head))
            vectors[i] = vector_similarity.alignment_vector(queries, keys)
        return vector_similarity.alignments(vectors)
