"""Every model type of transformers as a small seeded model, and what becomes of it.

A configuration is that of the type with small sizes under the names that configurations use. No
list says which types work: each is saved, loaded as a user's folder would be, captured, and
compared with its own attention.
"""

import inspect
import re
from collections.abc import Callable, Iterator
from copy import deepcopy
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
import transformers
from PIL import Image
from tests.support.audio_models import recordings, save_tiny_whisper
from tests.support.image_text_models import IMAGE_TEXT_MODELS, save_image_text_model
from tests.support.tiny_models import SENTENCES, byte_level_tokenizer, save
from transformers import PretrainedConfig, PreTrainedModel
from transformers.models.auto.configuration_auto import CONFIG_MAPPING
from transformers.models.auto.modeling_auto import MODEL_MAPPING

from attentionviz import models
from attentionviz.errors import AppError

MAX_PARAMETERS = 30_000_000
MAX_REASON = 300
N_LAYERS, N_POSITIONS, IMAGE_PX = 3, 96, 32
LAYER_TYPES = {"layer_types", "layers_block_type"}

_HIDDEN = ("hidden_size", "n_embd", "dim", "d_model", "emb_dim", "embed_dim", "model_dim")
_OTHER_HIDDEN = ("word_embed_proj_dim", "vision_hidden_size", "text_hidden_size")
_LAYERS = ("num_hidden_layers", "n_layer", "n_layers", "num_layers", "encoder_layers", "depth")
_DECODER_LAYERS = ("decoder_layers", "num_decoder_layers", "num_encoder_layers")
_OF_DECODERS = {"decoder_hidden_size": 32, "decoder_num_hidden_layers": 2}
_HEADS = ("num_attention_heads", "n_head", "n_heads", "num_heads", "encoder_attention_heads")
_OTHER_HEADS = ("decoder_attention_heads", "num_decoder_heads", "decoder_num_attention_heads")
_INNER = ("intermediate_size", "n_inner", "hidden_dim", "d_ff", "encoder_ffn_dim", "ffn_dim")
_OTHER_INNER = ("decoder_ffn_dim", "ffn_hidden_size", "mlp_hidden_size", "feed_forward_dim")
_POSITIONS = ("max_position_embeddings", "n_positions", "n_ctx")
_TOKENS = ("pad_token_id", "bos_token_id", "eos_token_id", "decoder_start_token_id", "sep_token_id")
_EXPERTS = ("num_experts", "num_local_experts", "n_routed_experts", "moe_num_experts")
_EXPERTS_INNER = ("moe_intermediate_size", "shared_expert_intermediate_size")

SIZES: dict[str, Any] = {
    **dict.fromkeys((*_HIDDEN, *_OTHER_HIDDEN), 32),
    **dict.fromkeys((*_LAYERS, *_DECODER_LAYERS), N_LAYERS),
    **dict.fromkeys(_HEADS, 4),
    **dict.fromkeys(_OTHER_HEADS, 4),
    **dict.fromkeys((*_INNER, *_OTHER_INNER, "intermediate_size_mlp", "mlp_dim"), 48),
    **dict.fromkeys(_POSITIONS, N_POSITIONS),
    **dict.fromkeys((*_TOKENS, "cls_token_id", "mask_token_id", "unk_token_id"), 0),
    **dict.fromkeys(_EXPERTS, 4),
    **dict.fromkeys((*_EXPERTS_INNER, "expert_intermediate_size", "expert_ffn_hidden_size"), 16),
    **dict.fromkeys(("num_experts_per_tok", "moe_topk", "moe_k"), 2),
    **dict.fromkeys(("d_kv", "head_dim", "attention_head_dim", "kv_channels", "v_head_dim"), 8),
    **dict.fromkeys(("rotary_dim", "qk_rope_head_dim", "qk_nope_head_dim"), 8),
    **dict.fromkeys(("q_lora_rank", "kv_lora_rank", "qk_head_dim", "projection_dim"), 16),
    **dict.fromkeys(("n_group", "topk_group", "n_shared_experts", "first_k_dense_replace"), 1),
    **_OF_DECODERS,
    "decoder_intermediate_size": 48,
    "adapter_size": 8,
    "num_global_layers": 1,
    "num_mem_blocks": 1,
    "zero_expert_num": 0,
    "mamba_expand": 2,
    "mamba_n_heads": 8,
    "mamba_d_ssm": 64,
    "attn_layer_period": 2,
    "attn_layer_offset": 1,
    "attn_layer_indices": [1],
    "full_attn_idxs": [1],
    "full_attention_interval": 2,
    "relative_attention": True,
    "pos_att_type": ["c2p", "p2c"],
    "vocab_size": 330,
    "num_key_value_heads": 2,
    "embedding_size": 16,
    "image_size": IMAGE_PX,
    "patch_size": 8,
    "num_channels": 3,
    "sliding_window": 6,
    "local_attention": 8,
    "max_window_layers": 1,
    "type_vocab_size": 2,
    "rotary_pct": 0.5,
    "hidden_size_per_layer_input": 8,
    "vocab_size_per_layer_input": 330,
    "num_kv_shared_layers": 0,
    "ffn_dim_multiplier": 1,
    "num_attention_groups": 2,
    "mamba_d_state": 8,
    "mamba_d_head": 8,
    "mamba_n_groups": 1,
    "num_register_tokens": 2,
    "block_size": 8,
    "attention_types": [[["global", "local", "global"], 1]],
    "use_cache": False,
    "num_nextn_predict_layers": 0,
    "initializer_range": 0.02,
}
"""By the names that configurations give their sizes.

The last ones place layers with attention among so few, and turn on what DeBERTa is known for.
"""

LARGER: dict[str, Any] = {
    **SIZES,
    **dict.fromkeys((*_HIDDEN, *_OTHER_HIDDEN), 64),
    **dict.fromkeys((*_INNER, *_OTHER_INNER), 128),
    "num_key_value_heads": 4,
    "embedding_size": 64,
    "context_size": 16,
}
for _name in ("head_dim", "attention_head_dim", "qk_head_dim"):
    del LARGER[_name]
"""For types that need as many key heads as heads, or sizes that follow from each other."""

WITH_ATTENTION = {"granitemoehybrid": {"layer_types": ["mamba", "attention", "mamba"]}}
"""Settings of types that have no attention by default, unlike their checkpoints."""

_ONLY_IF_SET = ("sliding_window", "q_lora_rank")
"""Sizes that mean "none" where a type leaves them out."""


WITH_PROCESSOR: dict[str, Callable[[Path], Any]] = {
    "whisper": save_tiny_whisper,
    **{
        getattr(transformers, f"{case.family}Config").model_type: partial(
            save_image_text_model, case=case
        )
        for case in IMAGE_TEXT_MODELS.values()
    },
}
"""Types whose small models need a processor of their own, and what writes them."""


def model_types() -> list[str]:
    """Return every type that AutoModel of the installed transformers has a class for."""
    return sorted(name for name in CONFIG_MAPPING if CONFIG_MAPPING[name] in MODEL_MAPPING)


def outcome(model_type: str, folder: Path) -> dict[str, Any]:
    """Return what becomes of a model type: the better of two small models of it.

    Parameters
    ----------
    model_type : str
    folder : Path
        Empty; the models are written below it.

    Returns
    -------
    dict
        ``result``: "exact", "refused" or "not tried". With the first ``reads`` (modalities),
        ``terms`` and ``max_abs_error`` (of attention weights, in float64), else ``reason``.
    """
    makers: list[Callable[[Path], Any]]
    makers = [partial(_save, model_type, sizes) for sizes in (SIZES, LARGER)]
    if model_type in WITH_PROCESSOR:
        makers = [WITH_PROCESSOR[model_type]]
    found = []
    for number, make in enumerate(makers):
        found.append(_outcome(model_type, make, folder / f"{number}" / model_type))
        if found[-1]["result"] == "exact":
            return found[-1]
    return min(found, key=lambda one: ("refused", "not tried").index(one["result"]))


def _outcome(model_type: str, make: Callable[[Path], Any], folder: Path) -> dict[str, Any]:
    try:
        make(folder)
    except Exception as error:  # whatever a configuration or a constructor raises
        return {"result": "not tried", "reason": f"no small model of it: {_sentence(error)}"}
    try:
        return _compared(models.load(str(folder), "cpu", local_models=None))
    except AppError as error:
        reason = _sentence(error).replace(str(folder), model_type)
    if "--part" in reason:
        return _parts(folder, reason)
    if "processor" in reason and (of_parts := _parts(folder, reason))["result"] == "exact":
        return of_parts
    if "trial run" in reason or "processor" in reason:
        return {"result": "not tried", "reason": f"the small model does not run: {reason}"}
    return {"result": "refused", "reason": reason}


def _parts(folder: Path, reason: str) -> dict[str, Any]:
    """Return the outcome of a pair of a text and an image model."""
    exact = []
    for part in ("text", "vision"):
        try:
            model = models.load(str(folder), "cpu", local_models=None, part=part)
            exact.append(_compared(model))
        except AppError as error:
            reason = _sentence(error).replace(str(folder), folder.name)
    if not exact:
        return {"result": "refused", "reason": reason}
    terms = dict.fromkeys(term for one in exact for term in one["terms"])
    return {
        "result": "exact",
        "reads": [modality for one in exact for modality in one["reads"]],
        "terms": list(terms),
        "max_abs_error": max(one["max_abs_error"] for one in exact),
    }


def _compared(model: models.LoadedModel) -> dict[str, Any]:
    """Return the outcome of a model that was loaded: of one batch, texts with padding."""
    batch = _batch(model)
    check = models.check_attention(model, batch, models.capture_batch(model, batch))
    return {
        "result": "exact",
        "reads": _reads(model),
        "terms": model.bias_terms,
        "max_abs_error": float(f"{check.exact_max_abs_error:.1e}"),
    }


def _reads(model: models.LoadedModel) -> list[str]:
    if not model.has_two_texts:
        return [model.modality]
    return ["two texts" if model.sampling_rate is None else "audio and text"]


def _batch(model: models.LoadedModel) -> models.Batch:
    texts = [SENTENCES[0], " ".join(SENTENCES[1:4]), "april", SENTENCES[5]]
    if model.sampling_rate is not None:
        return model.prepare_with_targets(recordings(0.3, 1.5, 0.9, 1.0), texts)
    if model.has_two_texts:
        return model.prepare_with_targets(texts, texts[::-1])
    if model.modality == "image":
        return model.prepare_images(list(_pictures()))
    if model.modality == "image-text":
        return model.prepare_image_texts([(image, "april") for image in _pictures()])
    return model.prepare_texts(texts)


def _save(model_type: str, sizes: dict[str, Any], folder: Path) -> None:
    settings = _settings(CONFIG_MAPPING[model_type], sizes) | WITH_ATTENTION.get(model_type, {})
    config = CONFIG_MAPPING[model_type](**settings)
    if config.is_encoder_decoder and getattr(config, "decoder_start_token_id", None) is None:
        config.decoder_start_token_id = 0  # which every checkpoint says, and some defaults do not
    architecture = MODEL_MAPPING[type(config)]
    if isinstance(architecture, (tuple, list)):
        architecture = architecture[0]
    n_parameters = _n_parameters(architecture, config)
    if n_parameters > MAX_PARAMETERS:
        raise ValueError(f"its sizes are not found, {n_parameters / 1e6:.0f} million weights")
    tokenizer = byte_level_tokenizer()
    tokenizer.model_max_length = N_POSITIONS - 6
    save(architecture, config, folder, tokenizer=tokenizer, image_px=(IMAGE_PX, IMAGE_PX))


def _settings(
    kind: type[PretrainedConfig], sizes: dict[str, Any], depth: int = 0
) -> dict[str, Any]:
    """Return those of the sizes that a configuration has, those of its parts included."""
    default = kind()
    names = set(vars(default)) | set(inspect.signature(kind.__init__).parameters)
    names |= set(getattr(kind, "__annotations__", {})) | set(kind.attribute_map)
    settings = {}
    for name in names & sizes.keys():
        is_alias = kind.attribute_map.get(name) in names & sizes.keys()
        of_default = getattr(default, name, None)
        is_list = isinstance(of_default, (list, tuple)) and not isinstance(sizes[name], list)
        if not is_alias and not is_list and not (of_default is None and name in _ONLY_IF_SET):
            settings[name] = sizes[name]
    for name in LAYER_TYPES & names - kind.attribute_map.keys():
        kinds = list(dict.fromkeys(getattr(default, name, None) or ()))
        is_derived = isinstance(getattr(kind, name, None), property)
        if kinds and not is_derived:  # as few layers of as many kinds
            settings[name] = (N_LAYERS * kinds)[:N_LAYERS]
    for name in kind.sub_configs if depth < 2 else ():
        part = getattr(default, name, None)
        if isinstance(part, PretrainedConfig):
            of_part = _settings(type(part), sizes, depth + 1)
            settings[name] = {**of_part, "model_type": part.model_type}
    return settings


def _n_parameters(architecture: type[PreTrainedModel], config: PretrainedConfig) -> int:
    with torch.device("meta"):
        network = architecture(deepcopy(config))
    return sum(parameter.numel() for parameter in network.parameters())


def _pictures() -> Iterator[Image.Image]:
    generator = np.random.default_rng(0)
    for _ in range(3):
        pixels = generator.integers(0, 256, (40, 40, 3), dtype=np.uint8)
        yield Image.fromarray(pixels)


def _sentence(error: Exception) -> str:
    return re.sub(r"\s+", " ", str(error) or type(error).__name__)[:MAX_REASON]
