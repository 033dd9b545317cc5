"""Models that read images and texts: patches and words are one sequence of their attention."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
import transformers
from PIL import Image
from tests.support.image_text_models import (
    IMAGE_TEXT_MODELS,
    REFUSED_MODELS,
    save_image_text_model,
)
from tests.support.text_architectures import make
from tests.support.tiny_models import (
    byte_level_tokenizer,
    save,
    save_image_processor,
    save_tiny_bert,
)
from tests.support.vision_architectures import VISION_ARCHITECTURES

from attentionviz import models
from attentionviz.errors import AppError, CorpusError, UnsupportedModelError

EXACT = 1e-13
ROUNDING = 1e-5
TEXT = "the river in april"
Load = Callable[[str], models.LoadedModel]


@pytest.fixture(scope="module")
def load(tmp_path_factory: pytest.TempPathFactory) -> Load:
    """Return a function that gives a model of `IMAGE_TEXT_MODELS`, loaded once."""
    loaded: dict[str, models.LoadedModel] = {}

    def get(name: str) -> models.LoadedModel:
        if name not in loaded:
            folder = tmp_path_factory.mktemp("models") / "model"
            saved = save_image_text_model(folder, IMAGE_TEXT_MODELS[name])
            loaded[name] = models.load(str(saved), "cpu", local_models=None)
        return loaded[name]

    return get


def images(n: int) -> list[Image.Image]:
    generator = np.random.default_rng(1)
    shapes = [(40, 70, 3), (64, 64, 3), (90, 30, 3)]
    return [
        Image.fromarray(generator.integers(0, 256, shapes[i % 3], dtype=np.uint8)) for i in range(n)
    ]


@pytest.mark.parametrize("name", IMAGE_TEXT_MODELS)
def test_attention_over_patches_and_words_equals_the_models_own(name: str, load: Load) -> None:
    model, case = load(name), IMAGE_TEXT_MODELS[name]
    batch = model.prepare_image_texts([(image, TEXT) for image in images(3)])
    captured = models.capture_batch(model, batch)
    check = models.check_attention(model, batch, captured)
    assert check.exact_max_abs_error <= EXACT
    assert check.max_abs_error <= ROUNDING
    assert captured.queries.shape == (3, 4, batch.n_tokens, 8)
    assert model.modality == model.description["modality"] == "image-text"
    assert {rule.is_causal for rule in model.rules} == {case.is_causal}
    places = [i for i, kind in enumerate(batch.tokens.token_type) if kind == "patch"]
    block = (places[0], places[case.n_rows**2 - 1] + 1) if case.block else None
    assert {rule.block for rule in model.rules} == {block}


@pytest.mark.parametrize("name", IMAGE_TEXT_MODELS)
def test_patches_are_tokens_with_the_place_and_the_pixels_of_the_image(
    name: str, load: Load
) -> None:
    model, n = load(name), IMAGE_TEXT_MODELS[name].n_rows
    assert model.patch_grid is not None
    assert (model.patch_grid.n_rows, model.patch_grid.n_columns) == (n, n)
    halves = Image.new("RGB", (96, 96), (255, 0, 0))
    halves.paste((0, 0, 255), (0, 48, 96, 96))
    batch = model.prepare_image_texts([(halves, TEXT)])
    tokens = batch.tokens
    assert tokens.row is not None and batch.sprites is not None
    patches = [i for i, kind in enumerate(tokens.token_type) if kind == "patch"]
    words = sorted(set(range(batch.n_tokens)) - set(patches))
    assert [(tokens.row[i], tokens.column[i]) for i in patches] == [
        divmod(i, n) for i in range(n * n)
    ]
    for i, hue in [(i, 0.0) for i in patches[: n * n // 2]] + [
        (i, 2 / 3) for i in patches[n * n // 2 :]
    ]:
        assert abs(np.exp(2j * np.pi * (tokens.hue[i] or 0.0)) - np.exp(2j * np.pi * hue)) < 0.02
    assert {tokens.text[i] for i in patches} == {""}
    assert {(tokens.row[i], tokens.brightness[i]) for i in words} == {(None, None)}
    assert TEXT in "".join(tokens.text[i] for i in words)
    assert batch.sprites[patches[0]].max() == 255 and not batch.sprites[words].any()
    assert [*model.image_text_lengths([TEXT])] == batch.lengths


def test_texts_of_different_lengths_are_batches_without_padding(load: Load) -> None:
    model = load("llava")
    pairs = list(zip(images(3), [TEXT, TEXT, "april"], strict=True))
    batches = list(model.image_text_batches(pairs))
    assert [len(batch.lengths) for batch in batches] == [2, 1]
    assert batches[0].lengths[0] > batches[1].lengths[0]


def test_patches_in_another_order_than_the_image_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = save_image_text_model(tmp_path / "m", IMAGE_TEXT_MODELS["llava"])
    projector = transformers.models.llava.modeling_llava.LlavaMultiModalProjector
    forward = projector.forward
    monkeypatch.setattr(projector, "forward", lambda self, x: forward(self, x).flip(1))
    with pytest.raises(UnsupportedModelError, match="cannot be placed in it"):
        models.load(str(folder), "cpu", local_models=None)


@pytest.mark.parametrize("name", REFUSED_MODELS)
def test_an_image_that_is_no_grid_of_tokens_is_refused(name: str, tmp_path: Path) -> None:
    case, words = REFUSED_MODELS[name]
    folder = save_image_text_model(tmp_path, case)
    with pytest.raises(AppError, match=words):
        models.load(str(folder), "cpu", local_models=None)


def test_a_text_that_does_not_fit_or_stands_for_an_image_is_refused(load: Load) -> None:
    for text, words in (("april " * 300, "shorten it"), ("an <image>", "image")):
        with pytest.raises(CorpusError, match=words):
            load("llava").prepare_image_texts([(images(1)[0], text)])


def test_a_model_without_its_processor_is_refused(tmp_path: Path) -> None:
    folder = save_image_text_model(tmp_path / "m", IMAGE_TEXT_MODELS["llava"])
    (folder / "processor_config.json").unlink()
    (folder / "preprocessor_config.json").unlink(missing_ok=True)
    with pytest.raises(AppError, match="AutoImageProcessor"):
        models.load(str(folder), "cpu", local_models=None)


@pytest.mark.parametrize(("name", "is_causal"), [("clip", True), ("siglip", False)])
def test_a_pair_of_models_is_loaded_by_its_part(name: str, is_causal: bool, tmp_path: Path) -> None:
    case = VISION_ARCHITECTURES[name]
    architecture, config = make(case.prefix, {**case.arguments})
    tokenizer = byte_level_tokenizer()
    config.text_config.vocab_size = len(tokenizer)
    save(architecture, config, tmp_path, tokenizer=tokenizer)
    save_image_processor(tmp_path, *case.image_px)
    with pytest.raises(UnsupportedModelError, match="--part text or --part vision"):
        models.load(str(tmp_path), "cpu", local_models=None)
    model = models.load(str(tmp_path), "cpu", local_models=None, part="text")
    assert (model.modality, model.description["part"]) == ("text", "text")
    assert model.rules[0].is_causal == is_causal
    batch = model.prepare_texts(["april", "april"])
    check = models.check_attention(model, batch, models.capture_batch(model, batch))
    assert check.max_abs_error <= ROUNDING


def test_a_part_that_a_model_does_not_have_is_refused(tmp_path: Path) -> None:
    folder = save_tiny_bert(tmp_path)
    with pytest.raises(UnsupportedModelError, match="no vision model of its own"):
        models.load(str(folder), "cpu", local_models=None, part="vision")


def test_the_attention_of_the_vision_model_is_not_captured(load: Load) -> None:
    model = load("llava")
    batch = model.prepare_image_texts([(images(1)[0], TEXT)])
    names = {call.module for call in model.calls}
    assert len(names) == 3 and all("language_model" in name for name in names)
    with torch.inference_mode():
        own = model.network(**batch.inputs).last_hidden_state
    assert own.shape[1] == batch.n_tokens
