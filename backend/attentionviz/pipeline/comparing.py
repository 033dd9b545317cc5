"""The units of work of the comparison of heads: blocks of heads, each against all or some others.

Smoothed rows and kernels of all heads are computed once, by the block, and stored in the folder of
the build until publication; every other unit reads those of all heads.
"""

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from attentionviz.core.heads import heads_of
from attentionviz.core.pattern import pattern_rows
from attentionviz.core.rule import LayerRule, Part, head_rule
from attentionviz.core.types import HeadId
from attentionviz.measures import head_map, similarity, vector_similarity
from attentionviz.measures.similarity import Row
from attentionviz.pipeline.result import Result
from attentionviz.pipeline.units import MapJob, read_array, read_vectors
from attentionviz.store import layout
from attentionviz.store.columns import Sequences
from attentionviz.store.writer import write_array

N_HEADS_AT_ONCE = 32
"""Heads of a unit: a second of work or less, and some hundred units for thousands of heads."""

LANDMARKS = layout.comparison_path("landmarks")
TO_LANDMARKS = layout.comparison_path("to_landmarks")
Step = Callable[[MapJob, "Block"], Result]


class Block(NamedTuple):
    """Some heads of a group: their indices among its heads."""

    group_idx: int
    start: int
    stop: int

    @property
    def heads(self) -> range:
        """Indices among the heads of the group."""
        return range(self.start, self.stop)

    def path(self, name: str) -> str:
        """Return the relative path of a file of this block."""
        return layout.comparison_path(f"{name}-{self.group_idx}-{self.start}")


@dataclass(frozen=True)
class Group:
    """Heads with the same tokens as queries and as keys: all, or those of a part of the model.

    Attributes
    ----------
    heads : ndarray of int64
        Indices, ascending.
    rows : list of Row
    queries, keys : ndarray of int64
        Tokens whose vectors are compared; the same ones except in cross attention.
    part : "encoder", "decoder", "cross" or None
    """

    heads: NDArray[np.int64]
    rows: list[Row]
    queries: NDArray[np.int64]
    keys: NDArray[np.int64]
    part: Part | None


class Comparison:
    """What is compared of the heads of a build: groups of heads, rows, and tokens.

    Heads of different parts of a model have no row in common: their distance is 1, that of rows
    without common keys, and the alignment of their vectors is not defined.

    Parameters
    ----------
    job : MapJob
    """

    def __init__(self, job: MapJob) -> None:
        self.folder = job.folder
        self.manifest = job.manifest
        self._kept: dict[str, tuple[int, NDArray[Any]]] = {}
        self.heads = heads_of(job.manifest)
        n_heads = len(self.heads)
        self.n_nearest = similarity.n_nearest(n_heads)
        self.n_landmarks = min(head_map.N_LANDMARKS, n_heads)
        rules = [LayerRule.of(facts) for facts in job.manifest["layers"]]
        parts = dict.fromkeys(rules[head.layer].part for head in self.heads)
        sequences = Sequences.of(job.lengths, job.n_source)
        self.groups = [self._group(part, rules, sequences) for part in parts]

    def _group(self, part: Part | None, rules: list[LayerRule], sequences: Sequences) -> Group:
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
        return Group(np.array(heads), rows, queries, keys, part)

    def blocks(self) -> list[Block]:
        """Return the blocks of all groups."""
        return [
            Block(i, start, min(start + N_HEADS_AT_ONCE, len(group.heads)))
            for i, group in enumerate(self.groups)
            for start in range(0, len(group.heads), N_HEADS_AT_ONCE)
        ]

    def n_bytes(self) -> int:
        """Return the size of its files in the folder of the build, without their headers."""
        n_bytes = 0
        for group in self.groups:
            n_keys = sum(row.stop - row.start for row in group.rows)
            sampled = (group.queries, group.keys) if group.part == "cross" else (group.queries,)
            n_pairs = sum(math.comb(len(tokens), 2) for tokens in sampled)
            if self.n_nearest:  # distances to landmarks also of all blocks together
                others = 3 * 4 * self.n_nearest + 2 * 8 * self.n_landmarks
            else:
                others = (8 + 4) * len(group.heads)
            n_bytes += len(group.heads) * (4 * (n_keys + n_pairs) + others)
        return n_bytes

    def read(self, name: str, group_idx: int) -> NDArray[Any]:
        """Return an array of all heads of a group from the files of its blocks, (n_heads, …)."""
        blocks = (block for block in self.blocks() if block.group_idx == group_idx)
        return np.concatenate([read_array(self.folder / block.path(name)) for block in blocks])

    def kept(self, name: str, group_idx: int) -> NDArray[Any]:
        """Return what `read` does; the last array is kept in memory for the next unit."""
        if self._kept.get(name, (-1,))[0] != group_idx:
            self._kept = {}
            self._kept[name] = group_idx, self.read(name, group_idx)
        return self._kept[name][1]

    def weights(self, group_idx: int) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
        """Return the rows of all heads of a group, and their entropies."""
        weights = self.kept("weights", group_idx)
        if "entropies" not in self._kept:
            self._kept["entropies"] = group_idx, similarity.entropies(weights)
        return weights, self._kept["entropies"][1]


def run_step(job: MapJob, step: Step, block: Block) -> Result:
    """Run one unit with one thread, so that its bytes do not depend on the number of cores."""
    with threadpool_limits(1):
        return step(job, block)


def write_rows(job: MapJob, block: Block) -> Result:
    """Write smoothed rows and kernels of the heads of a block, each (n_heads, n) float32."""
    comparison = _comparison(job)
    group = comparison.groups[block.group_idx]
    n_keys = sum(row.stop - row.start for row in group.rows)
    weights = np.zeros((len(block.heads), n_keys), dtype=np.float32)
    kernels = []
    for i, head in enumerate(comparison.heads[j] for j in group.heads[block.start : block.stop]):
        queries, keys = read_vectors(job.folder, head, job.manifest)
        parts = list(_smoothed_rows(job.manifest, head, (queries, keys), group.rows))
        if parts:
            weights[i] = np.concatenate(parts)
        kernels.append(_kernel(group, queries, keys))
    return _written(job, block, weights=weights, kernels=np.stack(kernels))


def compare_with_all(job: MapJob, block: Block) -> Result:
    """Write the entropies of the means of a block with its group; see `mean_entropies`."""
    weights = _comparison(job).kept("weights", block.group_idx)
    return _written(job, block, entropies=similarity.mean_entropies(weights, block.heads))


def align_with_all(job: MapJob, block: Block) -> Result:
    """Write the products of the kernels of a block with those of its group."""
    kernels = _comparison(job).kept("kernels", block.group_idx)
    return _written(job, block, products=vector_similarity.products(kernels, block.heads))


def find_nearest(job: MapJob, block: Block) -> Result:
    """Write the nearest heads of a block, nearest first, and their distances.

    Both (n_heads, n_nearest). Where a part has too few heads, others of distance 1 follow.
    """
    comparison = _comparison(job)
    group = comparison.groups[block.group_idx]
    weights, entropy = comparison.weights(block.group_idx)
    n_wanted = comparison.n_nearest
    nearest = np.empty((len(block.heads), n_wanted), dtype=np.int32)
    distances = np.ones((len(block.heads), n_wanted), dtype=np.float32)
    n = min(n_wanted, len(group.heads) - 1)
    nearest[:, n:] = np.setdiff1d(np.arange(len(comparison.heads)), group.heads)[: n_wanted - n]
    n_likely = min(similarity.LIKELY_PER_NEAREST * n, len(group.heads) - 1)
    likely = np.sort(similarity.likely_nearest(weights, n_likely, block.heads), axis=1)
    for i, (head, others) in enumerate(zip(block.heads, likely, strict=True)):
        found = similarity.distances_among(weights, entropy, head, others, len(group.rows))
        order = np.argsort(found, kind="stable")[:n]
        nearest[i, :n] = group.heads[others[order]]
        distances[i, :n] = found[order]
    return _written(job, block, nearest=nearest, distances=distances)


def align_with_nearest(job: MapJob, block: Block) -> Result:
    """Write the alignments of a block with its nearest heads, (n_heads, n_nearest)."""
    group = _comparison(job).groups[block.group_idx]
    kernels = _comparison(job).kept("kernels", block.group_idx)
    nearest = read_array(job.folder / layout.SIMILARITY_HEADS)[group.heads[block.heads]]
    found = np.full(nearest.shape, np.nan, dtype=np.float32)
    n = min(nearest.shape[1], len(group.heads) - 1)  # heads of other parts follow
    own = np.searchsorted(group.heads, nearest[:, :n])
    found[:, :n] = vector_similarity.alignments_among(kernels, block.heads, own)
    return _written(job, block, alignments=found)


def compare_with_landmarks(job: MapJob, block: Block) -> Result:
    """Write the distances of a block to all landmarks, (n_heads, n_landmarks)."""
    group = _comparison(job).groups[block.group_idx]
    weights, entropy = _comparison(job).weights(block.group_idx)
    landmarks = read_array(job.folder / LANDMARKS)
    found = np.ones((len(block.heads), len(landmarks)))
    of_group = np.flatnonzero(np.isin(landmarks, group.heads))
    others, n_rows = np.array(block.heads), len(group.rows)
    for i in of_group:
        head = int(np.searchsorted(group.heads, landmarks[i]))
        found[:, i] = similarity.distances_among(weights, entropy, head, others, n_rows)
    return _written(job, block, to_landmarks=found)


def choose_landmarks(job: MapJob) -> Result:
    """Write the landmark heads, chosen by Hellinger distances, which are matrix products."""
    comparison = _comparison(job)
    with threadpool_limits(1):
        roots = [np.sqrt(comparison.read("weights", i)) for i in range(len(comparison.groups))]

        def distances_from(head: int) -> NDArray[np.float64]:
            found = np.ones(len(comparison.heads))
            for group, own in zip(comparison.groups, roots, strict=True):
                if head in group.heads:
                    i = int(np.searchsorted(group.heads, head))
                    found[group.heads] = similarity.hellinger_distances(own, i, len(group.rows))
            return found

        n_heads, seed = len(comparison.heads), job.manifest["seed"]
        landmarks = head_map.choose_landmarks(distances_from, n_heads, comparison.n_landmarks, seed)
    return Result((write_array(job.target, LANDMARKS, landmarks),))


def draw_map(job: MapJob) -> Result:
    """Write the map of heads from the distances of all pairs, or from those to landmarks."""
    with threadpool_limits(1):
        if _comparison(job).n_nearest:
            landmarks = read_array(job.folder / LANDMARKS)
            to_landmarks = read_array(job.folder / TO_LANDMARKS)
            drawn = head_map.landmark_map(landmarks, to_landmarks)
        else:
            drawn = head_map.head_map(read_array(job.folder / layout.SIMILARITY_PATTERN))
    return Result((write_array(job.target, layout.HEAD_MAP, drawn.coordinates),))


def forget() -> None:
    """Free what units have kept of all heads."""
    _last.clear()


_last: list[tuple[MapJob, Comparison]] = []


def _comparison(job: MapJob) -> Comparison:
    """Return the comparison of a job; kept, since it is the same for all units."""
    own = replace(job, output=None)
    if not _last or _last[0][0] != own:
        forget()
        _last.append((own, Comparison(own)))
    return _last[0][1]


def _smoothed_rows(
    manifest: Mapping[str, Any],
    head: HeadId,
    vectors: tuple[NDArray[Any], NDArray[Any]],
    among: list[Row],
) -> Iterator[NDArray[np.float64]]:
    """Yield the chosen rows of a head, smoothed, each over the keys start..stop of its row."""
    rule = head_rule(manifest, head)
    queries, keys = vectors
    for start, of_sequence in groupby(among, key=lambda row: row.start):
        rows = list(of_sequence)
        tokens = np.array([row.query for row in rows])
        positions, span = tokens - rows[0].first_query, keys[start : rows[-1].stop]
        pattern = pattern_rows(queries[None, tokens], span[None], positions, rule)[0]
        smooth = similarity.smoothed(pattern, rule.visible(positions, len(span)))
        yield from (weights[: row.stop - start] for row, weights in zip(rows, smooth, strict=True))


def _kernel(group: Group, queries: NDArray[Any], keys: NDArray[Any]) -> NDArray[np.float32]:
    """Return the vector of a head whose products with those of others are alignments."""
    vector_of = vector_similarity.alignment_vector
    if group.part == "cross":
        vector_of = vector_similarity.alignment_vector_across
    return vector_of(queries[group.queries], keys[group.keys]).astype(np.float32)


def _written(job: MapJob, block: Block, **arrays: NDArray[Any]) -> Result:
    records = [write_array(job.target, block.path(name), one) for name, one in arrays.items()]
    return Result(tuple(records))
