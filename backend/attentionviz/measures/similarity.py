"""Similarity of heads: Jensen–Shannon distances over rows of their patterns.

Source: Clark et al. 2019 (arXiv 1906.04341), section 6. They sum the divergences of all rows of
all documents; here it is their mean, which does not grow with the corpus, and its root, a metric.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from attentionviz.core.shapes import require_shape

Floats = NDArray[np.floating]

SMOOTHING = 0.001
"""Share of every row that is spread evenly over the keys that it sees, as in the paper's code."""

LOG_BASE = 2
"""Divergences are in bits: 0 for equal rows, 1 for rows that have nothing in common."""

MAX_ROWS = 2048
# Pairs of heads times keys, some 1.3 ns each: 20 seconds at most.
MAX_TERMS = 1 << 34
# Heads times keys: 128 MiB of float32.
MAX_WEIGHTS = 1 << 25
# Numbers of a block in float64, so that it stays in the processor's cache.
BLOCK_TERMS = 1 << 18
# Stands for 0 where the logarithm is taken; its own product with it is far below any rounding.
_NOTHING = 1e-300


class Row(NamedTuple):
    """One row of the pattern, in every head: a query and the keys that are looked at.

    Attributes
    ----------
    query : int
        Token of the query.
    start, stop : int
        First and end token of the keys.
    """

    query: int
    start: int
    stop: int


def choose_rows(
    lengths: NDArray[np.int64], n_heads: int, *, is_causal: bool, seed: int
) -> list[Row]:
    """Return rows out of the whole corpus, by seed, in the order of the corpus.

    Parameters
    ----------
    lengths : ndarray of int, shape (n_sequences,)
        Tokens of every sequence.
    n_heads : int
        All heads of the model: the more, the fewer rows.
    is_causal : bool
        Whether no head looks ahead: then a row ends at its own query.
    seed : int

    Returns
    -------
    list of Row
        At most 2,048, and at least one unless no row has two keys: a row with a single key is the
        same in every head.
    """
    start = np.repeat(np.cumsum(lengths) - lengths, lengths)  # (token,)
    tokens = np.arange(len(start))
    stop = tokens + 1 if is_causal else start + np.repeat(lengths, lengths)
    able = np.flatnonzero(stop - start > 1)
    shuffled = np.random.default_rng(seed).permutation(able)[:MAX_ROWS]
    n_pairs = n_heads * (n_heads + 1) // 2
    most_keys = min(MAX_TERMS // n_pairs, MAX_WEIGHTS // n_heads)
    n_keys = np.cumsum(stop[shuffled] - start[shuffled])
    n_rows = max(1, int(np.searchsorted(n_keys, most_keys, side="right")))
    chosen = np.sort(shuffled[:n_rows])
    return [Row(int(i), int(start[i]), int(stop[i])) for i in chosen]


def smoothed(pattern: Floats, is_visible: NDArray[np.bool_] | None = None) -> NDArray[np.float64]:
    """Return 0.999 of each row, and 0.001 spread evenly over the keys it sees, summing to 1 again.

    Parameters
    ----------
    pattern : ndarray of float, shape (n_rows, n_keys)
        Not modified.
    is_visible : ndarray of bool, shape (n_rows, n_keys), or None
        Which keys each row sees; None: all of them.

    Returns
    -------
    ndarray of float64, shape (n_rows, n_keys)
        0 where a key is hidden. A row that was 0 is even over what it sees.
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
        Of each head the same rows, smoothed, one after the other; every row sums to 1.
        Not modified.
    n_rows : int
        How many rows those are.

    Returns
    -------
    ndarray of float64, shape (n_heads, n_heads)
        0 to 1, symmetric, 0 on the diagonal; all 0 where there is no row.

    Notes
    -----
    JSD(p, q) = H((p + q) / 2) − (H(p) + H(q)) / 2, with logarithms to the base 2. Its root is a
    metric (Endres & Schindelin 2003), and so is the root of a mean of squares of metrics.
    """
    require_shape("weights", weights, (None, None), "f")
    n_heads = len(weights)
    entropy = np.zeros((n_heads, n_heads))  # of the mean of two heads, summed over rows
    for i, found in _blocks(weights):
        entropy[i, i:] += found
    own = np.diag(entropy)
    divergence = entropy - (own[:, None] + own[None, :]) / 2
    divergence = np.triu(divergence, 1) / max(n_rows, 1) / np.log(LOG_BASE)
    upper = np.sqrt(np.clip(divergence, 0.0, 1.0))
    return upper + upper.T


def distances_from(own: Floats, others: Floats, n_rows: int) -> NDArray[np.float64]:
    """Return the distance of one head to each of the others, as `distances` does.

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


def _blocks(weights: Floats) -> Iterator[tuple[int, NDArray[np.float64]]]:
    """Yield a head, and the entropies of its means with itself and the heads after it."""
    n_heads, n_keys = weights.shape
    width = max(32, BLOCK_TERMS // n_heads)
    mean, logarithm = np.empty((2, n_heads, min(width, n_keys)))
    for start in range(0, n_keys, width):
        half = weights[:, start : start + width].astype(np.float64) / 2
        np.maximum(half, _NOTHING, out=half)
        n = half.shape[1]
        for i in range(n_heads):
            middle = np.add(half[i:], half[i], out=mean[: n_heads - i, :n])
            terms = np.log(middle, out=logarithm[: n_heads - i, :n])
            np.multiply(terms, middle, out=terms)
            yield i, -terms.sum(axis=1)


def _entropies(rows: Floats) -> NDArray[np.float64]:
    """Return −Σ w·log w of each row, natural logarithm."""
    known = np.maximum(rows.astype(np.float64), _NOTHING)
    entropies: NDArray[np.float64] = -(known * np.log(known)).sum(axis=1)
    return entropies
