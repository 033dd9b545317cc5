"""Proof of which token of a sequence is which patch of its image, and the rules of attention."""

from typing import Any

import numpy as np
import torch
from PIL import Image
from transformers import PreTrainedModel

from attentionviz.errors import UnsupportedModelError
from attentionviz.models.forward import run, set_attention
from attentionviz.models.image_text import ImageTextInputs
from attentionviz.models.interface import IMPLEMENTATION, TO_ITSELF, AttentionCall, observe
from attentionviz.models.probe import Findings, probe

TEXT = "a"


def probe_image_texts(
    network: PreTrainedModel, inputs: ImageTextInputs, device: torch.device
) -> Findings:
    """Return the properties of attention in a model of images and texts.

    Raises
    ------
    UnsupportedModelError
        If the tokens of an image are not its patches, row by row.
    """
    _require_places(network, inputs, device)
    batch = inputs.longest_trial()
    return probe(network, batch.inputs, device, lengths=None, max_length=None)


def _require_places(
    network: PreTrainedModel, inputs: ImageTextInputs, device: torch.device
) -> None:
    """Raise UnsupportedModelError unless a changed corner of an image changes its token.

    Patches are mixed by nothing but the attention of the vision model, in which every patch attends
    to itself alone during this run.
    """
    grid = inputs.grid
    last_row, last_column = grid.n_rows - 1, grid.n_columns - 1
    corners = [(0, 0), (0, last_column), (last_row, 0), (last_row, last_column)]
    batch = inputs.prepare([(image, TEXT) for image in _images(inputs, corners)])
    keys: list[torch.Tensor] = []

    def keep(layer: int, call: AttentionCall) -> None:
        keys.append(call.key)
        raise _FirstLayerError

    set_attention(network, IMPLEMENTATION, of_images=TO_ITSELF)
    try:
        with observe(keep):
            run(network, batch.inputs, device)
    except _FirstLayerError:
        pass
    finally:
        set_attention(network, IMPLEMENTATION)
    found: list[int] = []
    if keys:
        change = (keys[0][1:] - keys[0][:1]).abs().amax(dim=(1, 3))  # (image, token)
        found = change.argmax(dim=1).tolist()
    expected = [inputs.places[row * grid.n_columns + column] for row, column in corners]
    if found != expected:
        raise UnsupportedModelError(
            f"the {len(inputs.places)} tokens of an image in a {network.config.model_type} cannot "
            f"be placed in it: they are not {grid.n_rows} rows of {grid.n_columns} patches"
        )


class _FirstLayerError(Exception):
    """Ends a forward pass of which only the first layer is needed."""


def _images(inputs: ImageTextInputs, corners: list[tuple[int, int]]) -> list[Image.Image]:
    """Return a seeded image, and copies of it with one patch changed, as the model sees them."""
    height, width = inputs.px
    seen = np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)
    images = [seen]
    for row, column in corners:
        changed = seen.copy()
        rows, columns = (
            slice(size * i // n, size * (i + 1) // n)
            for size, i, n in (
                (height, row, inputs.grid.n_rows),
                (width, column, inputs.grid.n_columns),
            )
        )
        changed[rows, columns] = 255 - changed[rows, columns]
        images.append(changed)
    return [_surrounded(image, inputs) for image in images]


def _surrounded(seen: Any, inputs: ImageTextInputs) -> Image.Image:
    """Return an image of whose centre a processor that crops sees exactly this part."""
    image = Image.fromarray(seen)
    processor = inputs.processor.image_processor
    shortest = getattr(processor.size, "shortest_edge", None)
    if not getattr(processor, "do_center_crop", False) or not shortest:
        return image
    whole = Image.new("RGB", (max(shortest, image.width), max(shortest, image.height)))
    whole.paste(image, ((whole.width - image.width) // 2, (whole.height - image.height) // 2))
    return whole
