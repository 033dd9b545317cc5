"""From a token as it is shown to its number in the vocabulary."""

from typing import Any

from attentionviz.errors import InvalidTextError
from attentionviz.models.surface import Surface


class Vocabulary:
    """The tokens of one tokenizer by the way they are written; read when first asked.

    Where two tokens are written alike, the one with the lower number is meant.
    """

    def __init__(self, tokenizer: Any, surface: Surface) -> None:
        self._tokenizer = tokenizer
        self._surface = surface
        self._ids: dict[str, int] = {}

    def ids_of(self, tokens: list[str]) -> list[int]:
        """Return the numbers of some tokens.

        Raises
        ------
        InvalidTextError
            Naming the first that is not in the vocabulary.
        """
        if not self._ids:
            by_name = self._tokenizer.get_vocab()
            # Names of the vocabulary itself count, too, where no token is shown that way.
            self._ids = dict(by_name)
            for token_id in sorted(by_name.values(), reverse=True):
                self._ids[self._surface.of(token_id)] = token_id
        for position, token in enumerate(tokens):
            if token not in self._ids:
                raise InvalidTextError(
                    f"token {position + 1}, {token[:40]!r}, is not in the model's vocabulary"
                )
        return [self._ids[token] for token in tokens]
