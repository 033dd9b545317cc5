"""Alignment of keys with queries that leaves attention unchanged."""

from collections.abc import Iterator
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from attentionviz.core.shapes import require_shape
from attentionviz.errors import ShapeError

Floats = NDArray[np.float32]
AlignmentRule = Literal["norm ratio", "search"]

# The paper's candidates run from 0.2 to 5; equal ratios treat queries and keys alike.
SEARCH_CANDIDATES = np.geomspace(0.2, 5.0, 33)
SEARCH_SHARE = 0.005
SEARCH_TOKENS = 1000
CHUNK_ROWS = 1 << 14


class Aligned(NamedTuple):
    """The aligned vectors of one head, and the scale and shift that aligned them.

    Attributes
    ----------
    queries, keys : ndarray of float32, shapes (n_queries, d_head) and (n_keys, d_head)
    scale : float
        c in q·c and k/c.
    shift : ndarray of float64, shape (d_head,)
        Added to k/c.
    """

    queries: Floats
    keys: Floats
    scale: float
    shift: NDArray[np.float64]

    def points(self) -> Floats:
        """Return queries, then keys, as one array of shape (n_queries + n_keys, d_head)."""
        return np.concatenate([self.queries, self.keys])

    def with_same_alignment(self, queries: Floats, keys: Floats) -> "Aligned":
        """Apply the same scale and shift to other vectors of the head.

        Parameters
        ----------
        queries, keys : ndarray of float32, shapes (any, d_head)
            As the attention function saw them. Not modified.
        """
        q, k = np.empty(queries.shape, np.float32), np.empty(keys.shape, np.float32)
        for rows in _chunks(len(queries)):
            q[rows] = queries[rows].astype(np.float64) * self.scale
        for rows in _chunks(len(keys)):
            k[rows] = keys[rows].astype(np.float64) / self.scale + self.shift
        return Aligned(q, k, self.scale, self.shift)


def align(
    queries: Floats, keys: Floats, *, rule: AlignmentRule = "norm ratio", seed: int = 0
) -> Aligned:
    """Scale queries and keys against each other, then move the keys' mean onto the queries'.

    q·c and k/c have the same products as q and k; shifting all keys by one vector adds the same
    number to every score of a query, which leaves the softmax unchanged.

    Parameters
    ----------
    queries, keys : ndarray of float32, shapes (n_queries, d_head) and (n_keys, d_head)
        As the attention function saw them. Not modified.
    rule : "norm ratio" or "search"
        How c is chosen: sqrt(median ‖k‖ / median ‖q‖), or the candidate for which the distances
        of the closest pairs correlate best (negatively) with their products.
    seed : int
        Of the random sample that the search uses if there are more than 1,000 tokens.

    Raises
    ------
    ShapeError
        If the arrays are not of the same head size, or one is empty.

    Notes
    -----
    Source: Yeh et al. 2023 (arXiv 2305.03210), section 5.1.1.
    """
    require_shape("queries", queries, (None, None), "f")
    require_shape("keys", keys, (None, queries.shape[1]), "f")
    for name, vectors in (("queries", queries), ("keys", keys)):
        if len(vectors) == 0:
            raise ShapeError(f"{name} has shape (0, any), expected at least one token")
    scale = _searched_scale(queries, keys, seed) if rule == "search" else _norm_ratio(queries, keys)
    mean_q, mean_k = (vectors.mean(axis=0, dtype=np.float64) for vectors in (queries, keys))
    shift = mean_q * scale - mean_k / scale
    return Aligned(queries[:0], keys[:0], scale, shift).with_same_alignment(queries, keys)


def _chunks(n: int) -> Iterator[slice]:
    """Yield slices of `CHUNK_ROWS` rows, so that float64 takes no memory in a large corpus."""
    return (slice(start, start + CHUNK_ROWS) for start in range(0, n, CHUNK_ROWS))


def _apply(
    q: NDArray[np.float64], k: NDArray[np.float64], scale: float
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    q, k = q * scale, k / scale
    shift = q.mean(axis=0) - k.mean(axis=0)
    return q, k - k.mean(axis=0) + q.mean(axis=0), shift


def _lengths(vectors: Floats) -> NDArray[np.float64]:
    chunks = (vectors[rows].astype(np.float64) for rows in _chunks(len(vectors)))
    return np.concatenate([np.linalg.norm(chunk, axis=1) for chunk in chunks])


def _norm_ratio(queries: Floats, keys: Floats) -> float:
    q_norm, k_norm = (float(np.median(_lengths(vectors))) for vectors in (queries, keys))
    # A head whose median query or key norm is zero has no ratio; its vectors are not scaled.
    return float(np.sqrt(k_norm / q_norm)) if q_norm > 0 and k_norm > 0 else 1.0


def _searched_scale(queries: Floats, keys: Floats, seed: int) -> float:
    q, k = (_sample(vectors, seed).astype(np.float64) for vectors in (queries, keys))
    products = q @ k.T  # (query, key)
    quality = [_distance_quality(*_apply(q, k, c)[:2], products) for c in SEARCH_CANDIDATES]
    return float(SEARCH_CANDIDATES[int(np.argmin(quality))])


def _sample(vectors: Floats, seed: int) -> Floats:
    """Return at most 1,000 vectors; those of the same tokens for as many queries as keys."""
    if len(vectors) <= SEARCH_TOKENS:
        return vectors
    return vectors[np.random.default_rng(seed).choice(len(vectors), SEARCH_TOKENS, replace=False)]


def _distance_quality(
    q: NDArray[np.float64], k: NDArray[np.float64], products: NDArray[np.float64]
) -> float:
    """Weighted correlation of distance and product over the closest pairs; -1 is best."""
    squared = (q**2).sum(1)[:, None] + (k**2).sum(1)[None, :] - 2 * q @ k.T  # (query, key)
    n_pairs = min(squared.size, max(3, int(squared.size * SEARCH_SHARE)))
    closest = np.argpartition(squared, n_pairs - 1, axis=None)[:n_pairs]
    distance = np.sqrt(np.maximum(squared.ravel()[closest], 0))
    weight = (distance.max() - distance) ** 2
    if weight.sum() <= 0:
        return 0.0
    x, y = distance, products.ravel()[closest]
    x, y = x - np.average(x, weights=weight), y - np.average(y, weights=weight)
    norm = np.sqrt((weight * x * x).sum() * (weight * y * y).sum())
    return float((weight * x * y).sum() / norm) if norm > 0 else 0.0
