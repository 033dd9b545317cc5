"""Attention that is softmax(scaling · q·k) is told from attention that is not, whatever the noise.

The model's own eager attention is altered in one layer, by as little as 1e-4 of one score.
"""

import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from tests.support.text_architectures import GROUPED, TEXT_ARCHITECTURES, make
from tests.support.tiny_models import (
    SENTENCES,
    byte_level_tokenizer,
    randomise,
    save_image_processor,
)
from torch import nn
from transformers.models.bert.modeling_bert import BertLayer, BertSelfAttention
from transformers.models.gptj.modeling_gptj import GPTJAttention

from attentionviz import models
from attentionviz.errors import UnsupportedModelError
from attentionviz.models.exact import check_exactly
from attentionviz.models.forward import run

UNEVEN = [" ".join(SENTENCES[:2]), "april", SENTENCES[3]]
Tensor = torch.Tensor
Loaded = Callable[[str], models.LoadedModel]
Alter = Callable[[Tensor], Tensor]


def same(tensor: Tensor) -> Tensor:
    return tensor


def attention(
    scores: Alter = same, softmax: Alter = lambda s: s.softmax(-1), output: Alter = same
) -> Callable[..., tuple[Tensor, Tensor]]:
    """Return an eager attention that alters what is scored, weighed or given out."""

    def attend(
        module: nn.Module, query: Tensor, key: Tensor, value: Tensor, mask: Tensor, **options: Any
    ) -> tuple[Tensor, Tensor]:
        group = query.shape[1] // key.shape[1]
        key, value = key.repeat_interleave(group, 1), value.repeat_interleave(group, 1)
        scored = query @ key.transpose(2, 3) * options["scaling"]
        weights = softmax(scores(scored) if mask is None else scores(scored) + mask)
        return output((weights @ value).transpose(1, 2)), weights

    return attend


def on(place: Any, term: float) -> Alter:
    def alter(tensor: Tensor) -> Tensor:
        changed = tensor.clone()
        changed[place] += term
        return changed

    return alter


def by_distance(scores: Tensor) -> Tensor:
    position = torch.arange(scores.shape[-1])
    return scores - 1e-4 * (position[:, None] - position).abs()


def hide_itself(scores: Tensor) -> Tensor:
    return scores.masked_fill(torch.eye(scores.shape[-1], dtype=torch.bool), -torch.inf)


def with_sink(scores: Tensor) -> Tensor:
    return torch.cat([scores, torch.full_like(scores[..., :1], -5)], -1).softmax(-1)[..., :-1]


ALL = slice(None)
MORE_THAN_QK: dict[str, tuple[dict[str, Alter], str]] = {
    "one score of each query": ({"scores": on((ALL, 1, ALL, 3), 1e-4)}, "layer 1, head 1: "),
    "one pair": ({"scores": on((0, 3, 20, 16), 1e-4)}, "layer 1, head 3: "),
    "a late key": ({"scores": on((0, 2, ALL, 24), 1e-4)}, "layer 1, head 2: "),
    "a bias of distance": ({"scores": by_distance}, "more than q·k"),
    "another scaling": ({"scores": lambda s: s * 1.0001}, "more than q·k"),
    "a soft cap": ({"scores": lambda s: 50 * (s / 50).tanh()}, "more than q·k"),
    "another mask": ({"scores": hide_itself}, "more than q·k"),
    "a sink": ({"softmax": with_sink}, "more than q·k"),
    "weights made smaller": ({"softmax": lambda s: s.softmax(-1) * 0.9999}, "more than q·k"),
    "other heads' weights": ({"softmax": lambda s: s.softmax(-1).flip(1)}, "more than q·k"),
    "an output behind clean weights": ({"output": on((0, 2), 1e-4)}, "its output"),
    "chance in the weights": (
        {"softmax": lambda s: s.softmax(-1) * (1 + 1e-3 * torch.rand(s.shape))},
        "changes by .* from one run",
    ),
    "chance in the output": (
        {"output": lambda o: o + 1e-3 * torch.rand(o.shape)},
        "changes by .* from one run",
    ),
}

PLAIN: dict[str, dict[str, Alter]] = {
    "in float32": {"softmax": lambda s: s.softmax(-1, dtype=torch.float32)},
    "in float16": {"softmax": lambda s: s.half().softmax(-1).to(s.dtype)},
    "in bfloat16": {"softmax": lambda s: s.softmax(-1, dtype=torch.bfloat16).float()},
    "with its largest score taken off": {"scores": lambda s: s - s.amax(-1, keepdim=True)},
    "by exponentials": {"softmax": lambda s: s.exp() / s.exp().sum(-1, keepdim=True)},
}


def alter_layer(
    model: models.LoadedModel, monkeypatch: pytest.MonkeyPatch, layer: int, **how: Alter
) -> None:
    """Give one layer of a model another eager attention."""
    for call in model.calls:
        module = model.network.get_submodule(call.module)
        module.is_altered = call.layer == layer
    code, changed = sys.modules[type(module).__module__], attention(**how)
    plain = code.eager_attention_forward

    def attend(module: Any, *args: Any, **options: Any) -> Any:
        return (changed if module.is_altered else plain)(module, *args, **options)

    monkeypatch.setattr(code, "eager_attention_forward", attend)


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], models.LoadedModel]:
    known: dict[str, models.LoadedModel] = {}

    def get(name: str) -> models.LoadedModel:
        if name not in known:
            known[name] = save_and_load(*make(*TEXT_ARCHITECTURES[name]), tmp_path_factory)
        return known[name]

    return get


def save_and_load(
    architecture: Any,
    config: Any,
    folders: pytest.TempPathFactory,
    alter: Callable[[nn.Module], Any] = lambda network: network,
) -> models.LoadedModel:
    network = architecture(config)
    randomise(network, 0)
    alter(network)
    folder = folders.mktemp("model")
    network.save_pretrained(folder)
    save_image_processor(folder, 32, 32)
    tokenizer = byte_level_tokenizer()
    tokenizer.model_max_length = 90
    tokenizer.save_pretrained(folder)
    return models.load(str(folder), "cpu", local_models=None)


@pytest.mark.parametrize("architecture", ["bert", "mistral with a window"])
@pytest.mark.parametrize("name", MORE_THAN_QK)
def test_attention_that_is_more_than_queries_and_keys_is_refused(
    name: str, architecture: str, loaded: Loaded, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, (how, words) = loaded(architecture), MORE_THAN_QK[name]
    alter_layer(model, monkeypatch, 1, **how)
    with pytest.raises(UnsupportedModelError, match=words) as caught:
        check_exactly(model, model.prepare_texts(UNEVEN))
    assert "layer 1" in str(caught.value)


@pytest.mark.parametrize("name", PLAIN)
def test_another_way_to_compute_the_same_softmax_is_taken(
    name: str, loaded: Loaded, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = loaded("bert")
    alter_layer(model, monkeypatch, 1, **PLAIN[name])
    assert check_exactly(model, model.prepare_texts(UNEVEN)).max_abs_error < 1e-13


def is_eager(module: Any) -> bool:
    return bool(module.config._attn_implementation == "eager")


def turned_queries(plain: Any, module: Any, hidden: Tensor, *args: Any, **options: Any) -> Any:
    return plain(module, hidden * 1.0001 if is_eager(module) else hidden, *args, **options)


def own_code(plain: Any, module: Any, hidden: Tensor, **options: Any) -> Any:
    if not is_eager(module):
        return plain(module, hidden, **options)
    heads = (*hidden.shape[:-1], -1, module.attention_head_size)
    parts = (module.query, module.key, module.value)
    query, key, value = (part(hidden).view(heads).transpose(1, 2) for part in parts)
    attend = attention(on((ALL, 1, ALL, 3), 1e-4))
    mask = options["attention_mask"]
    output, weights = attend(module, query, key, value, mask, scaling=module.scaling)
    return output.flatten(-2), weights


def chance(plain: Any, module: Any, hidden: Tensor, *args: Any, **options: Any) -> Any:
    return plain(module, hidden + 1e-3 * torch.rand(hidden.shape), *args, **options)


def broken(plain: Any, module: Any, hidden: Tensor, *args: Any, **options: Any) -> Any:
    return plain(module, hidden[..., 1:] if is_eager(module) else hidden, *args, **options)


@pytest.mark.parametrize(
    ("part", "forward", "words"),
    [
        (BertSelfAttention, turned_queries, "layer 0, head .* more than q·k"),
        (BertSelfAttention, own_code, "layer 0, head 1: .* more than q·k"),
        (BertSelfAttention, broken, "the model's own eager attention failed: mat1 and mat2"),
        (BertLayer, turned_queries, "layer 0, head .* more than q·k"),
        (BertLayer, chance, "queries change by .* from one run"),
    ],
)
def test_what_the_model_does_around_its_eager_attention_is_noticed(
    part: Any, forward: Any, words: str, loaded: Loaded, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, plain = loaded("bert"), part.forward
    for layer in model.network.encoder.layer:
        layer.config = model.network.config
    monkeypatch.setattr(part, "forward", lambda *args, **options: forward(plain, *args, **options))
    with pytest.raises(UnsupportedModelError, match=words):
        check_exactly(model, model.prepare_texts(UNEVEN))


@pytest.mark.parametrize(
    ("alter", "words"),
    [
        (lambda output, weights: (output * 0.9999, weights), "output of attention is changed"),
        (lambda output, weights: (output, weights * 0.9999), "layer 0, head .* more than q·k"),
    ],
)
def test_what_a_model_does_with_attention_in_its_own_code_is_noticed(
    alter: Callable[[Tensor, Tensor], tuple[Tensor, Tensor]],
    words: str,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    plain = GPTJAttention._attn
    monkeypatch.setattr(GPTJAttention, "_attn", lambda *parts: alter(*plain(*parts)))
    with pytest.raises(UnsupportedModelError, match=words):
        model = save_and_load(*make(*TEXT_ARCHITECTURES["gpt-j"]), tmp_path_factory)
        check_exactly(model, model.prepare_texts(UNEVEN))


@pytest.mark.parametrize("dropped", [0.0, 0.1])
def test_weights_that_differ_from_the_softmax_of_own_code_are_refused(
    dropped: float,
    loaded: Loaded,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    model = loaded("gpt-j")
    for layer in model.network.h:
        layer.attn.attn_dropout = nn.Dropout(dropped).train()
    batch = model.prepare_texts(UNEVEN)
    if not dropped:
        assert check_exactly(model, batch).max_abs_error < 1e-13
        return
    with pytest.raises(UnsupportedModelError, match="changes? by .* from one run|more than q·k"):
        check_exactly(model, batch)


def deep(name: str, dtype: torch.dtype, folders: pytest.TempPathFactory) -> models.LoadedModel:
    """Return 24 layers of sharp attention whose residual stream grows to some 1,000."""
    sizes = {"hidden_size": 32, "num_attention_heads": 4, "intermediate_size": 64}
    if name == "llama":
        architecture, config = make("Llama", {**GROUPED, **sizes, "num_hidden_layers": 24})
    else:
        images = {"image_size": 32, "patch_size": 8}
        architecture, config = make("ViT", {**images, **sizes, "num_hidden_layers": 24})

    def enlarge(network: nn.Module) -> None:
        for path, weights in network.named_parameters():
            if "o_proj" in path or "down_proj" in path or "output.dense" in path or "fc2" in path:
                weights.data *= 30
            if "q_proj.weight" in path or "k_proj.weight" in path:
                weights.data *= 3
        network.to(dtype)

    return save_and_load(architecture, config, folders, enlarge)


def batch_of(model: models.LoadedModel) -> models.Batch:
    if model.modality == "text":
        return model.prepare_texts(UNEVEN)
    pixels = np.random.default_rng(0).integers(0, 256, (32, 32, 3), dtype=np.uint8)
    return model.prepare_images([Image.fromarray(pixels)])


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("name", ["llama", "vit"])
def test_rounding_that_layers_amplify_neither_refuses_a_model_nor_hides_a_term(
    name: str,
    dtype: torch.dtype,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    model = deep(name, dtype, tmp_path_factory)
    batch = batch_of(model)
    states = run(model.network, batch.inputs, model.device, output_hidden_states=True).hidden_states
    assert max(state.abs().max() for state in states[:-1]) > 1e3
    check = models.check_attention(model, batch, models.capture_batch(model, batch))
    assert check.max_abs_error > 1e-4 > 1e9 * check.exact_max_abs_error
    alter_layer(model, monkeypatch, 20, scores=on((0, 2, ALL, 1), 1e-4))
    with pytest.raises(UnsupportedModelError, match="layer 20, head 2: .* more than q·k"):
        models.check_attention(model, batch, models.capture_batch(model, batch))
