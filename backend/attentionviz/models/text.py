"""Padded batches of texts, and the columns of their tokens."""

import codecs
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import torch

from attentionviz.core.characters import written_tokens
from attentionviz.core.types import Modality, TokenType
from attentionviz.errors import CorpusError, InvalidTextError, ModelNotAvailableError
from attentionviz.models.batches import Batch, TokenColumns
from attentionviz.models.steps import error_message
from attentionviz.models.token_text import TokenText
from attentionviz.models.vocabulary import Vocabulary

TRIAL_TEXT = "a text of words and 3 numbers, 1 2 3, that is long enough to tell its ends apart."
N_TRIAL_WORDS = 10
TEXTS_AT_ONCE = 64
"""Texts tokenised together: enough for the tokenizer's threads, few enough to stream."""


@dataclass(frozen=True)
class Encoded:
    """The tokens of one text.

    Attributes
    ----------
    token_ids : list of int
    n_cut : int
        Number of tokens cut from its end.
    written : list of str
        Display text of each token.
    surface : list of str or None
        Word of the text for an unknown token, else None.
    """

    token_ids: list[int]
    n_cut: int
    written: list[str]
    surface: list[str | None]


class TextInputs:
    """The tokenizer of a model, with the limits of that model.

    Parameters
    ----------
    tokenizer : transformers tokenizer
    max_length : int
        Maximum number of tokens of a text, including special tokens.
    n_embedded : int or None
        Number of token embeddings of the model; None if unknown.
    is_target : bool
        Whether texts are the targets of an encoder-decoder model, which some tokenizers mark
        otherwise, such as by their language.
    """

    modality: Modality = "text"

    def __init__(
        self,
        tokenizer: Any,
        max_length: int,
        n_embedded: int | None = None,
        *,
        is_target: bool = False,
    ) -> None:
        self.tokenizer = tokenizer
        self._is_target = is_target
        self.max_length = max_length
        self.is_padded = True  # else batches hold sequences of one length
        self._n_embedded = n_embedded
        self._surface = TokenText(tokenizer)
        self._vocabulary = Vocabulary(tokenizer, self._surface)
        unknown = tokenizer.unk_token if tokenizer.unk_token_id is not None else None
        special = {tokenizer.convert_tokens_to_ids(token) for token in _special_tokens(tokenizer)}
        # An unknown token is text, unless it is also another special token, as in GPT-2.
        is_own_mark = unknown in _special_tokens(tokenizer, but="unk_token")
        self._special = special if is_own_mark else special - {tokenizer.unk_token_id}

    def prepare(self, texts: list[str]) -> Batch:
        """Return one padded batch of all these texts; CorpusError if one has no tokens."""
        return self.batch(self.encode(texts))

    def trial(self, name: str) -> Batch:
        """Return two short sequences of different lengths, so that masks contain padding.

        Parameters
        ----------
        name : str
            Of the model, for the error message.

        Raises
        ------
        ModelNotAvailableError
            If fewer than two tokens of the tokenizer have an embedding.
        """
        token_ids = [i for i in self._ids_of(TRIAL_TEXT) or [] if self.has_embedding(i)]
        if not set(token_ids) - self._special:
            words = self._words()[:N_TRIAL_WORDS]
            if len(words) < 2:
                raise ModelNotAvailableError(
                    f"the tokenizer of {name} does not fit its weights: {len(words)} of its "
                    f"{len(self.tokenizer):,} tokens have an embedding; {self._advice()}"
                )
            before, after = self.marks()
            token_ids = [*before, *words, *after][: self.max_length]
        return self.prepare_ids([token_ids[: max(1, 2 * len(token_ids) // 3)], token_ids])

    def require_marks(self, name: str) -> None:
        """Raise ModelNotAvailableError if a special token around every text has no embedding."""
        for token_id in [i for marks in self.marks() for i in marks if not self.has_embedding(i)]:
            raise ModelNotAvailableError(
                f"the tokenizer of {name} marks every text with {self._missing(token_id)}; "
                f"{self._advice()}"
            )

    def batches(self, texts: Iterable[str], max_tokens: int) -> Iterator[Batch]:
        """Yield the texts in order, in batches of at most `max_tokens` padded tokens."""
        waiting: list[Encoded] = []
        remaining = iter(texts)
        while chunk := list(islice(remaining, TEXTS_AT_ONCE)):
            for encoded in self.encode(chunk):
                lengths = {len(one.token_ids) for one in [*waiting, encoded]}
                is_full = max(lengths) * (len(waiting) + 1) > max_tokens
                if waiting and (is_full or (len(lengths) > 1 and not self.is_padded)):
                    yield self.batch(waiting)
                    waiting = []
                waiting.append(encoded)
        if waiting:
            yield self.batch(waiting)

    def lengths(self, texts: Iterable[str]) -> Iterator[tuple[int, int]]:
        """Yield for every text its number of tokens, which may be 0, and the number cut off.

        Raises
        ------
        CorpusError
            If a text cannot be tokenized, or has a token without an embedding.
        """
        remaining = iter(texts)
        while chunk := list(islice(remaining, TEXTS_AT_ONCE)):
            for encoded in self.encode(chunk, may_be_empty=True):
                yield len(encoded.token_ids), encoded.n_cut

    def prepare_ids(self, sequences: list[list[int]]) -> Batch:
        """Return one padded batch of these token ids; no special tokens are added."""
        return self.batch([self.encoded(ids) for ids in sequences])

    def encoded(self, token_ids: list[int]) -> Encoded:
        """Return these token ids as a text; no special tokens are added."""
        written = self._surface.of_sequence(token_ids)
        return Encoded(token_ids, 0, written, [None] * len(token_ids))

    def prepare_tokens(self, tokens: Sequence[str | int]) -> Batch:
        """Return a batch of one sequence of exactly these tokens; no special tokens are added.

        Parameters
        ----------
        tokens : sequence of str or int
            Display text or token id; the id is unambiguous if two tokens have the same text.

        Raises
        ------
        InvalidTextError
            If a token is not in the vocabulary or has no embedding, or there are none or too many.
        """
        if not 1 <= len(tokens) <= self.max_length:
            raise InvalidTextError(f"{len(tokens)} tokens, expected 1 to {self.max_length}")
        token_ids = self._vocabulary.ids_of(tokens)
        for token_id in token_ids:
            if not self.has_embedding(token_id):
                raise InvalidTextError(f"there is {self._missing(token_id)}; leave it out")
        return self.prepare_ids([token_ids])

    def marks(self) -> tuple[list[int], list[int]]:
        """Return the special tokens before and after every text."""
        token_ids = self._ids_of("a") or self._ids_of(self._any_word()) or []
        is_mark = [token_id in self._special for token_id in token_ids]
        if all(is_mark):  # "a" is unknown, and the unknown token is a special token
            return [], []
        n_before = is_mark.index(False)
        n_after = is_mark[::-1].index(False)
        return token_ids[:n_before], token_ids[len(token_ids) - n_after :]

    def start(self) -> list[int]:
        """Return the special tokens before every text, or else the tokenizer's BOS token."""
        before, _ = self.marks()
        named = self.tokenizer.bos_token_id
        return before or ([int(named)] if self.has_embedding(named) else [])

    def names(self, token_ids: list[int]) -> list[str]:
        """Return the tokens as in the vocabulary."""
        return [str(name) for name in self.tokenizer.convert_ids_to_tokens(token_ids)]

    def plain_tokens(self) -> list[int]:
        """Return the ids of tokens of letters only, without continuations of words, ascending."""
        added = set(self.tokenizer.added_tokens_decoder)
        words = [i for i in self._words() if i not in added]
        return [
            token_id
            for token_id, name in zip(words, self.names(words), strict=True)
            if self._surface.of(token_id).strip().isalpha() and not self._surface.is_byte(name)
        ]

    def has_embedding(self, token_id: int | None) -> bool:
        """Return whether the model has an embedding of a token."""
        if token_id is None or token_id < 0:
            return False
        return self._n_embedded is None or token_id < self._n_embedded

    def _missing(self, token_id: int) -> str:
        return (
            f"the token {self._surface.of(token_id)[:40]!r} (id {token_id}), which has no "
            f"embedding (model: {self._n_embedded:,} tokens, tokenizer: {len(self.tokenizer):,})"
        )

    def _advice(self) -> str:
        return (
            "give the tokenizer that the model was trained with, or train the model after "
            f"resize_token_embeddings({len(self.tokenizer)})"
        )

    def encode(self, texts: list[str], *, may_be_empty: bool = False) -> list[Encoded]:
        """Return the tokens of texts; CorpusError if one has none, or one without an embedding."""
        encoded = self._encode(texts)
        for text, one in zip(texts, encoded, strict=True):
            if not one.token_ids and not may_be_empty:
                raise CorpusError(f"the text {text[:40]!r} has no tokens in this model; remove it")
            for token_id in one.token_ids:
                if not self.has_embedding(token_id):
                    raise CorpusError(
                        f"the text {text[:40]!r} has {self._missing(token_id)}; leave it out, or "
                        f"{self._advice()}"
                    )
        return encoded

    def _encode(self, texts: list[str]) -> list[Encoded]:
        try:
            options = {"truncation": True, "max_length": self.max_length}
            name = "text_target" if self._is_target else "text"
            result = self.tokenizer(**{name: texts}, **options)
        # Such as a letter outside the vocabulary of a tokenizer without an unknown token.
        except Exception as error:
            if len(texts) == 1:
                raise CorpusError(
                    f"the text {texts[0][:40]!r} cannot be tokenized by this model: "
                    f"{error_message(error)}; leave it out"
                ) from error
            return [one for text in texts for one in self._encode([text])]
        encoded = []
        for text, ids, encoding in zip(texts, result["input_ids"], result.encodings, strict=True):
            written = self._written(list(ids), text, encoding)
            surface = self._unknown_words(written, text, encoding)
            encoded.append(Encoded(list(ids), _count_cut(encoding), written, surface))
        return encoded

    def _ids_of(self, text: str) -> list[int] | None:
        """Return the token ids of a text, or None if it cannot be tokenized."""
        try:
            return self._encode([text])[0].token_ids
        except CorpusError:
            return None

    def _words(self) -> list[int]:
        """Return the ids of all tokens with an embedding that are not special, ascending."""
        vocabulary = set(self.tokenizer.get_vocab().values()) - self._special
        return sorted(filter(self.has_embedding, vocabulary))

    def _any_word(self) -> str:
        return next(map(self._surface.of, self._words()), "")

    def _written(self, token_ids: list[int], text: str, encoding: Any) -> list[str]:
        """Return the display text of tokens; the text completes characters at a cut."""
        if not encoding.overflowing:
            return self._surface.of_sequence(token_ids)
        body = [i for i, is_mark in enumerate(encoding.special_tokens_mask) if not is_mark]
        if not body:
            return self._surface.of_sequence(token_ids)
        tokens = [self._surface.bytes_of(token_id) for token_id in token_ids]
        first, end = body[0], body[-1] + 1
        before, after = _cut_off(
            b"".join(tokens[first:end]),
            text,
            encoding.offsets[first][0],
            encoding.offsets[end - 1][1],
        )
        written = written_tokens(
            [*tokens[:first], before, *tokens[first:end], after, *tokens[end:]]
        )
        return written[:first] + written[first + 1 : end + 1] + written[end + 2 :]

    def _unknown_words(self, written: list[str], text: str, encoding: Any) -> list[str | None]:
        """Return the word of the text for each unknown token, else None."""
        unknown = self.tokenizer.unk_token_id
        surface: list[str | None] = [None] * len(written)
        if unknown in self._special or unknown not in encoding.ids:
            return surface
        for i, (token_id, (start, end)) in enumerate(
            zip(encoding.ids, encoding.offsets, strict=True)
        ):
            word = text[start:end].strip()
            if token_id == unknown and word not in ("", written[i]):
                surface[i] = word
        return surface

    def batch(self, encoded: list[Encoded]) -> Batch:
        """Return one padded batch of these texts."""
        lengths = [len(one.token_ids) for one in encoded]
        longest = max(lengths)
        # NaN spreads even through masked padding, so each sequence is padded with its own first
        # token: a token without finite vectors then affects only the sequences that contain it.
        ids = torch.tensor([[one.token_ids[0]] * longest for one in encoded])  # (seq., position)
        for row, one in enumerate(encoded):
            ids[row, : lengths[row]] = torch.tensor(one.token_ids)
        is_real = torch.arange(longest) < torch.tensor(lengths)[:, None]
        return Batch(
            inputs={"input_ids": ids, "attention_mask": is_real.long()},
            lengths=lengths,
            truncated=[one.n_cut for one in encoded],
            tokens=self._columns(encoded),
        )

    def _columns(self, encoded: list[Encoded]) -> TokenColumns:
        token_ids = [token_id for one in encoded for token_id in one.token_ids]
        return TokenColumns(
            text=[text for one in encoded for text in one.written],
            token_id=token_ids,
            token_type=[self._type(token_id) for token_id in token_ids],
            position=[position for one in encoded for position in range(len(one.token_ids))],
            surface=[word for one in encoded for word in one.surface],
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
    """Return the number of tokens cut off, without the special tokens added to each piece."""
    return sum(
        sum(1 for is_special in piece.special_tokens_mask if not is_special)
        for piece in encoding.overflowing
    )


def _cut_off(held: bytes, text: str, start: int, end: int) -> tuple[bytes, bytes]:
    """Return the missing bytes of a character before and after the tokens of a cut text.

    Parameters
    ----------
    held : bytes
        UTF-8 of all kept tokens.
    text : str
    start, end : int
        Span of these tokens in the text, in characters.
    """
    n_before = next((i for i, byte in enumerate(held) if byte & 0xC0 != 0x80), len(held))
    first, last = text[start : start + 1].encode(), text[max(0, end - 1) : end].encode()
    decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
    decoder.decode(held)
    begun, _ = decoder.getstate()
    is_head = 0 < n_before < len(first) and first.endswith(held[:n_before])
    is_tail = bool(begun) and last.startswith(begun)
    return first[:-n_before] if is_head else b"", last[len(begun) :] if is_tail else b""
