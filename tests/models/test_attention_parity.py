"""Attention from captured queries and keys is the model's own, for every architecture."""

import dataclasses
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tests.support.text_architectures import TEXT_ARCHITECTURES, make
from tests.support.tiny_models import SENTENCES, byte_level_tokenizer, save
from tests.support.vision_architectures import VISION_ARCHITECTURES, VisionCase

from attentionviz import models
from attentionviz.errors import ShapeError, UnsupportedModelError
from attentionviz.models.parity import distance_from_usual_run

EXACT = 1e-14
"""Float64 within one layer, whose weights are at most 1."""
ROUNDING = 1e-5
"""Float32 through three layers, which amplify it little."""
UNEVEN = [SENTENCES[0], " ".join(SENTENCES[1:4]), "april", SENTENCES[5]]
Tiny = Callable[[str], models.LoadedModel]


def load_text(name: str, folder: Path) -> models.LoadedModel:
    architecture, config = make(*TEXT_ARCHITECTURES[name])
    tokenizer = byte_level_tokenizer()
    tokenizer.model_max_length = 90
    saved = str(save(architecture, config, folder, tokenizer=tokenizer))
    part = "encoder" if name.startswith("encoder of") else None
    return models.load(saved, "cpu", local_models=None, part=part)


def load_vision(case: VisionCase, folder: Path) -> models.LoadedModel:
    architecture, config = make(case.prefix, case.arguments, case.suffix)
    saved = save(architecture, config, folder, image_px=case.image_px)
    return models.load(str(saved), "cpu", local_models=None, part=case.part)


def pictures(n: int, seed: int = 0) -> list[Image.Image]:
    generator = np.random.default_rng(seed)
    sizes = [(31, 47), (64, 64), (50, 20)]
    return [
        Image.fromarray(generator.integers(0, 256, (*sizes[i % 3], 3), dtype=np.uint8))
        for i in range(n)
    ]


def require_telling(
    model: models.LoadedModel, batch: models.Batch, captured: models.CapturedBatch
) -> None:
    """Wrong keys must be far off, or equality would say nothing of near uniform attention."""
    unlike = dataclasses.replace(captured, keys=np.roll(captured.keys, 1, axis=2))
    assert distance_from_usual_run(model, batch, unlike)[0] > 1000 * ROUNDING


@pytest.mark.parametrize("name", TEXT_ARCHITECTURES)
def test_text_attention_equals_the_models_own_with_padding(name: str, tmp_path: Path) -> None:
    model = load_text(name, tmp_path)
    batch = model.prepare_texts(UNEVEN)
    captured = models.capture_batch(model, batch)
    check = models.check_attention(model, batch, captured)
    assert check.exact_max_abs_error <= EXACT
    assert check.max_abs_error <= ROUNDING
    assert check.exact_n_sequences == check.n_sequences == len(UNEVEN)
    assert captured.queries.shape == (3, 4, batch.n_tokens, 8)
    require_telling(model, batch, captured)
    changes_with_padding = name.startswith("convbert")
    assert len(list(model.text_batches(UNEVEN))) == (len(UNEVEN) if changes_with_padding else 1)


@pytest.mark.parametrize("name", VISION_ARCHITECTURES)
def test_image_attention_equals_the_models_own(name: str, tmp_path: Path) -> None:
    case = VISION_ARCHITECTURES[name]
    model = load_vision(case, tmp_path)
    batch = model.prepare_images(pictures(3))
    captured = models.capture_batch(model, batch)
    check = models.check_attention(model, batch, captured)
    assert check.exact_max_abs_error <= EXACT
    assert check.max_abs_error <= ROUNDING
    require_telling(model, batch, captured)
    grid = model.patch_grid
    assert grid is not None
    assert (grid.n_rows, grid.n_columns) == (case.n_rows, case.n_columns)
    assert (grid.n_prefix_tokens, grid.n_registers) == (case.n_prefix_tokens, case.n_registers)
    assert grid.has_class_token == (case.n_prefix_tokens > case.n_registers)


def test_grouped_keys_are_stored_once_per_key_head(tmp_path: Path) -> None:
    model = load_text("llama", tmp_path)
    captured = models.capture_batch(model, model.prepare_texts(UNEVEN))
    assert (model.n_heads, model.n_key_heads) == (4, 2)
    assert captured.keys.shape[1] == 2
    assert captured.output_norms.shape[1] == captured.value_norms.shape[1] == 4
    assert np.array_equal(captured.value_norms[:, 0], captured.value_norms[:, 1])


@pytest.mark.parametrize("name", ["bert", "gpt2", "qwen3 with windows in some layers"])
def test_a_sequence_has_the_same_vectors_alone_and_in_company(name: str, tmp_path: Path) -> None:
    model = load_text(name, tmp_path)
    batch = model.prepare_texts(UNEVEN)
    together = models.capture_batch(model, batch)
    start = 0
    for text, length in zip(UNEVEN, batch.lengths, strict=True):
        alone = models.capture_batch(model, model.prepare_texts([text]))
        inside = slice(start, start + length)
        for part in ("queries", "keys", "value_norms", "output_norms"):
            other = getattr(together, part)[:, :, inside]
            np.testing.assert_allclose(getattr(alone, part), other, rtol=1e-4, atol=1e-4)
        start += length


def test_the_error_of_half_precision_is_measured_and_decides_nothing(tiny: Tiny) -> None:
    model = tiny("bert")
    batch = model.prepare_texts(UNEVEN)
    captured = models.capture_batch(model, batch)
    full = models.check_attention(model, batch, captured)
    half = models.check_attention(
        model,
        batch,
        dataclasses.replace(
            captured,
            queries=captured.queries.astype(np.float16),
            keys=captured.keys.astype(np.float16),
        ),
    )
    assert full.max_abs_error < 1e-5 < half.max_abs_error < 2e-2
    assert full[:3] == half[:3]  # what is decided in float64


def test_arrays_of_another_shape_than_the_model_are_named(tiny: Tiny) -> None:
    model = tiny("bert")
    batch = model.prepare_texts(UNEVEN)
    captured = models.capture_batch(model, batch)
    short = dataclasses.replace(captured, queries=captured.queries[:1])
    with pytest.raises(ShapeError, match="queries has shape"):
        models.check_attention(model, batch, short)


def test_numbers_that_are_not_finite_never_pass(tiny: Tiny) -> None:
    model = tiny("bert")
    batch = model.prepare_texts(UNEVEN)
    captured = models.capture_batch(model, batch)
    broken = captured.queries.copy()
    broken[0, 0, 0, 0] = np.nan
    with pytest.raises(UnsupportedModelError, match="nan"):
        models.check_attention(model, batch, dataclasses.replace(captured, queries=broken))


def test_the_real_minilm_matches_its_own_attention(minilm: models.LoadedModel) -> None:
    model = minilm
    batch = model.prepare_texts([*SENTENCES, " ".join(SENTENCES) * 3])
    check = models.check_attention(model, batch, models.capture_batch(model, batch))
    assert check.exact_max_abs_error <= EXACT
    assert check.max_abs_error <= ROUNDING
    assert (model.n_layers, model.n_heads, model.d_head) == (6, 12, 32)
