"""Heads with similar attention, in the same dataset or in another of the same corpus."""

from contextlib import AbstractContextManager
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from attentionviz.analysis.answer_cache import cached
from attentionviz.analysis.head_attention import fingerprint
from attentionviz.analysis.shared_tokens import SharedSequence, shared_sequences
from attentionviz.core.heads import heads_of, layers_of, rules_with_heads
from attentionviz.core.rule import LayerRule, head_rule
from attentionviz.core.types import HeadId
from attentionviz.errors import DamagedDatasetError, InvalidRequestError, NotReadyError
from attentionviz.measures.similarity import distances_from
from attentionviz.measures.unit_patterns import unit_means, unit_pattern
from attentionviz.measures.vector_similarity import alignment_vector, alignments
from attentionviz.store import layout
from attentionviz.store.dataset import DatasetReader
from attentionviz.store.kept_vectors import VectorRows

NEAREST_ON_MAP = 5
DEFAULT_HEADS = 10
# Units whose vectors are compared; their products exist once for each head, one at a time.
MAX_UNITS = 256


class HeadSimilarity(NamedTuple):
    """Similarity of one head to every head of a dataset.

    Attributes
    ----------
    distances, alignments : ndarray of float, shape (n_heads,)
        Of attention, NaN for heads that are not compared; of vectors, NaN where not defined.
    compared_by : str
        "token", "word" or "patch": what queries and keys stand for in the rows.
    n_rows, n_sequences : int or None
        What the distances rest on.
    """

    distances: NDArray[np.floating]
    alignments: NDArray[np.floating]
    compared_by: str
    n_rows: int
    n_sequences: int | None

    @property
    def n_bytes(self) -> int:
        """Return the size of both arrays."""
        return self.distances.nbytes + self.alignments.nbytes


def map_of_heads(reader: DatasetReader) -> dict[str, Any]:
    """Return the position of every head on the map of heads, and its nearest heads.

    Parameters
    ----------
    reader : DatasetReader

    Returns
    -------
    dict
        What the manifest says of the comparison, and ``heads``, layer by layer, each with ``x``,
        ``y`` and ``nearest``: five others by their true distance, not by that on the map; those
        of the same part, if the model has an encoder and a decoder.

    Raises
    ------
    NotReadyError
        Before the heads were compared, at the end of a build.
    """
    facts = _similarity_facts(reader)
    heads = heads_of(reader.manifest)
    places = reader.similarity(layout.HEAD_MAP).tolist()
    distances = reader.similarity(layout.SIMILARITY_PATTERN)
    compared, parts = _compared(reader), _parts(reader.manifest)

    def describe(i: int) -> dict[str, Any]:
        among = np.flatnonzero(_is_other(compared[i], i, parts))
        nearest = [
            {**heads[compared[i, j]]._asdict(), "distance": float(distances[i, j])}
            for j in _nearest(distances[i], NEAREST_ON_MAP, among)
        ]
        return {**heads[i]._asdict(), "x": places[i][0], "y": places[i][1], "nearest": nearest}

    return {**facts, "heads": [describe(i) for i in range(len(heads))]}


def map_fingerprint(reader: DatasetReader) -> str:
    """Return a fingerprint that changes when `map_of_heads` does; raises as `map_of_heads`."""
    _similarity_facts(reader)
    return reader.fingerprint("similarity", files=tuple(layout.similarity_files(reader.manifest)))


def similar_heads(
    reader: DatasetReader,
    head: HeadId,
    other: DatasetReader,
    k: int,
    limiter: AbstractContextManager[object] | None = None,
) -> dict[str, Any]:
    """Return the heads of a dataset that are most similar to one head in attention.

    Parameters
    ----------
    reader : DatasetReader
    head : HeadId
    other : DatasetReader
        Whose heads are compared; may be `reader` itself: then the numbers are those that its
        build has stored, and the head itself and those of other parts of the model are left out.
    k : int
        How many; fewer where there are fewer, or where a build has compared fewer.
    limiter : context manager or None
        Held while it is computed: how many may compute at once.

    Returns
    -------
    dict
        ``with``, the id of `other`; ``compared_by``, ``n_rows`` and ``n_sequences`` as of
        `HeadSimilarity`; and ``heads``, nearest first, each with ``layer``, ``head``,
        ``distance`` of attention and ``alignment`` of vectors, None if undefined.

    Raises
    ------
    InvalidRequestError
        When the datasets have no corpus, or no division of images, in common.
    NotReadyError
        When a dataset is still being built.
    """
    is_own = other.dataset_id == reader.dataset_id
    found = _stored(reader, head) if is_own else _likeness(reader, head, other, limiter)
    heads = heads_of(other.manifest)
    order = _nearest(found.distances, k, np.flatnonzero(~np.isnan(found.distances)))
    return {
        "with": other.dataset_id,
        "compared_by": found.compared_by,
        "n_rows": found.n_rows,
        "n_sequences": found.n_sequences,
        "heads": [
            {
                **heads[i]._asdict(),
                "distance": float(found.distances[i]),
                "alignment": None if np.isnan(found.alignments[i]) else float(found.alignments[i]),
            }
            for i in order
        ],
    }


def is_comparable(one: Any, other: Any) -> bool:
    """Return whether two manifests are of one corpus, and of images divided in the same way.

    Not if a model has an encoder and a decoder, whose target texts are not of the corpus alone.
    """
    if any("part" in facts["layers"][0] for facts in (one, other)):
        return False
    if one["corpus"]["sha256"] != other["corpus"]["sha256"]:
        return False
    return _division(one["patch_grid"]) == _division(other["patch_grid"])


def _similarity_facts(reader: DatasetReader) -> dict[str, Any]:
    """Return the manifest's facts of the comparison; NotReadyError before it was computed."""
    facts: dict[str, Any] | None = reader.manifest.get("similarity")
    if facts is None:
        raise NotReadyError(f"{reader.dataset_id}: its heads are compared at the end of the build")
    return facts


def _likeness(
    reader: DatasetReader,
    head: HeadId,
    other: DatasetReader,
    limiter: AbstractContextManager[object] | None,
) -> HeadSimilarity:
    """Return the cached similarity of a head to all heads of another dataset."""
    if not is_comparable(reader.manifest, other.manifest):
        raise InvalidRequestError(
            f"{reader.dataset_id} and {other.dataset_id} have no corpus, or no division of its "
            "images, in common; heads are compared on the same sentences or images, those of an "
            "encoder and a decoder only with each other"
        )
    other.require_complete()
    for one in (reader, other):
        one.require_vectors("similarity to heads of another dataset")
    key = fingerprint(other, None, fingerprint(reader, head))
    return cached(
        reader,
        ("likeness", key),
        lambda: _computed(reader, head, other),
        lambda found: found.n_bytes,
        limiter,
    )


def _compared(reader: DatasetReader) -> NDArray[np.integer]:
    """Return the heads that each is compared with, (n_heads, n_others): all, or its nearest."""
    if "n_nearest" in _similarity_facts(reader):
        return reader.similarity(layout.SIMILARITY_HEADS)
    n_heads = len(heads_of(reader.manifest))
    return np.broadcast_to(np.arange(n_heads), (n_heads, n_heads))


def _parts(manifest: Any) -> NDArray[np.int64]:
    """Return a number for the part of a model that each head is of, (n_heads,)."""
    parts = [facts.get("part") for facts in manifest["layers"]]
    known = list(dict.fromkeys(parts))
    of_layer = [known.index(part) for part in parts]
    return np.repeat(of_layer, [heads.n_heads for heads in layers_of(manifest)])


def _is_other(heads: NDArray[np.integer], own: int, parts: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return which heads are others with the same tokens as queries and as keys."""
    return (heads != own) & (parts[heads] == parts[own])


def _nearest(distances: NDArray[np.floating], k: int, among: NDArray[np.int64]) -> list[int]:
    order = among[np.argsort(distances[among], kind="stable")]
    return [int(i) for i in order[:k]]


def _division(grid: dict[str, Any] | None) -> tuple[Any, ...] | None:
    names = ("n_rows", "n_columns", "n_prefix_tokens", "has_class_token")
    return None if grid is None else tuple(grid[name] for name in names)


def _stored(reader: DatasetReader, head: HeadId) -> HeadSimilarity:
    i = heads_of(reader.manifest).index(head)
    facts = _similarity_facts(reader)
    compared, parts = _compared(reader)[i], _parts(reader.manifest)
    distances, aligned = np.full((2, len(parts)), np.nan)
    is_other = _is_other(compared, i, parts)
    distances[compared[is_other]] = reader.similarity(layout.SIMILARITY_PATTERN)[i][is_other]
    aligned[compared[is_other]] = reader.similarity(layout.SIMILARITY_VECTORS)[i][is_other]
    compared_by = "patch" if reader.manifest["model"]["modality"] == "image" else "token"
    return HeadSimilarity(distances, aligned, compared_by, facts["n_rows"], None)


def _computed(reader: DatasetReader, head: HeadId, other: DatasetReader) -> HeadSimilarity:
    compared_by, shared = shared_sequences(reader, other)
    rules = [LayerRule.of(r) for one in (reader, other) for r in rules_with_heads(one.manifest)]
    # In causal attention the first token of a sequence sees only itself.
    first = 1 if any(rule.span(0, 2)[1] == 1 for rule in rules) else 0
    n_rows = sum(one.n_units - first for one in shared)
    rows, vector = _side(reader, head, shared, 0, first)
    distances, aligned = [], []
    for theirs in heads_of(other.manifest):
        other_rows, other_vector = _side(other, theirs, shared, 1, first)
        distances.append(distances_from(rows, other_rows[None, :], n_rows)[0])
        aligned.append(alignments(np.stack([vector, other_vector]))[0, 1])
    return HeadSimilarity(np.array(distances), np.array(aligned), compared_by, n_rows, len(shared))


def _side(
    reader: DatasetReader, head: HeadId, shared: list[SharedSequence], side: int, first: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the smoothed rows of a head over shared units, flat, and its alignment vector."""
    rule = head_rule(reader.manifest, head)
    rows, queries, keys = [], [], []
    with (
        reader.open_vectors(reader.queries_path(head)) as query_file,
        reader.open_vectors(reader.keys_path(head)) as key_file,
    ):
        for one in shared:
            start, units = one.starts[side], one.units[side]
            q, k = (_rows(file, start, len(units)) for file in (query_file, key_file))
            rows.append(unit_pattern(q, k, units, rule)[first:].reshape(-1))
            queries.append(unit_means(q, units))
            keys.append(unit_means(k, units))
    flat = np.concatenate(rows)
    all_queries, all_keys = np.concatenate(queries), np.concatenate(keys)
    if not (np.isfinite(flat).all() and np.isfinite(all_queries).all()):
        raise DamagedDatasetError(f"the vectors of {head.folder} hold numbers that are not finite")
    some = np.linspace(0, len(all_queries) - 1, min(MAX_UNITS, len(all_queries))).astype(int)
    return flat, alignment_vector(all_queries[some], all_keys[some])


def _rows(file: VectorRows, start: int, n: int) -> NDArray[np.float32]:
    return file.rows(start, start + n).astype(np.float32)
