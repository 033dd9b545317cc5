"""Resolution of model names: preset, hub id, local folder or embedded model."""

import errno
import importlib.metadata
import importlib.util
import os
import re
from dataclasses import dataclass
from pathlib import Path

from huggingface_hub import constants, snapshot_download
from huggingface_hub.errors import (
    GatedRepoError,
    HfHubHTTPError,
    HFValidationError,
    LocalEntryNotFoundError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)

from attentionviz.core import demo_bert
from attentionviz.core.file_names import readable
from attentionviz.errors import ModelNotAvailableError

PRESETS = {
    "bert": "google-bert/bert-base-uncased",
    "gpt2": "openai-community/gpt2",
    "vit-16": "google/vit-base-patch16-224-in21k",
    "vit-32": "google/vit-base-patch32-224-in21k",
}

EMBEDDED = ("demo-bert", "demo-gpt2", "demo-vit")

HUB_ID = re.compile(r"(?P<repo>[\w.-]+(?:/[\w.-]+)?)(?:@(?P<revision>[\w./-]+))?", re.ASCII)

WANTED_FILES = [
    "*.json",
    "*.jinja",
    "README.md",
    "vocab.txt",
    "merges.txt",
    "*.model",
    "model.safetensors",
    "model-*-of-*.safetensors",
]

LOCAL = "local folder"
PATHS = ("/", "./", "../", "~")

CANNOT_STORE = (errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EROFS)

WITHOUT_HUB = "without the hub, demo-bert, demo-gpt2, demo-vit and local folders work"


@dataclass(frozen=True)
class ModelSource:
    """Local folder and origin of a model.

    Attributes
    ----------
    folder : Path
    name : str
        As given by the user, without local paths.
    source : str
        Hub id, package or folder name.
    revision : str or None
        Commit on the hub, or version of the package.
    """

    folder: Path
    name: str
    source: str
    revision: str | None


def resolve(name: str, local_models: Path | None) -> ModelSource:
    """Return the source of a model name, downloading it from the hub if necessary.

    Parameters
    ----------
    name : str
        Preset, embedded model, local folder with a config.json, or hub id with ``@revision``.
        A path (``./gpt2``, ``~/gpt2``, ``gpt2/``) is always a local folder.
    local_models : Path or None
        Folder of the embedded ``demo-gpt2`` and ``demo-vit``.

    Raises
    ------
    ModelNotAvailableError
        Names what is missing and what works instead.
    """
    if not _is_path(name):
        if name == "demo-bert":
            return _packaged_minilm()
        if name in EMBEDDED:
            return _embedded(name, local_models)
        if name in PRESETS:
            return _from_hub(name, PRESETS[name], None)
    folder = _folder(name)
    if folder is not None:
        return ModelSource(folder, readable(folder.resolve().name or str(folder)), LOCAL, None)
    if _is_path(name):
        raise ModelNotAvailableError(_no_folder(name))
    match = HUB_ID.fullmatch(name)
    if match is None:
        raise ModelNotAvailableError(_no_name(name))
    return _from_hub(name, match["repo"], match["revision"])


def meaning(name: str) -> str:
    """Return a model name, with its meaning if it could also mean a local folder."""
    if _is_path(name) or not os.path.isdir(name):
        return name
    if name in PRESETS:
        return f"{name}, the preset {PRESETS[name]}; for the folder here give --model ./{name}"
    if name in EMBEDDED:
        return f"{name}, the embedded model; for the folder here give --model ./{name}"
    if HUB_ID.fullmatch(name):
        return f"{name}, the folder here; for a model of that name on the hub give {name}@main"
    return name


def _is_path(name: str) -> bool:
    is_windows = "\\" in name or re.match("[A-Za-z]:", name) is not None
    return is_windows or name in (".", "..") or name.startswith(PATHS) or name.endswith("/")


def _folder(name: str) -> Path | None:
    """Return the folder of this name, or None; ModelNotAvailableError if it is a file."""
    try:
        path = Path(name).expanduser()
        is_folder, is_file = path.is_dir(), path.is_file()
    except RuntimeError:  # ~user for an unknown user
        return None
    except OSError as error:
        if not _is_path(name):
            return None
        raise ModelNotAvailableError(f"{name[:80]} cannot be opened: {error.strerror}") from error
    if is_file and (_is_path(name) or path.suffix):
        raise ModelNotAvailableError(
            f"{name} is a file; give the folder that holds config.json and the weights"
        )
    return path if name and is_folder else None


def _no_folder(name: str) -> str:
    if "\\" in name and os.sep == "/":
        written = name.replace("\\", "/")
        return f"there is no folder {name}; on this machine it is written with /, as in {written}"
    return f"there is no folder {name}; paths are not looked up on the hub"


def _no_name(name: str) -> str:
    return (
        f"{name[:80]!r} is neither a folder nor a hub id; presets are {', '.join(PRESETS)}, "
        f"embedded models {', '.join(EMBEDDED)}"
    )


def _packaged_minilm() -> ModelSource:
    """Return the MiniLM inside its package; `find_spec` does not import the package."""
    spec = importlib.util.find_spec(demo_bert.MODULE)
    if spec is None or spec.origin is None:
        raise ModelNotAvailableError(
            f"demo-bert needs the package {demo_bert.PACKAGE}, which is not installed: "
            f"{demo_bert.INSTALL}"
        )
    version = importlib.metadata.version(demo_bert.PACKAGE)
    return ModelSource(
        Path(spec.origin).parent / "model",
        "demo-bert",
        f"sentence-transformers/all-MiniLM-L6-v2 in the package {demo_bert.PACKAGE}",
        version,
    )


def _embedded(name: str, local_models: Path | None) -> ModelSource:
    folder = None if local_models is None else local_models / name
    if folder is None or not folder.is_dir():
        raise ModelNotAvailableError(
            f"{name} is missing in data/models of the checkout; "
            "scripts/train_demo_models.py trains it"
        )
    return ModelSource(folder, name, f"data/models/{name}", None)


def _from_hub(name: str, repo: str, revision: str | None) -> ModelSource:
    requested = repo if revision is None else f"{repo}@{revision}"
    try:
        folder = Path(snapshot_download(repo, revision=revision, allow_patterns=WANTED_FILES))
    except GatedRepoError as error:
        raise ModelNotAvailableError(
            f"{requested} is gated: accept its terms on the hub and log in with `hf auth login`"
        ) from error
    except (RepositoryNotFoundError, RevisionNotFoundError) as error:
        raise ModelNotAvailableError(
            f"the hub has no model {requested} that you can access, and there is no such folder "
            "here"
        ) from error
    except HFValidationError as error:
        raise ModelNotAvailableError(_no_name(name)) from error
    except (LocalEntryNotFoundError, HfHubHTTPError, OSError, ValueError) as error:
        if isinstance(error, OSError) and error.errno in CANNOT_STORE:
            raise ModelNotAvailableError(
                f"{requested} cannot be stored: {error.strerror}"
            ) from error
        raise ModelNotAvailableError(
            f"{_why_no_hub(error)}, and {requested} is not in its cache here; {WITHOUT_HUB}"
        ) from error
    return ModelSource(folder, name, repo, folder.name)


def _why_no_hub(error: Exception) -> str:
    if constants.is_offline_mode():
        return "the hub is not used, since HF_HUB_OFFLINE is set"
    if isinstance(error, HfHubHTTPError) and error.response is not None:
        return f"the hub returned status {error.response.status_code}"
    return "the hub cannot be reached"
