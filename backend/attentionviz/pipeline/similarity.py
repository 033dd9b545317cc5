"""Similarity of all heads: distances of attention and of vectors, and a map of heads."""

import functools
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from attentionviz.core.heads import heads_of
from attentionviz.core.pattern import pattern_rows
from attentionviz.core.rule import LayerRule, Part, head_rule
from attentionviz.core.types import HeadId
from attentionviz.measures import head_map, similarity, vector_similarity
from attentionviz.measures.similarity import Row
from attentionviz.pipeline.progress import Progress
from attentionviz.pipeline.units import read_array, read_vectors
from attentionviz.store import layout
from attentionviz.store.columns import Sequences
from attentionviz.store.journal import Journal
from attentionviz.store.writer import write_array


def write_similarity(
    folder: Path,
    manifest: dict[str, Any],
    sequences: Sequences,
    journal: Journal,
    progress: Progress,
) -> dict[str, Any]:
    """Write the missing files of similarity; return the manifest entry ``similarity``.

    Parameters
    ----------
    folder : Path
        Of the build.
    manifest : dict
        The partial manifest.
    sequences : Sequences
    journal : Journal
        Each finished file is added at once.
    progress : Progress
    """
    comparison = _Comparison(folder, manifest, sequences)
    progress.announce("publish", f"comparing {len(comparison.heads):,} heads")
    write = _write_nearest if comparison.n_nearest else _write_all_pairs
    # One thread, so that the bytes do not depend on the number of cores.
    with threadpool_limits(1):
        facts = write(folder, comparison, journal)
    return {
        "n_rows": min(len(group.rows) for group in comparison.groups),
        "smoothing": similarity.SMOOTHING,
        "log_base": similarity.LOG_BASE,
        "n_tokens": min(len(group.queries) for group in comparison.groups),
        "seed": manifest["seed"],
        **facts,
    }


def _write_all_pairs(folder: Path, comparison: "_Comparison", journal: Journal) -> dict[str, Any]:
    """Write distances and alignments of all pairs, (n_heads, n_heads), and the map."""
    if layout.SIMILARITY_PATTERN not in journal:
        distances = comparison.distances().astype(np.float32)
        journal.add(write_array(folder, layout.SIMILARITY_PATTERN, distances))
    if layout.SIMILARITY_VECTORS not in journal:
        journal.add(write_array(folder, layout.SIMILARITY_VECTORS, comparison.alignments()))
    distances = read_array(folder / layout.SIMILARITY_PATTERN)
    if layout.HEAD_MAP not in journal:
        coordinates = head_map.head_map(distances).coordinates
        journal.add(write_array(folder, layout.HEAD_MAP, coordinates))
    stress = head_map.stress_of(distances, read_array(folder / layout.HEAD_MAP))
    return {"map_method": head_map.METHOD, "stress": round(stress, 6)}


def _write_nearest(folder: Path, comparison: "_Comparison", journal: Journal) -> dict[str, Any]:
    """Write the nearest heads of each, (n_heads, n_nearest), and the map from landmarks."""
    if not journal.has_all((layout.SIMILARITY_HEADS, layout.SIMILARITY_PATTERN)):
        nearest, distances = comparison.nearest()
        journal.add(
            write_array(folder, layout.SIMILARITY_HEADS, nearest),
            write_array(folder, layout.SIMILARITY_PATTERN, distances),
        )
    if layout.SIMILARITY_VECTORS not in journal:
        nearest = read_array(folder / layout.SIMILARITY_HEADS)
        alignments = comparison.alignments(nearest)
        journal.add(write_array(folder, layout.SIMILARITY_VECTORS, alignments))
    landmarks, to_landmarks = comparison.landmarks()
    if layout.HEAD_MAP not in journal:
        coordinates = head_map.landmark_map(landmarks, to_landmarks).coordinates
        journal.add(write_array(folder, layout.HEAD_MAP, coordinates))
    coordinates = read_array(folder / layout.HEAD_MAP)
    stress = head_map.landmark_stress(landmarks, to_landmarks, coordinates)
    return {
        "map_method": head_map.LANDMARK_METHOD,
        "stress": round(stress, 6),
        "n_landmarks": len(landmarks),
        "n_nearest": comparison.n_nearest,
    }


@dataclass(frozen=True)
class _Group:
    """Heads with the same tokens as queries and as keys: all, or those of a part of the model.

    Attributes
    ----------
    heads : list of int
        Indices, ascending.
    rows : list of Row
    queries, keys : ndarray of int64
        Tokens whose vectors are compared; the same ones except in cross attention.
    part : "encoder", "decoder", "cross" or None
    """

    heads: list[int]
    rows: list[Row]
    queries: NDArray[np.int64]
    keys: NDArray[np.int64]
    part: Part | None


class _Comparison:
    """All heads of a build over the same rows and tokens; one head's vectors in memory at a time.

    Heads of different parts of a model have no row in common: their distance is 1, that of rows
    without common keys, and the alignment of their vectors is not defined.

    Parameters
    ----------
    folder : Path
    manifest : dict
    sequences : Sequences
    """

    def __init__(self, folder: Path, manifest: dict[str, Any], sequences: Sequences) -> None:
        self.folder = folder
        self.manifest = manifest
        self.heads = heads_of(manifest)
        n_heads = len(self.heads)
        self.n_nearest = similarity.n_nearest(n_heads)
        self.n_landmarks = min(head_map.N_LANDMARKS, n_heads)
        rules = [LayerRule.of(facts) for facts in manifest["layers"]]
        parts = dict.fromkeys(rules[head.layer].part for head in self.heads)
        self.groups = [self._group(part, rules, sequences) for part in parts]

    def _group(self, part: Part | None, rules: list[LayerRule], sequences: Sequences) -> _Group:
        heads = [i for i, head in enumerate(self.heads) if rules[head.layer].part == part]
        own = [rules[self.heads[i].layer] for i in heads]
        spans = own[0].spans(*sequences)
        n_heads, seed = len(self.heads), self.manifest["seed"]
        is_causal = all(rule.hides_later_keys for rule in own)
        queries, keys = (
            tokens[vector_similarity.choose_tokens(len(tokens), n_heads, seed)]
            for tokens in (spans.queries, spans.keys)
        )
        compared = similarity.LIKELY_PER_NEAREST * self.n_nearest + self.n_landmarks
        n_pairs = n_heads * compared if self.n_nearest else None
        rows = similarity.choose_rows(
            spans, n_heads, is_causal=is_causal, seed=seed, n_pairs=n_pairs
        )
        return _Group(heads, rows, queries, keys, part)

    def vectors(self, head: HeadId) -> tuple[NDArray[Any], NDArray[Any]]:
        """Return queries and keys of a head, as captured."""
        return read_vectors(self.folder, head, self.manifest)

    def distances(self) -> NDArray[np.float64]:
        """Return the distances of the attention of all heads, (n_heads, n_heads)."""
        found = np.ones((len(self.heads), len(self.heads)))
        for group, weights in zip(self.groups, self.weights, strict=True):
            found[np.ix_(group.heads, group.heads)] = similarity.distances(weights, len(group.rows))
        return found

    def nearest(self) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
        """Return the nearest heads of each, nearest first, and their distances.

        Both (n_heads, n_nearest). Where a part has too few heads, others of distance 1 follow.
        """
        n_heads, n_wanted = len(self.heads), self.n_nearest
        nearest = np.empty((n_heads, n_wanted), dtype=np.int32)
        distances = np.ones((n_heads, n_wanted), dtype=np.float32)
        for group, weights in zip(self.groups, self.weights, strict=True):
            heads = np.array(group.heads)
            n = min(n_wanted, len(heads) - 1)
            nearest[heads, n:] = np.setdiff1d(np.arange(n_heads), heads)[: n_wanted - n]
            entropy = similarity.entropies(weights)
            n_likely = min(similarity.LIKELY_PER_NEAREST * n, len(heads) - 1)
            likely = np.sort(similarity.likely_nearest(weights, n_likely), axis=1)
            for i, others in enumerate(likely):
                found = similarity.distances_among(weights, entropy, i, others, len(group.rows))
                order = np.argsort(found, kind="stable")[:n]
                nearest[heads[i], :n] = heads[others[order]]
                distances[heads[i], :n] = found[order]
        return nearest, distances

    def landmarks(self) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Return the landmark heads, and the distance of every head to each."""
        entropies = [similarity.entropies(weights) for weights in self.weights]

        def distances_from(head: int) -> NDArray[np.float64]:
            found = np.ones(len(self.heads))
            for group, own, entropy in zip(self.groups, self.weights, entropies, strict=True):
                if head in group.heads:
                    among = np.arange(len(group.heads))
                    i, n_rows = group.heads.index(head), len(group.rows)
                    found[group.heads] = similarity.distances_among(own, entropy, i, among, n_rows)
            return found

        return head_map.choose_landmarks(
            distances_from, len(self.heads), self.n_landmarks, self.manifest["seed"]
        )

    @functools.cached_property
    def weights(self) -> list[NDArray[np.float32]]:
        """Return of each group the smoothed rows of its heads side by side, (n_heads, n_keys)."""
        return [self._weights_of(group) for group in self.groups]

    def _weights_of(self, group: _Group) -> NDArray[np.float32]:
        n_keys = sum(row.stop - row.start for row in group.rows)
        weights = np.zeros((len(group.heads), n_keys), dtype=np.float32)
        for i, head in enumerate(group.heads):
            parts = list(self.smoothed_rows(self.heads[head], group.rows))
            if parts:
                weights[i] = np.concatenate(parts)
        return weights

    def smoothed_rows(self, head: HeadId, among: list[Row]) -> Iterator[NDArray[np.float64]]:
        """Yield the chosen rows of a head, smoothed, each over the keys start..stop of its row."""
        rule = head_rule(self.manifest, head)
        queries, keys = self.vectors(head)
        for start, group in groupby(among, key=lambda row: row.start):
            rows: list[Row] = list(group)
            tokens = np.array([row.query for row in rows])
            positions, span = tokens - rows[0].first_query, keys[start : rows[-1].stop]
            pattern = pattern_rows(queries[None, tokens], span[None], positions, rule)[0]
            smooth = similarity.smoothed(pattern, rule.visible(positions, len(span)))
            yield from (
                weights[: row.stop - start] for row, weights in zip(rows, smooth, strict=True)
            )

    def alignments(self, others: NDArray[np.int32] | None = None) -> NDArray[np.float32]:
        """Return the alignments of the vectors of every head with others, or with all heads.

        Parameters
        ----------
        others : ndarray of int32, shape (n_heads, n_others), or None

        Returns
        -------
        ndarray of float32, shape (n_heads, n_others) or (n_heads, n_heads)
        """
        n_heads = len(self.heads)
        shape = (n_heads, n_heads) if others is None else others.shape
        found = np.full(shape, np.nan, dtype=np.float32)
        for group in self.groups:
            vectors = self.alignment_vectors(group)
            if others is None:
                found[np.ix_(group.heads, group.heads)] = vector_similarity.alignments(vectors)
                continue
            # Heads of other parts follow all of the own part.
            n = min(others.shape[1], len(group.heads) - 1)
            own = np.searchsorted(group.heads, others[group.heads, :n])
            found[group.heads, :n] = vector_similarity.alignments_among(vectors, own)
        return found

    def alignment_vectors(self, group: _Group) -> NDArray[np.float32]:
        """Return the vectors of a group whose products are alignments, (n_heads, n)."""
        vector_of = vector_similarity.alignment_vector
        if group.part == "cross":
            vector_of = vector_similarity.alignment_vector_across
        vectors = []
        for head in group.heads:
            queries, keys = self.vectors(self.heads[head])
            vector = vector_of(queries[group.queries], keys[group.keys])
            vectors.append(vector.astype(np.float32))
        return np.stack(vectors)
