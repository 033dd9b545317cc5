"""Attention that is more than q·k, or not reached, is refused with the reason, never drawn."""

from pathlib import Path
from typing import Any

import pytest
from tests.support.text_architectures import COMMON, make
from tests.support.tiny_models import byte_level_tokenizer, save

from attentionviz import models
from attentionviz.errors import UnsupportedModelError
from attentionviz.models import probe

SWIN = {"image_size": 32, "patch_size": 4, "embed_dim": 16, "depths": [1], "num_heads": [2]}
GPT_NEO = {
    "vocab_size": 330,
    "hidden_size": 32,
    "num_layers": 2,
    "num_heads": 4,
    "attention_types": [[["global", "local"], 1]],
}

REFUSED: dict[str, tuple[str, dict[str, Any], str]] = {
    "bloom": (
        "Bloom",
        {"vocab_size": 330, "hidden_size": 32, "n_layer": 2, "n_head": 4},
        "cannot be observed",
    ),
    "deberta": ("Deberta", COMMON, "contents and relative positions"),
    "gpt-neo": ("GPTNeo", GPT_NEO, "cannot be observed"),
    "xlm": (
        "XLM",
        {"vocab_size": 330, "emb_dim": 32, "n_layers": 2, "n_heads": 4},
        "not use the attention interface",
    ),
    "mamba": (
        "Mamba",
        {"vocab_size": 330, "hidden_size": 32, "num_hidden_layers": 2},
        "not use the attention interface",
    ),
}


def refusal_of(prefix: str, arguments: dict[str, Any], folder: Path) -> str:
    architecture, config = make(prefix, arguments)
    save(architecture, config, folder, tokenizer=byte_level_tokenizer(), image_px=(32, 32))
    with pytest.raises(UnsupportedModelError) as caught:
        models.load(str(folder), "cpu", local_models=None)
    return str(caught.value)


@pytest.mark.parametrize("name", REFUSED)
def test_a_model_beyond_queries_and_keys_is_refused_by_its_reason(
    name: str, tmp_path: Path
) -> None:
    prefix, arguments, reason = REFUSED[name]
    message = refusal_of(prefix, arguments, tmp_path)
    assert reason in message
    assert "\n" not in message


@pytest.mark.parametrize("name", ["bloom", "deberta", "gpt-neo"])
def test_a_model_without_a_known_reason_is_refused_all_the_same(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prefix, arguments, _ = REFUSED[name]
    monkeypatch.delitem(probe.WHY_NOT_REACHED, name.replace("-", "_"))
    message = refusal_of(prefix, arguments, tmp_path)
    assert "does not use the attention interface" in message or "more than q·k" in message


def test_attention_inside_windows_of_a_picture_is_refused(tmp_path: Path) -> None:
    assert "Swin attends inside windows" in refusal_of("Swin", SWIN, tmp_path)
