"""Head scores, each with the number of rows from which it is computed."""

from attentionviz.measures.head_scores.corpus import (
    HeadAttention,
    ImageTextTokens,
    PatchTokens,
    TextTokens,
)
from attentionviz.measures.head_scores.probe import prefix_matching, repeated_weights
from attentionviz.measures.head_scores.profile import OFFSETS, Profile
from attentionviz.measures.head_scores.registry import Score, ratio, score_of
from attentionviz.measures.head_scores.scoring import HeadScores, score_head, undefined_score

__all__ = [
    "OFFSETS",
    "HeadAttention",
    "HeadScores",
    "ImageTextTokens",
    "PatchTokens",
    "Profile",
    "Score",
    "TextTokens",
    "undefined_score",
    "prefix_matching",
    "ratio",
    "repeated_weights",
    "score_head",
    "score_of",
    "undefined_score",
]
