"""Heads with given patterns, and reference implementations of scores, row by row."""

import itertools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from attentionviz.core.pattern import attention_pattern
from attentionviz.core.rule import HeadRule
from attentionviz.measures.head_scores import HeadAttention, PatchTokens, TextTokens

TINY = 1e-30


def head_of(
    *patterns: Any, is_causal: bool = False, max_distance: int | None = None
) -> HeadAttention:
    """Return a head with just these patterns, one a sequence; each row sums to 1."""
    lengths = np.array([len(pattern) for pattern in patterns])
    queries = np.zeros((lengths.sum(), lengths.max()), dtype=np.float32)
    keys = np.zeros_like(queries)
    for start, pattern in zip(np.cumsum(lengths) - lengths, patterns, strict=True):
        n = len(pattern)
        weights = np.maximum(np.asarray(pattern, dtype=np.float64), TINY)
        queries[start : start + n, :n] = np.log(weights)
        keys[start : start + n, :n] = np.eye(n)
    return HeadAttention(queries, keys, lengths, HeadRule(1.0, is_causal, max_distance))


def random_head(
    lengths: list[int], seed: int = 0, *, is_causal: bool = False, max_distance: int | None = None
) -> HeadAttention:
    """Return a head of random vectors."""
    shape = (2, sum(lengths), 5)
    queries, keys = np.random.default_rng(seed).standard_normal(shape).astype(np.float32)
    return HeadAttention(queries, keys, np.array(lengths), HeadRule(1.1, is_causal, max_distance))


def text_tokens(
    token_id: list[int], special: Sequence[int] = (), punctuation: Sequence[int] = (), **others: Any
) -> TextTokens:
    """Return tokens of text; those with a flag (``special``, ``punctuation``, …) by their ids."""
    ids = np.array(token_id, dtype=np.int64)
    flagged = {"special": special, "punctuation": punctuation, **others}
    return TextTokens.of(ids, **{f"is_{name}": np.isin(ids, x) for name, x in flagged.items()})


def grid_tokens(
    n_images: int,
    n_rows: int,
    n_columns: int,
    *,
    hue: list[float],
    brightness: list[float],
    has_class: bool = True,
) -> PatchTokens:
    """Return tokens of images: a class token, then patches; colours over the patches."""
    row, column = np.divmod(np.arange(n_rows * n_columns, dtype=np.float64), n_columns)
    start = [np.nan] if has_class else []

    def over_all(values: np.ndarray) -> np.ndarray:
        parts = values.reshape(-1, n_rows * n_columns)
        parts = np.broadcast_to(parts, (n_images, n_rows * n_columns))
        return np.concatenate([[*start, *part] for part in parts])

    rows = over_all(row)
    return PatchTokens(
        is_class=np.isnan(rows),
        is_patch=~np.isnan(rows),
        row=rows,
        column=over_all(column),
        hue=over_all(np.array(hue, dtype=np.float64)),
        brightness=over_all(np.array(brightness, dtype=np.float64)),
    )


class SlowRow:
    """One query, the keys that it sees, and their weights."""

    def __init__(self, head: HeadAttention, start: int, length: int, i: int) -> None:
        inside = slice(start, start + length)
        rule = head.rule
        pattern = attention_pattern(head.queries[inside], head.keys[inside], rule)
        self.i, self.start, self.length = i, start, length
        self.weights = pattern[i].astype(np.float64)
        self.visible = [
            j
            for j in range(length)
            if (j <= i or not rule.is_causal)
            and (rule.max_distance is None or abs(i - j) <= rule.max_distance)
        ]

    def mass(self, keys: set[int]) -> float | None:
        """Return the mass on some keys; None without one of them, or without another."""
        seen = keys & set(self.visible)
        if not seen or len(seen) == len(self.visible):
            return None
        return sum(self.weights[j] for j in seen)


def slow_rows(head: HeadAttention) -> list[SlowRow]:
    """Return every row of every sequence."""
    rows, start = [], 0
    for length in head.lengths.tolist():
        rows += [SlowRow(head, start, length, i) for i in range(length)]
        start += length
    return rows


def slow_text_rows(row: SlowRow, tokens: TextTokens) -> dict[str, float | None]:
    """Return the contribution of one row to every text score that is a mean over rows."""
    i, n = row.i, row.length
    ids = tokens.token_id[row.start : row.start + n].tolist()
    special = tokens.is_special[row.start : row.start + n]
    copies = {j for j in range(i) if ids[j] == ids[i] and not special[i]}
    found = {
        "previous": row.mass({i - 1}),
        "next": row.mass({i + 1}),
        "self": row.mass({i}),
        "first": row.mass({0} - {i}),
        "special": row.mass({j for j in range(n) if special[j]}),
        "punctuation": row.mass({j for j in range(n) if tokens.is_punctuation[row.start + j]}),
        "duplicate": row.mass(copies),
        "induction": row.mass({j + 1 for j in copies} - {i}),
        "reverse_induction": row.mass({j - 1 for j in copies if j > 1 and not special[j - 1]}),
    }
    return {**found, **slow_spread(row)}


def slow_spread(row: SlowRow) -> dict[str, float | None]:
    """Return the contribution of one row to the scores of entropy and sparsity."""
    others = [row.weights[j] for j in row.visible if j > 0]
    parts = [w / sum(others) for w in others if w] if row.weights[0] <= 0.9 + 1e-6 else None
    entropy = {"attention_entropy": parts and -sum(w * math.log(w) for w in parts)}
    if len(row.visible) < 2:
        return {**entropy, "entropy": None, "sparsity": None}
    weights = sorted((row.weights[j] for j in row.visible), reverse=True)
    return {
        **entropy,
        "entropy": -sum(w * math.log(w) for w in weights if w) / math.log(len(weights)),
        "sparsity": next(
            n for n, held in enumerate(itertools.accumulate(weights), 1) if held >= 0.9 - 1e-6
        ),
    }


def slow_text(rows: list[SlowRow]) -> dict[str, float | None]:
    """Return the scores of text that are no mean over rows."""
    mean, variance = slow_distances(rows) or (None, None)
    return {
        "mean_distance": mean,
        "variance_of_distance": variance,
        "content_dependence": slow_content(rows, 10),
    }


def slow_distances(rows: list[SlowRow]) -> tuple[float, float] | None:
    """Return mean and variance of the distance over all pairs whose key is not the first."""
    pairs = [(abs(row.i - j), row.weights[j]) for row in rows for j in row.visible if j > 0]
    if not pairs:
        return None
    distances, weights = np.array(pairs).T
    mean = np.average(distances, weights=weights)
    return float(mean), float(np.average((distances - mean) ** 2, weights=weights))


def slow_content(rows: list[SlowRow], n_positions: int) -> float | None:
    """Return attention variability pair by pair."""
    cells: dict[tuple[int, int], list[float]] = {}
    for row in rows:
        for j in row.visible:
            if row.i < n_positions and 0 < j < n_positions:
                cells.setdefault((row.i, j), []).append(row.weights[j])
    shared = [np.array(found) for found in cells.values() if len(found) > 1]
    total = sum(2 * found.sum() for found in shared)
    return sum(np.abs(found - found.mean()).sum() for found in shared) / total if total else None


def slow_profile(rows: list[SlowRow]) -> dict[int, list[float]]:
    """Return all weights at each offset."""
    found: dict[int, list[float]] = {}
    for row in rows:
        if len(row.visible) > 1:
            for j in row.visible:
                found.setdefault(j - row.i, []).append(row.weights[j])
    return found


def slow_patches(rows: list[SlowRow], tokens: PatchTokens) -> dict[str, float | None]:
    """Return the scores of images pair by pair."""
    sums = dict.fromkeys(("row", "column", "far", "mass", "hue", "hue0", "light", "light0"), 0.0)
    for row in rows:
        at = row.start + row.i
        if not tokens.is_patch[at]:
            continue
        others = [j for j in row.visible if j != row.i and tokens.is_patch[row.start + j]]
        for j in others:
            down, across = (abs(c[at] - c[row.start + j]) for c in (tokens.row, tokens.column))
            weight = row.weights[j]
            sums["mass"] += weight
            sums["row"] += weight * (down == 0)
            sums["column"] += weight * (across == 0)
            sums["far"] += weight * math.sqrt(down**2 + across**2)
        for name, column in (("hue", tokens.hue), ("light", tokens.brightness)):
            if math.isnan(column[at]):
                continue
            known = [j for j in others if not math.isnan(column[row.start + j])]
            apart = {j: abs(column[at] - column[row.start + j]) for j in known}
            if name == "hue":
                apart = {j: min(d, 1 - d) for j, d in apart.items()}
            for j in known:
                sums[name] += row.weights[j] * apart[j]
                sums[name + "0"] += row.weights[j] * sum(apart.values()) / len(known)
    return {
        "same_row": sums["row"] / sums["mass"],
        "same_column": sums["column"] / sums["mass"],
        "patch_distance": sums["far"] / sums["mass"],
        "hue_similarity": 1 - sums["hue"] / sums["hue0"],
        "brightness_similarity": 1 - sums["light"] / sums["light0"],
    }
