"""Similarity of heads: Jensen–Shannon distances over rows of their patterns.

Source: Clark et al. 2019 (arXiv 1906.04341), section 6. They sum the divergences of all rows of
all documents; here the root of their mean is used, which is independent of corpus size and a
metric.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from attentionviz.core.rule import Spans
from attentionviz.core.shapes import require_shape

Floats = NDArray[np.floating]

SMOOTHING = 0.001
"""Share of every row that is spread evenly over its visible keys, as in the paper's code."""

LOG_BASE = 2
"""Divergences are in bits: 0 for equal rows, 1 for rows without common keys."""

MAX_ROWS = 2048
# Pairs of heads times keys, about 1.3 ns each: at most 20 seconds.
MAX_TERMS = 1 << 34
# Heads times keys: 128 MiB of float32.
MAX_WEIGHTS = 1 << 25
MAX_EXACT_HEADS = 1024
"""Up to so many heads all pairs are compared; of more, each with landmarks and its nearest."""

N_NEAREST = 64
"""Nearest heads of each that are stored when there are too many pairs."""

LIKELY_PER_NEAREST = 2
"""Heads that each is compared with, for each of its nearest that is stored."""

# float64 numbers of a block that fits the processor's cache.
BLOCK_TERMS = 1 << 18
# Replaces 0 in logarithms; w·log w is then far below rounding.
_TINY = 1e-300


class Row(NamedTuple):
    """A row of the pattern to compare in every head.

    Attributes
    ----------
    query : int
        Token of the query.
    start, stop : int
        Tokens start..stop are its keys.
    first_query : int
        Token of the first query of its sequence.
    """

    query: int
    start: int
    stop: int
    first_query: int


def n_nearest(n_heads: int) -> int:
    """Return how many nearest heads of each are stored; 0 for the distances of all pairs."""
    return min(N_NEAREST, n_heads - 1) if n_heads > MAX_EXACT_HEADS else 0


def choose_rows(
    spans: Spans, n_heads: int, *, is_causal: bool, seed: int, n_pairs: int | None = None
) -> list[Row]:
    """Return a random sample of rows of the corpus, in corpus order.

    Parameters
    ----------
    spans : Spans
        Queries and keys of every sequence, the same in all heads.
    n_heads : int
        Heads of all layers; with more heads, fewer rows are sampled.
    is_causal : bool
        Whether all heads are causal, so that a row ends at its own query.
    seed : int
    n_pairs : int or None
        Pairs of heads that are compared; None for all.

    Returns
    -------
    list of Row
        At most 2,048, and at least one unless no row has two keys; rows with a single key are left
        out, since they are the same in every head.
    """
    queries = spans.queries
    first_query, start, n_keys_of = (
        np.repeat(column, spans.n_queries)
        for column in (spans.query_start, spans.key_start, spans.n_keys)
    )
    stop = queries + 1 if is_causal else start + n_keys_of
    eligible = np.flatnonzero(stop - start > 1)
    shuffled = np.random.default_rng(seed).permutation(eligible)[:MAX_ROWS]
    if n_pairs is None:
        n_pairs = n_heads * (n_heads + 1) // 2
    max_keys = min(MAX_TERMS // n_pairs, MAX_WEIGHTS // n_heads)
    n_keys = np.cumsum(stop[shuffled] - start[shuffled])
    n_rows = max(1, int(np.searchsorted(n_keys, max_keys, side="right")))
    chosen = np.sort(shuffled[:n_rows])
    columns = (column[chosen].tolist() for column in (queries, start, stop, first_query))
    return [Row(*row) for row in zip(*columns, strict=True)]


def smoothed(pattern: Floats, is_visible: NDArray[np.bool_] | None = None) -> NDArray[np.float64]:
    """Return 0.999 of each row plus 0.001 spread evenly over its visible keys, normalised.

    Parameters
    ----------
    pattern : ndarray of float, shape (n_rows, n_keys)
        Not modified.
    is_visible : ndarray of bool, shape (n_rows, n_keys), or None
        Visible keys of each row; None for all.

    Returns
    -------
    ndarray of float64, shape (n_rows, n_keys)
        Rows sum to 1; hidden keys are 0. A row of zeros becomes uniform over its visible keys.
    """
    require_shape("pattern", pattern, (None, None), "f")
    if is_visible is None:
        is_visible = np.ones(pattern.shape, dtype=bool)
    n_visible = np.maximum(is_visible.sum(axis=1, keepdims=True), 1)
    kept = (1 - SMOOTHING) * pattern.astype(np.float64)
    rows = np.where(is_visible, kept + SMOOTHING / n_visible, 0.0)
    total = rows.sum(axis=1, keepdims=True)
    return np.divide(rows, total, out=np.zeros_like(rows), where=total > 0)


def distances(weights: Floats, n_rows: int) -> NDArray[np.float64]:
    """Return the distance of every pair of heads: the root of the mean divergence of their rows.

    Parameters
    ----------
    weights : ndarray of float, shape (n_heads, n_keys)
        The same smoothed rows of every head, concatenated; every row sums to 1. Not modified.
    n_rows : int
        Number of these rows.

    Returns
    -------
    ndarray of float64, shape (n_heads, n_heads)
        0 to 1, symmetric, 0 on the diagonal; all 0 without rows.

    Notes
    -----
    JSD(p, q) = H((p + q) / 2) − (H(p) + H(q)) / 2, with logarithms to the base 2. Its root is a
    metric (Endres & Schindelin 2003), and so is the root of a mean of squares of metrics.
    """
    require_shape("weights", weights, (None, None), "f")
    return distances_of(mean_entropies(weights, range(len(weights))), n_rows)


def mean_entropies(weights: Floats, heads: range) -> NDArray[np.float64]:
    """Return the entropies of the means of some heads with each of them and of those that follow.

    Parameters
    ----------
    weights : ndarray of float, shape (n_heads, n_keys)
        As for `distances`.
    heads : range

    Returns
    -------
    ndarray of float64, shape (len(heads), n_heads)
        In nats, summed over rows; 0 for heads before the own one.
    """
    entropy = np.zeros((len(heads), len(weights)))
    for i, found in _blocks(weights, heads):
        entropy[i - heads.start, i:] += found
    return entropy


def distances_of(entropy: NDArray[np.float64], n_rows: int) -> NDArray[np.float64]:
    """Return the distance of every pair of heads; see `distances`.

    Parameters
    ----------
    entropy : ndarray of float64, shape (n_heads, n_heads)
        From `mean_entropies` of all heads.
    n_rows : int
    """
    own = np.diag(entropy)
    divergence = entropy - (own[:, None] + own[None, :]) / 2
    divergence = np.triu(divergence, 1) / max(n_rows, 1) / np.log(LOG_BASE)
    upper = np.sqrt(np.clip(divergence, 0.0, 1.0))
    return upper + upper.T


def distances_from(own: Floats, others: Floats, n_rows: int) -> NDArray[np.float64]:
    """Return the distance of one head to each of the others; see `distances`.

    Parameters
    ----------
    own : ndarray of float, shape (n_keys,)
    others : ndarray of float, shape (n_heads, n_keys)
    n_rows : int

    Returns
    -------
    ndarray of float64, shape (n_heads,)
    """
    require_shape("others", others, (None, len(own)), "f")
    middle = _entropies((others + own[None, :]) / 2)
    divergence = middle - (_entropies(others) + _entropies(own[None, :])) / 2
    return np.sqrt(np.clip(divergence / max(n_rows, 1) / np.log(LOG_BASE), 0.0, 1.0))


def entropies(weights: Floats) -> NDArray[np.float64]:
    """Return the entropy of every head, summed over its rows, in nats, (n_heads,)."""
    return np.concatenate([_entropies(weights[block]) for block in _slices(*weights.shape)])


def distances_among(
    weights: Floats,
    entropy: NDArray[np.float64],
    head: int,
    others: NDArray[np.integer],
    n_rows: int,
) -> NDArray[np.float64]:
    """Return the distance of one head to some of the others; see `distances`.

    Parameters
    ----------
    weights : ndarray of float, shape (n_heads, n_keys)
    entropy : ndarray of float64, shape (n_heads,)
        From `entropies`.
    head : int
    others : ndarray of int, shape (n,)
    n_rows : int

    Returns
    -------
    ndarray of float64, shape (n,)
    """
    middle = [
        _entropies((weights[others[block]].astype(np.float64) + weights[head]) / 2)
        for block in _slices(len(others), weights.shape[1])
    ]
    divergence = np.concatenate(middle) - (entropy[others] + entropy[head]) / 2
    found: NDArray[np.float64] = np.sqrt(
        np.clip(divergence / max(n_rows, 1) / np.log(LOG_BASE), 0.0, 1.0)
    )
    return np.where(others == head, 0.0, found)


def likely_nearest(weights: Floats, n: int, heads: range | None = None) -> NDArray[np.int64]:
    """Return the n other heads of each with the smallest Hellinger distance.

    Parameters
    ----------
    weights : ndarray of float32, shape (n_heads, n_keys)
        As for `distances`. Not modified.
    n : int
        Below n_heads.
    heads : range or None
        Whose nearest heads are returned; None for all.

    Returns
    -------
    ndarray of int64, shape (len(heads), n)
        In no order.

    Notes
    -----
    The divergence in bits is 1 to 1 / ln 2 times the square of the Hellinger distance,
    Σ (√p − √q)² / 2, term by term: 1 where one weight is 0, 1 / ln 2 where both are equal. It is
    a matrix product, without logarithms.
    """
    roots = np.sqrt(weights)
    own = np.arange(len(weights))[slice(None) if heads is None else slice(heads.start, heads.stop)]
    found = np.empty((len(own), n), dtype=np.int64)
    for block in _slices(len(own), len(weights)):
        affinity = roots[own[block]] @ roots.T
        affinity[np.arange(len(affinity)), own[block]] = -1.0
        found[block] = np.argpartition(-affinity, n - 1, axis=1)[:, :n]
    return found


def hellinger_distances(roots: Floats, head: int, n_rows: int) -> NDArray[np.float64]:
    """Return the Hellinger distance of one head to all: the root of its mean square over rows.

    Parameters
    ----------
    roots : ndarray of float32, shape (n_heads, n_keys)
        Square roots of weights as for `distances`.
    head : int
    n_rows : int

    Returns
    -------
    ndarray of float64, shape (n_heads,)
        0 to 1; all 0 without rows.
    """
    if not n_rows:
        return np.zeros(len(roots))
    affinity = (roots @ roots[head]).astype(np.float64) / n_rows
    return np.sqrt(np.clip(1.0 - affinity, 0.0, 1.0))


def _slices(n_rows: int, n_columns: int) -> Iterator[slice]:
    """Yield slices of rows with `BLOCK_TERMS` numbers, or of 8 rows."""
    n = max(8, BLOCK_TERMS // max(n_columns, 1))
    return (slice(start, start + n) for start in range(0, n_rows, n))


def _blocks(weights: Floats, heads: range) -> Iterator[tuple[int, NDArray[np.float64]]]:
    """Yield a head index, and the entropies of its means with itself and all later heads.

    Every head comes once for each block of keys.
    """
    n_heads, n_keys = weights.shape
    width = max(32, BLOCK_TERMS // n_heads)
    mean, logarithm = np.empty((2, n_heads, min(width, n_keys)))
    for start in range(0, n_keys, width):
        half = weights[:, start : start + width].astype(np.float64) / 2
        np.maximum(half, _TINY, out=half)
        n = half.shape[1]
        for i in heads:
            middle = np.add(half[i:], half[i], out=mean[: n_heads - i, :n])
            terms = np.log(middle, out=logarithm[: n_heads - i, :n])
            np.multiply(terms, middle, out=terms)
            yield i, -terms.sum(axis=1)


def _entropies(rows: Floats) -> NDArray[np.float64]:
    """Return −Σ w·log w of each row, natural logarithm."""
    positive = np.maximum(rows.astype(np.float64), _TINY)
    entropies: NDArray[np.float64] = -(positive * np.log(positive)).sum(axis=1)
    return entropies
