"""Two texts to tensors: the source that an encoder reads, and the target of its decoder."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from itertools import islice
from typing import Any

import torch
from transformers import (
    MODEL_FOR_SEQ_TO_SEQ_CAUSAL_LM_MAPPING,
    GenerationConfig,
    PretrainedConfig,
    PreTrainedModel,
)

from attentionviz.core.types import Modality
from attentionviz.errors import ModelNotAvailableError
from attentionviz.models.batches import Batch, TokenColumns
from attentionviz.models.text import TEXTS_AT_ONCE, Encoded, TextInputs

Target = str | list[int]
"""A text, or the inputs of the decoder as it generated them."""

N_TRIAL_TARGET = 5
GENERATED_AT_ONCE = 32
GENERATION = (
    *("bos_token_id", "eos_token_id", "pad_token_id", "decoder_start_token_id"),
    *("forced_bos_token_id", "suppress_tokens", "begin_suppress_tokens", "bad_words_ids"),
)
"""Settings of generation that are kept."""


@dataclass(frozen=True)
class TextPair:
    """The tokens of a source text, and of its target text as the decoder reads them."""

    source: Encoded
    target: Encoded

    @property
    def n_tokens(self) -> int:
        """Number of tokens of both texts."""
        return len(self.source.token_ids) + len(self.target.token_ids)

    @property
    def n_cut(self) -> int:
        """Number of tokens cut from the ends of both texts."""
        return self.source.n_cut + self.target.n_cut


class Seq2SeqInputs:
    """The tokenizer of a model with an encoder and a decoder.

    Parameters
    ----------
    source, target : TextInputs
        Of source texts, and of labels of the decoder.
    network : PreTrainedModel
        Whose way of shifting labels to the right is used.
    """

    modality: Modality = "text"

    def __init__(self, source: TextInputs, target: TextInputs, network: PreTrainedModel) -> None:
        self.source = source
        self.target = target
        self._network = network

    @property
    def max_length(self) -> int:
        """Maximum number of tokens of either text."""
        return self.source.max_length

    @max_length.setter
    def max_length(self, n_tokens: int) -> None:
        self.source.max_length = self.target.max_length = n_tokens

    def prepare(self, texts: Sequence[str], targets: Sequence[Target]) -> Batch:
        """Return one padded batch of these texts; CorpusError if one has no tokens."""
        return self._batch(list(self._encode(texts, targets)))

    def trial(self, name: str) -> Batch:
        """Return two short sequences whose texts have four different lengths.

        Raises
        ------
        ModelNotAvailableError
            As `TextInputs.trial`, or if the decoder has no start token.
        """
        found = self.source.trial(name)
        ids = [found.inputs["input_ids"][row, :n].tolist() for row, n in enumerate(found.lengths)]
        n_target = max(2, min(len(ids[1]) - 1, N_TRIAL_TARGET))
        longest = self.shifted(ids[1])[:n_target]
        pairs = [
            TextPair(self.source.encoded(ids[0]), self.target.encoded(longest[:-1])),
            TextPair(self.source.encoded(ids[1]), self.target.encoded(longest)),
        ]
        return self._batch(pairs)

    def batches(
        self, texts: Sequence[str], targets: Sequence[Target], max_tokens: int
    ) -> Iterator[Batch]:
        """Yield the texts in order, in batches of at most `max_tokens` padded tokens."""
        waiting: list[TextPair] = []
        for pair in self._encode(texts, targets):
            together = [*waiting, pair]
            lengths = [
                {len(one.token_ids) for one in side}
                for side in ([p.source for p in together], [p.target for p in together])
            ]
            is_full = sum(map(max, lengths)) * len(together) > max_tokens
            is_mixed = any(len(each) > 1 for each in lengths) and not self.source.is_padded
            if waiting and (is_full or is_mixed):
                yield self._batch(waiting)
                waiting = []
            waiting.append(pair)
        if waiting:
            yield self._batch(waiting)

    def lengths(
        self, texts: Sequence[str], targets: Sequence[Target]
    ) -> Iterator[tuple[int, int, int]]:
        """Yield the numbers of source tokens, target tokens, and tokens cut off both.

        Raises
        ------
        CorpusError
            If a text cannot be tokenized, or has a token without an embedding.
        """
        for pair in self._encode(texts, targets, may_be_empty=True):
            yield len(pair.source.token_ids), len(pair.target.token_ids), pair.n_cut

    def shifted(self, labels: list[int]) -> list[int]:
        """Return the inputs of the decoder for the labels of a text, as the model shifts them.

        Raises
        ------
        ModelNotAvailableError
            If its configuration has no start token.
        """
        config = self._network.config
        language_model = seq2seq_class(config)
        shift = getattr(language_model, "prepare_decoder_input_ids_from_labels", None)
        start = config.decoder_start_token_id
        if shift is not None:
            try:
                start = int(shift(self._network, torch.tensor([labels or [0]]))[0, 0])
            except (ValueError, TypeError, RuntimeError):  # a start or padding token is missing
                start = None
        if start is None:
            raise ModelNotAvailableError(
                "the config.json of this model has no decoder_start_token_id or pad_token_id; set "
                "those it was trained with"
            )
        if labels and labels[0] == start:  # a tokenizer that marks the start itself
            labels = labels[1:]
        return [start, *labels[:-1]]

    def text_of(self, token_ids: list[int]) -> str:
        """Return generated tokens as a text, without special tokens."""
        text: str = self.target.tokenizer.decode(token_ids, skip_special_tokens=True)
        return text.strip()

    def _encode(
        self, texts: Sequence[str], targets: Sequence[Target], *, may_be_empty: bool = False
    ) -> Iterator[TextPair]:
        remaining = zip(texts, targets, strict=True)
        while chunk := list(islice(remaining, TEXTS_AT_ONCE)):
            sources = self.source.encode([text for text, _ in chunk], may_be_empty=may_be_empty)
            written = [target for _, target in chunk if isinstance(target, str)]
            labels = iter(self.target.encode(written, may_be_empty=True) if written else ())
            for source, (_, target) in zip(sources, chunk, strict=True):
                if isinstance(target, str):
                    yield TextPair(source, self._as_inputs(next(labels)))
                else:
                    yield TextPair(source, self.target.encoded(target))

    def _as_inputs(self, labels: Encoded) -> Encoded:
        """Return the labels of a target text, shifted to the right."""
        token_ids = self.shifted(labels.token_ids)
        kept = len(token_ids) - 1
        first = len(labels.token_ids) - 1 - kept
        start = self.target.encoded(token_ids[:1])
        return Encoded(
            token_ids,
            labels.n_cut,
            [*start.written, *labels.written[first : first + kept]],
            [*start.surface, *labels.surface[first : first + kept]],
        )

    def _batch(self, pairs: list[TextPair]) -> Batch:
        sources = self.source.batch([pair.source for pair in pairs])
        targets = self.target.batch([pair.target for pair in pairs])
        inputs = dict(sources.inputs)
        inputs |= {f"decoder_{name}": tensor for name, tensor in targets.inputs.items()}
        return Batch(
            inputs=inputs,
            lengths=[pair.n_tokens for pair in pairs],
            truncated=[pair.n_cut for pair in pairs],
            tokens=_alternate(sources, targets),
            n_source=sources.lengths,
        )


def _alternate(sources: Batch, targets: Batch) -> TokenColumns:
    """Return the columns of both texts of each sequence, the source first."""
    made = TokenColumns()
    first = [0, 0]
    for lengths in zip(sources.lengths, targets.lengths, strict=True):
        for side, (batch, n) in enumerate(zip((sources, targets), lengths, strict=True)):
            for column in fields(TokenColumns):
                values = getattr(batch.tokens, column.name)
                getattr(made, column.name).extend(values[first[side] : first[side] + n])
            first[side] += n
    return made


def greedy(
    language_model: PreTrainedModel,
    inputs: Seq2SeqInputs,
    encoded: Sequence[Encoded],
    max_length: int,
    device: torch.device,
    *,
    has_cache: bool,
) -> list[list[int]]:
    """Return the decoder inputs of greedily generated targets, without the token that ends them.

    Parameters
    ----------
    language_model : PreTrainedModel
    inputs : Seq2SeqInputs
    encoded : sequence of Encoded
        Source texts.
    max_length : int
        Tokens of a target.
    device : torch.device
    has_cache : bool
        Whether keys and values of earlier tokens are kept; transformers reserves them for as many
        layers as the encoder has.
    """
    found: list[list[int]] = []
    remaining = iter(encoded)
    generate: Any = language_model.generate
    n_at_once = GENERATED_AT_ONCE if inputs.source.is_padded else 1
    with _plain_generation(language_model) as ends, torch.inference_mode():
        while chunk := list(islice(remaining, n_at_once)):
            batch = inputs.source.batch(chunk)
            generated = generate(
                **{name: tensor.to(device) for name, tensor in batch.inputs.items()},
                do_sample=False,
                num_beams=1,
                use_cache=has_cache,
                max_new_tokens=max(1, max_length - 1),
            )
            for row in generated.tolist():
                n = next((i for i, token in enumerate(row) if i and token in ends), len(row))
                found.append(row[:n])
    return found


@contextmanager
def _plain_generation(language_model: Any) -> Iterator[set[int]]:
    """Generate without beams, samples and a forced end for a while; yield the tokens that end.

    transformers adds the settings of a model to those of a call.
    """
    own = language_model.generation_config
    known = {name: getattr(own, name, None) for name in GENERATION}
    plain = GenerationConfig(**{name: one for name, one in known.items() if one is not None})
    language_model.generation_config = plain
    try:
        ends = own.eos_token_id
        yield set(ends if isinstance(ends, list) else [ends])
    finally:
        language_model.generation_config = own


def seq2seq_class(config: PretrainedConfig) -> Any:
    """Return the class of transformers that generates the target texts of a model; None if none."""
    if not getattr(config, "is_encoder_decoder", False):
        return None
    return MODEL_FOR_SEQ_TO_SEQ_CAUSAL_LM_MAPPING.get(type(config), None)
