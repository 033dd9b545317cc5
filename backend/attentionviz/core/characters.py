"""Readable text of tokens that hold only some bytes of a character.

Byte-level tokenizers split characters. A token with the first byte of 你, which has three, is
written ``你 1⁄3``; a token with a space and the first two bytes, `` 你 1–2⁄3``; a token with the
last byte of 你 and the first of 好, ``你 3⁄3 + 好 1⁄3``. The written form thus determines the
bytes, and shows which character they belong to. A byte of no character is written ``<0xFF>``.

A character is a code point, since tokenizers encode code points: a family emoji is five of them. A
token of whole characters is written as it is, whatever its neighbours.
"""

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

BYTE = re.compile(r"<0x([89A-F][0-9A-F])>")
"""Written form of a non-ASCII byte that is not part of a valid character."""

_ANY_BYTE = re.compile(r"<0x([0-9A-F]{2})>")
_PART = re.compile(r"( *)(.) ([1-4])(?:–([1-4]))?⁄([2-4])", re.DOTALL)
_JOINT = " + "
# Bytes of no character, as decoding with surrogateescape leaves them.
_STRAY_BYTES = {0xDC00 + byte: f"<0x{byte:02X}>" for byte in range(128, 256)}


class TokenCharacters(NamedTuple):
    """The characters of a text that a token covers, in whole or in part.

    Attributes
    ----------
    characters : str
        Every character of which the token holds at least one byte.
    is_continued : bool
        Whether the first character began in the previous token.
    """

    characters: str
    is_continued: bool


def written_tokens(tokens: Sequence[bytes]) -> list[str]:
    """Return the written forms of the tokens of one sequence.

    Parameters
    ----------
    tokens : sequence of bytes
        UTF-8, each of whole or split characters, in the order of the sequence.

    Returns
    -------
    list of str
        After a split character, the indices of the bytes that the token holds.
    """
    written: list[str] = []
    text, at = b"".join(tokens).decode("utf-8", errors="surrogateescape"), 0
    taken = 0  # bytes of the character at `at` that earlier tokens hold
    for token in tokens:
        pieces: list[str] = []
        whole, left = "", len(token)
        while left:
            n = _n_bytes(text[at])
            n_held = min(n - taken, left)
            if n_held == n:
                whole += text[at]
            else:
                pieces += [whole, _part(text[at], taken + 1, taken + n_held, n)]
                whole = ""
            left, taken = left - n_held, taken + n_held
            if taken == n:
                at, taken = at + 1, 0
        written.append(_joined([*pieces, whole]))
    return written


def token_bytes(written: str) -> bytes:
    """Return the bytes of a token from its written form; the inverse of `written_tokens`.

    Raises
    ------
    UnicodeEncodeError
        If it holds a lone surrogate.
    """
    return b"".join(
        character.encode()[first - 1 : last] if first else _bytes_of_whole(character)
        for character, first, last in _pieces(written)
    )


def characters_of(written: str) -> TokenCharacters:
    """Return the characters that a token covers, from its written form."""
    pieces = _pieces(written)
    characters = "".join(text for text, _, _ in pieces)
    return TokenCharacters(characters, bool(pieces) and pieces[0][1] > 1)


def rewrite_byte_tokens(tokens: Iterable[str]) -> list[str]:
    """Return the present written forms of tokens whose split characters are ``<0xE4><0xBD>``.

    Datasets of format 2 store them like this.
    """
    return written_tokens([_bytes_of_whole(token, _ANY_BYTE) for token in tokens])


def _n_bytes(character: str) -> int:
    return 1 if "\udc80" <= character <= "\udcff" else len(character.encode())


def _bytes_of_whole(text: str, byte: re.Pattern[str] = BYTE) -> bytes:
    texts_and_bytes = byte.split(text)  # alternating
    return b"".join(
        bytes([int(part, 16)]) if i % 2 else part.encode() for i, part in enumerate(texts_and_bytes)
    )


def _part(character: str, first: int, last: int, n: int) -> str:
    return f"{character} {first}{'' if first == last else f'–{last}'}⁄{n}"


def _joined(pieces: list[str]) -> str:
    """Join alternating whole characters and parts; spaces before a part stay in front of it."""
    shown = [_visible_bytes(piece) for piece in pieces]
    lead = shown.pop(0) if len(shown) > 1 and not shown[0].strip(" ") else ""
    return lead + _JOINT.join(filter(None, shown))


def _visible_bytes(text: str) -> str:
    return text.translate(_STRAY_BYTES)


def _pieces(written: str) -> list[tuple[str, int, int]]:
    """Return characters with the indices of their first and last byte; 0 and 0 for whole ones."""
    if "⁄" not in written:
        return [(written, 0, 0)]
    pieces: list[tuple[str, int, int]] = []
    for text in written.split(_JOINT):
        match = _PART.fullmatch(text)
        if not match or not _is_part(match, is_first=not pieces):
            if pieces and not pieces[-1][1]:
                text = pieces.pop()[0] + _JOINT + text
            pieces.append((text, 0, 0))
            continue
        if match[1]:
            pieces.append((match[1], 0, 0))
        pieces.append((match[2], int(match[3]), int(match[4] or match[3])))
    return pieces if any(first for _, first, _ in pieces) else [(written, 0, 0)]


def _is_part(match: re.Match[str], *, is_first: bool) -> bool:
    first, last, n = int(match[3]), int(match[4] or match[3]), int(match[5])
    is_proper = first <= last <= n and last - first + 1 < n
    return is_proper and n == len(match[2].encode()) and (is_first or not match[1])
