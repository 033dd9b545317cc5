"""Loading reads safetensors only, describes what it read, and fails in one sentence."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from tests.support.text_architectures import TEXT_ARCHITECTURES, make
from tests.support.tiny_models import byte_level_tokenizer, save, save_tiny_bert, save_tiny_gpt2
from transformers import BertForMaskedLM, GPT2LMHeadModel

from attentionviz import models
from attentionviz.errors import AppError, ConfigError, ModelNotAvailableError
from attentionviz.models.interface import AttentionCall, observe
from attentionviz.models.weights import (
    license_of,
    settings_sha256,
    weight_files,
    weights_sha256,
)

Tiny = Callable[[str], models.LoadedModel]


def load(folder: Path, **options: int) -> models.LoadedModel:
    return models.load(str(folder), "cpu", local_models=None, **options)


def test_a_model_is_described_as_the_manifest_wants_it(minilm: models.LoadedModel) -> None:
    description = minilm.description
    assert description["family"] == "bert"
    assert description["architecture"] == "BertModel"
    assert description["license"] == "apache-2.0"
    assert len(description["weights_sha256"]) == 64
    assert json.loads(json.dumps(description)) == description


def test_no_path_of_this_machine_is_described(tiny: Tiny) -> None:
    assert "/" not in json.dumps(tiny("bert").description)


@pytest.mark.parametrize("architecture", [GPT2LMHeadModel, BertForMaskedLM])
def test_of_a_model_with_a_head_only_the_base_is_taken(architecture: type, tmp_path: Path) -> None:
    name = "gpt2" if architecture is GPT2LMHeadModel else "bert"
    _, config = make(*TEXT_ARCHITECTURES[name])
    save(architecture, config, tmp_path, tokenizer=byte_level_tokenizer())
    assert load(tmp_path).description["architecture"] in ("GPT2Model", "BertModel")


def test_weights_in_a_format_that_can_run_code_are_not_read(tmp_path: Path) -> None:
    save_tiny_bert(tmp_path)
    (tmp_path / "model.safetensors").rename(tmp_path / "pytorch_model.bin")
    with pytest.raises(ModelNotAvailableError, match="has no model.safetensors"):
        load(tmp_path)


def test_code_that_comes_with_a_model_is_never_run(tmp_path: Path) -> None:
    save_tiny_bert(tmp_path)
    config = json.loads((tmp_path / "config.json").read_text())
    config.update(
        {"model_type": "mine", "auto_map": {"AutoConfig": "mine.C", "AutoModel": "mine.M"}}
    )
    (tmp_path / "config.json").write_text(json.dumps(config))
    (tmp_path / "mine.py").write_text("raise SystemExit('ran')")
    with pytest.raises(ModelNotAvailableError, match="cannot be loaded"):
        load(tmp_path)


def test_missing_weights_of_attention_are_never_drawn_at_random(tmp_path: Path) -> None:
    save_tiny_bert(tmp_path)
    weights = load_file(tmp_path / "model.safetensors")
    absent = "encoder.layer.1.attention.self.query.weight"
    del weights[absent]
    save_file(weights, tmp_path / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(ModelNotAvailableError, match=f"lack {absent}"):
        load(tmp_path)


def test_a_missing_pooler_is_no_loss(tmp_path: Path) -> None:
    save_tiny_bert(tmp_path)
    weights = load_file(tmp_path / "model.safetensors")
    kept = {name: tensor for name, tensor in weights.items() if "pooler" not in name}
    assert len(kept) < len(weights)
    save_file(kept, tmp_path / "model.safetensors", metadata={"format": "pt"})
    assert load(tmp_path).n_layers == 2


@pytest.mark.parametrize("damage", ["cut", "empty", "config", "no config", "no tokenizer"])
def test_a_damaged_folder_is_one_sentence(damage: str, tmp_path: Path) -> None:
    save_tiny_bert(tmp_path / "mine")
    weights, config = (tmp_path / "mine" / n for n in ("model.safetensors", "config.json"))
    if damage == "cut":
        weights.write_bytes(weights.read_bytes()[:1000])
    elif damage == "empty":
        weights.write_bytes(b"")
    elif damage == "config":
        config.write_text("{")
    elif damage == "no config":
        config.unlink()
    else:
        (tmp_path / "mine" / "tokenizer.json").unlink()
    with pytest.raises(ModelNotAvailableError, match="^mine ") as caught:
        load(tmp_path / "mine")
    assert "\n" not in str(caught.value)


def test_an_index_never_leads_out_of_the_folder(tmp_path: Path) -> None:
    index = {"weight_map": {"a": "../outside.safetensors"}}
    (tmp_path / "model.safetensors.index.json").write_text(json.dumps(index))
    with pytest.raises(ModelNotAvailableError, match="of mine names '../outside.safetensors'"):
        weight_files(tmp_path, "mine")


def test_weights_in_several_files_have_one_hash(tmp_path: Path) -> None:
    parts = {f"model-0000{i}-of-00002.safetensors": bytes([i]) for i in (1, 2)}
    for name, content in parts.items():
        (tmp_path / name).write_bytes(content)
    index = {"weight_map": {f"w{i}": name for i, name in enumerate(parts)}}
    (tmp_path / "model.safetensors.index.json").write_text(json.dumps(index))
    before = weights_sha256(tmp_path, sorted(parts))
    assert weight_files(tmp_path, "mine") == sorted(parts)
    (tmp_path / min(parts)).write_bytes(b"other")
    assert weights_sha256(tmp_path, sorted(parts)) != before


@pytest.mark.parametrize("name", ["README.md", "MODEL_CARD.md"])
@pytest.mark.parametrize(
    ("card", "found"),
    [
        ("---\nlanguage: en\nlicense: mit\n---\ntext", "mit"),
        ('\ufeff---\r\nlicense: "apache-2.0" # yes\r\n---\r\n', "apache-2.0"),
        ("# no head\nlicense: mit", None),
        ("---\nlanguage: en\n---\nlicense: mit", None),
    ],
)
def test_the_licence_is_read_from_the_head_of_the_card(
    card: str, found: str | None, name: str, tmp_path: Path
) -> None:
    (tmp_path / name).write_text(card, encoding="utf-8", newline="")
    assert license_of(tmp_path) == found


def test_lengths_are_bounded_by_the_model_and_by_choice(tmp_path: Path) -> None:
    save_tiny_gpt2(tmp_path)
    assert load(tmp_path).max_length == 64
    assert load(tmp_path, max_length=12).max_length == 12


def test_roberta_loses_the_positions_before_its_padding_index(tmp_path: Path) -> None:
    architecture, config = make(*TEXT_ARCHITECTURES["roberta"])
    save(architecture, config, tmp_path, tokenizer=byte_level_tokenizer())
    model = load(tmp_path)
    assert model.max_length == 96  # of 98, the first two are not used
    batch = model.prepare_texts(["a " * 300])
    assert models.capture_batch(model, batch).queries.shape[2] == 96


def test_devices_that_are_not_there_are_named() -> None:
    with pytest.raises(ConfigError, match="'tpu' is unknown"):
        models.load("demo-bert", "tpu", local_models=None)
    if not torch.cuda.is_available():
        with pytest.raises(ConfigError, match="cuda does not exist here"):
            models.load("demo-bert", "cuda", local_models=None)


@pytest.mark.parametrize("name", ["bert", "gpt2"])
def test_output_norms_are_those_of_values_times_output_weights(name: str, tiny: Tiny) -> None:
    model = tiny(name)
    batch = model.prepare_texts(["In april the river rose again."])
    values: list[torch.Tensor] = []

    def keep(layer: int, call: AttentionCall) -> None:
        values.append(call.value[0].clone())  # (head, token, d)

    with observe(keep):
        model.forward(batch)
    captured = models.capture_batch(model, batch)
    for layer, value in enumerate(values):
        if name == "bert":
            weight = model.network.encoder.layer[layer].attention.output.dense.weight.T
        else:
            weight = model.network.h[layer].attn.c_proj.weight
        by_head = weight.detach().reshape(2, 8, 16)  # (head, d, d_model)
        expected = torch.linalg.vector_norm(value @ by_head, dim=-1)
        np.testing.assert_allclose(captured.output_norms[layer], expected, rtol=1e-4)
        expected = torch.linalg.vector_norm(value, dim=-1)
        np.testing.assert_allclose(captured.value_norms[layer], expected, rtol=1e-5)


def test_capturing_leaves_the_models_output_as_it_is(tiny: Tiny) -> None:
    model = tiny("bert")
    batch = model.prepare_texts(["In april the river rose again.", "april"])
    before = model.forward(batch).last_hidden_state
    models.capture_batch(model, batch)
    model.network.set_attn_implementation("sdpa")
    plain = model.forward(batch).last_hidden_state
    model.network.set_attn_implementation("attentionviz_capture")
    assert torch.equal(before, plain)


def test_a_batch_holds_no_more_than_memory_allows(
    tiny: Tiny, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = tiny("gpt2")
    monkeypatch.setattr("attentionviz.models.loaded.MAX_CAPTURE_BYTES", 20_000)
    assert model.batch_tokens == 20_000 // (4 * 2 * 4 * 8)
    for batch in model.text_batches(["In april the river rose again."] * 20):
        captured = models.capture_batch(model, batch)
        assert captured.queries.nbytes + captured.keys.nbytes <= 20_000


def test_every_error_of_loading_is_meant_for_the_user(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("[]")
    (tmp_path / "model.safetensors").write_bytes(b"\xff" * 64)
    with pytest.raises(AppError):
        load(tmp_path)


def test_every_file_that_loading_may_read_decides_the_hash_of_the_settings(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "README.md").write_text("words")
    before = settings_sha256(tmp_path)
    (tmp_path / "README.md").write_text("other words")
    (tmp_path / "._config.json").write_text("left behind by a system")
    assert settings_sha256(tmp_path) == before
    (tmp_path / "vocab.txt").write_text("a")
    assert settings_sha256(tmp_path) != before
