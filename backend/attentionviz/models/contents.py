"""Diagnosis of folders without a complete model, with advice on how to convert them."""

import re
from fnmatch import filter as matching
from pathlib import Path

from attentionviz.errors import ModelNotAvailableError
from attentionviz.models.files import listing, read_json
from attentionviz.models.names import LOCAL, ModelSource

CONFIG = "config.json"
ADAPTER = "adapter_config.json"
MAX_SEARCHED = 200
MERGEABLE = ("LORA", "ADALORA", "IA3", "LOHA", "LOKR", "OFT", "BOFT", "VERA", "RANDLORA", "SHIRA")
AUTO_CLASSES = {
    "CAUSAL_LM": "AutoModelForCausalLM",
    "SEQ_2_SEQ_LM": "AutoModelForSeq2SeqLM",
    "SEQ_CLS": "AutoModelForSequenceClassification",
    "TOKEN_CLS": "AutoModelForTokenClassification",
    "QUESTION_ANS": "AutoModelForQuestionAnswering",
}
OTHER_FORMATS = {
    "*.gguf": "packed for llama.cpp; give the model in safetensors that it was made of",
    "consolidated.*": "in the format of its maker; give the same model in that of transformers",
    "*.bin": "which can run code when it is read; if you trust it, write safetensors once: "
    '`AutoModel.from_pretrained("{name}").save_pretrained("{name}")`',
    "*.bin.index.json": "whose parts are not there; give a folder with weights in safetensors",
    "*.h5": "weights of TensorFlow; write safetensors once with transformers 4: "
    '`AutoModel.from_pretrained("{name}", from_tf=True).save_pretrained("{name}")`',
    "*.msgpack": "weights of Flax; write safetensors once with transformers 4: "
    '`AutoModel.from_pretrained("{name}", from_flax=True).save_pretrained("{name}")`',
    "model-*-of-*.safetensors": "parts without the model.safetensors.index.json that says what is "
    "in which; copy it, too",
    "*.safetensors": "which transformers does not look for; if it holds the whole model, rename it "
    "to model.safetensors",
    "*.onnx": "an export; give the model that it was made of",
    "onnx": "an export; give the model that it was made of",
    "*.ckpt": "of another program; save its model with save_pretrained",
    "*.pth": "of another program; save its model with save_pretrained",
    "*.pt": "of another program; save its model with save_pretrained",
}
"""File name patterns of other weight formats, with advice; the first match is reported."""

NOT_READ = "which is not read; give the model in 16 or 32 bits that they were made of"
NO_WEIGHTS = re.compile("training_args|optimizer|scheduler|scaler|rng_state")
WEIGHTS = {"model.safetensors", "model.safetensors.index.json"}
PARTS = {
    **dict.fromkeys(sorted(WEIGHTS), "the weights"),
    "preprocessor_config.json": "an image processor",
    "processor_config.json": "a processor",
    "tokenizer.json": "a tokenizer",
    "tokenizer_config.json": "a tokenizer",
}


def require_model(source: ModelSource) -> None:
    """Check that a folder has a ``config.json``, and not both weights and an adapter.

    Raises
    ------
    ModelNotAvailableError
        Names the contents of the folder, and what to do.
    """
    names = listing(source.folder)
    if CONFIG in names:
        if ADAPTER in names and WEIGHTS & set(names):
            raise ModelNotAvailableError(
                f"{source.name} holds whole weights and an adapter to them; take {ADAPTER} out of "
                "the folder if they are merged already, else merge them first"
            )
        return
    raise ModelNotAvailableError(
        _adapter(source, names)
        or _inner_models(source, names)
        or _other_format(source, names)
        or _parts(source, names)
    )


def why_no_weights(source: ModelSource) -> str:
    """Return the error message for a folder with a ``config.json`` but no readable weights."""
    names = listing(source.folder)
    advice = "save the model there with save_pretrained"
    if source.source != LOCAL:
        advice = "the hub may offer a conversion: name it as ID@refs/pr/NUMBER"
    return (
        _adapter(source, names)
        or _other_format(source, names)
        or f"{source.name} has no model.safetensors, and no other format is read; {advice}"
    )


def _adapter(source: ModelSource, names: list[str]) -> str | None:
    if ADAPTER not in names:
        return None
    found = read_json(source, ADAPTER)
    kind = str(found.get("peft_type") or "PEFT")
    base = str(found.get("base_model_name_or_path") or "its base model")
    what = f"{source.name} is an adapter ({kind}) of {base}, not a whole model"
    if kind not in MERGEABLE:
        return f"{what}, and is not part of any weights that could be shown; give {base}"
    auto = AUTO_CLASSES.get(str(found.get("task_type")), "AutoModel")
    return (
        f'{what}; merge them once: `PeftModel.from_pretrained({auto}.from_pretrained("{base}"), '
        f'"{source.name}").merge_and_unload().save_pretrained("{source.name}-merged")`, '
        "save the tokenizer there, too, and give that folder"
    )


def _inner_models(source: ModelSource, names: list[str]) -> str | None:
    """Return a message if subfolders are models: checkpoints, pipelines or a hub cache."""
    inner = [name for name in names[:MAX_SEARCHED] if _is_model(source.folder / name)]
    if "snapshots" in names:
        commits = listing(source.folder / "snapshots")[:MAX_SEARCHED]
        inner += [f"snapshots/{c}" for c in commits if _is_model(source.folder / "snapshots" / c)]
    if not inner:
        return None
    inner.sort(key=lambda name: [int(number) for number in re.findall(r"\d+", name)])
    if len(inner) == 1:
        return f"{source.name} has no {CONFIG}, but its folder {inner[0]} has; give that folder"
    return f"{source.name} has no {CONFIG}, but {_some(inner)} in it have; give one of them"


def _is_model(folder: Path) -> bool:
    """Return whether a folder has a configuration of a transformers model."""
    path = folder / CONFIG
    try:
        if not path.is_file() or path.stat().st_size > 2**20:
            return False
        return '"model_type"' in path.read_text("utf-8")
    except (OSError, ValueError):
        return False


def _other_format(source: ModelSource, names: list[str]) -> str | None:
    if WEIGHTS & set(names):
        return None
    for pattern, advice in OTHER_FORMATS.items():
        found = [name for name in matching(names, pattern) if not NO_WEIGHTS.match(name)]
        if found:
            advice = advice.format(name=source.name)
            return f"{source.name} has no model.safetensors but {_some(found)}, {advice}"
    return None


def _parts(source: ModelSource, names: list[str]) -> str:
    found = list(dict.fromkeys(what for file, what in PARTS.items() if file in names))
    if found:
        holds, advice = f"{' and '.join(found)} alone", "save or copy the rest of the model there"
    else:
        holds = _some(names) or "nothing"
        advice = "give one with config.json and model.safetensors, as save_pretrained writes them"
    return f"{source.name} has no {CONFIG}, it holds {holds}; {advice}"


def _some(names: list[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
