"""Patterns and vectors of one sequence by units of several tokens, such as words."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from attentionviz.core.pattern import attention_pattern
from attentionviz.core.rule import HeadRule
from attentionviz.core.shapes import require_shape
from attentionviz.measures.similarity import smoothed


def unit_pattern(
    queries: NDArray[Any], keys: NDArray[Any], units: NDArray[np.int64], rule: HeadRule
) -> NDArray[np.float64]:
    """Return the smoothed pattern of one sequence between units.

    Parameters
    ----------
    queries, keys : ndarray of float, shape (n_tokens, d_head)
        Of the whole sequence. Not modified.
    units : ndarray of int64, shape (n_tokens,)
        Unit of each token, from 0, non-decreasing without gaps; −1 for none.
    rule : HeadRule

    Returns
    -------
    ndarray of float64, shape (n_units, n_units)
        [query unit, key unit]: summed over the tokens of a key unit, averaged over those of a query
        unit. Tokens without a unit are left out, and rows are normalised. NaN if a vector is not
        finite.
    """
    require_shape("units", units, (len(queries),), "i")
    visible = rule.visible(np.arange(len(units)), len(units))
    pattern = attention_pattern(queries, keys, rule).astype(np.float64)
    joined = _sums(_sums(pattern, units, axis=1), units, axis=0)  # (query unit, key unit)
    total = joined.sum(axis=1, keepdims=True)
    joined = np.divide(joined, total, out=np.zeros_like(joined), where=total != 0)
    return smoothed(joined, _sums(_sums(visible.astype(np.int64), units, axis=1), units, 0) > 0)


def unit_means(vectors: NDArray[Any], units: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the mean vector of the tokens of each unit.

    Parameters
    ----------
    vectors : ndarray of float, shape (n_tokens, d_head)
        Not modified.
    units : ndarray of int64, shape (n_tokens,)
        As for `unit_pattern`.

    Returns
    -------
    ndarray of float64, shape (n_units, d_head)
    """
    sizes = np.bincount(units[units >= 0])
    means: NDArray[np.float64] = _sums(vectors.astype(np.float64), units, axis=0) / sizes[:, None]
    return means


def _sums(array: NDArray[Any], units: NDArray[np.int64], axis: int) -> NDArray[Any]:
    """Return the sums over the tokens of each unit along an axis."""
    kept = np.flatnonzero(units >= 0)
    starts = np.flatnonzero(np.diff(units[kept], prepend=-1))
    return np.add.reduceat(np.take(array, kept, axis=axis), starts, axis=axis)
