"""Scores of attention between the words and the patches of images and texts."""

import numpy as np

from attentionviz.core.pattern import pattern_rows
from attentionviz.measures.head_scores.corpus import HeadAttention, ImageTextTokens, Rows
from attentionviz.measures.head_scores.registry import Score, Sums, mass, measures, score_of


@measures("words_to_patches")
def words_to_patches(rows: Rows) -> Sums:
    """Sum the mass of words on patches."""
    return mass(rows, rows.tokens.is_patch[:, None, :], rows.at_queries(rows.tokens.is_word))


@measures("patches_to_words")
def patches_to_words(rows: Rows) -> Sums:
    """Sum the mass of patches on words."""
    return mass(rows, rows.tokens.is_word[:, None, :], rows.at_queries(rows.tokens.is_patch))


def sink_patch(attention: HeadAttention, tokens: ImageTextTokens) -> Score:
    """Return the mean over sequences of the share of the patch that words attend to most.

    Parameters
    ----------
    attention : HeadAttention
    tokens : ImageTextTokens
        Over all tokens.

    Returns
    -------
    Score
        None if no word sees two patches. Its rows are the words that do.
    """
    shares, n_rows = [], 0
    starts = np.cumsum(attention.lengths) - attention.lengths
    for start, length in zip(starts.tolist(), attention.lengths.tolist(), strict=True):
        inside = slice(start, start + length)
        patches = np.flatnonzero(tokens.is_patch[inside])
        words = np.flatnonzero(tokens.is_word[inside])
        seen = attention.rule.visible(words, length)[:, patches]
        words = words[np.count_nonzero(seen, axis=1) > 1]
        if not len(words):
            continue
        weights = pattern_rows(
            attention.queries[inside][None, words],
            attention.keys[inside][None],
            words,
            attention.rule,
        )
        masses = weights[0][:, patches].sum(axis=0, dtype=np.float64)  # (patch,)
        if masses.sum() > 0:
            shares.append(masses.max() / masses.sum())
            n_rows += len(words)
    return score_of(np.array([float(np.mean(shares or [0.0])) * n_rows, n_rows]))
