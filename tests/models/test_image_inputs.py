"""Pictures become patches whose colours and places are those of the picture."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from tests.support.tiny_models import randomise
from transformers import (
    BitImageProcessorPil,
    CLIPImageProcessorPil,
    Dinov2Config,
    Dinov2Model,
    ViTConfig,
    ViTModel,
)

from attentionviz import models
from attentionviz.errors import InvalidRequestError, ModelNotAvailableError, UnsupportedModelError
from attentionviz.models.images import hue_and_brightness

Tiny = Callable[[str], models.LoadedModel]

COLOURS = [
    [(255, 0, 0), (0, 255, 0), (0, 0, 255)],
    [(255, 255, 0), (128, 128, 128), (0, 0, 0)],
    [(255, 0, 255), (0, 128, 128), (255, 255, 255)],
]


def checkered(px: int) -> Image.Image:
    blocks = np.array(COLOURS, dtype=np.uint8)
    return Image.fromarray(blocks.repeat(px, axis=0).repeat(px, axis=1))


def dinov2(folder: Path, processor: Any) -> models.LoadedModel:
    config = Dinov2Config(
        hidden_size=16, num_hidden_layers=1, num_attention_heads=2, image_size=32, patch_size=8
    )
    network = Dinov2Model(config)
    randomise(network, 0)
    network.save_pretrained(folder)
    processor.save_pretrained(folder)
    return models.load(str(folder), "cpu", local_models=None)


def test_each_patch_has_its_own_pixels_row_by_row(tiny: Tiny) -> None:
    batch = tiny("vit").prepare_images([checkered(8)])
    assert batch.sprites is not None
    assert batch.sprites.dtype == np.uint8
    assert not batch.sprites[0].any()  # the class token
    for patch, colour in enumerate(c for row in COLOURS for c in row):
        assert (batch.sprites[1 + patch] == colour).all()
    assert batch.tokens.row == [None, 0, 0, 0, 1, 1, 1, 2, 2, 2]
    assert batch.tokens.column == [None, 0, 1, 2, 0, 1, 2, 0, 1, 2]


def test_hue_and_brightness_are_those_of_the_patch(tiny: Tiny) -> None:
    tokens = tiny("vit").prepare_images([checkered(8)]).tokens
    near = {"abs": 1e-3}
    assert tokens.hue[:2] == [None, 0.0]
    assert tokens.hue[2:5] == pytest.approx([1 / 3, 2 / 3, 1 / 6], **near)
    assert tokens.hue[5] is None  # grey has none
    assert tokens.brightness[5:7] == [pytest.approx(128 / 255, **near), 0.0]


def test_columns_name_class_token_and_patches(tiny: Tiny) -> None:
    tokens = tiny("vit").prepare_images([checkered(8), checkered(20)]).tokens
    assert tokens.text == ["[CLS]", *[""] * 9] * 2
    assert tokens.token_type == ["class", *["patch"] * 9] * 2
    assert tokens.position == [*range(10)] * 2
    assert set(tokens.token_id) == {-1}


def test_hues_go_once_around_the_circle() -> None:
    hue, brightness = hue_and_brightness(np.array([[255, 0, 10], [10, 10, 10], [0, 100, 100]]))
    assert 0.9 < (hue[0] or 0) < 1
    assert hue[1] is None
    assert (hue[2], brightness[2]) == (0.5, round(100 / 255, 4))


def test_grey_and_transparent_pictures_are_taken_as_rgb(tiny: Tiny) -> None:
    pictures = [Image.new(mode, (30, 20)) for mode in ("L", "P", "LA", "RGBA", "1", "CMYK")]
    assert tiny("vit").prepare_images(pictures).inputs["pixel_values"].shape == (6, 3, 24, 24)


def test_one_pixel_and_very_long_pictures_are_taken(tiny: Tiny) -> None:
    model = tiny("vit")
    batch = model.prepare_images([Image.new("RGB", size) for size in ((1, 1), (1, 9000), (7, 3))])
    assert batch.lengths == [10, 10, 10]
    assert model.visible_image(Image.new("RGB", (9000, 2))).size == (16, 16)


def test_a_very_long_picture_does_not_grow_when_its_short_side_does(tmp_path: Path) -> None:
    model = dinov2(tmp_path, CLIPImageProcessorPil(size={"shortest_edge": 32}, crop_size=32))
    batch = model.prepare_images([Image.new("RGB", (1, 20_000_000))])
    assert batch.inputs["pixel_values"].shape == (1, 3, 32, 32)


def test_the_visible_part_is_the_middle_that_the_processor_crops(tmp_path: Path) -> None:
    processor = BitImageProcessorPil(size={"shortest_edge": 40}, crop_size=32)
    model = dinov2(tmp_path, processor)
    picture = Image.new("RGB", (160, 80), "black")
    picture.paste("white", (48, 8, 112, 72))  # 32 of 40 px of the height, in the middle
    assert np.asarray(model.visible_image(picture)).min() > 250
    batch = model.prepare_images([picture])
    assert batch.sprites is not None
    assert batch.sprites[1:].mean() > 245


def test_a_processor_without_a_fixed_size_gets_the_models_size(tmp_path: Path) -> None:
    processor = BitImageProcessorPil(size={"shortest_edge": 40}, do_center_crop=False)
    model = dinov2(tmp_path, processor)
    assert model.patch_grid is not None
    assert (model.patch_grid.image_height_px, model.patch_grid.image_width_px) == (32, 32)
    batch = model.prepare_images([Image.new("RGB", (100, 20)), Image.new("RGB", (20, 100))])
    assert batch.inputs["pixel_values"].shape == (2, 3, 32, 32)


def test_batches_of_images_keep_order_and_bound(tiny: Tiny) -> None:
    inputs = tiny("vit").inputs
    pictures = [checkered(8)] * 5
    assert [len(batch.lengths) for batch in inputs.batches(iter(pictures), 25)] == [2, 2, 1]


def test_an_image_model_says_that_it_reads_no_text(tiny: Tiny) -> None:
    with pytest.raises(InvalidRequestError, match="reads images, not text"):
        tiny("vit").prepare_texts(["april"])
    with pytest.raises(InvalidRequestError, match="reads text, not images"):
        tiny("bert").prepare_images([checkered(8)])


def test_a_model_without_its_image_processor_is_refused(tmp_path: Path) -> None:
    config = ViTConfig(hidden_size=16, num_hidden_layers=1, num_attention_heads=2)
    ViTModel(config).save_pretrained(tmp_path)
    with pytest.raises(ModelNotAvailableError, match="preprocessor_config.json"):
        models.load(str(tmp_path), "cpu", local_models=None)


def test_a_picture_size_that_the_model_has_no_positions_for_is_refused(tmp_path: Path) -> None:
    config = ViTConfig(
        hidden_size=16, num_hidden_layers=1, num_attention_heads=2, image_size=32, patch_size=8
    )
    ViTModel(config).save_pretrained(tmp_path)
    BitImageProcessorPil(size={"shortest_edge": 40}, crop_size=40).save_pretrained(tmp_path)
    with pytest.raises(ModelNotAvailableError, match="doesn't match model"):
        models.load(str(tmp_path), "cpu", local_models=None)


def test_channels_other_than_rgb_are_refused(tmp_path: Path) -> None:
    config = ViTConfig(hidden_size=16, num_hidden_layers=1, num_attention_heads=2, num_channels=1)
    ViTModel(config).save_pretrained(tmp_path)
    BitImageProcessorPil(crop_size=224).save_pretrained(tmp_path)
    with pytest.raises(UnsupportedModelError, match="does not divide RGB images"):
        models.load(str(tmp_path), "cpu", local_models=None)
