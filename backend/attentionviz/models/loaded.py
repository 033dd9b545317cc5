"""A loaded model: network, inputs, and properties of its attention."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from copy import deepcopy
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any, NamedTuple, Self

import torch
from PIL import Image
from transformers import PreTrainedModel

from attentionviz.core.heads import NOT_CAPTURED, LayerHeads, iterate_heads, without_heads
from attentionviz.core.rule import NO_RULE, LayerRule
from attentionviz.core.types import HeadId, Modality
from attentionviz.errors import InvalidRequestError, UnsupportedModelError
from attentionviz.models.audio import AudioInputs
from attentionviz.models.batches import Batch, PatchGrid
from attentionviz.models.forward import run
from attentionviz.models.image_text import ImageTextInputs
from attentionviz.models.images import ImageInputs
from attentionviz.models.interface import AttentionCall, Listener, observe
from attentionviz.models.seq2seq import Seq2SeqInputs, Target, greedy
from attentionviz.models.text import TextInputs
from attentionviz.models.tracing import trace

MAX_CAPTURE_BYTES = 128 * 2**20
"""Maximum size of the queries and keys of one batch; larger batches are not faster."""

MAX_PADDED_TOKENS = 4096


class ObservedCall(NamedTuple):
    """An attention call of the trial run: its layer, key heads, and the name of its module.

    Layers may share a module.
    """

    layer: int
    n_key_heads: int
    module: str


@dataclass(frozen=True)
class LoadedModel:
    """A model with its inputs and the properties of its attention.

    Attributes
    ----------
    network : PreTrainedModel
        In evaluation mode, float32, set to the observed attention unless it is traced. Absent where
        another process runs the model, see `without_weights`.
    device : torch.device
    description : dict
        The manifest's "model": name, source, revision, weights_sha256, family, architecture,
        modality, license.
    settings_sha256 : str
        Hash of configuration, tokenizer and image processor.
    inputs : TextInputs, Seq2SeqInputs, ImageInputs or ImageTextInputs
    layers : list of LayerHeads
    rules : list of LayerRule
        One a layer; without meaning for a layer that has no heads.
    norm_factors : list of Tensor
        One a layer, see `OutputWeights.norm_factors`; empty for a layer that has no heads.
    calls : list of ObservedCall
        The attention calls of a forward pass, in their order.
    is_traced : bool
        Whether its attention is code of its own, observed by `trace`.
    patch_grid : PatchGrid or None
        None for text.
    notes : tuple of str
        Messages for the user about its files, one sentence each.
    language_model : PreTrainedModel or None
        Of a model with encoder and decoder, with the layer that predicts tokens; shares all other
        weights with the network. None if its weights lack that layer.
    """

    network: PreTrainedModel
    device: torch.device
    description: dict[str, Any]
    settings_sha256: str
    inputs: TextInputs | Seq2SeqInputs | ImageInputs | ImageTextInputs
    layers: list[LayerHeads]
    rules: list[LayerRule]
    norm_factors: list[torch.Tensor]
    calls: list[ObservedCall]
    is_traced: bool
    patch_grid: PatchGrid | None
    notes: tuple[str, ...] = ()
    language_model: PreTrainedModel | None = None

    @property
    def n_layers(self) -> int:
        """Number of layers, with those that have no heads."""
        return len(self.layers)

    @property
    def n_heads(self) -> int:
        """Largest number of heads of a layer."""
        return max(heads.n_heads for heads in self.layers)

    @property
    def n_key_heads(self) -> int:
        """Largest number of key heads of a layer."""
        return max(heads.n_key_heads for heads in self.layers)

    @property
    def d_head(self) -> int:
        """Largest head size of a layer."""
        return max(heads.d_head for heads in self.layers)

    @property
    def heads(self) -> list[HeadId]:
        """Every head, layer by layer."""
        return list(iterate_heads(self.layers))

    @property
    def has_equal_layers(self) -> bool:
        """Whether all layers have the same heads."""
        return len(set(self.layers)) == 1

    @property
    def modality(self) -> Modality:
        """Return "text", "image" or "image-text"."""
        return self.inputs.modality

    @property
    def has_two_texts(self) -> bool:
        """Whether it has an encoder of source texts and a decoder of target texts."""
        return isinstance(self.inputs, Seq2SeqInputs)

    @property
    def max_length(self) -> int:
        """Maximum number of tokens of one sequence."""
        return self.inputs.max_length

    @property
    def bias_terms(self) -> list[str]:
        """Names of what affects attention besides q·k and causality."""
        return list(dict.fromkeys(term for rule in self.rules for term in rule.terms))

    @property
    def batch_tokens(self) -> int:
        """Maximum padded tokens of a batch; a longer sequence is a batch by itself."""
        n_layers = sum(heads.n_heads > 0 for heads in self.layers)
        n_vectors = n_layers * (self.n_heads + self.n_key_heads)
        affordable = MAX_CAPTURE_BYTES // (4 * n_vectors * self.d_head)
        return max(1, min(MAX_PADDED_TOKENS, affordable))

    def prepare_texts(self, texts: list[str]) -> Batch:
        """Return one batch of these texts; CorpusError if one has no tokens."""
        return self._text_inputs.prepare(texts)

    def prepare_tokens(self, tokens: Sequence[str | int]) -> Batch:
        """Return a batch of exactly these tokens; InvalidTextError if one is unknown."""
        return self._text_inputs.prepare_tokens(tokens)

    def text_batches(self, texts: Iterable[str]) -> Iterator[Batch]:
        """Yield the texts in order, in batches of `batch_tokens`."""
        return self._text_inputs.batches(texts, self.batch_tokens)

    def text_lengths(self, texts: Iterable[str]) -> Iterator[tuple[int, int]]:
        """Yield for every text its number of tokens, which may be 0, and the number cut off."""
        return self._text_inputs.lengths(texts)

    def id_batches(self, sequences: list[list[int]]) -> Iterator[Batch]:
        """Yield sequences of token ids, all of one length, in batches of `batch_tokens`."""
        n_at_once = max(1, self.batch_tokens // len(sequences[0]))
        for first in range(0, len(sequences), n_at_once):
            yield self._text_inputs.prepare_ids(sequences[first : first + n_at_once])

    @property
    def sampling_rate(self) -> int | None:
        """Samples per second of the recordings that it hears; None if it does not."""
        if isinstance(self.inputs, Seq2SeqInputs) and isinstance(self.inputs.source, AudioInputs):
            return self.inputs.source.sampling_rate
        return None

    def prepare_with_targets(self, texts: Sequence[Any], targets: Sequence[Target]) -> Batch:
        """Return one batch of source texts or recordings, and targets: texts, or decoder inputs."""
        return self._two_texts.prepare(texts, targets)

    def batches_with_targets(
        self, texts: Iterable[Any], targets: Sequence[Target]
    ) -> Iterator[Batch]:
        """Yield source texts and their targets in order, in batches of `batch_tokens`."""
        return self._two_texts.batches(texts, targets, self.batch_tokens)

    def lengths_with_targets(
        self, texts: Iterable[Any], targets: Sequence[Target]
    ) -> Iterator[tuple[int, int, int]]:
        """Yield for every text the numbers of source, target, and cut tokens."""
        return self._two_texts.lengths(texts, targets)

    def generate(self, texts: Sequence[Any], max_length: int) -> list[list[int]]:
        """Return what the decoder reads while it generates the likeliest next tokens of texts.

        Parameters
        ----------
        texts : sequence of str, or of ndarray of float32
            Or the samples of recordings.
        max_length : int
            Tokens of a target, at the model's own limit if that is lower.

        Raises
        ------
        UnsupportedModelError
            If the weights lack the layer that predicts tokens.
        """
        if self.language_model is None:
            raise UnsupportedModelError(
                f"the weights of {self.description['name']} cannot predict tokens, since they lack "
                "the last layer; name the column of its target texts with --target"
            )
        most = min(max_length, self.max_length)
        inputs = self._two_texts
        source: Any = inputs.source
        encoded = source.encode(list(texts))
        parts = [rule.part for rule in self.rules]
        has_cache = parts.count("decoder") <= parts.count("encoder")
        return greedy(self.language_model, inputs, encoded, most, self.device, has_cache=has_cache)

    def target_text(self, target: Target) -> str:
        """Return a target as a text."""
        return target if isinstance(target, str) else self._two_texts.text_of(target)

    def prepare_images(self, images: list[Image.Image]) -> Batch:
        """Return one batch of these images."""
        return self._image_inputs.prepare(images)

    def image_batches(self, images: Iterable[Image.Image]) -> Iterator[Batch]:
        """Yield the images in order, in batches of `batch_tokens`."""
        return self._image_inputs.batches(images, self.batch_tokens)

    def prepare_image_texts(self, pairs: list[tuple[Image.Image, str]]) -> Batch:
        """Return one batch of these images and texts, whose sequences must be equally long."""
        return self._image_text_inputs.prepare(pairs)

    def image_text_batches(self, pairs: Iterable[tuple[Image.Image, str]]) -> Iterator[Batch]:
        """Yield images and texts in order, in batches of equal length and `batch_tokens`."""
        return self._image_text_inputs.batches(pairs, self.batch_tokens)

    def image_text_lengths(self, texts: Iterable[str]) -> Iterator[int]:
        """Yield the number of tokens of every text together with an image.

        Raises
        ------
        CorpusError
            If a text is too long, has tokens of images, or cannot be prepared.
        """
        return map(self._image_text_inputs.checked_length, texts)

    def observe(self, listener: Listener, n_sequences: int) -> AbstractContextManager[Any]:
        """Return the context that reports the attention calls of all layers that have heads.

        Parameters
        ----------
        listener : callable
            Called with the layer and the call.
        n_sequences : int
            Of the batch.
        """

        def listen(index: int, call: AttentionCall) -> None:
            layer = self.layer_of_call(index)
            if self.layers[layer].n_heads:
                listener(layer, call)

        if self.is_traced:
            n_key_heads = [call.n_key_heads for call in self.calls]
            return trace(
                listen, self.network, n_sequences, n_key_heads, has_two_texts=self.has_two_texts
            )
        return observe(listen)

    def only(self, layers: Sequence[int]) -> Self:
        """Return the same model, of which only some layers are captured.

        Parameters
        ----------
        layers : sequence of int
            Ascending; the others become layers without heads.

        Raises
        ------
        InvalidRequestError
            If there is no such layer, or none of them has heads.
        """
        name = self.description["name"]
        if layers[-1] >= self.n_layers:
            raise InvalidRequestError(
                f"--layers has {layers[-1]}, but {name} has layers 0..{self.n_layers - 1}"
            )
        if not any(self.layers[layer].n_heads for layer in layers):
            attending = ", ".join(str(i) for i, heads in enumerate(self.layers) if heads.n_heads)
            raise InvalidRequestError(
                f"none of the layers in --layers has softmax attention; those of {name} with "
                f"attention are {attending}"
            )
        kept = [layer in layers or heads.n_heads == 0 for layer, heads in enumerate(self.layers)]
        absent = without_heads(NOT_CAPTURED)
        return replace(
            self,
            layers=[one if k else absent for one, k in zip(self.layers, kept, strict=True)],
            rules=[
                rule if k else replace(NO_RULE, part=rule.part)
                for rule, k in zip(self.rules, kept, strict=True)
            ],
        )

    def without_weights(self) -> Self:
        """Return what another process needs to prepare inputs, without network and weights."""
        inputs = self.inputs
        if isinstance(inputs, Seq2SeqInputs):  # they hold the network
            tensors = chain(self.network.parameters(), self.network.buffers())
            inputs = deepcopy(inputs, {id(one): one.detach().to("meta") for one in tensors})
        none: Any = None
        return replace(self, network=none, language_model=None, norm_factors=[], inputs=inputs)

    def layer_of_call(self, index: int) -> int:
        """Return the layer of a call; UnsupportedModelError if there are more than in the trial."""
        if index >= len(self.calls):
            raise UnsupportedModelError(
                f"attention was reached more than {len(self.calls)} times, as often as in the "
                "trial run"
            )
        return self.calls[index].layer

    def forward(self, batch: Batch) -> Any:
        """Return the output of the model, without observing its attention."""
        return run(self.network, batch.inputs, self.device)

    def visible_image(self, image: Image.Image, longest_px: int = 512) -> Image.Image:
        """Return the part of an image that the model sees, in the aspect ratio of its input."""
        if isinstance(self.inputs, ImageTextInputs):
            return self.inputs.visible(image, longest_px)
        return self._image_inputs.visible(image, longest_px)

    @property
    def _text_inputs(self) -> TextInputs:
        if isinstance(self.inputs, Seq2SeqInputs):
            return self.inputs.target
        if not isinstance(self.inputs, TextInputs):
            raise self._other_inputs("text alone")
        return self.inputs

    @property
    def _two_texts(self) -> Seq2SeqInputs:
        if not isinstance(self.inputs, Seq2SeqInputs):
            raise InvalidRequestError(
                f"{self.description['name']} has no decoder with target texts"
            )
        return self.inputs

    @property
    def _image_inputs(self) -> ImageInputs:
        if not isinstance(self.inputs, ImageInputs):
            raise self._other_inputs("images alone")
        return self.inputs

    @property
    def _image_text_inputs(self) -> ImageTextInputs:
        if not isinstance(self.inputs, ImageTextInputs):
            raise self._other_inputs("images with texts")
        return self.inputs

    def _other_inputs(self, given: str) -> InvalidRequestError:
        reads = {"text": "text", "image": "images", "image-text": "images with texts"}
        return InvalidRequestError(
            f"{self.description['name']} reads {reads[self.modality]}, not {given}"
        )
