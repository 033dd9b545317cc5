"""Reading of ``config.json``, and errors for unsupported models."""

import difflib
from typing import Any

import transformers
from packaging.version import InvalidVersion, Version
from transformers import CONFIG_MAPPING, MODEL_MAPPING, AutoConfig, PretrainedConfig

from attentionviz.errors import ModelNotAvailableError, UnsupportedModelError
from attentionviz.models.contents import CONFIG, NOT_READ, require_model
from attentionviz.models.files import read_json
from attentionviz.models.names import ModelSource
from attentionviz.models.steps import step

QUANTISED = ("quantization_config", "compression_config")
HERE = f"transformers {transformers.__version__} here"


def read_config(source: ModelSource) -> PretrainedConfig:
    """Return the configuration of a model.

    Raises
    ------
    ModelNotAvailableError
        If the folder is no model, or its configuration is damaged or unknown to transformers.
    UnsupportedModelError
        If AutoModel has no class for it, or its weights are quantised.
    """
    require_model(source)
    found = read_json(source, CONFIG)
    _require_known_kind(found, source)
    _require_unquantised(found, source)
    with step(f"reading {CONFIG} of {source.name}", ModelNotAvailableError, source):
        config = AutoConfig.from_pretrained(
            source.folder, trust_remote_code=False, local_files_only=True
        )
    for part in parts_of(config):
        padding_id, n_tokens = (
            getattr(part, "pad_token_id", None),
            getattr(part, "vocab_size", None),
        )
        if isinstance(padding_id, int) and isinstance(n_tokens, int) and padding_id >= n_tokens:
            # A token added after training; creating the embedding with this id would fail.
            part.pad_token_id = None
    if type(config) not in MODEL_MAPPING:
        raise UnsupportedModelError(
            f"{source.name} is a {config.model_type}, for which AutoModel of {HERE} has no class; "
            "give only its text or image model"
        )
    return config


def parts_of(config: PretrainedConfig) -> list[PretrainedConfig]:
    """Return a configuration and its nested ones, such as that of a vision tower."""
    inner = [part for part in vars(config).values() if isinstance(part, PretrainedConfig)]
    return [config, *inner]


def written_by_newer(config: Any) -> str:
    """Return a suffix for errors if a newer transformers wrote the model, else an empty string."""
    written = getattr(config, "transformers_version", None) or ""
    return (
        f"; it was written by transformers {written}, newer than {HERE}" if _newer(written) else ""
    )


def _newer(written: object) -> bool:
    try:
        return Version(str(written)) > Version(transformers.__version__)
    except InvalidVersion:
        return False


def _require_known_kind(found: dict[str, Any], source: ModelSource) -> None:
    kind = found.get("model_type")
    if isinstance(kind, str) and kind in CONFIG_MAPPING:
        return
    if "auto_map" in found:
        raise ModelNotAvailableError(
            f"{source.name} needs its own Python code, which is never run; use a version of the "
            "model that transformers loads without trust_remote_code"
        )
    if kind is None:
        raise ModelNotAvailableError(
            f'{CONFIG} of {source.name} has no model_type, such as "bert"; give a folder that '
            "save_pretrained wrote"
        )
    like = difflib.get_close_matches(str(kind), list(CONFIG_MAPPING), 1)
    written = found.get("transformers_version")
    if _newer(written):
        advice = f"it was written by {written}: install that or a later one"
    else:
        advice = f"did you mean {like[0]}?" if like else "a later one may"
    raise ModelNotAvailableError(
        f"{CONFIG} of {source.name} says model_type {str(kind)[:60]!r}, which {HERE} does not "
        f"know; {advice}"
    )


def _require_unquantised(found: dict[str, Any], source: ModelSource) -> None:
    parts = [found, *(part for part in found.values() if isinstance(part, dict))]
    settings = next((part[key] for part in parts for key in QUANTISED if part.get(key)), None)
    if settings is None:
        return
    method, bits = None, None
    if isinstance(settings, dict):
        method = settings.get("quant_method")
        bits = settings.get("bits") or next(
            (n for n in (4, 8) if settings.get(f"load_in_{n}bit")), None
        )
    words = ", ".join(str(word)[:40] for word in (method, bits and f"{bits} bits") if word)
    raise UnsupportedModelError(
        f"the weights of {source.name} are quantised{f' ({words})' if words else ''}, {NOT_READ}"
    )
