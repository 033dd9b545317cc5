"""Load a model by name, detect its attention, and refuse what cannot be shown."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from transformers import AutoImageProcessor, AutoModel, PretrainedConfig, PreTrainedModel
from transformers.utils import logging as transformers_logging

from attentionviz.errors import ConfigError, ModelNotAvailableError, UnsupportedModelError
from attentionviz.models.configuration import read_config
from attentionviz.models.files import read_json
from attentionviz.models.image_probe import probe_images
from attentionviz.models.images import ImageInputs
from attentionviz.models.interface import IMPLEMENTATION, register
from attentionviz.models.loaded import LoadedModel
from attentionviz.models.names import ModelSource, resolve
from attentionviz.models.positions import TooFewPositionsError
from attentionviz.models.probe import WHY_NOT_REACHED, Findings, probe, refusal
from attentionviz.models.sizes import describe
from attentionviz.models.steps import step
from attentionviz.models.text import TextInputs
from attentionviz.models.tokenizer import load_tokenizer
from attentionviz.models.weights import (
    layers_left_out,
    license_of,
    require_loaded,
    settings_sha256,
    weight_files,
    weights_sha256,
)

DEFAULT_MAX_LENGTH = 512
"""Attention of a sequence is a square: longer ones are cut unless asked for."""

PROCESSOR_FILES = ("preprocessor_config.json", "processor_config.json")
VISION_PARTS = ("vision_model", "vision_tower", "visual")


def load(
    name: str,
    device: str = "auto",
    *,
    local_models: Path | None,
    max_length: int = DEFAULT_MAX_LENGTH,
) -> LoadedModel:
    """Return a model that is ready to be captured.

    Parameters
    ----------
    name : str
        Preset (``bert``), hub id with optional ``@revision``, local folder, or embedded model.
    device : str
        "auto" (CUDA, then MPS, then CPU), "cpu", "cuda" or "mps".
    local_models : Path or None
        Folder of the embedded ``demo-gpt2`` and ``demo-vit``.
    max_length : int
        Longer texts are cut; the model's own limit counts where it is lower.

    Returns
    -------
    LoadedModel

    Raises
    ------
    ModelNotAvailableError
        If it is not found, not reachable, damaged, or has no safetensors weights.
    UnsupportedModelError
        If its attention cannot be given by queries and keys alone; the sentence says why.
    ConfigError
        If the device does not exist here.
    """
    return load_source(resolve(name, local_models), device, max_length=max_length)


def load_source(
    source: ModelSource,
    device: str = "auto",
    *,
    max_length: int = DEFAULT_MAX_LENGTH,
    weights: str | None = None,
) -> LoadedModel:
    """Return the model whose files lie in a known place.

    Parameters
    ----------
    source : ModelSource
    device, max_length
        As of `load`.
    weights : str or None
        SHA-256 that its weights must have; they are not loaded where it is another.

    Raises
    ------
    ModelNotAvailableError, UnsupportedModelError, ConfigError
        As `load`; the first also for other weights.
    """
    chosen = choose_device(device)
    with _quiet():
        config = read_config(source)
        if config.model_type in WHY_NOT_REACHED:
            raise refusal(config.model_type, config.model_type)
        files = weight_files(source)
        described = _encoder(describe(config, source, files))
        # What is quickly read comes first: weights may take minutes.
        inputs = _make_inputs(described, source, max_length)
        with step(f"reading the files of {source.name}", ModelNotAvailableError, source):
            settings, digest = settings_sha256(source.folder), weights_sha256(source.folder, files)
        if weights not in (None, digest):
            raise ModelNotAvailableError(f"the weights of {source.name} on this machine are others")
        network, notes = _load_network(source, config, chosen)
        with step(f"the trial run of {source.name}", ModelNotAvailableError, source):
            inputs, findings = _try(network, inputs, source, chosen)
    return LoadedModel(
        network=network,
        device=chosen,
        description=_describe(source, digest, network, str(config.model_type)),
        settings_sha256=settings,
        inputs=inputs,
        n_layers=len(findings.rules),
        n_heads=findings.n_heads,
        n_key_heads=findings.n_key_heads,
        d_head=findings.d_head,
        rules=findings.rules,
        norm_factors=findings.norm_factors,
        attention_modules=findings.attention_modules,
        patch_grid=None if isinstance(inputs, TextInputs) else inputs.grid,
        notes=notes,
    )


def choose_device(device: str) -> torch.device:
    """Return the device of this name; ConfigError if it does not exist here."""
    exists = {
        "cpu": True,
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
    }
    if device == "auto":
        device = next(kind for kind in ("cuda", "mps", "cpu") if exists[kind])
    if device not in exists:
        raise ConfigError(f"device {device!r} is unknown; known are auto, {', '.join(exists)}")
    if not exists[device]:
        raise ConfigError(f"device {device} does not exist here; use auto or cpu")
    return torch.device(device)


def _load_network(
    source: ModelSource, config: PretrainedConfig, device: torch.device
) -> tuple[PreTrainedModel, tuple[str, ...]]:
    register()
    with step(f"reading the weights of {source.name}", ModelNotAvailableError, source):
        whole, report = AutoModel.from_pretrained(
            source.folder,
            config=config,
            use_safetensors=True,
            trust_remote_code=False,
            local_files_only=True,
            dtype=torch.float32,
            attn_implementation="eager",
            output_loading_info=True,
            ignore_mismatched_sizes=True,  # told in words of our own
        )
        part = _encoder(whole)
        require_loaded(whole, part, report, source)
        torch.nn.Module.to(part, device)
        part.set_attn_implementation(IMPLEMENTATION)
    return part, layers_left_out(part, report, source)


def _encoder(whole: PreTrainedModel) -> PreTrainedModel:
    """Return the part whose maps are drawn: the image side, or the encoder of a pair."""
    for name in VISION_PARTS:
        part = getattr(whole, name, None)
        if isinstance(part, PreTrainedModel) and part.main_input_name == "pixel_values":
            return part
    if getattr(whole.config, "is_encoder_decoder", False):
        encoder: PreTrainedModel = whole.get_encoder()
        return encoder
    return whole


def _make_inputs(described: PreTrainedModel, source: ModelSource, max_length: int) -> Any:
    """Return the prepared tokenizer of a text model, or the image processor of an image model."""
    reads = described.main_input_name
    if reads == "input_ids":
        tokenizer = load_tokenizer(source)
        limit = _own_limit(described.config, tokenizer, max_length)
        n_embedded = _rows_of_embedding(described)
        inputs = TextInputs(tokenizer, limit, n_embedded)
        inputs.require_marks(source.name)
        return inputs
    if reads == "pixel_values":
        found = [name for name in PROCESSOR_FILES if (source.folder / name).is_file()]
        if not found:
            raise ModelNotAvailableError(
                f"{source.name} has no {PROCESSOR_FILES[0]}; save that of the model: "
                f'`AutoImageProcessor.from_pretrained("…").save_pretrained("{source.name}")`'
            )
        for name in found:
            read_json(source, name)  # says what it is if it is no JSON
        with step(f"reading the image processor of {source.name}", ModelNotAvailableError, source):
            return AutoImageProcessor.from_pretrained(
                source.folder, backend="pil", trust_remote_code=False, local_files_only=True
            )
    raise UnsupportedModelError(f"{source.name} reads {reads}, neither text nor images")


def _try(
    network: PreTrainedModel, inputs: Any, source: ModelSource, device: torch.device
) -> tuple[TextInputs | ImageInputs, Findings]:
    if not isinstance(inputs, TextInputs):
        return probe_images(network, inputs, device)
    try:
        findings = _probe_texts(network, inputs, source, device)
    except TooFewPositionsError as error:
        if error.max_length <= inputs.tokenizer.num_special_tokens_to_add():
            raise _other_padding(network, source) from error
        inputs.max_length = error.max_length
        findings = _probe_texts(network, inputs, source, device)
    except TypeError as error:
        if "NoneType" in str(error) and network.config.pad_token_id is None:
            raise _other_padding(network, source) from error
        raise
    inputs.max_length = findings.max_length or inputs.max_length
    return inputs, findings


def _other_padding(network: PreTrainedModel, source: ModelSource) -> ModelNotAvailableError:
    return ModelNotAvailableError(
        f"{source.name} counts positions from its pad_token_id, and in config.json that is "
        f"{network.config.pad_token_id or 'no token of it'}; put in the one it was trained with"
    )


def _probe_texts(
    network: PreTrainedModel, inputs: TextInputs, source: ModelSource, device: torch.device
) -> Findings:
    batch = inputs.trial(source.name)
    return probe(network, batch.inputs, device, lengths=batch.lengths, max_length=inputs.max_length)


def _rows_of_embedding(network: PreTrainedModel) -> int | None:
    """Return how many token ids a model has embeddings for, or None where it does not say."""
    try:
        weight = getattr(network.get_input_embeddings(), "weight", None)
    except (AttributeError, NotImplementedError):
        weight = None
    n_named = getattr(network.config, "vocab_size", None)
    n_rows = len(weight) if isinstance(weight, torch.Tensor) else n_named
    return n_rows if isinstance(n_rows, int) else None


def _own_limit(config: PretrainedConfig, tokenizer: Any, max_length: int) -> int:
    """Return the most tokens of a text, as asked for and as tokenizer and configuration say."""
    limits = [max_length]
    stated = (tokenizer.model_max_length, getattr(config, "max_position_embeddings", None))
    n_marks = tokenizer.num_special_tokens_to_add()
    limits += [int(limit) for limit in stated if limit and limit > n_marks]  # else it says nothing
    return min(limits)


def _describe(
    source: ModelSource, digest: str, network: PreTrainedModel, family: str
) -> dict[str, Any]:
    return {
        "name": source.name,
        "source": source.source,
        "revision": source.revision,
        "weights_sha256": digest,
        "family": family,
        "architecture": type(network).__name__,
        "modality": "text" if network.main_input_name == "input_ids" else "image",
        "license": license_of(source.folder),
    }


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep the library's own remarks about unused heads off the terminal for a while."""
    verbosity = transformers_logging.get_verbosity()
    had_bars = transformers_logging.is_progress_bar_enabled()
    transformers_logging.set_verbosity_error()
    transformers_logging.disable_progress_bar()
    try:
        yield
    finally:
        transformers_logging.set_verbosity(verbosity)
        if had_bars:
            transformers_logging.enable_progress_bar()
