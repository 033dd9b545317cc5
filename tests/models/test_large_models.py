"""Models in the dtype of their weights, and models whose weights do not fit into memory."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from tests.support.text_architectures import TEXT_ARCHITECTURES, make
from tests.support.tiny_models import SENTENCES, byte_level_tokenizer, save

from attentionviz import models

EXACT = 1e-14


@pytest.fixture(scope="module", params=["llama", "gpt-j"])
def folder(request, tmp_path_factory) -> Path:
    target = tmp_path_factory.mktemp(request.param)
    architecture, config = make(*TEXT_ARCHITECTURES[request.param])
    return save(architecture, config, target, tokenizer=byte_level_tokenizer())


def captured_by(model: models.LoadedModel) -> tuple[models.Batch, models.CapturedBatch]:
    batch = model.prepare_texts(SENTENCES[:3])
    return batch, models.capture_batch(model, batch)


def on_disk(model: models.LoadedModel) -> int:
    return sum(weights.device.type == "meta" for weights in model.network.parameters())


@pytest.mark.parametrize("max_memory", [12_000, 1])
def test_weights_on_disk_give_the_same_vectors_and_do_not_stay_in_memory(
    folder: Path, max_memory: int
) -> None:
    whole = models.load(str(folder), "cpu", local_models=None)
    _, expected = captured_by(whole)
    placed = models.load(
        str(folder), "cpu", local_models=None, placement=models.Placement(max_memory)
    )
    n_on_disk = on_disk(placed)
    assert n_on_disk > len(list(placed.network.parameters())) / 2
    batch, captured = captured_by(placed)
    for part in ("queries", "keys", "value_norms", "output_norms"):
        assert np.array_equal(getattr(captured, part), getattr(expected, part))
    assert models.check_attention(placed, batch, captured).exact_max_abs_error <= EXACT
    assert on_disk(placed) == n_on_disk


@pytest.mark.parametrize(
    ("name", "dtype"), [("llama", "auto"), ("llama", "float16"), ("gpt-j", "auto")]
)
def test_a_model_runs_in_the_dtype_of_its_weights_or_in_another(
    name: str, dtype: str, tmp_path: Path
) -> None:
    architecture, config = make(*TEXT_ARCHITECTURES[name])
    half = save(architecture, config, tmp_path, tokenizer=byte_level_tokenizer())
    halve(half)
    model = models.load(str(half), "cpu", local_models=None, dtype=dtype)
    expected = torch.bfloat16 if dtype == "auto" else torch.float16
    assert {weights.dtype for weights in model.network.parameters()} == {expected}
    assert model.description["dtype"] == str(expected).removeprefix("torch.")
    batch, captured = captured_by(model)
    assert captured.queries.dtype == captured.output_norms.dtype == np.float32
    check = models.check_attention(model, batch, captured)
    assert check.exact_max_abs_error <= EXACT
    assert 1e-5 < check.max_abs_error < 0.1  # rounding of the usual run


def halve(folder: Path) -> None:
    file = folder / "model.safetensors"
    weights = {name: weight.bfloat16() for name, weight in load_file(file).items()}
    save_file(weights, file, metadata={"format": "pt"})
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "dtype": "bfloat16"}))


def test_a_longer_text_than_the_model_reads_cannot_be_asked_for(folder: Path) -> None:
    model = models.load(str(folder), "cpu", local_models=None, max_length=5000)
    assert model.max_length < 5000
    assert [f"of up to {model.max_length:,} tokens" in note for note in model.notes] == [True]
