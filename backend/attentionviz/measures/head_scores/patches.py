"""Scores of images, by position and colour of the attended patches."""

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
    """Sum the mass in the query's row, and that on all other patches."""
    return _of_other_patches(rows, _differences(rows, rows.tokens.row) == 0)


@measures("same_column", ratio)
def same_column(rows: Rows) -> Sums:
    """Sum the mass in the query's column, and that on all other patches."""
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
    """Sum mass times difference of hue, as it is and as it were if the mass were spread evenly."""
    straight = _differences(rows, rows.tokens.hue)
    return _against_chance(rows, np.minimum(straight, 1 - straight))  # hues lie on a circle


@measures("brightness_similarity", _one_minus_ratio)
def brightness_similarity(rows: Rows) -> Sums:
    """Sum mass times difference of brightness, as it is and with the mass spread evenly."""
    return _against_chance(rows, _differences(rows, rows.tokens.brightness))


def _differences(rows: Rows, column: Numbers) -> Numbers:
    """Return |difference| of query and key, (sequence, row, key); NaN where one has no value."""
    difference: Numbers = np.abs(rows.at_queries(column)[:, :, None] - column[:, None, :])
    return difference


def _pairs(rows: Rows, wanted: Flags) -> tuple[Flags, Flags, Floats]:
    """Return which pairs count, which rows have one, and the weights of these pairs."""
    pairs: Flags = wanted & rows.others
    has_pair: Flags = np.any(pairs, axis=2)
    weights: Floats = np.where(pairs, rows.weights, np.float32(0))
    return pairs, has_pair, weights


def _of_other_patches(rows: Rows, worth: NDArray[np.floating] | Flags) -> Sums:
    is_patch = rows.tokens.is_patch
    both = rows.at_queries(is_patch)[:, :, None] & is_patch[:, None, :]
    pairs, counts, weights = _pairs(rows, both)
    gained = (weights * np.where(pairs, worth, 0)).sum()
    return np.array([gained, weights.sum(dtype=np.float64), np.count_nonzero(counts)])


def _against_chance(rows: Rows, difference: Numbers) -> Sums:
    """Sum mass times difference, and the same mass times each row's mean difference."""
    pairs, counts, weights = _pairs(rows, np.isfinite(difference))
    difference = np.where(pairs, difference, 0)
    n_pairs = np.maximum(np.count_nonzero(pairs, axis=2), 1)  # (sequence, row)
    by_chance = difference.sum(axis=2) / n_pairs
    masses = weights.sum(axis=2, dtype=np.float64)
    found = (weights * difference).sum()
    return np.array([found, (masses * by_chance).sum(), np.count_nonzero(counts)])
