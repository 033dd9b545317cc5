"""The offset profile of a head: its mean weight by position of the key relative to the query."""

from typing import TypedDict

import numpy as np

from attentionviz.measures.head_scores.corpus import Rows
from attentionviz.measures.head_scores.registry import DECIMALS, Sums

FURTHEST = 32
OFFSETS = tuple(range(-FURTHEST, FURTHEST + 1))


class Profile(TypedDict):
    """The mean weight at each offset, key minus query.

    Attributes
    ----------
    offsets : list of int
        -32…32.
    weights : list of float or None
        None if no row has a visible key at that offset.
    n_rows : list of int
        Number of rows with such a key. As for scores, rows with a single visible key are left out.
    """

    offsets: list[int]
    weights: list[float | None]
    n_rows: list[int]


def offset_sums(rows: Rows) -> Sums:
    """Return summed weights and numbers of rows by offset, shape (2, n_offsets); 0 across texts."""
    if rows.is_cross:
        return np.zeros((2, len(OFFSETS)))
    near = rows.visible & (np.abs(rows.ahead) <= FURTHEST) & (rows.n_visible > 1)[:, None]
    offsets = rows.ahead[near] + FURTHEST
    weights = rows.summed[near]
    sums = np.stack(
        [
            np.bincount(offsets, weights, len(OFFSETS)),
            len(rows.weights) * np.bincount(offsets, minlength=len(OFFSETS)),
        ]
    )
    return sums.astype(np.float64)


def profile_of(sums: Sums) -> Profile:
    """Return the profile from the sums of all blocks."""
    return Profile(
        offsets=list(OFFSETS),
        weights=[
            round(float(weight / n), DECIMALS) if n else None
            for weight, n in zip(*sums, strict=True)
        ],
        n_rows=[round(float(n)) for n in sums[1]],
    )
