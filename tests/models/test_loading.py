"""Loading reads safetensors only, describes what it read, and fails in one sentence."""

import errno
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from tests.support.hostile_models import update
from tests.support.text_architectures import COMMON, TEXT_ARCHITECTURES, make
from tests.support.tiny_models import byte_level_tokenizer, save, save_tiny_bert, save_tiny_gpt2
from transformers import BertForMaskedLM, GPT2LMHeadModel

from attentionviz import models
from attentionviz.errors import AppError, ConfigError, ModelNotAvailableError, OutOfMemoryError
from attentionviz.models import loading
from attentionviz.models.interface import AttentionCall, observe
from attentionviz.models.names import ModelSource
from attentionviz.models.steps import step
from attentionviz.models.weights import (
    license_of,
    settings_sha256,
    weight_files,
    weights_sha256,
)

Tiny = Callable[[str], models.LoadedModel]


def load(folder: Path, **options: int) -> models.LoadedModel:
    return models.load(str(folder), "cpu", local_models=None, **options)


def source_of(folder: Path) -> ModelSource:
    return ModelSource(folder, "mine", "local folder", None)


def test_a_model_is_described_as_the_manifest_wants_it(minilm: models.LoadedModel) -> None:
    description = minilm.description
    assert description["family"] == "bert"
    assert description["architecture"] == "BertModel"
    assert description["license"] == "apache-2.0"
    assert len(description["weights_sha256"]) == 64
    assert json.loads(json.dumps(description)) == description


def test_no_path_of_this_machine_is_described(tiny: Tiny) -> None:
    assert "/" not in json.dumps(tiny("bert").description)


def test_layers_that_the_configuration_leaves_out_are_noted(tmp_path: Path) -> None:
    save_tiny_bert(tmp_path)
    assert load(tmp_path).notes == ()
    update(tmp_path, "config.json", num_hidden_layers=1)
    model = load(tmp_path)
    assert model.n_layers == 1
    assert "also have layer 1, which its config.json leaves out" in model.notes[0]


@pytest.mark.parametrize("architecture", [GPT2LMHeadModel, BertForMaskedLM])
def test_of_a_model_with_a_head_only_the_base_is_taken(architecture: type, tmp_path: Path) -> None:
    name = "gpt2" if architecture is GPT2LMHeadModel else "bert"
    _, config = make(*TEXT_ARCHITECTURES[name])
    save(architecture, config, tmp_path, tokenizer=byte_level_tokenizer())
    assert load(tmp_path).description["architecture"] in ("GPT2Model", "BertModel")


def test_code_that_comes_with_a_model_is_never_run(tmp_path: Path) -> None:
    save_tiny_bert(tmp_path)
    config = json.loads((tmp_path / "config.json").read_text())
    config.update(
        {"model_type": "mine", "auto_map": {"AutoConfig": "mine.C", "AutoModel": "mine.M"}}
    )
    (tmp_path / "config.json").write_text(json.dumps(config))
    (tmp_path / "mine.py").write_text("raise SystemExit('ran')")
    with pytest.raises(ModelNotAvailableError, match="its own Python code, which is never run"):
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


def test_an_index_never_leads_out_of_the_folder(tmp_path: Path) -> None:
    index = {"weight_map": {"a": "../outside.safetensors"}}
    (tmp_path / "model.safetensors.index.json").write_text(json.dumps(index))
    with pytest.raises(ModelNotAvailableError, match="of mine lists '../outside.safetensors'"):
        weight_files(source_of(tmp_path))


def test_weights_in_several_files_have_one_hash(tmp_path: Path) -> None:
    parts = [f"model-0000{i}-of-00002.safetensors" for i in (1, 2)]
    for i, name in enumerate(parts):
        save_file({f"w{i}": torch.tensor([i])}, tmp_path / name)
    index = {"weight_map": {f"w{i}": name for i, name in enumerate(parts)}}
    (tmp_path / "model.safetensors.index.json").write_text(json.dumps(index))
    before = weights_sha256(tmp_path, parts)
    assert weight_files(source_of(tmp_path)) == parts
    (tmp_path / min(parts)).write_bytes(b"other")
    assert weights_sha256(tmp_path, parts) != before


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


@pytest.mark.parametrize(
    ("architecture", "n_positions"),
    [
        (TEXT_ARCHITECTURES["roberta"], 96),  # of 98, the first two are not used
        (("Esm", {**COMMON, "max_position_embeddings": 10, "pad_token_id": 1}), 8),  # as few
        (TEXT_ARCHITECTURES["opt"], 96),  # of 98
        (TEXT_ARCHITECTURES["llama"], 96),  # no table, so what the configuration says
    ],
)
def test_texts_are_cut_where_the_positions_of_the_model_end(
    architecture: tuple[str, dict[str, Any]], n_positions: int, tmp_path: Path
) -> None:
    save(*make(*architecture), tmp_path, tokenizer=byte_level_tokenizer())
    model = load(tmp_path)
    assert model.max_length == n_positions
    batch = model.prepare_texts(["a " * 300])
    assert models.capture_batch(model, batch).queries.shape[2] == n_positions


@pytest.mark.parametrize("length", [10**30, None, -1, 0])
def test_a_tokenizer_that_states_no_length_leaves_that_of_the_model(
    length: int | None, tiny_gpt2: Path, tmp_path: Path
) -> None:
    folder = shutil.copytree(tiny_gpt2, tmp_path / "mine")
    update(folder, "tokenizer_config.json", model_max_length=length)
    assert load(folder).max_length == 64


@pytest.mark.parametrize("name", ["bert", "roberta", "gpt2", "llama", "opt"])
@pytest.mark.parametrize(
    ("padding", "config_padding"),
    [
        (None, None),
        (None, 7),  # of a word
        ("[PAD]", None),  # added, so that no embedding has a row for it
        ("[PAD]", 10**6),
        ("a", -1),
    ],
)
def test_padding_changes_nothing_whatever_its_token(
    name: str, padding: str | None, config_padding: int | None, tmp_path: Path
) -> None:
    prefix, arguments = TEXT_ARCHITECTURES[name]
    architecture, config = make(prefix, arguments)
    tokenizer = byte_level_tokenizer()
    tokenizer.add_tokens([f"<{i}>" for i in range(arguments["vocab_size"] - len(tokenizer))])
    tokenizer.add_special_tokens({"pad_token": padding} if padding else {})
    assert padding != "[PAD]" or tokenizer.pad_token_id == arguments["vocab_size"]
    save(architecture, config, tmp_path, tokenizer=tokenizer)
    if name != "roberta":  # which counts its positions from this one
        update(tmp_path, "config.json", pad_token_id=config_padding)
    model = load(tmp_path)
    texts = ["In april the river!", "a", "She read the letter twice, then she read it again."]
    together = models.capture_batch(model, model.prepare_texts(texts))
    start = 0
    for text in texts:
        alone = models.capture_batch(model, model.prepare_texts([text]))
        for found, expected in ((together.queries, alone.queries), (together.keys, alone.keys)):
            part = found[:, :, start : start + alone.lengths[0]]
            np.testing.assert_allclose(part, expected, atol=1e-4, rtol=1e-4)
        start += alone.lengths[0]


def test_positions_that_no_padding_token_tells_are_named(tmp_path: Path) -> None:
    architecture, config = make(*TEXT_ARCHITECTURES["roberta"])
    save(architecture, config, tmp_path / "mine", tokenizer=byte_level_tokenizer())
    update(tmp_path / "mine", "config.json", pad_token_id=None)
    with pytest.raises(ModelNotAvailableError, match="counts positions from its pad_token_id"):
        load(tmp_path / "mine")


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        OSError(errno.ENOMEM, "Cannot allocate memory"),
        RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes"),
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB"),
    ],
)
def test_too_little_memory_has_words_of_its_own(error: Exception) -> None:
    whose = "memory of the GPU was" if "CUDA" in str(error) else "the memory was"
    with (
        pytest.raises(OutOfMemoryError, match=f"{whose} too small for reading it"),
        step("reading it", ModelNotAvailableError),
    ):
        raise error


@pytest.mark.parametrize(
    ("function", "doing"),
    [
        ("weights_sha256", "reading the files of tiny-bert"),
        ("require_loaded", "reading the weights of tiny-bert"),
        ("probe", "the trial run of tiny-bert"),
    ],
)
def test_the_step_that_failed_is_named(
    function: str, doing: str, tiny_bert: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ValueError(f"no\n{tiny_bert}")

    monkeypatch.setattr(loading, function, fail)
    with pytest.raises(ModelNotAvailableError, match=f"^{doing} failed: no tiny-bert$"):
        load(tiny_bert)


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
