"""Sequences of an image and a text, as the processor of a model makes them."""

import inspect
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np
import torch
from PIL import Image
from transformers import PreTrainedModel

from attentionviz.core.types import Modality
from attentionviz.errors import CorpusError, ModelNotAvailableError, UnsupportedModelError
from attentionviz.models.batches import Batch, PatchGrid, TokenColumns
from attentionviz.models.images import (
    SPRITE_PX,
    ImageInputs,
    hue_and_brightness,
    limit_aspect,
    size_of,
)
from attentionviz.models.steps import error_message
from attentionviz.models.text import TRIAL_TEXT, TextInputs
from attentionviz.models.towers import image_token

IMAGE_PX = 448
"""Width and height of all images of a processor that keeps the size of an image."""

MAX_LENGTHS = 2**16
"""Texts whose numbers of tokens are kept."""

DIVISIONS = ("do_image_splitting", "crop_to_patches", "do_pan_and_scan")
"""Settings of image processors that cut an image into several; an image is one grid here."""

Pair = tuple[Image.Image, str]


class ImageTextInputs:
    """The processor of a model that reads images and texts, with the model's grid of patches.

    Every sequence has one image, at the same position and of the same grid.

    Parameters
    ----------
    processor : transformers processor
    texts : TextInputs
        Its tokenizer, with the limits of the model.
    network : PreTrainedModel
        Not kept; it may be on the meta device.
    max_words : int
        Maximum number of tokens besides those of the shortest text with an image.
    """

    modality: Modality = "image-text"

    def __init__(
        self, processor: Any, texts: TextInputs, network: PreTrainedModel, max_words: int
    ) -> None:
        self.processor = processor
        self.texts = texts
        self._name = str(network.config.model_type)
        self._image_token = image_token(network.config)
        self._accepted = set(inspect.signature(network.forward).parameters)
        images = processor.image_processor
        self.px = size_of(images) or (IMAGE_PX, IMAGE_PX)
        self._is_resized = size_of(images) is None or bool(getattr(images, "do_pad", False))
        self._options = {name: False for name in DIVISIONS if hasattr(images, name)}
        self._is_counting = False
        self._blank: Any = None
        images.preprocess = self._remembering(images.preprocess)
        self.max_length = texts.max_length
        self._lengths: dict[str, int] = {}
        try:
            first = self._encode(self.blank(), TRIAL_TEXT)
        except CorpusError as error:
            raise ModelNotAvailableError(
                f"the processor of this {self._name} makes no sequence of an image and a text: "
                f"{error_message(error.__cause__ or error)}"
            ) from error
        self.places = self._places(first)
        self.grid = self._grid()
        self._images = ImageInputs(
            images, self.grid, (self.px[0] // self.grid.n_rows, self.px[1] // self.grid.n_columns)
        )
        n_least = self.length("a")
        if n_least >= texts.max_length:
            raise UnsupportedModelError(
                f"an image takes {len(self.places)} of the {texts.max_length} tokens that a "
                f"{self._name} of this config.json reads, so no text fits beside it"
            )
        self.max_length = min(texts.max_length, n_least + max_words)

    def blank(self) -> Image.Image:
        """Return a white image of the model's size."""
        return Image.new("RGB", self.px[::-1], "white")

    def prepare(self, pairs: list[Pair]) -> Batch:
        """Return one batch of images and texts that are equally long.

        Raises
        ------
        CorpusError
            If a text is too long, has tokens of images, or cannot be prepared.
        """
        return self._batch([(image, self._checked(image, text)) for image, text in pairs])

    def batches(self, pairs: Iterable[Pair], max_tokens: int) -> Iterator[Batch]:
        """Yield images and texts in order, in batches of equal length, at most `max_tokens`."""
        waiting: list[tuple[Image.Image, dict[str, torch.Tensor]]] = []
        for image, text in pairs:
            encoded = self._checked(image, text)
            length = _n_tokens(encoded)
            is_full = (len(waiting) + 1) * length > max_tokens
            if waiting and (is_full or _n_tokens(waiting[0][1]) != length):
                yield self._batch(waiting)
                waiting = []
            waiting.append((image, encoded))
        if waiting:
            yield self._batch(waiting)

    def longest_trial(self) -> Batch:
        """Return a sequence that is nearly as long as the longest allowed one."""
        once, twice = (self.length(" ".join([TRIAL_TEXT] * n)) for n in (1, 2))
        n = 1 + max(0, self.max_length - once) // (twice - once)
        while n > 1 and self.length(" ".join([TRIAL_TEXT] * n)) > self.max_length:
            n -= 1
        text = TRIAL_TEXT if once <= self.max_length else "a"
        return self.prepare([(self.blank(), " ".join([text] * n))])

    def visible(self, image: Image.Image, longest_px: int) -> Image.Image:
        """Return the part of an image that the model sees, at most `longest_px` on a side."""
        if self._is_resized:
            return _shrunk(limit_aspect(image.convert("RGB")), self.px, longest_px)
        return self._images.visible(image, longest_px)

    def checked_length(self, text: str) -> int:
        """Return the number of tokens of a text with an image; CorpusError as `prepare` has it."""
        return self._count(self._checked, text)

    def length(self, text: str) -> int:
        """Return the number of tokens of a text with an image; those of many texts are kept."""
        if text not in self._lengths:
            if len(self._lengths) >= MAX_LENGTHS:
                self._lengths.clear()
            self._lengths[text] = self._count(self._encode, text)
        return self._lengths[text]

    def _count(self, encode: Callable[..., dict[str, torch.Tensor]], text: str) -> int:
        self._is_counting = True
        try:
            return _n_tokens(encode(self.blank(), text))
        finally:
            self._is_counting = False

    def _remembering(self, preprocess: Callable[..., Any]) -> Callable[..., Any]:
        """Return the function that makes pixels of images; while counting, it runs once.

        The number of tokens does not depend on the pixels, which take most of the time.
        """

        def remembered(*arguments: Any, **options: Any) -> Any:
            if not self._is_counting:
                return preprocess(*arguments, **options)
            if self._blank is None:
                self._blank = preprocess(*arguments, **options)
            return type(self._blank)(dict(self._blank))

        return remembered

    def _encode(self, image: Image.Image, text: str) -> dict[str, torch.Tensor]:
        """Return the inputs of the model for one image and text."""
        image = limit_aspect(image.convert("RGB"))
        if self._is_resized:
            image = image.resize(self.px[::-1], Image.Resampling.BICUBIC)
        begin = self.processor.tokenizer.bos_token
        options: dict[str, Any] = {"images_kwargs": self._options} if self._options else {}
        try:
            prompt = self._prompt(text)
            if begin and prompt.startswith(begin):
                options["text_kwargs"] = {"add_special_tokens": False}
            found = self.processor(images=[image], text=[prompt], return_tensors="np", **options)
        # Such as a text with the token that stands for an image, or an error of the template.
        except Exception as error:
            raise CorpusError(
                f"the text {text[:40]!r} and its image cannot be prepared by the processor of this "
                f"model: {error_message(error)}"
            ) from error
        return {
            name: torch.as_tensor(np.asarray(array))
            for name, array in found.items()
            if name in self._accepted
        }

    def _prompt(self, text: str) -> str:
        """Return an image and a text in the chat template of the processor, if it has one."""
        if self.processor.chat_template is None:
            mark = getattr(self.processor, "image_token", None)
            return f"{mark or self.texts.names([self._image_token or 0])[0]}{text}"
        content = [{"type": "image"}, {"type": "text", "text": text}]
        written: str = self.processor.apply_chat_template(
            [{"role": "user", "content": content}], add_generation_prompt=True, tokenize=False
        )
        return written

    def _checked(self, image: Image.Image, text: str) -> dict[str, torch.Tensor]:
        encoded = self._encode(image, text)
        token_ids = encoded["input_ids"][0].tolist()
        if len(token_ids) > self.max_length:
            raise CorpusError(
                f"the text {text[:40]!r} has {len(token_ids)} tokens with its image, more than "
                f"{self.max_length}; shorten it, or allow more with --max-length"
            )
        if self._places(encoded) != self.places:
            raise CorpusError(
                f"the text {text[:40]!r} has tokens that stand for images; remove them"
            )
        is_patch = set(self.places)
        for position, token_id in enumerate(token_ids):
            if position not in is_patch and not self.texts.has_embedding(token_id):
                raise CorpusError(
                    f"the text {text[:40]!r} has the token {token_id}, which has no embedding; "
                    "leave it out"
                )
        return encoded

    def _places(self, encoded: dict[str, torch.Tensor]) -> list[int]:
        """Return the positions of the patches in a sequence."""
        token_ids = encoded["input_ids"][0].tolist()
        return [i for i, token_id in enumerate(token_ids) if token_id == self._image_token]

    def _grid(self) -> PatchGrid:
        """Return the grid of as many patches as an image has whose patches are nearly square."""
        n, (height, width) = len(self.places), self.px
        divisors = [rows for rows in range(1, n + 1) if n % rows == 0]
        if len(divisors) < 2:
            raise UnsupportedModelError(
                f"an image of a {self._name} is {n} tokens of its text, which are no grid of "
                "patches, so they cannot be placed in the image"
            )
        rows = min(divisors, key=lambda rows: abs(np.log(height / rows / (width / (n // rows)))))
        return PatchGrid(rows, n // rows, 0, False, 0, width, height)

    def _batch(self, sequences: list[tuple[Image.Image, dict[str, torch.Tensor]]]) -> Batch:
        encoded = [one for _, one in sequences]
        lengths = [_n_tokens(one) for one in encoded]
        inputs = {name: torch.cat([one[name] for one in encoded]) for name in encoded[0]}
        tokens = self.texts.prepare_ids(inputs["input_ids"].tolist()).tokens
        sprites = np.zeros((len(encoded), lengths[0], SPRITE_PX, SPRITE_PX, 3), dtype=np.uint8)
        for row, (image, _) in zip(sprites, sequences, strict=True):
            row[self.places] = self._sprites(image)
        flat = sprites.reshape(-1, SPRITE_PX, SPRITE_PX, 3)
        self._add_patches(tokens, flat, lengths[0])
        return Batch(inputs, lengths, [0] * len(lengths), tokens, flat)

    def _sprites(self, image: Image.Image) -> Any:
        """Return the patches of an image in 8 x 8 pixels, uint8 (patch, 8, 8, 3)."""
        grid = self.grid
        size = (grid.n_columns * SPRITE_PX, grid.n_rows * SPRITE_PX)
        seen = self.visible(image, max(self.px))
        small = np.asarray(seen.resize(size, Image.Resampling.BOX))
        tiles = small.reshape(grid.n_rows, SPRITE_PX, grid.n_columns, SPRITE_PX, 3)
        return tiles.transpose(0, 2, 1, 3, 4).reshape(-1, SPRITE_PX, SPRITE_PX, 3)

    def _add_patches(self, tokens: TokenColumns, sprites: Any, length: int) -> None:
        """Fill in the columns of patches, which are tokens without a text."""
        n = len(tokens.text)
        tokens.row, tokens.column = [None] * n, [None] * n
        tokens.hue, tokens.brightness = [None] * n, [None] * n
        for start in range(0, n, length):
            at = [start + place for place in self.places]
            hue, brightness = hue_and_brightness(sprites[at].mean(axis=(1, 2)))
            for patch, i in enumerate(at):
                tokens.text[i], tokens.token_type[i], tokens.token_id[i] = "", "patch", -1
                tokens.surface[i] = None
                tokens.row[i], tokens.column[i] = divmod(patch, self.grid.n_columns)
                tokens.hue[i], tokens.brightness[i] = hue[patch], brightness[patch]


def _n_tokens(encoded: dict[str, torch.Tensor]) -> int:
    return encoded["input_ids"].shape[1]


def _shrunk(image: Image.Image, px: tuple[int, int], longest_px: int) -> Image.Image:
    """Return a whole image in the aspect ratio of these pixels (height, width)."""
    scale = min(longest_px, max(image.size)) / max(px)
    size = (max(1, round(px[1] * scale)), max(1, round(px[0] * scale)))
    return image.resize(size, Image.Resampling.LANCZOS)
