"""Batches of pixels from images, with the columns and thumbnails of their patches."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

import numpy as np
import torch
from PIL import Image

from attentionviz.core.types import Modality, TokenType
from attentionviz.errors import UnsupportedModelError
from attentionviz.models.batches import Batch, PatchGrid, TokenColumns

Array = np.ndarray[Any, Any]

SPRITE_PX = 8
MAX_ASPECT = 8
"""Images with a larger aspect ratio are cropped: resizing 1 x 10,000 px would exhaust memory."""


class ImageInputs:
    """The image processor of a model, with the model's grid of patches.

    Parameters
    ----------
    processor : transformers image processor
        Set to one fixed size by `fix_size`.
    grid : PatchGrid
    patch_px : tuple of int
        Height and width of a patch.
    """

    modality: Modality = "image"

    def __init__(self, processor: Any, grid: PatchGrid, patch_px: tuple[int, int]) -> None:
        self.processor = processor
        self.grid = grid
        self.patch_px = patch_px

    @property
    def max_length(self) -> int:
        """Number of tokens of every image."""
        return self.grid.n_tokens

    def prepare(self, images: list[Image.Image]) -> Batch:
        """Return one batch of all these images."""
        shortened = [limit_aspect(image.convert("RGB")) for image in images]
        pixels = self.processor(images=shortened, return_tensors="pt")["pixel_values"].float()
        wanted = (len(images), 3, self.grid.image_height_px, self.grid.image_width_px)
        if tuple(pixels.shape) != wanted:
            raise UnsupportedModelError(
                f"the image processor gives pixels of shape {tuple(pixels.shape)}, not {wanted}"
            )
        sprites = np.stack([self._sprites(one) for one in self._seen(pixels)])
        return Batch(
            inputs={"pixel_values": pixels},
            lengths=[self.grid.n_tokens] * len(images),
            truncated=[0] * len(images),
            tokens=self._columns(sprites),
            sprites=self._with_prefix(sprites),
        )

    def batches(self, images: Iterable[Image.Image], max_tokens: int) -> Iterator[Batch]:
        """Yield the images in order, in batches of at most `max_tokens` tokens."""
        n_images = max(1, max_tokens // self.grid.n_tokens)
        remaining = iter(images)
        while chunk := list(islice(remaining, n_images)):
            yield self.prepare(chunk)

    def visible(self, image: Image.Image, longest_px: int) -> Image.Image:
        """Return the part of an image that the model sees, at most `longest_px` on a side."""
        image = limit_aspect(image.convert("RGB"))
        width, height = self._visible_size(image.width, image.height)
        left, top = (image.width - width) / 2, (image.height - height) / 2
        grid = self.grid
        longest_model_px = max(grid.image_width_px, grid.image_height_px)
        scale = min(longest_px, max(width, height)) / longest_model_px
        size = (
            max(1, round(grid.image_width_px * scale)),
            max(1, round(grid.image_height_px * scale)),
        )
        return image.resize(
            size, Image.Resampling.LANCZOS, box=(left, top, left + width, top + height)
        )

    def _visible_size(self, width: int, height: int) -> tuple[float, float]:
        """Return width and height, in pixels of the image, of the centre that the model sees."""
        processor = self.processor
        if not getattr(processor, "do_center_crop", False):
            return float(width), float(height)
        across, down = self.grid.image_width_px, self.grid.image_height_px
        if getattr(processor, "do_resize", True) and processor.size.shortest_edge:
            scale = processor.size.shortest_edge / min(width, height)
            return min(width, across / scale), min(height, down / scale)
        if getattr(processor, "do_resize", True) and processor.size.height:
            resized = processor.size
            return (
                min(width, across * width / resized.width),
                min(height, down * height / resized.height),
            )
        return float(min(width, across)), float(min(height, down))

    def _seen(self, pixels: torch.Tensor) -> Array:
        """Return the pixels before normalisation, uint8 (image, height, width, 3)."""
        unit = pixels.permute(0, 2, 3, 1).double().numpy()
        processor = self.processor
        if getattr(processor, "do_normalize", False):
            unit = unit * np.asarray(processor.image_std) + np.asarray(processor.image_mean)
        if not getattr(processor, "do_rescale", True):
            unit = unit / 255
        rounded: Array = np.clip(np.rint(unit * 255), 0, 255).astype(np.uint8)
        return rounded

    def _sprites(self, seen: Array) -> Array:
        """Return every patch of one image in 8 x 8 pixels, (patch, 8, 8, 3)."""
        rows, columns = self.grid.n_rows, self.grid.n_columns
        # Pixels beyond the last whole patch are not read by the model either.
        covered = Image.fromarray(seen[: rows * self.patch_px[0], : columns * self.patch_px[1]])
        # The windows of the box filter end at patch borders, so patches are not mixed.
        small = covered.resize((columns * SPRITE_PX, rows * SPRITE_PX), Image.Resampling.BOX)
        tiles = np.asarray(small).reshape(rows, SPRITE_PX, columns, SPRITE_PX, 3)
        return tiles.transpose(0, 2, 1, 3, 4).reshape(-1, SPRITE_PX, SPRITE_PX, 3)

    def _with_prefix(self, sprites: Array) -> Array:
        n_images = len(sprites)
        shape = (n_images, self.grid.n_prefix_tokens, *sprites.shape[2:])
        joined = np.concatenate([np.zeros(shape, np.uint8), sprites], axis=1)
        return joined.reshape(-1, *sprites.shape[2:])  # (token, 8, 8, 3)

    def _columns(self, sprites: Array) -> TokenColumns:
        """Return the columns of (image, patch, 8, 8, 3) sprites."""
        grid, columns = self.grid, TokenColumns()
        prefix = prefix_tokens(grid)
        nothing: list[None] = [None] * len(prefix)
        for patches in sprites:
            hue, brightness = hue_and_brightness(patches.mean(axis=(1, 2)))
            cells = [divmod(i, grid.n_columns) for i in range(len(patches))]
            columns.text += [text for text, _ in prefix] + [""] * len(patches)
            columns.token_type += [kind for _, kind in prefix] + ["patch"] * len(patches)
            columns.row += [*nothing, *(row for row, _ in cells)]
            columns.column += [*nothing, *(column for _, column in cells)]
            columns.hue += [*nothing, *hue]
            columns.brightness += [*nothing, *brightness]
            columns.position += range(grid.n_tokens)
            columns.token_id += [-1] * grid.n_tokens
        return columns


def prefix_tokens(grid: PatchGrid) -> list[tuple[str, TokenType]]:
    """Return text and type of the tokens before the first patch."""
    first: list[tuple[str, TokenType]] = [("[CLS]", "class")] if grid.has_class_token else []
    registers: list[tuple[str, TokenType]] = [("[REG]", "register")] * grid.n_registers
    n_others = grid.n_prefix_tokens - len(first) - len(registers)
    others: list[tuple[str, TokenType]] = [("[DIST]", "special")] * n_others
    return [*first, *registers, *others]


def hue_and_brightness(colours: Array) -> tuple[list[float | None], list[float | None]]:
    """Return hue and brightness of colours as HSV defines them.

    Parameters
    ----------
    colours : ndarray, shape (n, 3)
        RGB, 0…255.

    Returns
    -------
    hue : list of float or None
        0 (red) up to 1; None for a grey, which has no hue.
    brightness : list of float
        0…1, the largest of the three channels.
    """
    unit = np.asarray(colours, dtype=np.float64) / 255
    largest, least = unit.max(axis=1), unit.min(axis=1)
    chroma = largest - least
    is_grey = chroma < 1 / 255
    safe = np.where(is_grey, 1, chroma)
    red, green, blue = unit.T
    sixths = np.select(
        [largest == red, largest == green],
        [(green - blue) / safe % 6, (blue - red) / safe + 2],
        (red - green) / safe + 4,
    )
    hue = [
        None if grey else round(float(sixth) / 6 % 1, 4)
        for grey, sixth in zip(is_grey, sixths, strict=True)
    ]
    return hue, [round(float(value), 4) for value in largest]


def size_of(processor: Any) -> tuple[int, int] | None:
    """Return height and width of all images of a processor in pixels; None if they differ."""
    crop = getattr(processor, "crop_size", None)
    if getattr(processor, "do_center_crop", False) and crop and crop.height and crop.width:
        return crop.height, crop.width
    size = processor.size
    if getattr(processor, "do_resize", True) and size.height and size.width:
        return size.height, size.width
    return None


def fix_size(processor: Any, config: Any) -> tuple[int, int]:
    """Set the processor to one size for all images; return its height and width in pixels."""
    fixed = size_of(processor)
    if fixed is not None:
        return fixed
    height, width = pair(config.image_size)
    processor.do_resize, processor.do_center_crop = True, False
    processor.size = type(processor.size)(height=height, width=width)
    return height, width


def pair(size: Any) -> tuple[int, int]:
    """Return a size of one or two numbers as height and width."""
    height, width = size if isinstance(size, list | tuple) else (size, size)
    return int(height), int(width)


def limit_aspect(image: Image.Image) -> Image.Image:
    """Return the centre of an image whose aspect ratio exceeds `MAX_ASPECT`."""
    width, height = image.size
    limit = MAX_ASPECT * min(width, height)
    if max(width, height) <= limit:
        return image
    across, down = min(width, limit), min(height, limit)
    left, top = (width - across) // 2, (height - down) // 2
    return image.crop((left, top, left + across, top + down))
