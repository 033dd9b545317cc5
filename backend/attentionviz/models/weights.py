"""The weight files of a model folder: which they are, their hash, and the licence beside them."""

import hashlib
import json
import re
from pathlib import Path

from attentionviz.core.file_names import is_litter
from attentionviz.errors import ModelNotAvailableError

INDEX = "model.safetensors.index.json"
SINGLE = "model.safetensors"
CHUNK_BYTES = 2**20
SETTINGS = (".json", ".model", ".txt", ".jinja")
CARDS = ("README.md", "MODEL_CARD.md")


def weight_files(folder: Path, name: str) -> list[str]:
    """Return the safetensors files of a model, sorted.

    Parameters
    ----------
    folder : Path
    name : str
        The model's, for messages.

    Raises
    ------
    ModelNotAvailableError
        If there are none, one is missing, or the index names a file outside the folder.
    """
    if (folder / SINGLE).is_file():
        return [SINGLE]
    index = folder / INDEX
    if not index.is_file():
        raise ModelNotAvailableError(
            f"{name} has no {SINGLE}; weights in other formats are not read because they can run "
            "code, but the hub may offer a conversion: name it as ID@refs/pr/NUMBER"
        )
    try:
        names = sorted(set(json.loads(index.read_text("utf-8"))["weight_map"].values()))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ModelNotAvailableError(f"{INDEX} of {name} cannot be read") from error
    for part in names:
        is_plain = isinstance(part, str) and re.fullmatch(r"[\w.-]+\.safetensors", part)
        if not is_plain or not (folder / part).is_file():
            raise ModelNotAvailableError(f"{INDEX} of {name} names {part!r}, which is not there")
    return names


def weights_sha256(folder: Path, names: list[str]) -> str:
    """Return the SHA-256 of the weights; of several files, that of their names and hashes."""
    hashes = [_file_sha256(folder / name) for name in names]
    if len(hashes) == 1:
        return hashes[0]
    lines = "".join(f"{digest}  {name}\n" for digest, name in zip(hashes, names, strict=True))
    return hashlib.sha256(lines.encode()).hexdigest()


def settings_sha256(folder: Path) -> str:
    """Return a hash of the names and bytes of all other files that loading may read.

    Configuration, tokenizer and image processor decide what a model does as much as its weights.
    """
    files = (p for p in folder.iterdir() if p.suffix in SETTINGS and not is_litter(p.name))
    names = sorted(p.name for p in files if p.is_file())
    lines = "".join(f"{_file_sha256(folder / name)}  {name}\n" for name in names)
    return hashlib.sha256(lines.encode()).hexdigest()


def license_of(folder: Path) -> str | None:
    """Return the licence that the model card names at its head, or None."""
    cards = [folder / name for name in CARDS if (folder / name).is_file()]
    if not cards:
        return None
    with cards[0].open(encoding="utf-8", errors="replace") as stream:
        head = stream.read(20_000)
    block = re.match(r"\ufeff?---\s*\n(.*?)\n---\s*(\n|$)", head, re.DOTALL)
    named = re.search(r"^license:[ \t]*([^\s#]+)", block[1], re.MULTILINE) if block else None
    return named[1].strip("'\"") if named else None


def _file_sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while chunk := stream.read(CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()
