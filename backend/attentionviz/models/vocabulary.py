"""Token ids from the shown text of tokens."""

from collections.abc import Sequence
from typing import Any

from attentionviz.core.characters import token_bytes, written_tokens
from attentionviz.errors import InvalidTextError
from attentionviz.models.token_text import TokenText


class Vocabulary:
    """The tokens of one tokenizer by the way they are written; read when first asked.

    Where two tokens are written alike, the one with the lower number is meant, and a byte of
    SentencePiece's byte fallback only where no other is.
    """

    def __init__(self, tokenizer: Any, surface: TokenText) -> None:
        self._tokenizer = tokenizer
        self._surface = surface
        self._ids: dict[str, int] = {}
        self._numbers: set[int] = set()

    def ids_of(self, tokens: Sequence[str | int]) -> list[int]:
        """Return the numbers of some tokens, each as it is written or its number already.

        Raises
        ------
        InvalidTextError
            Naming the first that is not in the vocabulary.
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
        # Names of the vocabulary itself count, too, where no token is shown that way.
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
