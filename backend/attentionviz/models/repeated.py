"""Sequences of repeated random tokens, on which induction heads are scored."""

from typing import NamedTuple

import numpy as np

from attentionviz.models.loaded import LoadedModel
from attentionviz.models.text import TextInputs

Marks = tuple[list[int], list[int]]
"""Token ids before and after a text."""


class Design(NamedTuple):
    """Number of sequences, tokens per repetition, and repetitions."""

    n_sequences: int
    period: int
    n_repeats: int


OURS = Design(16, 32, 2)
MIN_PERIOD = 8
NO_TEXTS = {
    "image": "image models have no tokens to repeat",
    "image-text": "models of images and texts are not run on random tokens without an image",
}
# Smallest ratio of candidate tokens to period, so that sequences differ enough.
MIN_CANDIDATES = 2

# As in the paper; models with a shorter maximum length have no such score.
PREFIX_MATCHING = Design(10, 25, 4)
# The paper leaves out the most and least common tokens, but gives no share.
EXCLUDED_PART = 10


class RepeatedTokens(NamedTuple):
    """Sequences of random tokens that are repeated.

    Attributes
    ----------
    sequences : list of list of int
        Token ids, including special tokens at both ends; all of one length.
    period : int
        Number of tokens of one repetition.
    n_repeats : int
        Number of repetitions.
    start : list of str
        Special tokens before the first repetition, as in the vocabulary.
    reason : str or None
        Why there are no sequences.
    """

    sequences: list[list[int]]
    period: int
    n_repeats: int
    start: list[str]
    reason: str | None = None


WITHOUT_TWO_TEXTS = "not measured for models with an encoder and a decoder"


def repeat_tokens(model: LoadedModel, seed: int) -> RepeatedTokens:
    """Return sequences of two repetitions, for our own probe, or the reason why there are none.

    Parameters
    ----------
    model : LoadedModel
    seed : int
        Seed of the tokens: words and beginnings of words, without duplicates in one repetition.
    """
    inputs = model.inputs
    if not isinstance(inputs, TextInputs):
        return _none(WITHOUT_TWO_TEXTS if model.has_two_texts else NO_TEXTS[inputs.modality])
    before, after = inputs.marks()
    period = min(OURS.period, (model.max_length - len(before) - len(after)) // 2)
    if period < MIN_PERIOD:
        return _none(
            f"the maximum length of {model.max_length} tokens is too short to repeat "
            f"{MIN_PERIOD} tokens twice between special tokens"
        )
    plain = inputs.plain_tokens()
    return _repeated(inputs, plain, (before, after), OURS._replace(period=period), seed)


def prefix_matching_tokens(model: LoadedModel, seed: int) -> RepeatedTokens:
    """Return the sequences of prefix matching, or the reason why there are none.

    Parameters
    ----------
    model : LoadedModel
    seed : int
        Seed of the tokens, without duplicates in one repetition.

    Notes
    -----
    Source: Olsson et al. 2022 (arXiv 2209.11895), appendix: 25 random tokens, without the most
    and the least common ones, repeated four times after a start token, in ten sequences. The first
    and the last tenth of the plain words in vocabulary order stand for the most and least common.
    The start token is the special token before every text, or else the tokenizer's BOS token; some
    models have neither.
    """
    inputs = model.inputs
    if not isinstance(inputs, TextInputs):
        return _none(WITHOUT_TWO_TEXTS if model.has_two_texts else NO_TEXTS[inputs.modality])
    before, after = inputs.start(), inputs.marks()[1]
    _, period, n_repeats = PREFIX_MATCHING
    n_needed = len(before) + n_repeats * period + len(after)
    if model.max_length < n_needed:
        return _none(
            f"the maximum length of {model.max_length} tokens is too short to repeat {period} "
            f"tokens four times between special tokens, which takes {n_needed}"
        )
    plain = inputs.plain_tokens()
    n_end = len(plain) // EXCLUDED_PART
    plain = plain[n_end : len(plain) - n_end]
    return _repeated(inputs, plain, (before, after), PREFIX_MATCHING, seed)


def _repeated(
    inputs: TextInputs, plain: list[int], marks: Marks, design: Design, seed: int
) -> RepeatedTokens:
    """Return sequences of random plain tokens, repeated between the special tokens."""
    n_needed = MIN_CANDIDATES * design.period
    if len(plain) < n_needed:
        return _none(
            f"the vocabulary has {len(plain)} plain words, random tokens need at least {n_needed}"
        )
    before, after = marks
    rng = np.random.default_rng(seed)
    periods = [
        rng.choice(plain, design.period, replace=False).tolist() for _ in range(design.n_sequences)
    ]
    sequences = [[*before, *tokens * design.n_repeats, *after] for tokens in periods]
    return RepeatedTokens(sequences, design.period, design.n_repeats, inputs.names(before))


def _none(reason: str) -> RepeatedTokens:
    return RepeatedTokens([], 0, 0, [], reason)
