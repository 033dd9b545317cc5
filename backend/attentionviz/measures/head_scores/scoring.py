"""All scores of one head, in one pass over its attention."""

from typing import NamedTuple

import numpy as np

from attentionviz.core.scores import PROBE_SCORES, SCORE_FACTS
from attentionviz.core.types import Modality
from attentionviz.errors import BuildError

# Imported for what they register.
from attentionviz.measures.head_scores import (  # noqa: F401
    image_text,
    patches,
    positions,
    spread,
    terms,
    words,
)
from attentionviz.measures.head_scores.content import (
    IMAGE_POSITIONS,
    TEXT_POSITIONS,
    content_dependence,
)
from attentionviz.measures.head_scores.corpus import (
    HeadAttention,
    ImageTextTokens,
    PatchTokens,
    TextTokens,
    Tokens,
)
from attentionviz.measures.head_scores.image_text import sink_patch
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
    tokens : TextTokens, PatchTokens or ImageTextTokens
        Over all tokens. Determines whether scores of text, of images or of both are computed; the
        others have no rows. Of images and texts, scores of text are over the queries that are no
        patches. Scores that need queries and keys of one text have no rows in a cross head, those
        of two texts none in others.
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
    modality, is_cross = _modality(tokens), attention.rule.part == "cross"
    wanted = [name for name in MEASURES if _is_defined(name, modality, is_cross=is_cross)]
    totals: dict[str, Sums] = {}
    offsets = np.zeros((2, len(OFFSETS)))
    for rows in attention.blocks(tokens):
        if not np.isfinite(rows.weights).all():
            raise BuildError("its attention has numbers that are not finite")
        of_text = rows.of_text() if modality == "image-text" else rows
        for name in wanted:
            is_of_text = SCORE_FACTS[name].modality == "text"
            sums = MEASURES[name].sums(of_text if is_of_text else rows)
            totals[name] = sums if name not in totals else totals[name] + sums
        offsets += offset_sums(rows)
    scores = {name: undefined_score() for name in SCORE_FACTS if name not in PROBE_SCORES}
    scores |= {name: score_of(totals[name], MEASURES[name].value) for name in wanted}
    n_positions = TEXT_POSITIONS if modality == "text" else IMAGE_POSITIONS
    scores["content_dependence"] = content_dependence(attention, tokens, n_positions)
    scores["norm_ratio"] = norm_ratio(attention)
    scores["variance_beyond_qk"] = variance_beyond_qk(attention)
    if isinstance(tokens, ImageTextTokens):
        scores["sink_patch"] = sink_patch(attention, tokens)
    if pairs is not None and isinstance(tokens, TextTokens) and not is_cross:
        scores["precision_at_l"] = precision_at_l(attention, tokens, pairs)
    return HeadScores(scores, profile_of(offsets))


def _modality(tokens: Tokens) -> Modality:
    if isinstance(tokens, ImageTextTokens):
        return "image-text"
    return "image" if isinstance(tokens, PatchTokens) else "text"


def _is_defined(name: str, modality: Modality, *, is_cross: bool) -> bool:
    facts = SCORE_FACTS[name]
    return facts.is_of(modality) and facts.texts in (None, 2 if is_cross else 1)
