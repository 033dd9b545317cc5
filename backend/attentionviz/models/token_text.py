"""Display text of tokens, with leading space, for every kind of tokenizer."""

import json
import re
from collections.abc import Sequence
from typing import Any

from attentionviz.core.characters import BYTE, written_tokens

SENTENCE_PIECE_SPACE = "\u2581"
_BYTE_TOKEN = re.compile(r"<0x([0-9A-F]{2})>")


def byte_characters() -> dict[str, int]:
    """Return the byte that each character of a byte-level vocabulary represents.

    Printable Latin-1 bytes represent themselves; the other 68 are the characters from U+0100 on.

    Notes
    -----
    Source: Radford et al. 2019, byte-level BPE; tokenizers, ``ByteLevel``.
    """
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(256) if byte not in set(printable)]
    table = {chr(byte): byte for byte in printable}
    table.update({chr(0x100 + i): byte for i, byte in enumerate(others)})
    return table


class TokenText:
    """Display text of the tokens of one tokenizer.

    Byte-level BPE is decoded (" april"), the space symbol of SentencePiece becomes a space, and
    WordPiece keeps its prefix ("##ing"). Parts of characters depend on their neighbours: in a
    sequence ``<0xE4>``, ``<0xBD><0xA0>`` are ``你 1⁄3``, ``你 2–3⁄3``.
    """

    def __init__(self, tokenizer: Any) -> None:
        self._tokenizer = tokenizer
        self._bytes = byte_characters()
        self._known: dict[int, bytes] = {}
        self._alone: dict[int, str] = {}
        self._added = {int(token_id) for token_id in tokenizer.added_tokens_decoder}
        described = json.loads(tokenizer.backend_tokenizer.to_str())
        named = {key: described.get(key) for key in ("normalizer", "pre_tokenizer", "decoder")}
        parts = json.dumps(named, ensure_ascii=False)
        self._is_byte_level = '"ByteLevel"' in parts
        self._has_byte_tokens = '"ByteFallback"' in parts or bool(
            described["model"].get("byte_fallback")
        )
        self._has_space_sign = '"Metaspace"' in parts or SENTENCE_PIECE_SPACE in parts

    def of(self, token_id: int) -> str:
        """Return the display text of a single token, with parts of characters as <0xF0>."""
        if token_id not in self._alone:
            self._alone[token_id] = written_tokens([self.bytes_of(token_id)])[0]
        return self._alone[token_id]

    def of_sequence(self, token_ids: Sequence[int]) -> list[str]:
        """Return the display texts of consecutive tokens."""
        alone = [self.of(token_id) for token_id in token_ids]
        if not any(BYTE.search(text) for text in alone):
            return alone
        return written_tokens([self.bytes_of(token_id) for token_id in token_ids])

    def bytes_of(self, token_id: int) -> bytes:
        """Return the UTF-8 bytes of a token."""
        if token_id not in self._known:
            token = str(self._tokenizer.convert_ids_to_tokens(token_id))
            self._known[token_id] = self._read(token, token_id)
        return self._known[token_id]

    def is_byte(self, token: str) -> bool:
        """Return whether a vocabulary entry is a byte of SentencePiece's byte fallback."""
        return self._has_byte_tokens and _BYTE_TOKEN.fullmatch(token) is not None

    def _read(self, token: str, token_id: int) -> bytes:
        if self.is_byte(token):
            return bytes([int(token[3:5], 16)])
        if token_id in self._added:
            return token.encode()
        if self._is_byte_level and all(character in self._bytes for character in token):
            return bytes(self._bytes[character] for character in token)
        return (
            token.replace(SENTENCE_PIECE_SPACE, " ") if self._has_space_sign else token
        ).encode()
