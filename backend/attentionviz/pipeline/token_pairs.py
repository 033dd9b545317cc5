"""Labelled pairs of letters or words as pairs of tokens."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from attentionviz.core.token_alignment import token_spans
from attentionviz.pipeline.corpora.pairs import LabelledPair, Pairs, PositionUnit, unit_starts

SEQUENCE_LEFT_OUT = "in sequences left out"
BEYOND_CUT = "without a token, such as beyond the cut of a sequence"
SAME_PAIR = "of one token, or of the tokens of another pair"


class TokenPairs(NamedTuple):
    """Labelled pairs of tokens.

    Attributes
    ----------
    first, second : list of int
        Tokens of the corpus, first before second.
    name : list of str
    left_out : dict of str to int
        Number of pairs that are no pair of tokens, by reason.
    """

    first: list[int]
    second: list[int]
    name: list[str]
    left_out: dict[str, int]

    def columns(self) -> dict[str, Any]:
        """Return tokens and names, one row per pair."""
        return {"first": self.first, "second": self.second, "name": self.name}

    def facts(self) -> dict[str, Any]:
        """Return the counts in the entry ``corpus.pairs`` of the manifest."""
        return {
            "n_taken": len(self.first),
            "left_out": [{"reason": r, "n": n, "examples": []} for r, n in self.left_out.items()],
        }

    def summary(self) -> str:
        """Return the counts, such as "12 taken, 3 left out: 3 in sequences left out"."""
        n_left_out = sum(self.left_out.values())
        reasons = ", ".join(f"{n:,} {reason}" for reason, n in self.left_out.items())
        rest = f", {n_left_out:,} left out: {reasons}" if n_left_out else ""
        return f"{len(self.first) + n_left_out:,} pairs read, {len(self.first):,} taken{rest}"


def pair_facts(pairs: Pairs) -> dict[str, Any]:
    """Return what is known of pairs before the capture."""
    return {name: getattr(pairs, name) for name in ("file", "sha256", "unit", "n_read")}


def token_pairs(
    pairs: Pairs, texts: Sequence[str], lengths: Sequence[int], tokens: Sequence[str | None]
) -> TokenPairs:
    """Return the pairs of the tokens that begin the units of labelled pairs.

    Parameters
    ----------
    pairs : Pairs
        Over at least these sequences.
    texts : sequence of str
        Of every sequence.
    lengths : sequence of int
        Number of tokens of every sequence.
    tokens : sequence of str or None
        Written form of every token of all sequences; None for a special token.
    """
    found = TokenPairs([], [], [], {})
    start = 0
    for text, length, labelled in zip(texts, lengths, pairs.of_sequence, strict=False):
        if labelled:
            _add(
                found,
                labelled,
                start,
                token_of_units(text, tokens[start : start + length], pairs.unit),
            )
        start += length
    n_left_out = pairs.n_read - len(found.first) - sum(found.left_out.values())
    return found._replace(left_out=_without_zeros(found.left_out, n_left_out))


def token_of_units(
    text: str, tokens: Sequence[str | None], unit: PositionUnit
) -> NDArray[np.int64]:
    """Return the token of every letter, or that with the start of every word; −1 if none."""
    owner = np.full(len(text), -1)
    for token, span in reversed(list(enumerate(token_spans(text, tokens)))):
        if span is not None:
            owner[slice(*span)] = token
    return owner[unit_starts(text, unit)]


def _add(
    found: TokenPairs, labelled: list[LabelledPair], start: int, token_of: NDArray[np.int64]
) -> None:
    seen: set[tuple[int, int]] = set()
    for i, j, name in labelled:
        first, second = sorted((int(token_of[i]), int(token_of[j])))
        if first < 0:
            found.left_out[BEYOND_CUT] = found.left_out.get(BEYOND_CUT, 0) + 1
        elif first == second or (first, second) in seen:
            found.left_out[SAME_PAIR] = found.left_out.get(SAME_PAIR, 0) + 1
        else:
            seen.add((first, second))
            found.first.append(start + first)
            found.second.append(start + second)
            found.name.append(name)


def _without_zeros(left_out: dict[str, int], n_in_sequences: int) -> dict[str, int]:
    counts = {SEQUENCE_LEFT_OUT: n_in_sequences, **left_out}
    return {reason: n for reason, n in counts.items() if n}
