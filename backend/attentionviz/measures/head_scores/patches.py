"""Scores by position and colour of the attended patches."""

import numpy as np
from numpy.typing import NDArray

from attentionviz.core.pattern import Floats
from attentionviz.measures.head_scores.corpus import Flags, Rows
from attentionviz.measures.head_scores.registry import Sums, mass, measures, ratio

Numbers = NDArray[np.float64]


@measures("class_token")
def class_token(rows: Rows) -> Sums:
    """Sum the mass of patches on the class token."""
    is_patch = rows.at_queries(rows.tokens.is_patch)
    return mass(rows, rows.tokens.is_class[:, None, :], is_patch)


@measures("same_row", ratio)
def same_row(rows: Rows) -> Sums:
    """Sum the mass in the query's row, and the mass on all other patches."""
    return _of_other_patches(rows, _differences(rows, rows.tokens.row) == 0)


@measures("same_column", ratio)
def same_column(rows: Rows) -> Sums:
    """Sum the mass in the query's column, and the mass on all other patches."""
    return _of_other_patches(rows, _differences(rows, rows.tokens.column) == 0)


@measures("patch_distance", ratio)
def patch_distance(rows: Rows) -> Sums:
    """Sum mass times distance, and mass, over other patches."""
    down, across = (_differences(rows, c) for c in (rows.tokens.row, rows.tokens.column))
    return _of_other_patches(rows, np.hypot(down, across))


def _one_minus_ratio(sums: Sums) -> float | None:
    found = ratio(sums)
    return None if found is None else 1.0 - found


@measures("hue_similarity", _one_minus_ratio)
def hue_similarity(rows: Rows) -> Sums:
    """Sum mass times difference of hue, for the actual and for evenly spread mass."""
    straight = _differences(rows, rows.tokens.hue)
    return _against_chance(rows, np.minimum(straight, 1 - straight))  # hue is circular


@measures("brightness_similarity", _one_minus_ratio)
def brightness_similarity(rows: Rows) -> Sums:
    """Sum mass times difference of brightness, for the actual and for evenly spread mass."""
    return _against_chance(rows, _differences(rows, rows.tokens.brightness))


def _differences(rows: Rows, column: Numbers) -> Numbers:
    """Return |difference| of query and key, (sequence, row, key); NaN if either is NaN."""
    difference: Numbers = np.abs(rows.at_queries(column)[:, :, None] - column[:, None, :])
    return difference


def _pairs(rows: Rows, wanted: Flags) -> tuple[Flags, Flags, Floats]:
    """Return the pairs to count, the rows with such a pair, and the weights of the pairs."""
    pairs: Flags = wanted & rows.others
    has_pair: Flags = np.any(pairs, axis=2)
    weights: Floats = np.where(pairs, rows.weights, np.float32(0))
    return pairs, has_pair, weights


def _of_other_patches(rows: Rows, value: NDArray[np.floating] | Flags) -> Sums:
    """Sum mass times value, and mass, over pairs of different patches."""
    is_patch = rows.tokens.is_patch
    both = rows.at_queries(is_patch)[:, :, None] & is_patch[:, None, :]
    pairs, counts, weights = _pairs(rows, both)
    weighted = (weights * np.where(pairs, value, 0)).sum()
    return np.array([weighted, weights.sum(dtype=np.float64), np.count_nonzero(counts)])


def _against_chance(rows: Rows, difference: Numbers) -> Sums:
    """Sum mass times difference, and the same mass times each row's mean difference."""
    pairs, counts, weights = _pairs(rows, np.isfinite(difference))
    difference = np.where(pairs, difference, 0)
    n_pairs = np.maximum(np.count_nonzero(pairs, axis=2), 1)  # (sequence, row)
    by_chance = difference.sum(axis=2) / n_pairs
    masses = weights.sum(axis=2, dtype=np.float64)
    found = (weights * difference).sum()
    return np.array([found, (masses * by_chance).sum(), np.count_nonzero(counts)])
