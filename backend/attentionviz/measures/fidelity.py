"""Fidelity of a map to the attention of its head, per head and method."""

from collections.abc import Callable
from typing import NamedTuple, TypedDict

import numpy as np
from numpy.typing import NDArray

from attentionviz.core.shapes import require_shape
from attentionviz.measures.rank_correlation import (
    Places,
    SequenceRanks,
    mean_correlation,
    rank_scores,
)
from attentionviz.measures.trustworthiness import VectorSpace, trustworthiness, vector_space
from attentionviz.projections import HeadVectors, nearness
from attentionviz.projections.neighbours import unit_vectors

__all__ = ["Fidelity", "Places", "Reference", "measure", "prepare"]

N_STRONGEST = 10
MAX_QUERIES = 1000
# The same token at the same place has the same key but for rounding of float32.
TIE = 1e-5
# Scores of a block of queries with all keys. They exist several times at once, in float64 and as
# places: some 64 MiB in all.
BLOCK_SCORES = 1 << 21


class Fidelity(TypedDict):
    """The three numbers of one map; None where undefined.

    Attributes
    ----------
    recall_at_10 : float or None
        Share of a query's ten strongest keys of the corpus among the ten keys drawn nearest to it;
        a key that ties with the tenth strongest counts like it. Mean over at most 1,000 seeded
        queries. None with ten keys or fewer. A map drawn at random without ties
        has 10 / n_tokens.
    rank_correlation : float or None
        Spearman's, between the nearness drawn and the scores of a query with the visible keys of
        its own sequence; mean over queries. Positive where near means a large score. Published
        numbers are magnitudes of the same with distances. None where no query has three visible
        keys and scores that differ.
    trustworthiness : float or None
        Of the ten nearest points in the map, against cosine distances of aligned vectors.
    """

    recall_at_10: float | None
    rank_correlation: float | None
    trustworthiness: float | None


class Reference(NamedTuple):
    """What every map of one head is compared with: prepared once per head by `prepare`.

    Attributes
    ----------
    n_tokens : int
    queries : ndarray of int, shape (n_queries,)
        Tokens whose strongest keys are looked for.
    vectors : HeadVectors
        Of the head.
    least_score : ndarray of float32, shape (n_queries,)
        From which on q·k counts as one of the ten largest of a query.
    ranks : list of SequenceRanks
        Ranks of the scores within sequences.
    space : VectorSpace
        Distances of the aligned vectors of some points.
    vector_rank_correlation : float or None
        The rank correlation before projection: by cosine distance of aligned vectors.
    """

    n_tokens: int
    queries: NDArray[np.int64]
    vectors: HeadVectors
    least_score: NDArray[np.float32]
    ranks: list[SequenceRanks]
    space: VectorSpace
    vector_rank_correlation: float | None


def prepare(vectors: HeadVectors, places: Places, seed: int) -> Reference:
    """Return what all maps of one head are compared with.

    Parameters
    ----------
    vectors : HeadVectors
    places : Places
        Where tokens stand, and which keys a query sees.
    seed : int
        Chooses queries, sequences and points of large corpora.
    """
    n = vectors.n_tokens
    require_shape("sequence_index", places.sequence_index, (n,), "iu")
    require_shape("position", places.position, (n,), "iu")
    queries = _chosen(n, MAX_QUERIES, seed)
    ranks = rank_scores(vectors.queries, vectors.keys, places, seed)
    aligned = vectors.aligned
    return Reference(
        n_tokens=n,
        queries=queries,
        vectors=vectors,
        least_score=_least_scores(vectors, queries),
        ranks=ranks,
        space=vector_space(aligned.points(), seed),
        vector_rank_correlation=mean_correlation(
            ranks, lambda i, j: _cosines(aligned.queries[i], aligned.keys[j])
        ),
    )


def measure(reference: Reference, coordinates: NDArray[np.floating], method: str) -> Fidelity:
    """Return the fidelity of one map of the prepared head.

    Parameters
    ----------
    reference : Reference
        From `prepare`.
    coordinates : ndarray of floats, shape (2 * n_tokens, dims)
        As drawn: queries, then keys.
    method : str
        How nearness is measured: `attentionviz.projections.nearness`.
    """
    n = reference.n_tokens
    require_shape("coordinates", coordinates, (2 * n, None), "f")
    q, k = coordinates[:n], coordinates[n:]
    recall = None
    if n > N_STRONGEST:
        drawn = _largest(lambda rows: nearness(method, q[rows], k), reference.queries, n)
        recall = _share_of_strongest(reference, drawn)
    return Fidelity(
        recall_at_10=recall,
        rank_correlation=mean_correlation(
            reference.ranks, lambda i, j: nearness(method, q[i], k[j])
        ),
        trustworthiness=trustworthiness(reference.space, coordinates),
    )


def _chosen(n: int, most: int, seed: int) -> NDArray[np.int64]:
    if n <= most:
        return np.arange(n)
    return np.sort(np.random.default_rng(seed).choice(n, most, replace=False))


def _largest(
    values_of: Callable[[NDArray[np.int64]], NDArray[np.floating]],
    queries: NDArray[np.int64],
    n_keys: int,
) -> NDArray[np.int64]:
    """Return the ten keys with the largest values of each query, in no order, block by block."""
    n_rows = max(1, BLOCK_SCORES // n_keys)
    n_found = min(N_STRONGEST, n_keys)
    found = [
        np.argpartition(-values_of(queries[start : start + n_rows]), n_found - 1, axis=1)
        for start in range(0, len(queries), n_rows)
    ]
    return np.concatenate([block[:, :n_found] for block in found])


def _least_scores(vectors: HeadVectors, queries: NDArray[np.int64]) -> NDArray[np.float32]:
    """Return the tenth largest q·k of each query, or a little less, so that ties count alike."""
    strongest = _largest(
        lambda rows: vectors.queries[rows] @ vectors.keys.T, queries, vectors.n_tokens
    )
    scores = _scores(vectors, queries, strongest)
    least: NDArray[np.float32] = scores.min(axis=1) - TIE * np.abs(scores).max(axis=1)
    return least


def _share_of_strongest(reference: Reference, drawn: NDArray[np.int64]) -> float:
    """Return the share of drawn keys, (n_queries, 10), that are strongest ones of their query."""
    scores = _scores(reference.vectors, reference.queries, drawn)
    return float((scores >= reference.least_score[:, None]).mean())


def _scores(
    vectors: HeadVectors, queries: NDArray[np.int64], keys: NDArray[np.int64]
) -> NDArray[np.float32]:
    """Return q·k of each query with keys of its own, (n_queries, n_each)."""
    scores: NDArray[np.float32] = np.einsum(
        "qd,qkd->qk", vectors.queries[queries], vectors.keys[keys]
    )
    return scores


def _cosines(queries: NDArray[np.float32], keys: NDArray[np.float32]) -> NDArray[np.float32]:
    cosines: NDArray[np.float32] = unit_vectors(queries) @ unit_vectors(keys).T
    return cosines
