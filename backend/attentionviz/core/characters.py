"""Text of tokens that hold a part of a character's bytes.

Tokenizers that work on bytes split characters. A token with the first byte of 你, which has three,
is written ``你 1⁄3``; one with the first two, after a space, `` 你 1–2⁄3``; one with the last of it
and the first of 好 ``你 3⁄3 + 好 1⁄3``. So the written form says the very bytes, and where tokens
follow each other what a reader sees is characters. A byte that is part of none is ``<0xFF>``.

A character is a code point, which is what a tokenizer encodes: a family emoji is five of them. A
token of whole ones is written as they are, whatever stands beside it.
"""

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

BYTE = re.compile(r"<0x([89A-F][0-9A-F])>")
"""A byte beyond ASCII, as it is written where it is no character."""

_ANY_BYTE = re.compile(r"<0x([0-9A-F]{2})>")
_PART = re.compile(r"( *)(.) ([1-4])(?:–([1-4]))?⁄([2-4])", re.DOTALL)
_JOINT = " + "


class Stretch(NamedTuple):
    """What a token stands for in its text.

    Attributes
    ----------
    characters : str
        All that it holds at least one byte of.
    is_continued : bool
        Whether the first of them began in the token before.
    """

    characters: str
    is_continued: bool


def written_tokens(tokens: Sequence[bytes]) -> list[str]:
    """Return how the tokens of one sequence are written.

    Parameters
    ----------
    tokens : sequence of bytes
        UTF-8, each of whole or split characters, in the order of the sequence.

    Returns
    -------
    list of str
        Characters that are split carry which of their bytes the token holds.
    """
    written: list[str] = []
    text, at = b"".join(tokens).decode("utf-8", errors="surrogateescape"), 0
    taken = 0  # bytes of the character at `at` that earlier tokens hold
    for token in tokens:
        pieces: list[str] = []
        whole, left = "", len(token)
        while left:
            n = _n_bytes(text[at])
            held = min(n - taken, left)
            if held == n:
                whole += text[at]
            else:
                pieces += [whole, _part(text[at], taken + 1, taken + held, n)]
                whole = ""
            left, taken = left - held, taken + held
            if taken == n:
                at, taken = at + 1, 0
        written.append(_joined([*pieces, whole]))
    return written


def token_bytes(written: str) -> bytes:
    """Return the bytes of a token from how it is written; the inverse of `written_tokens`.

    Raises
    ------
    UnicodeEncodeError
        When it holds half of a UTF-16 pair, which is no text.
    """
    return b"".join(
        character.encode()[first - 1 : last] if first else _bytes_of_whole(character)
        for character, first, last in _pieces(written)
    )


def stretch_of(written: str) -> Stretch:
    """Return what a token stands for."""
    pieces = _pieces(written)
    characters = "".join(text for text, _, _ in pieces)
    return Stretch(characters, bool(pieces) and pieces[0][1] > 1)


def written_anew(tokens: Iterable[str]) -> list[str]:
    """Return one sequence of tokens, split characters written as ``<0xE4><0xBD>``, as now.

    Datasets of format 2 have them so.
    """
    return written_tokens([_bytes_of_whole(token, _ANY_BYTE) for token in tokens])


def _n_bytes(character: str) -> int:
    return 1 if "\udc80" <= character <= "\udcff" else len(character.encode())


def _bytes_of_whole(text: str, byte: re.Pattern[str] = BYTE) -> bytes:
    texts_and_bytes = byte.split(text)  # taking turns
    return b"".join(
        bytes([int(one, 16)]) if i % 2 else one.encode() for i, one in enumerate(texts_and_bytes)
    )


def _part(character: str, first: int, last: int, n: int) -> str:
    return f"{character} {first}{'' if first == last else f'–{last}'}⁄{n}"


def _joined(pieces: list[str]) -> str:
    """Return whole characters and parts, taking turns, as one; spaces before a part stay there."""
    shown = [_visible_bytes(piece) for piece in pieces]
    lead = shown.pop(0) if len(shown) > 1 and not shown[0].strip(" ") else ""
    return lead + _JOINT.join(filter(None, shown))


def _visible_bytes(text: str) -> str:
    return text.translate({0xDC00 + byte: f"<0x{byte:02X}>" for byte in range(128, 256)})


def _pieces(written: str) -> list[tuple[str, int, int]]:
    """Return characters with their first and last byte; 0 and 0 for whole ones."""
    if "⁄" not in written:
        return [(written, 0, 0)]
    pieces: list[tuple[str, int, int]] = []
    for text in written.split(_JOINT):
        found = _PART.fullmatch(text)
        if not found or not _is_part(found, is_first=not pieces):
            if pieces and not pieces[-1][1]:
                text = pieces.pop()[0] + _JOINT + text
            pieces.append((text, 0, 0))
            continue
        if found[1]:
            pieces.append((found[1], 0, 0))
        pieces.append((found[2], int(found[3]), int(found[4] or found[3])))
    return pieces if any(first for _, first, _ in pieces) else [(written, 0, 0)]


def _is_part(found: re.Match[str], *, is_first: bool) -> bool:
    first, last, n = int(found[3]), int(found[4] or found[3]), int(found[5])
    is_proper = first <= last <= n and last - first + 1 < n
    return is_proper and n == len(found[2].encode()) and (is_first or not found[1])
