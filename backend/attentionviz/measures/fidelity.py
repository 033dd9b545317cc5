"""Fidelity of a map to the attention of its head, per head and method."""

from typing import NamedTuple, TypedDict

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from attentionviz.core.methods import METHOD_FACTS
from attentionviz.core.shapes import require_shape
from attentionviz.measures.rank_correlation import (
    RankedSequences,
    TokenPositions,
    mean_correlation,
    rank_scores,
)
from attentionviz.measures.trustworthiness import VectorSpace, trustworthiness, vector_space
from attentionviz.projections import HeadVectors, nearness
from attentionviz.projections.neighbours import unit_vectors

__all__ = ["Fidelity", "TokenPositions", "Reference", "measure", "prepare"]

RECALL_AT = (10, 100)
"""Numbers of strongest keys that are compared, ascending."""

MAX_QUERIES = 1000
# Equal tokens at equal positions have equal keys up to float32 rounding.
TIE = 1e-5
# Numbers of a block of queries: their scores with all keys, or the vectors of their nearest keys.
BLOCK_NUMBERS = 1 << 20


class Fidelity(TypedDict):
    """Fidelity of one map; None if undefined.

    Attributes
    ----------
    recall_at_10 : float or None
        Share of a query's ten strongest keys in the corpus among its ten nearest keys in the map;
        keys that tie with the tenth strongest count as well. Mean over at most 1,000 random
        queries. None for ten keys or fewer. A random map without ties has 10 / n_tokens.
    recall_at_100 : float or None
        The same for a hundred; None for a hundred keys or fewer.
    rank_correlation : float or None
        Spearman's correlation between nearness in the map and the scores of a query with the
        visible keys of its sequence; mean over queries. Positive if near keys have large scores.
        Published numbers are magnitudes of the correlation with distances. None if no query has
        three visible keys with different scores.
    trustworthiness : float or None
        Of the ten nearest points in the map, relative to cosine distances of aligned vectors.
    """

    recall_at_10: float | None
    recall_at_100: float | None
    rank_correlation: float | None
    trustworthiness: float | None


class Reference(NamedTuple):
    """Reference for the fidelity of all maps of one head, from `prepare`.

    Attributes
    ----------
    queries : ndarray of int, shape (n_compared,)
        Queries whose strongest keys are compared.
    vectors : HeadVectors
    least_scores : dict of int to ndarray of float32, shape (n_compared,)
        By n of `RECALL_AT`, for more than n keys: the smallest q·k that counts as one of the n
        largest of a query.
    ranks : list of RankedSequences
        Ranks of the scores within sequences.
    space : VectorSpace
        Distances of the aligned vectors of a sample of points.
    vector_rank_correlation : float or None
        Rank correlation of the cosine distances of aligned vectors, without a projection.
    """

    queries: NDArray[np.int64]
    vectors: HeadVectors
    least_scores: dict[int, NDArray[np.float32]]
    ranks: list[RankedSequences]
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
        least_scores=_least_scores(vectors, queries, RECALL_AT),
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
    found = _recall(vectors, coordinates, method, reference.queries, reference.least_scores)
    return Fidelity(
        recall_at_10=found.get(10),
        recall_at_100=found.get(100),
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
    least = _least_scores(vectors, queries, (n_strongest,))
    return _recall(vectors, coordinates, method, queries, least)[n_strongest]


def _sample(n: int, n_max: int, seed: int) -> NDArray[np.int64]:
    if n <= n_max:
        return np.arange(n)
    return np.sort(np.random.default_rng(seed).choice(n, n_max, replace=False))


def _least_scores(
    vectors: HeadVectors, queries: NDArray[np.int64], sizes: tuple[int, ...]
) -> dict[int, NDArray[np.float32]]:
    """Return the n-th largest q·k of each query minus a tolerance for ties, by n."""
    n_keys = len(vectors.keys)
    sizes = tuple(n for n in sizes if n < n_keys)
    if not sizes:
        return {}
    n_rows, found = max(1, BLOCK_NUMBERS // n_keys), []
    for start in range(0, len(queries), n_rows):
        products = vectors.queries[queries[start : start + n_rows]] @ vectors.keys.T
        order = np.argpartition(-products, sizes[-1] - 1, axis=1)
        found.append(order[:, : sizes[-1]].copy())  # a view would keep the order of all keys
    scores = -np.sort(-_scores(vectors, queries, np.concatenate(found)), axis=1)
    return {n: scores[:, n - 1] - TIE * np.abs(scores[:, :n]).max(axis=1) for n in sizes}


def _recall(
    vectors: HeadVectors,
    coordinates: NDArray[np.floating],
    method: str,
    queries: NDArray[np.int64],
    least_scores: dict[int, NDArray[np.float32]],
) -> dict[int, float]:
    """Return the share of the n nearest keys that are among the n strongest, by n."""
    if not least_scores:
        return {}
    q, k = np.split(coordinates.astype(np.float64), [len(vectors.queries)])
    near = _nearest_keys(method, q[queries], k, max(least_scores))
    scores = _scores(vectors, queries, near)
    return {n: float((scores[:, :n] >= least[:, None]).mean()) for n, least in least_scores.items()}


def _nearest_keys(
    method: str, queries: NDArray[np.float64], keys: NDArray[np.float64], n_nearest: int
) -> NDArray[np.int64]:
    """Return the nearest keys of each query in a map, nearest first, (n_queries, n_nearest).

    The largest products of a query are the smallest distances on a sphere: a further coordinate
    brings all keys to the same length, and the length of a query does not change their order
    (Bachrach et al. 2014).
    """
    if METHOD_FACTS[method].nearness == "product":
        squares = (keys**2).sum(axis=1)
        radius = np.sqrt(squares.max())
        lengths = np.linalg.norm(queries, axis=1, keepdims=True)
        queries = np.divide(
            radius * queries, lengths, out=np.zeros_like(queries), where=lengths > 0
        )
        queries = np.column_stack([queries, np.zeros(len(queries))])
        keys = np.column_stack([keys, np.sqrt(squares.max() - squares)])
    # Splits that are not balanced are quicker with many points in one place.
    tree = cKDTree(keys, balanced_tree=False, compact_nodes=False)
    found: NDArray[np.int64] = tree.query(queries, k=n_nearest)[1]
    return found.reshape(len(queries), n_nearest)


def _scores(
    vectors: HeadVectors, queries: NDArray[np.int64], keys: NDArray[np.int64]
) -> NDArray[np.float32]:
    """Return q·k of each query with its row of keys, (n_queries, n_each)."""
    scores = np.empty(keys.shape, dtype=np.float32)
    n_rows = max(1, BLOCK_NUMBERS // (keys.shape[1] * vectors.keys.shape[1]))
    for start in range(0, len(queries), n_rows):
        rows = slice(start, start + n_rows)
        q, k = vectors.queries[queries[rows]], vectors.keys[keys[rows]]
        scores[rows] = np.einsum("qd,qkd->qk", q, k)
    return scores


def _cosines(queries: NDArray[np.float32], keys: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return cosines of each sequence, (n_sequences, n_queries, n_keys)."""
    q, k = (unit_vectors(v.reshape(-1, v.shape[-1])).reshape(v.shape) for v in (queries, keys))
    cosines: NDArray[np.float32] = q @ k.swapaxes(1, 2)
    return cosines
