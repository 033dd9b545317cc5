"""Malicious model folders, with code, pickles, wrong weight headers, or links elsewhere.

Each function changes the folder of a complete tiny BERT; code in it creates the file `SENTINEL`
if it runs.
"""

import json
import os
import pickle
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

SENTINEL = "ran"
CODE = """
from pathlib import Path
Path({path!r}).touch()
from transformers import BertConfig, BertModel, BertTokenizerFast
class C(BertConfig):
    pass
class M(BertModel):
    pass
class T(BertTokenizerFast):
    pass
"""
Change = Callable[[Path], None]


class Evil:
    """What a pickle may hold: a call that is made while it is read."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, tuple[Any, ...]]:
        """Return a call of `open`, which makes the sentinel."""
        return open, (str(self.path), "w")


def update(folder: Path, name: str, **facts: Any) -> None:
    """Write facts into a JSON file of the folder."""
    path = folder / name
    found = json.loads(path.read_text()) if path.exists() else {}
    path.write_text(json.dumps(found | facts))


def add_code(folder: Path) -> None:
    """Put a module into the folder that tells when it is run."""
    (folder / "mine.py").write_text(CODE.format(path=str(folder.parent / SENTINEL)))


def evil_pickle(folder: Path) -> bytes:
    """Return a pickle that tells when it is read."""
    return pickle.dumps(Evil(folder.parent / SENTINEL))


def code_of_unknown_kind(folder: Path) -> None:
    """Name a kind of model that only the folder's own code knows."""
    add_code(folder)
    mapped = {"AutoConfig": "mine.C", "AutoModel": "mine.M"}
    update(folder, "config.json", model_type="mine", auto_map=mapped)


def code_from_elsewhere(folder: Path) -> None:
    """Name code of another repository."""
    mapped = {"AutoConfig": "evil/repo--mine.C", "AutoModel": "evil/repo--mine.M"}
    update(folder, "config.json", model_type="mine", auto_map=mapped)


def pickled_weights(folder: Path) -> None:
    """Have weights as a pickle alone."""
    (folder / "model.safetensors").unlink()
    (folder / "pytorch_model.bin").write_bytes(evil_pickle(folder))


def pickle_under_another_name(folder: Path) -> None:
    """Have a pickle that calls itself safetensors."""
    (folder / "model.safetensors").write_bytes(evil_pickle(folder))


def index_of_pickles(folder: Path) -> None:
    """Have an index that names pickles."""
    pickled_weights(folder)
    named = {"weight_map": {"a": "pytorch_model.bin"}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(named))


def index_outside(folder: Path) -> None:
    """Have an index that names a file outside of the folder."""
    (folder / "model.safetensors").rename(folder.parent / "outside.safetensors")
    named = {"weight_map": {"a": "../outside.safetensors"}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(named))


def tokenizer_code(folder: Path) -> None:
    """Have a tokenizer of the folder's own kind alone."""
    add_code(folder)
    (folder / "tokenizer.json").unlink()
    (folder / "vocab.json").write_text("{}")
    mapped = {"AutoTokenizer": ["mine.T", "mine.T"]}
    update(folder, "tokenizer_config.json", tokenizer_class="T", auto_map=mapped)


def tokenizer_of_another_file(folder: Path) -> None:
    """Have a tokenizer that is a link to a file of the system."""
    (folder / "tokenizer.json").unlink()
    (folder / "tokenizer.json").symlink_to("/etc/passwd")


def link_to_a_file_of_the_system(folder: Path) -> None:
    """Have weights that are a link to a file of the system."""
    (folder / "model.safetensors").unlink()
    (folder / "model.safetensors").symlink_to("/etc/passwd")


def link_to_a_device(folder: Path) -> None:
    """Have weights without end."""
    (folder / "model.safetensors").unlink()
    (folder / "model.safetensors").symlink_to("/dev/zero")


def pipe(folder: Path) -> None:
    """Have weights that a reader waits for in vain."""
    (folder / "model.safetensors").unlink()
    os.mkfifo(folder / "model.safetensors")


def quantised(folder: Path) -> None:
    """Ask for a library that unpacks weights in its own way."""
    update(folder, "config.json", quantization_config={"quant_method": "mine", "bits": 4})


def header(content: bytes, length: int | None = None, rest: bytes = b"") -> Change:
    """Return the change that gives the weights another header."""

    def change(folder: Path) -> None:
        n = len(content) if length is None else length
        (folder / "model.safetensors").write_bytes(struct.pack("<Q", n) + content + rest)

    return change


def tensor(**facts: Any) -> bytes:
    """Return a header of one tensor."""
    one = {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]} | facts
    return json.dumps({"embeddings.word_embeddings.weight": one}).encode()


def huge_header(folder: Path) -> None:
    """Have a header of a gigabyte, which takes no room on the disk."""
    with (folder / "model.safetensors").open("wb") as file:
        file.write(struct.pack("<Q", 2**30))
        file.truncate(2**30 + 8)


REFUSED: dict[str, Change] = {
    "code of an unknown kind": code_of_unknown_kind,
    "code from elsewhere": code_from_elsewhere,
    "weights as a pickle": pickled_weights,
    "a pickle under another name": pickle_under_another_name,
    "an index of pickles": index_of_pickles,
    "an index that leads outside": index_outside,
    "a tokenizer of code": tokenizer_code,
    "a tokenizer that is a link": tokenizer_of_another_file,
    "weights that are a link": link_to_a_file_of_the_system,
    "weights that are a device": link_to_a_device,
    "weights that are a pipe": pipe,
    "a header longer than the file": header(b"{}", length=1000),
    "a header of 2**63 bytes": header(b"{}", length=2**63),
    "a header of a gigabyte": huge_header,
    "a header that is no JSON": header(b"(lambda: 1)()"),
    "a header nested too deep": header(b'{"a":' * 50_000),
    "offsets outside": header(tensor(data_offsets=[0, 2**40]), rest=b"\0" * 8),
    "offsets that turn back": header(tensor(data_offsets=[8, 0]), rest=b"\0" * 8),
    "a shape without end": header(tensor(shape=[2**62, 2**62]), rest=b"\0" * 8),
    "a dtype that is none": header(tensor(dtype="O"), rest=b"\0" * 8),
    "no weights at all": header(b"{}"),
    "a config that is a list": lambda folder: (folder / "config.json").write_text("[]") and None,
    "a config nested too deep": lambda folder: (
        (folder / "config.json").write_text("[" * 200_000) and None
    ),
    "heads that do not divide": lambda folder: update(folder, "config.json", num_attention_heads=3),
    "other sizes than the weights": lambda folder: update(folder, "config.json", hidden_size=64),
    "a million layers": lambda folder: update(folder, "config.json", num_hidden_layers=10**6),
    "layers as a text": lambda folder: update(folder, "config.json", num_hidden_layers="2" * 9),
    "a vocabulary beyond memory": lambda folder: update(folder, "config.json", vocab_size=10**12),
}
"""Refused in a sentence."""


def code_of_a_known_kind(folder: Path) -> None:
    """Name code for a kind of model that the library knows by itself."""
    add_code(folder)
    mapped = {"AutoConfig": "mine.C", "AutoModel": "mine.M", "AutoTokenizer": ["mine.T", "mine.T"]}
    update(folder, "config.json", auto_map=mapped)
    update(folder, "tokenizer_config.json", auto_map=mapped)


def pickles_beside(folder: Path) -> None:
    """Have pickles beside whole weights."""
    for name in ("pytorch_model.bin", "tf_model.h5", "training_args.bin", "optimizer.pt"):
        (folder / name).write_bytes(evil_pickle(folder))


def code_beside(folder: Path) -> None:
    """Have modules that a careless loader would import, and a template that runs."""
    for name in ("modeling_bert.py", "custom_generate/generate.py", "transformers.py", "torch.py"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(CODE.format(path=str(folder.parent / SENTINEL)))
    (folder / "chat_template.jinja").write_text("{{ ''.__class__.__mro__[1].__subclasses__() }}")


def adapter_beside(folder: Path) -> None:
    """Have an adapter that names another model as its base."""
    found = {"base_model_name_or_path": "evil/repo", "peft_type": "LORA"}
    update(folder, "adapter_config.json", **found)
    (folder / "adapter_model.bin").write_bytes(evil_pickle(folder))


HARMLESS: dict[str, Change] = {
    "code for a known kind": code_of_a_known_kind,
    "pickles beside": pickles_beside,
    "code beside": code_beside,
    "an adapter beside": adapter_beside,
    "an unknown quantisation": quantised,
}
"""Either refused in a sentence, or loaded as the library's own kind without any of it."""
