"""What lies in a folder in place of a whole model is named, and what makes one of it."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers
from safetensors.torch import load_file, save_file
from tests.support.hostile_models import update
from tests.support.tiny_models import byte_level_tokenizer, save_image_processor

from attentionviz import models
from attentionviz.errors import AppError, ModelNotAvailableError

Change = Callable[[Path], object]
WEIGHTS = "model.safetensors"
INDEX = f"{WEIGHTS}.index.json"
POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:4665a7\nsize 440449290\n"


def config(**facts: Any) -> Change:
    return lambda folder: update(folder, "config.json", **facts)


def write(name: str, content: str = "x", *, instead_of: str | None = None) -> Change:
    """Return the change that puts a file into a folder, alone or in place of another."""

    def change(folder: Path) -> None:
        if instead_of is not None:
            (folder / instead_of).unlink()
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(content)

    return change


def alone(*changes: Change) -> Change:
    """Return the change that leaves nothing in a folder but what these put into it."""

    def change(folder: Path) -> None:
        shutil.rmtree(folder)
        folder.mkdir()
        for one in changes:
            one(folder)

    return change


def renamed(old: str, new: str) -> Change:
    return lambda folder: (folder / old).rename(folder / new)


def without(*names: str) -> Change:
    return lambda folder: [(folder / name).unlink() for name in names]


def inside(*names: str) -> Change:
    """Return the change that moves the model into folders of a folder."""

    def change(folder: Path) -> None:
        content = list(folder.iterdir())
        for name in names:
            shutil.copytree(folder, folder.parent / "copy")
            (folder / name).parent.mkdir(exist_ok=True)
            (folder.parent / "copy").rename(folder / name)
        for path in content:
            path.unlink()

    return change


def tensors(change: Callable[[dict[str, torch.Tensor]], dict[str, torch.Tensor]]) -> Change:
    def changed(folder: Path) -> None:
        found = load_file(folder / WEIGHTS)
        save_file(change(found), folder / WEIGHTS, metadata={"format": "pt"})

    return changed


def shards(folder: Path) -> None:
    """Split the weights into three parts, of which the first is there."""
    found = load_file(folder / WEIGHTS)
    names = {key: f"model-0000{1 + i % 3}-of-00003.safetensors" for i, key in enumerate(found)}
    first = {key: found[key] for key, name in names.items() if "00001-of" in name}
    save_file(first, folder / min(names.values()), metadata={"format": "pt"})
    write(INDEX, json.dumps({"weight_map": names}), instead_of=WEIGHTS)(folder)


def without_index(folder: Path) -> None:
    shards(folder)
    (folder / INDEX).unlink()


def shards_as_pointers(folder: Path) -> None:
    shards(folder)
    for n in (2, 3):
        (folder / f"model-0000{n}-of-00003.safetensors").write_text(POINTER)


def adapter(**facts: Any) -> Change:
    facts = {"peft_type": "LORA", "base_model_name_or_path": "lab/base", **facts}
    return write("adapter_config.json", json.dumps(facts))


def tokenizer_json(**facts: Any) -> Change:
    def change(folder: Path) -> None:
        path = folder / "tokenizer.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | facts))

    return change


def python_tokenizer(folder: Path) -> None:
    without("tokenizer.json", "tokenizer_config.json")(folder)
    transformers.CanineTokenizer().save_pretrained(folder)


def empty_vocabulary(folder: Path) -> None:
    """Have a class of tokenizer without its file: transformers makes one that knows no word."""
    write("vocab.json", "{}", instead_of="tokenizer.json")(folder)
    update(folder, "tokenizer_config.json", tokenizer_class="BertTokenizer")


def checkpoint_of_a_training(folder: Path) -> None:
    (folder / "tokenizer.json").rename(folder.parent / "tokenizer.json")
    (folder / "tokenizer_config.json").unlink()


def dead_link(folder: Path) -> None:
    (folder / WEIGHTS).unlink()
    (folder / WEIGHTS).symlink_to("../blobs/abc")


def quantised(**facts: Any) -> Change:
    return config(quantization_config=facts)


def packed(found: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    key = "encoder.layer.0.attention.self.query.weight"
    return {name: tensor for name, tensor in found.items() if name != key} | {
        key.replace("weight", "qweight"): torch.zeros(2, 2, dtype=torch.int32)
    }


def rounded(found: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    return {name: (100 * tensor).to(torch.int8) for name, tensor in found.items()}


def wrapped(found: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    return {f"_orig_mod.{name}": tensor for name, tensor in found.items()}


def other_names(found: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    return {f"tensor.{i}": tensor for i, tensor in enumerate(found.values())}


def not_finite(found: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    found["encoder.layer.0.attention.self.query.weight"].fill_(float("nan"))
    return found


REFUSED: dict[str, tuple[Change, str]] = {
    # nothing that is a model of transformers
    "nothing": (alone(), "has no config.json, it holds nothing"),
    "a tokenizer": (alone(byte_level_tokenizer().save_pretrained), "holds a tokenizer alone"),
    "an image processor": (
        alone(lambda folder: save_image_processor(folder, 24, 24)),
        "holds an image processor alone",
    ),
    "no config": (without("config.json"), "holds the weights and a tokenizer alone"),
    "one level too high": (inside("mine-2"), "its folder mine-2 has; give that folder"),
    "a training": (
        inside("checkpoint-1000", "checkpoint-500"),
        "checkpoint-500, checkpoint-1000 in it have",
    ),
    "the hub's cache": (inside("snapshots/0a1b"), "its folder snapshots/0a1b has"),
    "an adapter": (
        alone(adapter(task_type="CAUSAL_LM")),
        r"of lab/base, not .*AutoModelForCausalLM.*merge_and_unload\(\).save_pretrained\(\"mine-",
    ),
    "an adapter beside a config": (
        lambda folder: (without(WEIGHTS)(folder), adapter()(folder)),
        r"an adapter \(LORA\) of lab/base",
    ),
    "an adapter beside weights": (adapter(), "whole weights and an adapter"),
    "a prompt": (alone(adapter(peft_type="PREFIX_TUNING")), "PREFIX_TUNING.*; give lab/base"),
    # weights
    "GGUF": (alone(write("llama.Q4_K_M.gguf")), "llama.Q4_K_M.gguf, packed for llama.cpp"),
    "Meta's own": (alone(write("consolidated.00.pth")), "in the format of its maker"),
    "a pickle": (renamed(WEIGHTS, "pytorch_model.bin"), r"can run code.*save_pretrained\(\"mine\""),
    "TensorFlow": (renamed(WEIGHTS, "tf_model.h5"), "from_tf=True"),
    "Flax": (renamed(WEIGHTS, "flax_model.msgpack"), "from_flax=True"),
    "ONNX": (write("onnx/model.onnx", instead_of=WEIGHTS), "onnx, an export"),
    "another name": (renamed(WEIGHTS, "model.fp16.safetensors"), "rename it to model.safetensors"),
    "no weights": (without(WEIGHTS), "has no model.safetensors, and no other format"),
    "only a state of training": (
        write("optimizer.pt", instead_of=WEIGHTS),
        "has no model.safetensors, and no other format",
    ),
    "a pointer": (write(WEIGHTS, POINTER), "model.safetensors of mine is a Git LFS pointer"),
    "empty weights": (write(WEIGHTS, ""), "model.safetensors of mine is empty"),
    "a page": (write(WEIGHTS, "<!DOCTYPE html>"), "model.safetensors of mine is a web page"),
    "a dead link": (dead_link, "link to a file that is not there"),
    "weights that are cut": (
        lambda folder: (folder / WEIGHTS).write_bytes((folder / WEIGHTS).read_bytes()[:-9]),
        "bytes. is not a complete safetensors file",
    ),
    "a pickle by that name": (
        lambda folder: torch.save({"a": torch.zeros(9)}, folder / WEIGHTS),
        "is not a complete safetensors file",
    ),
    "no tensors": (tensors(lambda _: {}), "model.safetensors of mine holds no tensors"),
    "missing shards": (shards, r"lists 'model-00002-of-00003.safetensors' and 1 more"),
    "shards without index": (without_index, "without the model.safetensors.index.json"),
    "shards as pointers": (shards_as_pointers, "model-00002-of-00003.safetensors .* LFS pointer"),
    "an index of nothing": (
        write(INDEX, "{}", instead_of=WEIGHTS),
        "has no weight_map",
    ),
    "bitsandbytes": (
        quantised(quant_method="bitsandbytes", load_in_4bit=True),
        r"quantised \(bitsandbytes, 4 bits\)",
    ),
    "GPTQ": (quantised(quant_method="gptq", bits=4), r"quantised \(gptq, 4 bits\)"),
    "AWQ": (quantised(quant_method="awq", bits=4), r"quantised \(awq, 4 bits\)"),
    "FP8": (quantised(quant_method="fp8"), r"quantised \(fp8\)"),
    "packed weights": (tensors(packed), "quantised .*qweight is I32"),
    "whole numbers": (tensors(rounded), r"quantised \(embeddings.* is I8\)"),
    "another kind": (tensors(other_names), "another kind of model .* but tensor.0"),
    "a wrapper": (tensors(wrapped), "named _orig_mod.embeddings.LayerNorm.bias, not"),
    "more layers": (config(num_hidden_layers=3), "lack encoder.layer.2.* and 15 more"),
    "other positions": (
        config(max_position_embeddings=512),
        "embeddings.position_embeddings.weight of mine is 64 × 16 .* and 512 × 16",
    ),
    "weights that are no numbers": (
        tensors(not_finite),
        "first attention layer of bert are not finite numbers",
    ),
    # config.json
    "an empty config": (write("config.json", ""), "config.json of mine is empty"),
    "a config as pointer": (write("config.json", POINTER), "config.json .* Git LFS pointer"),
    "a config that is a folder": (
        write("config.json/x", instead_of="config.json"),
        "is not a regular",
    ),
    "no JSON": (write("config.json", "{ // mine\n}"), "not valid JSON: .* at line 1, column 3"),
    "no model_type": (write("config.json", "{}"), "config.json of mine has no model_type"),
    "a wrong model_type": (config(model_type="brt"), "'brt', .*; did you mean bert?"),
    "a newer model": (
        config(model_type="gemma9", transformers_version="99.0.0"),
        "'gemma9', which transformers .* written by 99.0.0",
    ),
    "code": (
        config(model_type="mine", auto_map={"AutoModel": "mine.M"}),
        "needs its own Python code",
    ),
    "a newer setting": (
        config(hidden_act="superlu", transformers_version="99.0.0"),
        "making a bert .* 'superlu'; it was written by transformers 99.0.0",
    ),
    "a number as text": (config(hidden_size="16"), "reading config.json .* expected int, got str"),
    "a kind without model": (config(model_type="rag"), "is a rag, for which AutoModel"),
    # tokenizer
    "no tokenizer": (
        without("tokenizer.json", "tokenizer_config.json"),
        r"has no tokenizer.json and no other .*save_pretrained\(\"mine\"\)",
    ),
    "a checkpoint": (checkpoint_of_a_training, "its parent folder has one"),
    "SentencePiece": (
        write("tokenizer.model", "x", instead_of="tokenizer.json"),
        r"tokenizer.model, a model of SentencePiece",
    ),
    "no merges": (
        write("vocab.json", "{}", instead_of="tokenizer.json"),
        "vocab.json alone cannot be read",
    ),
    "no words": (empty_vocabulary, "vocab.json alone cannot be read"),
    "Python": (python_tokenizer, "CanineTokenizer, is a slow tokenizer"),
    "code of a tokenizer": (
        lambda folder: (
            without("tokenizer.json")(folder),
            update(folder, "tokenizer_config.json", auto_map={"AutoTokenizer": ["m.T", None]}),
        ),
        "tokenizer of mine needs its own Python",
    ),
    "a newer tokenizer": (
        tokenizer_json(pre_tokenizer={"type": "NewSplit"}),
        "cannot be read by tokenizers .*pip install -U tokenizers",
    ),
    "half a tokenizer": (write("tokenizer.json", '{"a'), "tokenizer.json of mine is not valid"),
    "a tokenizer as pointer": (write("tokenizer.json", POINTER), "tokenizer.json .* LFS pointer"),
}
"""What is done to the folder of a tiny BERT, and words of the sentence that follows."""


@pytest.mark.parametrize("name", REFUSED)
def test_it_is_named_in_one_sentence(name: str, tiny_bert: Path, tmp_path: Path) -> None:
    change, words = REFUSED[name]
    folder = shutil.copytree(tiny_bert, tmp_path / "mine")
    change(folder)
    with pytest.raises(AppError, match=words) as caught:
        models.load(str(folder), "cpu", local_models=None)
    said = str(caught.value)
    assert "\n" not in said
    assert str(tmp_path) not in said  # the sentence may be shown to others
    assert len(said) < 500


def test_the_packages_that_are_missing_for_sentence_piece_are_named(
    tiny_bert: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = shutil.copytree(tiny_bert, tmp_path / "mine")
    write("spiece.model", instead_of="tokenizer.json")(folder)
    from attentionviz.models import tokenizer

    monkeypatch.setattr(tokenizer, "_is_installed", lambda module: module == "sentencepiece")
    with pytest.raises(ModelNotAvailableError, match="`pip install protobuf`"):
        models.load(str(folder), "cpu", local_models=None)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (without("preprocessor_config.json"), "has no preprocessor_config.json; save"),
        (write("preprocessor_config.json", POINTER), "preprocessor_config.json .* LFS pointer"),
        (
            write("preprocessor_config.json", '{"image_processor_type": "NewProcessor"}'),
            "reading the image processor of mine failed: Unrecognized image processor",
        ),
    ],
)
def test_an_image_processor_that_cannot_be_read_is_named(
    change: Change, words: str, tiny_vit: Path, tmp_path: Path
) -> None:
    folder = shutil.copytree(tiny_vit, tmp_path / "mine")
    change(folder)
    with pytest.raises(ModelNotAvailableError, match=words):
        models.load(str(folder), "cpu", local_models=None)


def test_nothing_is_said_beside_the_sentence(
    tiny_bert: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    folder = shutil.copytree(tiny_bert, tmp_path / "mine")
    write("tokenizer.model", instead_of="tokenizer.json")(folder)
    with pytest.raises(ModelNotAvailableError):
        models.load(str(folder), "cpu", local_models=None)
    assert capfd.readouterr() == ("", "")
