"""Sequences of repeated random tokens, on which heads are scored."""

from typing import NamedTuple

import numpy as np

from attentionviz.models.loaded import LoadedModel
from attentionviz.models.text import TextInputs

Marks = tuple[list[int], list[int]]
"""Token ids before and after a text."""


class Design(NamedTuple):
    """How many sequences say how many tokens how often."""

    n_sequences: int
    period: int
    n_repeats: int


OURS = Design(16, 32, 2)
MIN_PERIOD = 8
# Without some choice, the sequences would be much the same.
MIN_CHOICE = 2

# As the paper has it; a model that cannot read as much has no such score.
PREFIX_MATCHING = Design(10, 25, 4)
# "Neither the commonest nor the rarest": the paper gives no number, and a tokenizer no counts.
ONE_END_IN = 10


class RepeatedTokens(NamedTuple):
    """Sequences of random tokens that are said several times.

    Attributes
    ----------
    sequences : list of list of int
        Token ids, the model's own marks at both ends included; all of one length.
    period : int
        Tokens of one saying.
    n_repeats : int
        How often they are said.
    start : list of str
        The marks before the first saying, as the vocabulary writes them.
    reason : str or None
        Why there are no sequences.
    """

    sequences: list[list[int]]
    period: int
    n_repeats: int
    start: list[str]
    reason: str | None = None


def repeat_tokens(model: LoadedModel, seed: int) -> RepeatedTokens:
    """Return tokens said twice, for our own probe, or the reason why there are none.

    Parameters
    ----------
    model : LoadedModel
    seed : int
        Chooses the tokens: words and beginnings of words, none twice in one saying.
    """
    inputs = model.inputs
    if not isinstance(inputs, TextInputs):
        return _none("a model of images has no tokens to repeat")
    before, after = inputs.marks()
    period = min(OURS.period, (model.max_length - len(before) - len(after)) // 2)
    if period < MIN_PERIOD:
        return _none(
            f"{model.max_length} tokens are too few to say {MIN_PERIOD} twice between marks"
        )
    plain = inputs.plain_tokens()
    return _said(inputs, plain, (before, after), OURS._replace(period=period), seed)


def prefix_matching_tokens(model: LoadedModel, seed: int) -> RepeatedTokens:
    """Return the sequences of prefix matching, or the reason why there are none.

    Parameters
    ----------
    model : LoadedModel
    seed : int
        Chooses the tokens, none twice in one saying.

    Notes
    -----
    Source: Olsson et al. 2022 (arXiv 2209.11895), appendix: 25 random tokens, without the most
    and the least common ones, said four times after a start token, ten times over. For the most
    and the least common we take the first and the last tenth of the plain words in the order of
    the vocabulary. The start token is the mark that the model puts before every text, or else the
    one that its tokenizer names; some have neither.
    """
    inputs = model.inputs
    if not isinstance(inputs, TextInputs):
        return _none("a model of images has no tokens to repeat")
    before, after = inputs.start(), inputs.marks()[1]
    _, period, n_repeats = PREFIX_MATCHING
    n_needed = len(before) + n_repeats * period + len(after)
    if model.max_length < n_needed:
        return _none(
            f"{model.max_length} tokens are too few to say {period} four times between marks, "
            f"which takes {n_needed}"
        )
    plain = inputs.plain_tokens()
    n_end = len(plain) // ONE_END_IN
    plain = plain[n_end : len(plain) - n_end]
    return _said(inputs, plain, (before, after), PREFIX_MATCHING, seed)


def _said(
    inputs: TextInputs, plain: list[int], marks: Marks, design: Design, seed: int
) -> RepeatedTokens:
    """Return random ones of the plain tokens, said again and again between the marks."""
    if len(plain) < MIN_CHOICE * design.period:
        return _none(
            f"the vocabulary has {len(plain)} plain words, fewer than the "
            f"{MIN_CHOICE * design.period} that random tokens need"
        )
    before, after = marks
    rng = np.random.default_rng(seed)
    said = [
        rng.choice(plain, design.period, replace=False).tolist() for _ in range(design.n_sequences)
    ]
    sequences = [[*before, *once * design.n_repeats, *after] for once in said]
    return RepeatedTokens(sequences, design.period, design.n_repeats, inputs.names(before))


def _none(reason: str) -> RepeatedTokens:
    return RepeatedTokens([], 0, 0, [], reason)
