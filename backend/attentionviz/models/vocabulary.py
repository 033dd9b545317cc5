"""Lookup of token ids by display text."""

from collections.abc import Sequence
from typing import Any

from attentionviz.core.characters import token_bytes, written_tokens
from attentionviz.errors import InvalidTextError
from attentionviz.models.token_text import TokenText


class Vocabulary:
    """Token ids of one tokenizer by display text; read at first use.

    Of several tokens with the same text, the one with the lowest id is returned, and a byte of
    SentencePiece's byte fallback only if there is no other.
    """

    def __init__(self, tokenizer: Any, surface: TokenText) -> None:
        self._tokenizer = tokenizer
        self._surface = surface
        self._ids: dict[str, int] = {}
        self._numbers: set[int] = set()

    def ids_of(self, tokens: Sequence[str | int]) -> list[int]:
        """Return the ids of tokens given by display text or id.

        Raises
        ------
        InvalidTextError
            If a token is not in the vocabulary; names the first.
        """
        if not self._ids:
            self._read()
        found = [self._id_of(token) for token in tokens]
        for position, (token, token_id) in enumerate(zip(tokens, found, strict=True)):
            if token_id is None:
                named = f"{token[:40]!r}" if isinstance(token, str) else f"number {token}"
                raise InvalidTextError(
                    f"token {position + 1}, {named}, is not in the model's vocabulary"
                )
        return [token_id for token_id in found if token_id is not None]

    def _read(self) -> None:
        by_name: dict[str, int] = self._tokenizer.get_vocab()
        self._numbers = set(by_name.values())
        # Raw vocabulary entries are found too, unless they are the display text of a token.
        self._ids = dict(by_name)
        first_last = sorted(
            by_name, key=lambda name: (self._surface.is_byte(name), by_name[name]), reverse=True
        )
        for name in first_last:
            self._ids[self._surface.of(by_name[name])] = by_name[name]

    def _id_of(self, token: str | int) -> int | None:
        if isinstance(token, int):
            return token if token in self._numbers else None
        if token in self._ids:
            return self._ids[token]
        try:
            content = token_bytes(token)
        except UnicodeEncodeError:
            return None
        # A part of a character, such as "你 1⁄3", is the token of these bytes.
        return self._ids.get(written_tokens([content])[0])
