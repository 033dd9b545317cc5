"""A sequence whose vectors are not finite is told from the others of its batch."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tests.support.tiny_models import (
    SENTENCES,
    break_token,
    break_weights,
    save_tiny_bert,
    save_tiny_gpt2,
    save_tiny_vit,
)

from attentionviz import models
from attentionviz.errors import UnsupportedModelError


def loaded(folder: Path) -> models.LoadedModel:
    return models.load(str(folder), device="cpu", local_models=None)


def bad(model: models.LoadedModel, batch: models.Batch) -> list[models.BadVector]:
    with pytest.raises(models.NotFiniteError) as caught:
        models.capture_batch(model, batch)
    return caught.value.vectors


def test_a_token_of_no_numbers_spoils_its_own_sequence_alone(tmp_path: Path) -> None:
    model = loaded(break_token(save_tiny_bert(tmp_path), "snow"))
    (vector,) = bad(model, model.prepare_texts(SENTENCES))
    assert (vector.sequence_idx, vector.location()) == (4, "token 10 'snow', layer 0, head 0")
    others = [text for text in SENTENCES if "snow" not in text]
    captured = models.capture_batch(model, model.prepare_texts(others))
    assert np.isfinite(captured.norms()).all()


def test_all_bad_sequences_of_a_batch_are_found_each_at_its_own_token(tmp_path: Path) -> None:
    model = loaded(break_token(save_tiny_gpt2(tmp_path), "Ġriver"))
    found = bad(model, model.prepare_texts(SENTENCES))
    places = [(vector.sequence_idx, vector.location()) for vector in found]
    assert [sequence for sequence, _ in places] == [0, 3, 5]
    assert all("' river', layer 0, head 0" in place for _, place in places)


@pytest.mark.parametrize("token", ["[PAD]", "a"])
def test_padding_and_words_of_the_trial_have_no_say(tmp_path: Path, token: str) -> None:
    model = loaded(break_token(save_tiny_bert(tmp_path), token))
    captured = models.capture_batch(model, model.prepare_texts(SENTENCES[:2]))
    assert np.isfinite(captured.norms()).all()


@pytest.mark.parametrize(
    ("name", "index", "place", "kind"),
    [
        ("layer.1.attention.self.query.bias", 9, "layer 1, head 1", "query"),
        ("layer.1.attention.self.key.weight", 0, "layer 1, head 0", "key"),
        ("layer.1.attention.self.value.bias", 15, "layer 1, head 1", "value"),
        ("layer.0.attention.self.value.bias", 0, "layer 0, head 0", "value"),
    ],
)
def test_layer_head_and_kind_are_those_where_it_begins(
    tmp_path: Path, name: str, index: int, place: str, kind: str
) -> None:
    model = loaded(break_weights(save_tiny_bert(tmp_path), name, index))
    (vector,) = bad(model, model.prepare_texts(SENTENCES[:1]))
    assert vector.location() == f"token 1 '[CLS]', {place}"
    assert vector.kind == kind


def test_large_numbers_are_finite_though_their_sum_is_not(tmp_path: Path) -> None:
    folder = save_tiny_bert(tmp_path)
    model = loaded(break_weights(folder, "layer.1.attention.self.query.bias", 0, 3e38))
    captured = models.capture_batch(model, model.prepare_texts(SENTENCES))
    assert captured.queries[1, 0].sum(dtype=np.float64) > np.finfo(np.float32).max


def test_a_patch_is_named_by_its_place(tmp_path: Path) -> None:
    model = loaded(save_tiny_vit(tmp_path))
    batch = model.prepare_images([Image.new("RGB", (24, 24), colour) for colour in ("red", "blue")])
    captured = models.capture_batch(model, batch)
    captured.keys[1, 1, 16] = np.nan
    (vector,) = captured.bad_vectors(batch)
    assert vector.sequence_idx == 1
    assert vector.location() == "token 7 (patch in row 1, column 2), layer 1, head 1"


def test_an_image_model_of_no_numbers_is_refused_for_that(tmp_path: Path) -> None:
    folder = break_weights(save_tiny_vit(tmp_path), "position_embeddings", (0, 6, 0))
    with pytest.raises(UnsupportedModelError, match="not finite"):
        loaded(folder)
