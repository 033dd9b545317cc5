"""Attention variability: dependence of a pattern on content rather than on positions."""

import numpy as np
from numpy.typing import NDArray

from attentionviz.core.pattern import Floats
from attentionviz.measures.head_scores.corpus import Flags, HeadAttention, Rows, Tokens
from attentionviz.measures.head_scores.registry import Score, Sums, ratio, score_of

# Texts: as in the paper, so that each position has many sequences. Images all have the same
# positions, so the limit is memory for the square of weights.
TEXT_POSITIONS, IMAGE_POSITIONS = 10, 1024

Square = NDArray[np.float64]


def content_dependence(
    attention: HeadAttention, tokens: Tokens, n_positions: int = TEXT_POSITIONS
) -> Score:
    """Return the mean absolute deviation of the pattern over sequences, scaled to 0…1.

    Parameters
    ----------
    attention : HeadAttention
    tokens : TextTokens or PatchTokens
    n_positions : int
        Number of first queries and keys of each sequence to use.

    Returns
    -------
    Score
        None if no two sequences share a pair of positions.

    Notes
    -----
    After attention variability in Vig and Belinkov 2019 (arXiv 1906.04284): Σ|α − ᾱ| / 2Σα, where
    ᾱ is the mean over the sequences with both positions, for the first 10 positions. Weights on the
    first token are left out, and so are pairs of positions in only one sequence, whose deviation
    is 0. Not compared with the numbers of the paper.
    """
    longest = max(int(n.max()) for n in (attention.spans.n_queries, attention.spans.n_keys))
    side = min(longest, n_positions)
    total, n_sequences = np.zeros((side, side)), np.zeros((side, side))
    for rows in attention.blocks(tokens, side):
        seen, weights = _first_keys(rows, side)
        total[rows.positions, : seen.shape[1]] += weights.sum(axis=0, dtype=np.float64)
        n_sequences[rows.positions, : seen.shape[1]] += len(weights) * seen
    mean = total / np.maximum(n_sequences, 1)
    sums = np.zeros(3)
    for rows in attention.blocks(tokens, side):
        seen, weights = _first_keys(rows, side)
        block = (rows.positions, slice(0, seen.shape[1]))
        sums += _deviation(weights, mean[block], seen & (n_sequences[block] > 1))
    return score_of(sums, ratio)


def _first_keys(rows: Rows, side: int) -> tuple[Flags, Floats]:
    """Return the mask of visible keys without key 0, and the weights, of the first `side` keys."""
    seen = rows.visible[:, :side].copy()
    seen[:, 0] = False
    return seen, rows.weights[:, :, :side]


def _deviation(weights: Floats, mean: Square, counts: Flags) -> Sums:
    """Return the sums of |weight − mean| and 2 weight over pairs, and the number of rows."""
    deviation = np.abs(weights - mean)[:, counts].sum()
    twice = 2 * weights[:, counts].sum(dtype=np.float64)
    return np.array([deviation, twice, len(weights) * np.count_nonzero(counts.any(axis=1))])
