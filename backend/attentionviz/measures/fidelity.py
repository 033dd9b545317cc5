"""Fidelity of a map to the attention of its head, per head and method."""

from collections.abc import Callable
from typing import NamedTuple, TypedDict

import numpy as np
from numpy.typing import NDArray

from attentionviz.core.shapes import require_shape
from attentionviz.measures.rank_correlation import (
    SequenceRanks,
    TokenPositions,
    mean_correlation,
    rank_scores,
)
from attentionviz.measures.trustworthiness import VectorSpace, trustworthiness, vector_space
from attentionviz.projections import HeadVectors, nearness
from attentionviz.projections.neighbours import unit_vectors

__all__ = ["Fidelity", "TokenPositions", "Reference", "measure", "prepare"]

N_STRONGEST = 10
MAX_QUERIES = 1000
# Equal tokens at equal positions have equal keys up to float32 rounding.
TIE = 1e-5
# Scores of a block of queries with all keys. They exist several times at once, in float64 and as
# positions: some 64 MiB in all.
BLOCK_SCORES = 1 << 21


class Fidelity(TypedDict):
    """Fidelity of one map; None if undefined.

    Attributes
    ----------
    recall_at_10 : float or None
        Share of a query's ten strongest keys in the corpus among its ten nearest keys in the map;
        keys that tie with the tenth strongest count as well. Mean over at most 1,000 random
        queries. None for ten keys or fewer. A random map without ties has 10 / n_tokens.
    rank_correlation : float or None
        Spearman's correlation between nearness in the map and the scores of a query with the
        visible keys of its sequence; mean over queries. Positive if near keys have large scores.
        Published numbers are magnitudes of the correlation with distances. None if no query has
        three visible keys with different scores.
    trustworthiness : float or None
        Of the ten nearest points in the map, relative to cosine distances of aligned vectors.
    """

    recall_at_10: float | None
    rank_correlation: float | None
    trustworthiness: float | None


class Reference(NamedTuple):
    """Reference for the fidelity of all maps of one head, from `prepare`.

    Attributes
    ----------
    queries : ndarray of int, shape (n_compared,)
        Queries whose strongest keys are compared.
    vectors : HeadVectors
    least_score : ndarray of float32, shape (n_compared,)
        Smallest q·k that counts as one of the ten largest of a query.
    ranks : list of SequenceRanks
        Ranks of the scores within sequences.
    space : VectorSpace
        Distances of the aligned vectors of a sample of points.
    vector_rank_correlation : float or None
        Rank correlation of the cosine distances of aligned vectors, without a projection.
    """

    queries: NDArray[np.int64]
    vectors: HeadVectors
    least_score: NDArray[np.float32]
    ranks: list[SequenceRanks]
    space: VectorSpace
    vector_rank_correlation: float | None


def prepare(vectors: HeadVectors, positions: TokenPositions, seed: int) -> Reference:
    """Return the reference for all maps of one head.

    Parameters
    ----------
    vectors : HeadVectors
    positions : TokenPositions
        Positions of the queries and keys, and the masking rule.
    seed : int
        Seed of the samples of queries, sequences and points in large corpora.
    """
    n = len(vectors.queries)
    require_shape("sequence_index", positions.sequence_index, (n,), "iu")
    require_shape("position", positions.position, (n,), "iu")
    keys_of = positions.key_sequence_index
    require_shape("keys", vectors.keys, (n if keys_of is None else len(keys_of), None), "f")
    queries = _sample(n, MAX_QUERIES, seed)
    ranks = rank_scores(vectors.queries, vectors.keys, positions, seed)
    aligned = vectors.aligned
    return Reference(
        queries=queries,
        vectors=vectors,
        least_score=_least_scores(vectors, queries, N_STRONGEST),
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
    coordinates : ndarray of floats, shape (n_points, dims)
        As stored: queries, then keys.
    method : str
        Determines nearness, see `attentionviz.projections.nearness`.
    """
    vectors = reference.vectors
    require_shape("coordinates", coordinates, (vectors.n_points, None), "f")
    q, k = np.split(coordinates, [len(vectors.queries)])
    recall = None
    if len(k) > N_STRONGEST:
        recall = _recall(vectors, coordinates, method, reference.queries, reference.least_score)
    return Fidelity(
        recall_at_10=recall,
        rank_correlation=mean_correlation(
            reference.ranks, lambda i, j: nearness(method, q[i], k[j])
        ),
        trustworthiness=trustworthiness(reference.space, coordinates),
    )


def recall(
    vectors: HeadVectors, coordinates: NDArray[np.floating], method: str, n_strongest: int
) -> float:
    """Return the share of a query's n strongest keys among its n nearest, as `recall_at_10`.

    Parameters
    ----------
    vectors : HeadVectors
        With more than n keys.
    coordinates : ndarray of floats, shape (n_points, dims)
    method : str
    n_strongest : int
    """
    queries = _sample(len(vectors.queries), MAX_QUERIES, 0)
    least = _least_scores(vectors, queries, n_strongest)
    return _recall(vectors, coordinates, method, queries, least, n_strongest)


def _sample(n: int, n_max: int, seed: int) -> NDArray[np.int64]:
    if n <= n_max:
        return np.arange(n)
    return np.sort(np.random.default_rng(seed).choice(n, n_max, replace=False))


def _largest(
    values_of: Callable[[NDArray[np.int64]], NDArray[np.floating]],
    queries: NDArray[np.int64],
    n_keys: int,
    n_found: int,
) -> NDArray[np.int64]:
    """Return the n keys with the largest values for each query, unordered, computed in blocks."""
    n_rows = max(1, BLOCK_SCORES // n_keys)
    found = [
        np.argpartition(-values_of(queries[start : start + n_rows]), n_found - 1, axis=1)
        for start in range(0, len(queries), n_rows)
    ]
    return np.concatenate([block[:, :n_found] for block in found])


def _least_scores(
    vectors: HeadVectors, queries: NDArray[np.int64], n_strongest: int
) -> NDArray[np.float32]:
    """Return the n-th largest q·k of each query minus a tolerance for ties."""
    n_keys = len(vectors.keys)
    strongest = _largest(
        lambda rows: vectors.queries[rows] @ vectors.keys.T,
        queries,
        n_keys,
        min(n_strongest, n_keys),
    )
    scores = _scores(vectors, queries, strongest)
    least: NDArray[np.float32] = scores.min(axis=1) - TIE * np.abs(scores).max(axis=1)
    return least


def _recall(
    vectors: HeadVectors,
    coordinates: NDArray[np.floating],
    method: str,
    queries: NDArray[np.int64],
    least_score: NDArray[np.float32],
    n_strongest: int = N_STRONGEST,
) -> float:
    """Return the share of the nearest keys that are among the strongest."""
    q, k = np.split(coordinates, [len(vectors.queries)])
    near = _largest(lambda rows: nearness(method, q[rows], k), queries, len(k), n_strongest)
    return float((_scores(vectors, queries, near) >= least_score[:, None]).mean())


def _scores(
    vectors: HeadVectors, queries: NDArray[np.int64], keys: NDArray[np.int64]
) -> NDArray[np.float32]:
    """Return q·k of each query with its row of keys, (n_queries, n_each)."""
    scores: NDArray[np.float32] = np.einsum(
        "qd,qkd->qk", vectors.queries[queries], vectors.keys[keys]
    )
    return scores


def _cosines(queries: NDArray[np.float32], keys: NDArray[np.float32]) -> NDArray[np.float32]:
    cosines: NDArray[np.float32] = unit_vectors(queries) @ unit_vectors(keys).T
    return cosines
