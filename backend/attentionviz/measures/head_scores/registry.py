"""Registration of scores, and their values from sums over blocks of rows."""

from collections.abc import Callable
from typing import NamedTuple, TypedDict

import numpy as np
from numpy.typing import NDArray

from attentionviz.measures.head_scores.corpus import Flags, Rows

Sums = NDArray[np.float64]
"""Sums over rows; the last one is always the number of rows."""


class Score(TypedDict):
    """A score of one head.

    Attributes
    ----------
    value : float or None
        None if the score is not defined for any row.
    n_rows : int
        Number of rows from which it is computed.
    """

    value: float | None
    n_rows: int


class Measure(NamedTuple):
    """How one score is computed.

    Attributes
    ----------
    sums : callable
        From a block of rows to sums, which are added over all blocks.
    value : callable
        From the totals to the value; not called without rows.
    """

    sums: Callable[[Rows], Sums]
    value: Callable[[Sums], float | None]


MEASURES: dict[str, Measure] = {}
DECIMALS = 6


def mean_of_rows(sums: Sums) -> float | None:
    """Return the first sum over the number of rows."""
    return float(sums[0] / sums[-1])


def ratio(sums: Sums) -> float | None:
    """Return the first sum over the second; None if the second is 0."""
    return float(sums[0] / sums[1]) if sums[1] > 0 else None


def measures(
    name: str, value: Callable[[Sums], float | None] = mean_of_rows
) -> Callable[[Callable[[Rows], Sums]], Callable[[Rows], Sums]]:
    """Return a decorator that registers the function of a score of `SCORE_FACTS`.

    Parameters
    ----------
    name : str
        Of the score.
    value : callable
        See `Measure`.
    """

    def register(sums: Callable[[Rows], Sums]) -> Callable[[Rows], Sums]:
        MEASURES[name] = Measure(sums, value)
        return sums

    return register


def score_of(total: Sums, value: Callable[[Sums], float | None] = mean_of_rows) -> Score:
    """Return a score from the sums of all blocks."""
    n_rows = round(float(total[-1]))
    found = value(total) if n_rows else None
    if found is None:
        return Score(value=None, n_rows=0)
    return Score(value=round(found, DECIMALS), n_rows=n_rows)


def mass(rows: Rows, target: Flags, queries: Flags | None = None) -> Sums:
    """Return the mass on target keys, over the rows that see a target and another key.

    Parameters
    ----------
    rows : Rows
    target : ndarray of bool, shape (n_sequences or 1, n_rows or 1, n_keys)
        The target keys; hidden keys are ignored.
    queries : ndarray of bool, shape (n_sequences, n_rows), or None
        Rows to include; None for all.

    Returns
    -------
    ndarray of float64
        Mass, number of rows.
    """
    seen = np.broadcast_to(target & rows.visible, rows.weights.shape)
    n_seen = np.count_nonzero(seen, axis=2)  # (sequence, row)
    counts = (n_seen > 0) & (n_seen < rows.n_visible)
    if queries is not None:
        counts &= queries
    found = np.where(seen, rows.weights, 0).sum(axis=2, dtype=np.float64)
    return np.array([found[counts].sum(), np.count_nonzero(counts)])
