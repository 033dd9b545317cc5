"""Load a model by name, learn what its attention is like, and refuse what cannot be shown."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from transformers import (
    AutoConfig,
    AutoImageProcessor,
    AutoModel,
    AutoTokenizer,
    PreTrainedModel,
)
from transformers.utils import logging as transformers_logging

from attentionviz.errors import (
    AppError,
    ConfigError,
    ModelNotAvailableError,
    UnsupportedModelError,
)
from attentionviz.models.image_probe import probe_images
from attentionviz.models.images import ImageInputs
from attentionviz.models.interface import IMPLEMENTATION, register
from attentionviz.models.loaded import LoadedModel
from attentionviz.models.names import ModelSource, resolve
from attentionviz.models.probe import WHY_NOT_REACHED, Findings, probe, refusal
from attentionviz.models.sizes import require_weights_for
from attentionviz.models.text import TextInputs
from attentionviz.models.weights import (
    license_of,
    settings_sha256,
    weight_files,
    weights_sha256,
)

DEFAULT_MAX_LENGTH = 512
"""Attention of a sequence is a square: longer ones are cut unless asked for."""

TOKENIZER_FILES = ("tokenizer.json", "vocab.txt", "vocab.json", "tokenizer.model", "spiece.model")
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
    files = weight_files(source.folder, source.name)
    digest = weights_sha256(source.folder, files)
    if weights not in (None, digest):
        raise ModelNotAvailableError(f"the weights of {source.name} on this machine are others")
    register()
    with _readable_errors(source), _quiet():
        network, family = _load_network(source, files)
        torch.nn.Module.to(network, chosen)
        network.set_attn_implementation(IMPLEMENTATION)
        inputs, findings = _prepare_inputs(network, source, chosen, max_length)
    return LoadedModel(
        network=network,
        device=chosen,
        description=_describe(source, digest, network, family),
        settings_sha256=settings_sha256(source.folder),
        inputs=inputs,
        n_layers=len(findings.rules),
        n_heads=findings.n_heads,
        n_key_heads=findings.n_key_heads,
        d_head=findings.d_head,
        rules=findings.rules,
        norm_factors=findings.norm_factors,
        patch_grid=None if isinstance(inputs, TextInputs) else inputs.grid,
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


def _load_network(source: ModelSource, files: list[str]) -> tuple[PreTrainedModel, str]:
    config = AutoConfig.from_pretrained(
        source.folder, trust_remote_code=False, local_files_only=True
    )
    if config.model_type in WHY_NOT_REACHED:
        raise refusal(config.model_type, config.model_type)
    require_weights_for(config, source.folder, files, source.name)
    whole, report = AutoModel.from_pretrained(
        source.folder,
        config=config,
        use_safetensors=True,
        trust_remote_code=False,
        local_files_only=True,
        dtype=torch.float32,
        attn_implementation="eager",
        output_loading_info=True,
    )
    part = _encoder(whole)
    _require_weights(whole, part, report["missing_keys"], source)
    return part, str(config.model_type)


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


def _require_weights(
    whole: PreTrainedModel, part: PreTrainedModel, missing: Any, source: ModelSource
) -> None:
    """Refuse weights that would be drawn at random, poolers aside: nothing drawn passes them."""
    used = {id(parameter) for parameter in part.parameters()}
    parameters = dict(whole.named_parameters(remove_duplicate=False))
    absent = [
        key
        for key in sorted(missing)
        if key in parameters and id(parameters[key]) in used and "pooler" not in key
    ]
    if absent:
        raise ModelNotAvailableError(
            f"the weights of {source.name} lack {absent[0]}"
            + (f" and {len(absent) - 1} more" if len(absent) > 1 else "")
        )


def _prepare_inputs(
    network: PreTrainedModel, source: ModelSource, device: torch.device, max_length: int
) -> tuple[TextInputs | ImageInputs, Findings]:
    local: dict[str, Any] = {"trust_remote_code": False, "local_files_only": True}
    reads = network.main_input_name
    if reads == "input_ids":
        _require_file(source, TOKENIZER_FILES, "a tokenizer")
        tokenizer = AutoTokenizer.from_pretrained(source.folder, **local)
        return _probe_text(network, tokenizer, device, max_length)
    if reads == "pixel_values":
        _require_file(source, PROCESSOR_FILES, "an image processor")
        processor = AutoImageProcessor.from_pretrained(source.folder, backend="pil", **local)
        return probe_images(network, processor, device)
    raise UnsupportedModelError(f"{source.name} reads {reads}, neither text nor images")


def _require_file(source: ModelSource, names: tuple[str, ...], what: str) -> None:
    if not any((source.folder / name).is_file() for name in names):
        raise ModelNotAvailableError(
            f"{source.name} has no {names[0]}: save {what} beside the model"
        )


def _probe_text(
    network: PreTrainedModel, tokenizer: Any, device: torch.device, max_length: int
) -> tuple[TextInputs, Findings]:
    if not tokenizer.is_fast:
        raise UnsupportedModelError("the tokenizer runs in Python only and tells no cuts")
    inputs = TextInputs(tokenizer, min(max_length, _own_limit(network, tokenizer)))
    # Two lengths, so that padding shows in the masks.
    batch = inputs.prepare(["a short text and 3 numbers, 1 2 3.", "a longer text, " * 3])
    findings = probe(
        network, batch.inputs, device, lengths=batch.lengths, max_length=inputs.max_length
    )
    return inputs, findings


def _own_limit(network: PreTrainedModel, tokenizer: Any) -> int:
    """Return the most tokens that a model has positions for."""
    limits = [int(min(tokenizer.model_max_length, 2**31))]
    learned = getattr(network.config, "max_position_embeddings", None)
    if learned and learned > 0:
        limits.append(int(learned))
    for name, module in network.named_modules():
        # RoBERTa counts positions from behind its padding index: those before it are not used.
        if name.endswith("position_embeddings") and getattr(module, "padding_idx", None):
            limits.append(module.num_embeddings - module.padding_idx - 1)
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
def _readable_errors(source: ModelSource) -> Iterator[None]:
    try:
        yield
    except AppError:
        raise
    # A damaged or hostile folder can fail in any line of the library; the user needs one sentence.
    except Exception as error:
        first_line = (str(error).strip() or type(error).__name__).splitlines()[0][:200]
        raise ModelNotAvailableError(f"{source.name} cannot be loaded: {first_line}") from error


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
