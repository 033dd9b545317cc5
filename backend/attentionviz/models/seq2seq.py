"""Two texts to tensors: the source that an encoder reads or hears, and the decoder's target."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from functools import partial
from itertools import islice
from typing import Any

import torch
from transformers import (
    MODEL_FOR_SEQ_TO_SEQ_CAUSAL_LM_MAPPING,
    MODEL_FOR_SPEECH_SEQ_2_SEQ_MAPPING,
    GenerationConfig,
    PretrainedConfig,
    PreTrainedModel,
)

from attentionviz.core.types import Modality
from attentionviz.errors import ModelNotAvailableError
from attentionviz.models.audio import AudioInputs, EncodedAudio
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

    source: Encoded | EncodedAudio
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
    source : TextInputs or AudioInputs
        Of source texts, or of recordings.
    target : TextInputs
        Of labels of the decoder.
    network : PreTrainedModel
        Whose way of shifting labels to the right is used.
    """

    modality: Modality = "text"

    def __init__(
        self, source: TextInputs | AudioInputs, target: TextInputs, network: PreTrainedModel
    ) -> None:
        self.source = source
        self.target = target
        self._network = network

    @property
    def max_length(self) -> int:
        """Maximum number of tokens of either text."""
        return self.target.max_length

    @max_length.setter
    def max_length(self, n_tokens: int) -> None:
        self.source.max_length = self.target.max_length = n_tokens

    def prepare(self, texts: Iterable[Any], targets: Sequence[Target]) -> Batch:
        """Return one padded batch of these texts; CorpusError if one has no tokens."""
        return self._batch(list(self._encode(texts, targets)))

    def trial(self, name: str) -> Batch:
        """Return two short sequences whose texts have four different lengths.

        Raises
        ------
        ModelNotAvailableError
            As `TextInputs.trial`, or if the decoder has no start token.
        """
        found = self.target.trial(name)
        ids = [found.inputs["input_ids"][row, :n].tolist() for row, n in enumerate(found.lengths)]
        n_target = max(2, min(len(ids[1]) - 1, N_TRIAL_TARGET))
        longest = self.shifted(ids[1])[:n_target]
        sources: list[Any]
        if isinstance(self.source, AudioInputs):
            sources = self.source.noise()
        else:
            sources = [self.source.encoded(one) for one in ids]
        targets = self.target.encoded(longest[:-1]), self.target.encoded(longest)
        return self._batch([TextPair(*pair) for pair in zip(sources, targets, strict=True)])

    def batches(
        self, texts: Iterable[Any], targets: Sequence[Target], max_tokens: int
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
        self, texts: Iterable[Any], targets: Sequence[Target]
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
        self, texts: Iterable[Any], targets: Sequence[Target], *, may_be_empty: bool = False
    ) -> Iterator[TextPair]:
        remaining = zip(texts, targets, strict=True)
        while chunk := list(islice(remaining, TEXTS_AT_ONCE)):
            own: Any = self.source
            sources = own.encode([text for text, _ in chunk], may_be_empty=may_be_empty)
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
        own: Any = self.source
        sources: Batch = own.batch([pair.source for pair in pairs])
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
    encoded: Sequence[Any],
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
    if isinstance(inputs.source, AudioInputs):
        generate = partial(_next_by_next, language_model, inputs)
    source: Any = inputs.source
    with _plain_generation(language_model) as ends, torch.inference_mode():
        while chunk := list(islice(remaining, n_at_once)):
            batch = source.batch(chunk)
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


def _next_by_next(
    language_model: Any,
    inputs: Seq2SeqInputs,
    *,
    input_features: torch.Tensor,
    max_new_tokens: int,
    **_: Any,
) -> torch.Tensor:
    """Return the likeliest tokens of recordings, one after the other.

    The generation of Whisper in transformers asks for settings that a checkpoint may lack, and cuts
    recordings into segments.
    """
    heard = language_model.get_encoder()(input_features)
    ids = torch.full((len(input_features), 1), inputs.shifted([0])[0], device=input_features.device)
    ends = language_model.generation_config.eos_token_id
    for _step in range(max_new_tokens):
        logits = language_model(encoder_outputs=heard, decoder_input_ids=ids).logits
        ids = torch.cat([ids, logits[:, -1].argmax(dim=-1, keepdim=True)], dim=1)
        is_over = torch.isin(ids[:, 1:], torch.tensor(ends)).any(dim=1)
        if bool(is_over.all()):
            break
    return ids


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
    known = (MODEL_FOR_SEQ_TO_SEQ_CAUSAL_LM_MAPPING, MODEL_FOR_SPEECH_SEQ_2_SEQ_MAPPING)
    return next((made for one in known if (made := one.get(type(config), None))), None)
