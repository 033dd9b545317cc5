"""The sample of every head that the grid draws: its tokens and packed points."""

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from attentionviz.core.rule import Spans
from attentionviz.core.shapes import require_shape
from attentionviz.errors import DamagedDatasetError
from attentionviz.store import layout

POINT_BUDGET = 600_000
"""Maximum number of points in a grid, over all heads; bounds the cost of drawing a page."""


def choose_grid_tokens(
    lengths: Sequence[int], n_heads_total: int, seed: int, budget: int = POINT_BUDGET
) -> NDArray[np.int32]:
    """Return the tokens that the grid draws: whole sequences in seeded order, up to the budget.

    Parameters
    ----------
    lengths : sequence of int
        Tokens of every sequence.
    n_heads_total : int
        Heads of all layers; each draws two points per token.
    seed : int
        Decides which sequences are drawn.
    budget : int
        Maximum number of points over all heads; one sequence is drawn even if it exceeds this.

    Returns
    -------
    ndarray of int32, shape (n_grid_tokens,)
        Indices of tokens, ascending.
    """
    length = np.asarray(lengths, dtype=np.int64)
    start = np.cumsum(length) - length
    order = np.random.default_rng(seed).permutation(len(length))
    n_points = 2 * n_heads_total * np.cumsum(length[order])
    n_sequences = max(1, int(np.searchsorted(n_points, budget, side="right")))
    chosen = np.sort(order[:n_sequences])
    tokens = [np.arange(start[i], start[i] + length[i]) for i in chosen]
    return np.concatenate(tokens).astype(np.int32)


def grid_points(tokens: NDArray[np.int32], n_tokens: int) -> NDArray[np.int64]:
    """Return the rows of these tokens in a head's full map: their queries, then their keys."""
    queries = tokens.astype(np.int64)
    return np.concatenate([queries, queries + n_tokens])


def pack_points(steps: NDArray[np.uint16]) -> NDArray[Any]:
    """Return points as the grid stores them, 4 bytes each.

    Parameters
    ----------
    steps : ndarray of uint16, shape (..., 2) or (..., 3)

    Returns
    -------
    ndarray
        2-D: unchanged. 3-D: uint32, shape (...), ``x | y << 11 | z << 22`` with the upper 11, 11
        and 10 bits of each coordinate.
    """
    require_shape("steps", steps, (*[None] * (steps.ndim - 1), steps.shape[-1]), "u")
    if steps.shape[-1] == 2:
        return steps
    x, y, z = (steps[..., axis].astype(np.uint32) for axis in range(3))
    return (x >> 5) | (y >> 5) << 11 | (z >> 6) << 22


def byte_norms(
    norms: NDArray[np.float32],
    scale: Literal["kind", "head"] = "kind",
    spans: Spans | None = None,
) -> NDArray[np.uint8]:
    """Return the norms of queries, then of keys, scaled from their minimum to their maximum.

    Parameters
    ----------
    norms : ndarray of float32, shape (n_tokens, 4)
        The norms of one head as stored; the first two columns are used.
    scale : "kind" or "head"
        Whether minimum and maximum are those of the queries and those of the keys, or of both.
    spans : Spans or None
        Tokens with a query, and with a key; None for all.

    Returns
    -------
    ndarray of uint8, shape (2 * n_tokens,)
        0 for the minimum, 255 for the maximum; 0 if all are equal, and for points not there.
    """
    require_shape("norms", norms, (None, 4), "f")
    both = norms[:, :2].astype(np.float64)
    if spans is not None:
        both = np.full_like(both, np.nan)
        for kind, tokens in enumerate((spans.queries, spans.keys)):
            both[tokens, kind] = norms[tokens, kind]
    axis = 0 if scale == "kind" else None
    low, high = np.nanmin(both, axis=axis), np.nanmax(both, axis=axis)
    scaled = (both - low) / np.where(high > low, high - low, 1)
    return np.rint(np.nan_to_num(scaled) * 255).astype(np.uint8).T.reshape(-1)


def check_grid_tokens(tokens: NDArray[Any], n_tokens: int) -> None:
    """Raise DamagedDatasetError unless the indices are strictly ascending and inside the corpus.

    Parameters
    ----------
    tokens : ndarray of int32, shape (n_grid_tokens,)
        Of ``grid/tokens.npy``.
    n_tokens : int
        Of the corpus.
    """
    is_within = len(tokens) > 0 and 0 <= tokens[0] and tokens[-1] < n_tokens
    if not is_within or (np.diff(tokens) <= 0).any():
        raise DamagedDatasetError(
            f"{layout.GRID_TOKENS} must have ascending token indices from 0 to {n_tokens - 1}"
        )
