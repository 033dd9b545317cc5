"""From texts to padded batches and the columns of their tokens."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

import torch

from attentionviz.core.types import TokenType
from attentionviz.errors import CorpusError, InvalidTextError
from attentionviz.models.batches import Batch, TokenColumns
from attentionviz.models.surface import Surface
from attentionviz.models.vocabulary import Vocabulary

TEXTS_AT_ONCE = 64
"""Texts tokenised together: enough to keep the tokenizer busy, few enough to stream."""


@dataclass(frozen=True)
class Encoded:
    """Token ids of one text, and how many tokens were cut from its end."""

    token_ids: list[int]
    n_cut: int


class TextInputs:
    """The tokenizer of a model, with the limits of that model.

    Parameters
    ----------
    tokenizer : transformers tokenizer
    max_length : int
        Most tokens of one text, special tokens included.
    """

    def __init__(self, tokenizer: Any, max_length: int) -> None:
        self.tokenizer = tokenizer
        self.max_length = max_length
        self._surface = Surface(tokenizer)
        self._vocabulary = Vocabulary(tokenizer, self._surface)
        self._padding_id = tokenizer.pad_token_id or 0
        unknown = tokenizer.unk_token if tokenizer.unk_token_id is not None else None
        special = {tokenizer.convert_tokens_to_ids(token) for token in _special_tokens(tokenizer)}
        # An unknown word is a word of the text; GPT-2, which has none, names its end mark here.
        is_own_mark = unknown in _special_tokens(tokenizer, but="unk_token")
        self._special = special if is_own_mark else special - {tokenizer.unk_token_id}

    def prepare(self, texts: list[str]) -> Batch:
        """Return one padded batch of all these texts; CorpusError if one has no tokens."""
        return self._batch(self._encode(texts))

    def batches(self, texts: Iterable[str], max_tokens: int) -> Iterator[Batch]:
        """Yield the texts in order, at most `max_tokens` padded tokens at once."""
        waiting: list[Encoded] = []
        remaining = iter(texts)
        while chunk := list(islice(remaining, TEXTS_AT_ONCE)):
            for encoded in self._encode(chunk):
                longest = max(len(one.token_ids) for one in [*waiting, encoded])
                if waiting and longest * (len(waiting) + 1) > max_tokens:
                    yield self._batch(waiting)
                    waiting = []
                waiting.append(encoded)
        if waiting:
            yield self._batch(waiting)

    def prepare_ids(self, sequences: list[list[int]]) -> Batch:
        """Return one padded batch of these token ids, marks included."""
        return self._batch([Encoded(token_ids, 0) for token_ids in sequences])

    def prepare_tokens(self, tokens: list[str]) -> Batch:
        """Return a batch of one sequence of exactly these tokens, marks included.

        Raises
        ------
        InvalidTextError
            For a token that is not in the vocabulary, no token at all, or too many.
        """
        if not 1 <= len(tokens) <= self.max_length:
            raise InvalidTextError(f"{len(tokens)} tokens; 1 to {self.max_length} can be read")
        return self.prepare_ids([self._vocabulary.ids_of(tokens)])

    def marks(self) -> tuple[list[int], list[int]]:
        """Return the special tokens that are put before and after every text."""
        token_ids = self._encode(["a"])[0].token_ids
        is_mark = [token_id in self._special for token_id in token_ids]
        if all(is_mark):  # a vocabulary that knows no "a" and has its end mark for the unknown
            return [], []
        n_before = is_mark.index(False)
        n_after = is_mark[::-1].index(False)
        return token_ids[:n_before], token_ids[len(token_ids) - n_after :]

    def start(self) -> list[int]:
        """Return the marks before every text, or else the start token that the tokenizer names."""
        before, _ = self.marks()
        named = self.tokenizer.bos_token_id
        return before or ([] if named is None else [int(named)])

    def names(self, token_ids: list[int]) -> list[str]:
        """Return tokens as the vocabulary writes them."""
        return [str(name) for name in self.tokenizer.convert_ids_to_tokens(token_ids)]

    def plain_tokens(self) -> list[int]:
        """Return the tokens of nothing but letters, pieces inside of words left out, ascending."""
        added = set(self.tokenizer.added_tokens_decoder)
        vocabulary = set(self.tokenizer.get_vocab().values()) - added - self._special
        return sorted(i for i in vocabulary if self._surface.of(i).strip().isalpha())

    def _encode(self, texts: list[str]) -> list[Encoded]:
        result = self.tokenizer(texts, truncation=True, max_length=self.max_length)
        encoded = []
        for text, ids, encoding in zip(texts, result["input_ids"], result.encodings, strict=True):
            if not ids:
                raise CorpusError(f"the text {text[:40]!r} has no tokens for this model; remove it")
            encoded.append(Encoded(list(ids), _count_cut(encoding)))
        return encoded

    def _batch(self, encoded: list[Encoded]) -> Batch:
        lengths = [len(one.token_ids) for one in encoded]
        longest = max(lengths)
        ids = torch.full((len(encoded), longest), self._padding_id)  # (sequence, position)
        for row, one in enumerate(encoded):
            ids[row, : lengths[row]] = torch.tensor(one.token_ids)
        is_real = torch.arange(longest) < torch.tensor(lengths)[:, None]
        return Batch(
            inputs={"input_ids": ids, "attention_mask": is_real.long()},
            lengths=lengths,
            truncated=[one.n_cut for one in encoded],
            tokens=self._columns(
                [token_id for one in encoded for token_id in one.token_ids], lengths
            ),
        )

    def _columns(self, token_ids: list[int], lengths: list[int]) -> TokenColumns:
        return TokenColumns(
            text=[self._surface.of(token_id) for token_id in token_ids],
            token_id=token_ids,
            token_type=[self._type(token_id) for token_id in token_ids],
            position=[position for length in lengths for position in range(length)],
        )

    def _type(self, token_id: int) -> TokenType:
        return "special" if token_id in self._special else "text"


def _special_tokens(tokenizer: Any, but: str = "") -> list[str]:
    named = tokenizer.special_tokens_map
    tokens = []
    for name, value in named.items():
        if name != but:
            tokens.extend(value if isinstance(value, list) else [value])
    return [str(token) for token in tokens]


def _count_cut(encoding: Any) -> int:
    """Return how many tokens of the text did not fit, marks added to each piece not counted."""
    return sum(
        sum(1 for is_special in piece.special_tokens_mask if not is_special)
        for piece in encoding.overflowing
    )
