"""All scores of one head, in one pass over its attention."""

from typing import NamedTuple

import numpy as np

from attentionviz.core.scores import PROBE_SCORES, SCORE_FACTS
from attentionviz.core.types import Modality
from attentionviz.errors import BuildError

# Imported for what they register.
from attentionviz.measures.head_scores import patches, positions, spread, terms, words  # noqa: F401
from attentionviz.measures.head_scores.content import (
    IMAGE_POSITIONS,
    TEXT_POSITIONS,
    content_dependence,
)
from attentionviz.measures.head_scores.corpus import (
    HeadAttention,
    PatchTokens,
    TextTokens,
    Tokens,
)
from attentionviz.measures.head_scores.norms import norm_ratio
from attentionviz.measures.head_scores.pairs import TokenPairs, precision_at_l
from attentionviz.measures.head_scores.profile import OFFSETS, Profile, offset_sums, profile_of
from attentionviz.measures.head_scores.registry import MEASURES, Score, Sums, score_of
from attentionviz.measures.head_scores.terms import variance_beyond_qk


class HeadScores(NamedTuple):
    """Scores and offset profile of one head.

    Attributes
    ----------
    scores : dict of str to Score
        By name, without the scores of the probes.
    profile : Profile
    """

    scores: dict[str, Score]
    profile: Profile


def undefined_score() -> Score:
    """Return the score of a head without any row for which it is defined."""
    return Score(value=None, n_rows=0)


def score_head(
    attention: HeadAttention, tokens: Tokens, pairs: TokenPairs | None = None
) -> HeadScores:
    """Return all scores of one head over a corpus, each over every row that it is defined for.

    Parameters
    ----------
    attention : HeadAttention
    tokens : TextTokens or PatchTokens
        Over all tokens. Determines whether scores of text or of images are computed; the others
        have no rows.
    pairs : ndarray of int, shape (n_pairs, 2), or None
        Labelled pairs of tokens; without them, scores of pairs have no rows.

    Returns
    -------
    HeadScores

    Raises
    ------
    BuildError
        If the attention is not finite.
    """
    is_image = isinstance(tokens, PatchTokens)
    wanted = [name for name in MEASURES if _is_of(name, "image" if is_image else "text")]
    totals: dict[str, Sums] = {}
    offsets = np.zeros((2, len(OFFSETS)))
    for rows in attention.blocks(tokens):
        if not np.isfinite(rows.weights).all():
            raise BuildError("its attention has numbers that are not finite")
        for name in wanted:
            sums = MEASURES[name].sums(rows)
            totals[name] = sums if name not in totals else totals[name] + sums
        offsets += offset_sums(rows)
    scores = {name: undefined_score() for name in SCORE_FACTS if name not in PROBE_SCORES}
    scores |= {name: score_of(totals[name], MEASURES[name].value) for name in wanted}
    n_positions = IMAGE_POSITIONS if is_image else TEXT_POSITIONS
    scores["content_dependence"] = content_dependence(attention, tokens, n_positions)
    scores["norm_ratio"] = norm_ratio(attention)
    scores["variance_beyond_qk"] = variance_beyond_qk(attention)
    if pairs is not None and isinstance(tokens, TextTokens):
        scores["precision_at_l"] = precision_at_l(attention, tokens, pairs)
    return HeadScores(scores, profile_of(offsets))


def _is_of(name: str, modality: Modality) -> bool:
    return SCORE_FACTS[name].modality in (None, modality)
