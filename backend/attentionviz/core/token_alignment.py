"""Words that two tokenizations of one text share, found by the characters of the tokens."""

import re
import unicodedata
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from attentionviz.core.characters import characters_of

Span = tuple[int, int]

# How far ahead the next token is searched for, in characters per token that was not found before.
SEARCH_REACH = 48
# Scripts written without spaces: each character is a word unless a token joins several.
_UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1780-\u17ff\u2e80-\u312f\u31f0-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]"
)


class SharedWords(NamedTuple):
    """The word of each token, for two tokenizations of one text.

    Attributes
    ----------
    first, second : ndarray of int64, shape (n_tokens,) of each
        Index of the word, in the order of the text; −1 for a token of no shared word.
    n_words : int
    """

    first: NDArray[np.int64]
    second: NDArray[np.int64]
    n_words: int


def shared_words(
    text: str, first: Sequence[str | None], second: Sequence[str | None]
) -> SharedWords:
    """Return the finest division of a text into words that both tokenizations respect.

    Parameters
    ----------
    text : str
    first, second : sequence of str or None
        Written forms of the tokens, such as ``##ing``, `` april`` or ``你 1⁄3``; None for a special
        token.

    Returns
    -------
    SharedWords
        A word is a run of letters, marks and digits, or one other character; words that one token
        spans are merged. A word counts only if both tokenizations have a token of it.
    """
    spans = [token_spans(text, tokens) for tokens in (first, second)]
    word_at = _words(text)
    for span in (span for side in spans for span in side if span is not None):
        _join(word_at, span)
    words = [[-1 if span is None else int(word_at[span[0]]) for span in side] for side in spans]
    common = sorted({*words[0]} & {*words[1]} - {-1})
    index = {word: i for i, word in enumerate(common)}
    shared = [np.array([index.get(w, -1) for w in side], dtype=np.int64) for side in words]
    return SharedWords(shared[0], shared[1], len(common))


def token_spans(text: str, tokens: Sequence[str | None]) -> list[Span | None]:
    """Return the character span (start, end) of each token in the text.

    Parameters
    ----------
    text : str
    tokens : sequence of str or None
        In the order of the text; None for a special token.

    Returns
    -------
    list of (int, int) or None
        Case, accents and spaces are ignored. Tokens with parts of a character have the span of the
        character. Tokens that are not found, such as ``[UNK]``, share the span between their
        neighbours; None if that is empty.
    """
    plain, origin = _plain(text)
    begins = _word_begins(text, origin)
    spans: list[Span | None] = [None] * len(tokens)
    not_found: list[int] = []
    cursor = 0
    for i, token in enumerate(tokens):
        if token is None:
            continue
        characters, is_continued = characters_of(token)
        overlaps_previous = is_continued and not not_found
        at = max(0, cursor - len(_plain(characters[0])[0])) if overlaps_previous else cursor
        span = _find(plain, begins, at, characters, len(not_found))
        if span is None:
            not_found.append(i)
            continue
        _set_gap(spans, not_found, (cursor, span[0]))
        spans[i], cursor, not_found = span, span[1], []
    _set_gap(spans, not_found, (cursor, len(plain)))
    return [span and (origin[span[0]], origin[span[1] - 1] + 1) for span in spans]


def _find(
    plain: str, begins: NDArray[np.bool_], cursor: int, token: str, n_not_found: int
) -> Span | None:
    """Return the span of a token in the plain text, searched from the cursor on."""
    for written in dict.fromkeys((token, token.removeprefix("##"))):
        wanted = _plain(written)[0]
        if wanted and plain.startswith(wanted, cursor):
            return cursor, cursor + len(wanted)
    if not wanted or not n_not_found:
        return None
    stop = cursor + SEARCH_REACH * n_not_found + len(wanted)
    starts = [m.start() for m in re.finditer(re.escape(wanted), plain[:stop]) if m.start() > cursor]
    if not token.startswith("##"):  # a new word, if there is one
        starts = [start for start in starts if begins[start]] or starts
    return (starts[0], starts[0] + len(wanted)) if starts else None


def _set_gap(spans: list[Span | None], not_found: list[int], gap: Span) -> None:
    """Give tokens that were not found the span between their neighbours, unless it is empty."""
    if gap[1] > gap[0]:
        for i in not_found:
            spans[i] = gap


def _plain(text: str) -> tuple[str, list[int]]:
    """Return the text without case, accents and spaces, and the origin of each character."""
    characters: list[str] = []
    origin: list[int] = []
    for at, character in enumerate(text):
        folded = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", character).casefold())
        letters = [char for char in folded if unicodedata.category(char)[0] not in "MZC"]
        characters += letters
        origin += [at] * len(letters)
    return "".join(characters), origin


def _words(text: str) -> NDArray[np.int64]:
    """Return the word index of every character; a space belongs to the word before it."""
    word_at = np.zeros(len(text), dtype=np.int64)
    word, was_run = -1, False
    for at, character in enumerate(text):
        if not character.isspace():
            is_mark = unicodedata.category(character)[0] == "M"
            is_run = character.isalnum() or character == "_" or is_mark
            is_run = is_run and not _UNSPACED.match(character)
            if not (was_run and is_run) and not (is_mark and at > 0):
                word += 1
            was_run = is_run
        else:
            was_run = False
        word_at[at] = max(word, 0)
    return word_at


def _word_begins(text: str, origin: list[int]) -> NDArray[np.bool_]:
    """Return which characters of the plain text begin a word, bool (n_characters,)."""
    words = _words(text)[origin]
    return np.append(True, words[1:] != words[:-1]) if len(words) else np.zeros(0, dtype=bool)


def _join(word_at: NDArray[np.int64], span: Span) -> None:
    """Merge the words that a token spans."""
    low, high = word_at[span[0]], word_at[span[1] - 1]
    if low != high:
        word_at[(word_at > low) & (word_at <= high)] = low
