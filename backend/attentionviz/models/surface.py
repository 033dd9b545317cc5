"""The written form of a token, with its leading space, for every kind of tokenizer."""

import json
from typing import Any

SENTENCE_PIECE_SPACE = "\u2581"


def byte_characters() -> dict[str, int]:
    """Return which byte each character of a byte-level vocabulary stands for.

    Printable bytes of Latin-1 stand for themselves; the other 68 are the characters from U+0100
    on, in order.

    Notes
    -----
    Source: Radford et al. 2019, byte-level BPE; tokenizers, ``ByteLevel``.
    """
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(256) if byte not in set(printable)]
    table = {chr(byte): byte for byte in printable}
    table.update({chr(0x100 + i): byte for i, byte in enumerate(others)})
    return table


class Surface:
    """Turns entries of one tokenizer's vocabulary into text to show.

    Byte-level BPE is decoded (" april"), the space sign of SentencePiece becomes a space, and
    WordPiece keeps its marks ("##ing"). Bytes that are no whole character are shown as <0xF0>.
    """

    def __init__(self, tokenizer: Any) -> None:
        self._tokenizer = tokenizer
        self._bytes = byte_characters()
        self._known: dict[int, str] = {}
        self._added = {int(token_id) for token_id in tokenizer.added_tokens_decoder}
        parts = _parts(tokenizer)
        self._is_byte_level = '"ByteLevel"' in parts
        self._has_space_sign = '"Metaspace"' in parts or SENTENCE_PIECE_SPACE in parts

    def of(self, token_id: int) -> str:
        """Return the written form of a token."""
        if token_id not in self._known:
            token = str(self._tokenizer.convert_ids_to_tokens(token_id))
            self._known[token_id] = self._written(token, token_id)
        return self._known[token_id]

    def _written(self, token: str, token_id: int) -> str:
        if token_id in self._added:
            return token
        if self._is_byte_level and all(character in self._bytes for character in token):
            return _decoded(bytes(self._bytes[character] for character in token))
        return token.replace(SENTENCE_PIECE_SPACE, " ") if self._has_space_sign else token


def _decoded(raw: bytes) -> str:
    """Decode UTF-8, whole characters as themselves and every other byte as <0xNN>."""
    return raw.decode("utf-8", errors="surrogateescape").translate(
        {0xDC00 + byte: f"<0x{byte:02X}>" for byte in range(128, 256)}
    )


def _parts(tokenizer: Any) -> str:
    """Return, as JSON, what a tokenizer is made of, its vocabulary left out."""
    described = json.loads(tokenizer.backend_tokenizer.to_str())
    named = {key: described.get(key) for key in ("normalizer", "pre_tokenizer", "decoder")}
    return json.dumps(named, ensure_ascii=False)
