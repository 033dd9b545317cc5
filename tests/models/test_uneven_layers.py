"""Hybrids, and layers with heads of their own number and size: found by measuring, and exact."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tests.support.text_architectures import UNEVEN_LAYERS, make
from tests.support.tiny_models import SENTENCES, byte_level_tokenizer, save
from transformers.models.lfm2.modeling_lfm2 import Lfm2ShortConv

from attentionviz import models
from attentionviz.core.heads import NO_ATTENTION, NOT_CAPTURED, LayerHeads, without_heads
from attentionviz.core.types import HeadId
from attentionviz.errors import InvalidRequestError, UnsupportedModelError

EXACT = 1e-14
ROUNDING = 1e-5
NONE = without_heads(NO_ATTENTION)


def load(name: str, folder: Path) -> models.LoadedModel:
    architecture, config = make(*UNEVEN_LAYERS[name][:2])
    tokenizer = byte_level_tokenizer()
    tokenizer.model_max_length = 90
    saved = save(architecture, config, folder, tokenizer=tokenizer)
    return models.load(str(saved), "cpu", local_models=None)


def checked(model: models.LoadedModel) -> models.CapturedBatch:
    """Return a batch with padding, held against the model's own eager attention."""
    batch = model.prepare_texts([SENTENCES[0], " ".join(SENTENCES[1:4])])
    captured = models.capture_batch(model, batch)
    check = models.check_attention(model, batch, captured)
    assert check.exact_max_abs_error <= EXACT
    assert check.max_abs_error <= ROUNDING
    return captured


@pytest.mark.parametrize("name", UNEVEN_LAYERS)
def test_layers_keep_their_numbers_and_their_own_heads(name: str, tmp_path: Path) -> None:
    model = load(name, tmp_path)
    assert [heads and LayerHeads(*heads) for heads in UNEVEN_LAYERS[name][2]] == [
        None if heads == NONE else heads for heads in model.layers
    ]
    captured = checked(model)
    for head in model.heads:
        queries, keys = captured.vectors(head)
        assert (
            queries.shape == keys.shape == (sum(captured.lengths), model.layers[head.layer].d_head)
        )
        assert queries.any(axis=1).all() and keys.any(axis=1).all()


def test_only_the_layers_that_are_wanted_are_captured_and_checked(tmp_path: Path) -> None:
    whole = load("gemma 4", tmp_path)
    model = whole.only([1, 2])
    absent = without_heads(NOT_CAPTURED)
    assert model.layers == [absent, *whole.layers[1:3], absent]
    captured = checked(model)
    assert captured.queries.shape[:2] == (2, 4)
    everything = models.capture_batch(whole, whole.prepare_texts(SENTENCES[:1]))
    some = models.capture_batch(model, model.prepare_texts(SENTENCES[:1]))
    for head in (HeadId(1, 3), HeadId(2, 0)):
        for found, expected in zip(some.vectors(head), everything.vectors(head), strict=True):
            assert np.array_equal(found, expected)


@pytest.mark.parametrize(
    ("layers", "words"),
    [([4], "--layers has 4, but .* has layers 0..3"), ([0, 2], "with attention are 1, 3")],
)
def test_layers_that_there_are_not_or_that_do_not_attend_are_refused(
    layers: list[int], words: str, tmp_path: Path
) -> None:
    model = load("lfm2", tmp_path)
    with pytest.raises(InvalidRequestError, match=words):
        model.only(layers)


def attends_instead(is_changed: bool, layers: tuple[int, ...]) -> Any:
    plain = Lfm2ShortConv.forward

    def forward(self: Any, hidden_states: torch.Tensor, *_: Any, **options: Any) -> torch.Tensor:
        if self.layer_idx not in layers:
            return plain(self, hidden_states, **options)
        scores = hidden_states @ hidden_states.mT / 8
        scores = scores.relu() if is_changed else scores
        causal = torch.ones(scores.shape[1:], dtype=torch.bool).tril()
        weights = scores.masked_fill(~causal, -torch.inf).softmax(-1)
        return self.out_proj(weights @ hidden_states)

    return forward


def test_a_layer_that_attends_in_code_of_its_own_is_not_taken_for_one_without_attention(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Lfm2ShortConv, "forward", attends_instead(False, (0, 2)))
    model = load("lfm2", tmp_path / "exact")
    assert model.is_traced
    assert model.layers == [LayerHeads(1, 1, 32), LayerHeads(4, 2, 8)] * 2
    checked(model)
    monkeypatch.undo()
    monkeypatch.setattr(Lfm2ShortConv, "forward", attends_instead(True, (2,)))
    with pytest.raises(UnsupportedModelError, match=r"layer 2: its scores .* \(relu\)"):
        load("lfm2", tmp_path / "changed")


def test_two_attentions_of_a_layer_are_not_taken_for_two_layers(tmp_path: Path) -> None:
    architecture, config = make("DiffLlama", UNEVEN_LAYERS["lfm2"][1] | {"layer_types": None})
    saved = save(architecture, config, tmp_path, tokenizer=byte_level_tokenizer())
    with pytest.raises(UnsupportedModelError, match="a layer of diffllama attends more than once"):
        models.load(str(saved), "cpu", local_models=None)
