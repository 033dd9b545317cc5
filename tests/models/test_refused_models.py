"""Attention that is more than q·k, or not reached, is refused with the reason, never drawn."""

from pathlib import Path
from typing import Any

import pytest
from tests.support.text_architectures import COMMON, make
from tests.support.tiny_models import byte_level_tokenizer, save

from attentionviz import models
from attentionviz.errors import UnsupportedModelError

SWIN = {"image_size": 32, "patch_size": 4, "embed_dim": 16, "depths": [1], "num_heads": [2]}
CONTENT = "layer 0: its scores also depend on content beyond q·k"

REFUSED: dict[str, tuple[str, dict[str, Any], str]] = {
    "deberta": (
        "Deberta",
        {**COMMON, "relative_attention": True, "pos_att_type": ["c2p", "p2c"]},
        CONTENT,
    ),
    "xlnet": (
        "XLNet",
        {"vocab_size": 330, "d_model": 32, "n_layer": 2, "n_head": 4, "d_inner": 48},
        CONTENT,
    ),
    "longformer": (
        "Longformer",
        {**COMMON, "attention_window": 8},
        "layer 0: its scores also depend on an operation between q·k and the softmax",
    ),
    "mamba": (
        "Mamba",
        {"vocab_size": 330, "hidden_size": 32, "num_hidden_layers": 2},
        "no attention that can be observed",
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


def test_attention_inside_windows_of_a_picture_is_refused(tmp_path: Path) -> None:
    assert "a bias" in refusal_of("Swin", SWIN, tmp_path)
