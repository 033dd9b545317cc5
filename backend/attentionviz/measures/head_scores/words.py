"""Scores by the text of the attended tokens."""

import numpy as np

from attentionviz.measures.head_scores.corpus import Flags, Rows
from attentionviz.measures.head_scores.registry import Sums, mass, measures


@measures("special")
def special(rows: Rows) -> Sums:
    """Sum the mass on special tokens."""
    return mass(rows, rows.tokens.is_special[:, None, :])


@measures("punctuation")
def punctuation(rows: Rows) -> Sums:
    """Sum the mass on punctuation."""
    return mass(rows, rows.tokens.is_punctuation[:, None, :])


@measures("duplicate")
def duplicate(rows: Rows) -> Sums:
    """Sum the mass on earlier copies of the query's token."""
    return mass(rows, rows.copies)


@measures("induction")
def induction(rows: Rows) -> Sums:
    """Sum the mass on tokens after earlier copies, the query itself left out."""
    return mass(rows, _shifted(rows.copies, 1) & (rows.ahead != 0))


@measures("reverse_induction")
def reverse_induction(rows: Rows) -> Sums:
    """Sum the mass on tokens before earlier copies.

    The first token and special tokens are left out, since they are attention sinks of many heads.
    """
    is_attention_sink = rows.tokens.is_special | (np.arange(rows.visible.shape[1]) == 0)
    return mass(rows, _shifted(rows.copies, -1) & ~is_attention_sink[:, None, :])


def _shifted(flags: Flags, by: int) -> Flags:
    """Return flags shifted to later keys, or to earlier ones if `by` is negative."""
    shifted = np.zeros_like(flags)
    if by > 0:
        shifted[..., by:] = flags[..., :-by]
    else:
        shifted[..., :by] = flags[..., -by:]
    return shifted
