"""A loaded model: network, inputs, and properties of its attention."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import torch
from PIL import Image
from transformers import PreTrainedModel

from attentionviz.core.rule import LayerRule
from attentionviz.core.types import Modality
from attentionviz.errors import InvalidRequestError
from attentionviz.models.batches import Batch, PatchGrid
from attentionviz.models.forward import run
from attentionviz.models.image_text import ImageTextInputs
from attentionviz.models.images import ImageInputs
from attentionviz.models.interface import Listener, observe
from attentionviz.models.text import TextInputs
from attentionviz.models.tracing import trace

MAX_CAPTURE_BYTES = 128 * 2**20
"""Maximum size of the queries and keys of one batch; larger batches are not faster."""

MAX_PADDED_TOKENS = 4096


@dataclass(frozen=True)
class LoadedModel:
    """A model with its inputs and the properties of its attention.

    Attributes
    ----------
    network : PreTrainedModel
        In evaluation mode, float32, set to the observed attention unless it is traced.
    device : torch.device
    description : dict
        The manifest's "model": name, source, revision, weights_sha256, family, architecture,
        modality, license.
    settings_sha256 : str
        Hash of configuration, tokenizer and image processor.
    inputs : TextInputs, ImageInputs or ImageTextInputs
    n_layers, n_heads, n_key_heads, d_head : int
    rules : list of LayerRule
        One a layer.
    norm_factors : list of Tensor
        One a layer, see `OutputWeights.norm_factors`.
    attention_modules : list of str
        Name in the network of the module that attends, one a layer; layers may share it.
    is_traced : bool
        Whether its attention is code of its own, observed by `trace`.
    patch_grid : PatchGrid or None
        None for text.
    notes : tuple of str
        Messages for the user about its files, one sentence each.
    """

    network: PreTrainedModel
    device: torch.device
    description: dict[str, Any]
    settings_sha256: str
    inputs: TextInputs | ImageInputs | ImageTextInputs
    n_layers: int
    n_heads: int
    n_key_heads: int
    d_head: int
    rules: list[LayerRule]
    norm_factors: list[torch.Tensor]
    attention_modules: list[str]
    is_traced: bool
    patch_grid: PatchGrid | None
    notes: tuple[str, ...] = ()

    @property
    def modality(self) -> Modality:
        """Return "text", "image" or "image-text"."""
        return self.inputs.modality

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
        n_vectors = self.n_layers * (self.n_heads + self.n_key_heads)
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
        """Yield the number of tokens of every text together with an image."""
        return map(self._image_text_inputs.length, texts)

    def observe(self, listener: Listener, n_sequences: int) -> AbstractContextManager[Any]:
        """Return the context that reports every attention call of a forward pass."""
        if self.is_traced:
            return trace(listener, self.network, n_sequences, self.n_key_heads)
        return observe(listener)

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
        if not isinstance(self.inputs, TextInputs):
            raise self._other_inputs("text alone")
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
