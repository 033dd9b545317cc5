"""Prediction of labelled pairs, such as contacts of a protein, by the attention of a head."""

import numpy as np
from numpy.typing import NDArray

from attentionviz.core.pattern import Floats, attention_pattern
from attentionviz.core.shapes import require_shape
from attentionviz.measures.head_scores.corpus import HeadAttention, TextTokens
from attentionviz.measures.head_scores.registry import DECIMALS, Score

MIN_SEPARATION = 6
"""Nearer tokens are no pairs, as in the paper: neighbours in a protein are always in contact."""

TokenPairs = NDArray[np.int64]


def precision_at_l(attention: HeadAttention, tokens: TextTokens, pairs: TokenPairs) -> Score:
    """Return the mean precision of the top L pairs over the sequences with labelled pairs.

    Parameters
    ----------
    attention : HeadAttention
    tokens : TextTokens
        Over all tokens.
    pairs : ndarray of int, shape (n_pairs, 2)
        Labelled pairs of tokens of the corpus, each within a sequence.

    Returns
    -------
    Score
        None if no sequence has a pair at least 6 tokens apart. Its rows are the queries of the
        sequences that have one, without special tokens.
    """
    require_shape("pairs", pairs, (None, 2), "i")
    starts = np.cumsum(attention.lengths) - attention.lengths
    sequence_of = np.searchsorted(starts, pairs[:, 0], side="right") - 1
    found: list[float] = []
    n_rows = 0
    for sequence in np.unique(sequence_of):
        of_sequence = starts[sequence] + np.arange(attention.lengths[sequence])
        is_text = ~tokens.is_special[of_sequence]
        rank = np.cumsum(is_text) - 1  # position without special tokens
        local = rank[pairs[sequence_of == sequence] - starts[sequence]]
        if not (np.abs(local[:, 1] - local[:, 0]) >= MIN_SEPARATION).any():
            continue
        pattern = attention_pattern(
            attention.queries[of_sequence], attention.keys[of_sequence], attention.rule
        )
        found.append(precision_of_top(pattern[is_text][:, is_text], local))
        n_rows += int(is_text.sum())
    if not found:
        return Score(value=None, n_rows=0)
    return Score(value=round(float(np.mean(found)), DECIMALS), n_rows=n_rows)


def precision_of_top(pattern: Floats, pairs: TokenPairs) -> float:
    """Return the share of labelled pairs among the L pairs of highest attention.

    Parameters
    ----------
    pattern : ndarray of float, shape (L, L)
        [query_pos, key_pos], without special tokens. Not modified.
    pairs : ndarray of int, shape (n_pairs, 2)
        Positions of labelled pairs.

    Returns
    -------
    float
        Of all candidate pairs if they are fewer than L; equal values are taken in the order of
        positions.

    Notes
    -----
    Source: Rao et al. 2021 (doi 10.1101/2020.12.15.422761), for a single head: attention is
    symmetrised, corrected by the average product correction (APC), and pairs of residues at least
    6 apart are ranked.
    """
    n = len(pattern)
    symmetric = pattern + pattern.T
    sums = symmetric.sum(axis=0, dtype=np.float64)  # (L,)
    total = sums.sum()
    if total > 0:
        symmetric -= np.outer(sums / total, sums).astype(symmetric.dtype)
    is_candidate = np.triu(np.ones((n, n), dtype=bool), MIN_SEPARATION)
    is_pair = np.zeros((n, n), dtype=bool)
    is_pair[pairs.min(axis=1), pairs.max(axis=1)] = True
    top = np.argsort(-symmetric[is_candidate], kind="stable")[:n]
    return float(is_pair[is_candidate][top].mean()) if len(top) else 0.0
