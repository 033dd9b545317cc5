"""Attention variability: dependence of a pattern on content rather than on positions."""

import numpy as np
from numpy.typing import NDArray

from attentionviz.core.pattern import Floats
from attentionviz.measures.head_scores.corpus import Flags, HeadAttention, Rows, Tokens
from attentionviz.measures.head_scores.registry import Score, Sums, ratio, score_of

# As in the paper: so that each position has many sequences. All images have the same positions;
# there only the square of weights has to fit the memory.
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
        Queries and keys beyond the first so many are left out.

    Returns
    -------
    Score
        None where no two sequences share a pair of positions.

    Notes
    -----
    After Vig and Belinkov 2019 (arXiv 1906.04284), attention variability: a mean absolute deviation
    over sequences, scaled to 0…1, of the first positions of each. What is computed is Σ|α − ᾱ| over
    2Σα, ᾱ the mean over the sequences that have both positions, for the first 10 positions, without
    weights on the first token. Pairs of positions that one sequence alone has deviate by nothing
    from their mean and are left out, too. The numbers of the paper were not compared with.
    """
    side = min(int(attention.lengths.max()), n_positions)
    total, n_sequences = np.zeros((side, side)), np.zeros((side, side))
    for rows in attention.blocks(tokens, side):
        seen, weights = _first_keys(rows, side)
        total[rows.positions, : seen.shape[1]] += weights.sum(axis=0, dtype=np.float64)
        n_sequences[rows.positions, : seen.shape[1]] += len(weights) * seen
    mean = total / np.maximum(n_sequences, 1)
    sums = np.zeros(3)
    for rows in attention.blocks(tokens, side):
        seen, weights = _first_keys(rows, side)
        place = (rows.positions, slice(0, seen.shape[1]))
        sums += _deviation(weights, mean[place], seen & (n_sequences[place] > 1))
    return score_of(sums, ratio)


def _first_keys(rows: Rows, side: int) -> tuple[Flags, Floats]:
    """Return which of the first keys are visible, key 0 aside, and the weights of the first."""
    seen = rows.visible[:, :side].copy()
    seen[:, 0] = False
    return seen, rows.weights[:, :, :side]


def _deviation(weights: Floats, mean: Square, counts: Flags) -> Sums:
    """Return |weight − mean|, twice the weight, and the rows, summed over the pairs that count."""
    deviation = np.abs(weights - mean)[:, counts].sum()
    twice = 2 * weights[:, counts].sum(dtype=np.float64)
    return np.array([deviation, twice, len(weights) * np.count_nonzero(counts.any(axis=1))])
