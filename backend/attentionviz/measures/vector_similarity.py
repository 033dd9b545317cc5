"""Similarity of the vectors of heads: centred kernel alignment, invariant to rotation.

Source: Kornblith et al. 2019 (arXiv 1905.00414), with a linear kernel. The biased estimator
approaches 1 for few tokens and many dimensions; the unbiased one (Nguyen et al. 2020, arXiv
2010.15327, with the U-centring of Székely & Rizzo 2014) does not.
"""

import numpy as np
from numpy.typing import NDArray

from attentionviz.core.shapes import require_shape
from attentionviz.errors import ShapeError

Floats = NDArray[np.floating]

MAX_TOKENS = 512
MIN_TOKENS = 4
"""U-centring divides by n − 3."""

# Heads times pairs of tokens: 128 MiB of float32.
MAX_PAIRS = 1 << 25


def choose_tokens(n_tokens: int, n_heads: int, seed: int) -> NDArray[np.int64]:
    """Return a random sample of tokens of the corpus, ascending.

    Parameters
    ----------
    n_tokens : int
    n_heads : int
        Heads of all layers; with more heads, fewer tokens are sampled.
    seed : int

    Returns
    -------
    ndarray of int64
        At most 512, or fewer to limit the vectors of all heads to 128 MiB.
    """
    n_max = min(MAX_TOKENS, int((2 * MAX_PAIRS / n_heads) ** 0.5))
    if n_tokens <= n_max:
        return np.arange(n_tokens)
    chosen = np.random.default_rng(seed).choice(n_tokens, max(n_max, MIN_TOKENS), replace=False)
    return np.sort(chosen)


def alignment_vector(queries: Floats, keys: Floats) -> NDArray[np.float64]:
    """Return a unit vector of one head whose inner product with another head's is their CKA.

    Parameters
    ----------
    queries, keys : ndarray of float, shape (n_tokens, d_head)
        Of one head, as stored; d_head may differ between compared heads. Not modified.

    Returns
    -------
    ndarray of float64, shape (n_tokens * (n_tokens - 1) / 2,)
        NaN for fewer than 4 tokens, or if all vectors are equal.

    Notes
    -----
    Queries and keys are concatenated, each divided by the root of its total variance, since
    attention is invariant to scaling one up and the other down.
    """
    require_shape("queries", queries, (None, None), "f")
    if len(queries) != len(keys):
        raise ShapeError(f"{len(queries)} queries and {len(keys)} keys")
    return _unit(_centred_half(_kernel(queries) + _kernel(keys)), len(queries))


def alignment_vector_across(queries: Floats, keys: Floats) -> NDArray[np.float64]:
    """Return the vector of `alignment_vector` for a head whose keys are of other tokens.

    Parameters
    ----------
    queries, keys : ndarray of float, shapes (n_queries, d_head) and (n_keys, d_head)
        Of one head, as stored. Not modified.

    Returns
    -------
    ndarray of float64, shape (n_queries * (n_queries - 1) / 2 + n_keys * (n_keys - 1) / 2,)
        The kernels of queries and of keys side by side, since they cannot be added.
    """
    halves = [_centred_half(_kernel(vectors)) for vectors in (queries, keys)]
    return _unit(np.concatenate(halves), max(len(queries), len(keys)))


def _centred_half(gram: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the numbers above the diagonal of the U-centred matrix; NaN for too few tokens."""
    upper = np.triu_indices(len(gram), 1)
    if len(gram) < MIN_TOKENS:
        return np.full(len(upper[0]), np.nan)
    return u_centred(gram)[upper]


def _unit(gram: NDArray[np.float64], n: int) -> NDArray[np.float64]:
    norm = np.linalg.norm(gram)
    # If all vectors are equal, only rounding is left, which has no meaningful direction.
    return gram / norm if norm > 1e-9 * n else np.full_like(gram, np.nan)


def u_centred(gram: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the U-centred kernel matrix, with 0 on the diagonal.

    Parameters
    ----------
    gram : ndarray of float64, shape (n, n)
        Symmetric, n at least 4. Not modified.

    Notes
    -----
    Source: Székely & Rizzo 2014, "Partial distance correlation with methods for dissimilarities",
    definition 2, for a kernel without its diagonal.
    """
    n = len(gram)
    gram = gram - np.diag(np.diag(gram))
    rows = gram.sum(axis=1) / (n - 2)
    centred = gram - rows[:, None] - rows[None, :] + gram.sum() / ((n - 1) * (n - 2))
    np.fill_diagonal(centred, 0.0)
    return centred


def alignments(vectors: Floats) -> NDArray[np.float32]:
    """Return the CKA of every pair of heads.

    Parameters
    ----------
    vectors : ndarray of float, shape (n_heads, n)
        From `alignment_vector`. Not modified.

    Returns
    -------
    ndarray of float32, shape (n_heads, n_heads)
        −1 to 1, symmetric, 1 on the diagonal; about 0 for unrelated vectors, NaN if undefined.
    """
    return alignments_of(products(vectors, range(len(vectors))))


def products(vectors: Floats, heads: range) -> Floats:
    """Return the inner products of the vectors of some heads with those of all.

    Parameters
    ----------
    vectors : ndarray of float, shape (n_heads, n)
        From `alignment_vector`. Not modified.
    heads : range

    Returns
    -------
    ndarray of float, shape (len(heads), n_heads)
        NaN if undefined.
    """
    require_shape("vectors", vectors, (None, None), "f")
    if vectors.shape[1] == 0:
        return np.full((len(heads), len(vectors)), np.nan, dtype=np.float32)
    found: Floats = vectors[heads.start : heads.stop] @ vectors.T
    return found


def alignments_of(products: Floats) -> NDArray[np.float32]:
    """Return the CKA of every pair of heads; see `alignments`.

    Parameters
    ----------
    products : ndarray of float, shape (n_heads, n_heads)
        From `products` of all heads. Not modified.
    """
    products = np.clip(products, -1.0, 1.0)
    products = (products + products.T) / 2
    is_known = ~np.isnan(np.diag(products))
    products[is_known, is_known] = 1.0
    return products.astype(np.float32)


def alignments_among(
    vectors: Floats, heads: range, others: NDArray[np.integer]
) -> NDArray[np.float32]:
    """Return the CKA of some heads with some of the others.

    Parameters
    ----------
    vectors : ndarray of float, shape (n_heads, n)
        From `alignment_vector`. Not modified.
    heads : range
    others : ndarray of int, shape (len(heads), n_others)

    Returns
    -------
    ndarray of float32, shape (len(heads), n_others)
        −1 to 1; NaN if undefined.
    """
    require_shape("others", others, (len(heads), None), "iu")
    if vectors.shape[1] == 0:
        return np.full(others.shape, np.nan, dtype=np.float32)
    products = [vectors[chosen] @ vectors[i] for i, chosen in zip(heads, others, strict=True)]
    return np.clip(np.stack(products), -1.0, 1.0).astype(np.float32)


def _kernel(vectors: Floats) -> NDArray[np.float64]:
    """Return the Gram matrix of centred vectors over their total variance; 0 if all are equal."""
    exact = vectors.astype(np.float64)
    centred = exact - exact.mean(axis=0)
    total = (centred**2).sum()
    gram: NDArray[np.float64] = centred @ centred.T
    return gram / total if total > 1e-12 * (exact**2).sum() else np.zeros_like(gram)
