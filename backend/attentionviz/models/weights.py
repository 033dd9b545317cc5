"""Weight files of a model folder: their names, hash and licence."""

import hashlib
import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from transformers import PreTrainedModel

from attentionviz.core.file_names import is_junk
from attentionviz.errors import ModelNotAvailableError
from attentionviz.models.contents import why_no_weights
from attentionviz.models.files import AGAIN, read_json, require_content
from attentionviz.models.names import ModelSource
from attentionviz.models.steps import step

INDEX = "model.safetensors.index.json"
SINGLE = "model.safetensors"
OTHER_CONFIG = "copy the config.json that was saved with them"
CHUNK_BYTES = 2**20
SETTINGS = (".json", ".model", ".txt", ".jinja")
CARDS = ("README.md", "MODEL_CARD.md")


def weight_files(source: ModelSource) -> list[str]:
    """Return the safetensors files of a model, sorted.

    Raises
    ------
    ModelNotAvailableError
        If there are none, one is missing or damaged, or the index lists a file outside the folder.
    """
    names = [SINGLE]
    require_content(source, SINGLE)
    if not (source.folder / SINGLE).is_file():
        if not (source.folder / INDEX).is_file():
            raise ModelNotAvailableError(why_no_weights(source))
        names = _named_by_index(source)
    for name in names:
        require_content(source, name)
        _require_complete(source, name)
    return names


def _named_by_index(source: ModelSource) -> list[str]:
    try:
        parts = sorted(set(read_json(source, INDEX)["weight_map"].values()))
    except (KeyError, TypeError, AttributeError) as error:
        raise ModelNotAvailableError(
            f"{INDEX} of {source.name} has no weight_map; {AGAIN}"
        ) from error
    absent = [part for part in parts if not _is_part(source, part)]
    if absent or not parts:
        more = f" and {len(absent) - 1} more" if len(absent) > 1 else ""
        which = f"lists {absent[0]!r}{more}, which is missing" if absent else "lists no file"
        raise ModelNotAvailableError(
            f"{INDEX} of {source.name} {which}; copy or download all parts of the weights"
        )
    return parts


def _is_part(source: ModelSource, part: object) -> bool:
    is_plain = isinstance(part, str) and re.fullmatch(r"[\w.-]+\.safetensors", part)
    return bool(is_plain) and os.path.lexists(source.folder / str(part))


def _require_complete(source: ModelSource, name: str) -> None:
    path = source.folder / name
    with step(f"reading {name} of {source.name}", ModelNotAvailableError, source):
        try:
            with safe_open(path, framework="np"):
                return
        except SafetensorError as error:
            raise ModelNotAvailableError(
                f"{name} of {source.name} ({path.stat().st_size:,} bytes) is not a complete "
                f"safetensors file; {AGAIN}"
            ) from error


def require_loaded(
    whole: PreTrainedModel, part: PreTrainedModel, report: Mapping[str, Any], source: ModelSource
) -> None:
    """Check that no weights are initialised at random, except poolers, which attention precedes.

    Parameters
    ----------
    whole : PreTrainedModel
    part : PreTrainedModel
        The captured part of `whole`.
    report : mapping
        Loading info of transformers: "missing_keys", "unexpected_keys" and "mismatched_keys" (key,
        shape in the file, shape in the model).
    source : ModelSource

    Raises
    ------
    ModelNotAvailableError
        If weights of the part are missing or have another shape.
    """
    used = {id(parameter) for parameter in part.parameters()}
    parameters = dict(whole.named_parameters(remove_duplicate=False))
    needed = [key for key in parameters if id(parameters[key]) in used and "pooler" not in key]
    missing = set(report["missing_keys"])
    absent = [key for key in sorted(needed) if key in missing]
    if absent:
        raise ModelNotAvailableError(
            _why_absent(absent, len(needed), sorted(report["unexpected_keys"]), source)
        )
    for key, found, expected in report["mismatched_keys"]:
        if key in needed:
            raise ModelNotAvailableError(
                f"{key} of {source.name} is {_shape(found)} in its weights and {_shape(expected)} "
                f"by its config.json; {OTHER_CONFIG}"
            )


def layers_left_out(
    part: PreTrainedModel, report: Mapping[str, Any], source: ModelSource
) -> tuple[str, ...]:
    """Return a note if the weights have more layers than config.json, else an empty tuple.

    This is no error, since some checkpoints have extra layers for multi-token prediction.

    Parameters
    ----------
    part, report, source
        As for `require_loaded`.
    """
    known = {_layer_of(key) for key, _ in part.named_parameters()}
    names = {name for name, _ in known}
    beyond = sorted(
        {
            layer
            for name, layer in map(_layer_of, report["unexpected_keys"])
            if layer is not None and any(name.endswith(known_name) for known_name in names)
        }
        - {layer for _, layer in known}
    )
    if not beyond:
        return ()
    which = f"layer {beyond[0]}" if len(beyond) == 1 else f"layers {beyond[0]} to {beyond[-1]}"
    return (
        f"the weights of {source.name} also have {which}, which its config.json leaves out; the "
        "dataset does not include them",
    )


def _layer_of(key: str) -> tuple[str, int | None]:
    """Return the name of a weight without the number of its layer, and that number."""
    found = re.fullmatch(r"(.*?\.)(\d+)(\..*)", key)
    return (f"{found[1]}*{found[3]}", int(found[2])) if found else (key, None)


def _why_absent(absent: list[str], n_needed: int, others: list[str], source: ModelSource) -> str:
    wrapped = next((key for key in others if key.endswith(f".{absent[0]}")), "")
    wrapper = wrapped.removesuffix(absent[0])
    if wrapper and {f"{wrapper}{key}" for key in absent} <= set(others):
        return (
            f"the weights of {source.name} are named {wrapped}, not {absent[0]}: they were saved "
            "from a wrapper; save the model inside of it with save_pretrained"
        )
    more = f" and {len(absent) - 1} more" if len(absent) > 1 else ""
    if len(absent) == n_needed:
        there = f", but {others[0]}" if others else ""
        return (
            f"the weights of {source.name} are of another kind of model than its config.json: they "
            f"lack {absent[0]}{more}, all that it needs{there}; {OTHER_CONFIG}"
        )
    return (
        f"the weights of {source.name} lack {absent[0]}{more}; save the whole model again with "
        "save_pretrained, config.json and weights"
    )


def _shape(shape: Iterable[int]) -> str:
    return " × ".join(map(str, shape)) or "one number"


def weights_sha256(folder: Path, names: list[str]) -> str:
    """Return the SHA-256 of the weights; for several files, of their names and hashes."""
    hashes = [_file_sha256(folder / name) for name in names]
    if len(hashes) == 1:
        return hashes[0]
    lines = "".join(f"{digest}  {name}\n" for digest, name in zip(hashes, names, strict=True))
    return hashlib.sha256(lines.encode()).hexdigest()


def settings_sha256(folder: Path) -> str:
    """Return a hash of names and bytes of configuration, tokenizer and image processor files."""
    files = (p for p in folder.iterdir() if p.suffix in SETTINGS and not is_junk(p.name))
    names = sorted(p.name for p in files if p.is_file())
    lines = "".join(f"{_file_sha256(folder / name)}  {name}\n" for name in names)
    return hashlib.sha256(lines.encode()).hexdigest()


def license_of(folder: Path) -> str | None:
    """Return the licence in the metadata of the model card, or None."""
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
