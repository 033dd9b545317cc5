"""Local lookup of the model with which a dataset was built; nothing is downloaded.

The description may come from an untrusted dataset, so it is never used as a path: it can only
select an embedded model, a model in the hub cache, or one in the folders that the operator set.
"""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from huggingface_hub import snapshot_download
from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError

from attentionviz.errors import ModelNotAvailableError
from attentionviz.models.names import EMBEDDED, WANTED_FILES, ModelSource, resolve

COMMIT = re.compile("[0-9a-f]{40}")
REPOSITORY = re.compile(r"[A-Za-z0-9][\w.-]*(/[A-Za-z0-9][\w.-]*)?", re.ASCII)


def find_described(
    described: Mapping[str, Any], local_models: Path | None, folders: Sequence[Path]
) -> ModelSource:
    """Return the local folder of a described model.

    Parameters
    ----------
    described : mapping
        The "model" of a manifest: ``name``, ``source`` and ``revision`` are read.
    local_models : Path or None
        Folder of the embedded ``demo-gpt2`` and ``demo-vit``.
    folders : sequence of Path
        Folders to search for models that were local folders, by name.

    Raises
    ------
    ModelNotAvailableError
        Names what is missing and what to do.
    """
    name, source, revision = (described[key] for key in ("name", "source", "revision"))
    if source == "local folder":
        return _in_folders(name, folders)
    if name in EMBEDDED:
        return resolve(name, local_models)
    if (
        REPOSITORY.fullmatch(source)
        and ".." not in source
        and isinstance(revision, str)
        and COMMIT.fullmatch(revision)
    ):
        return _in_cache(name, source, revision)
    raise ModelNotAvailableError(f"the dataset does not say where its model {name!r} comes from")


def _in_folders(name: str, folders: Sequence[Path]) -> ModelSource:
    is_plain = name not in ("", ".", "..") and not re.search(r"[/\\\0]", name)
    for folder in folders if is_plain else ():
        if (folder / name / "config.json").is_file():
            return ModelSource(folder / name, name, "local folder", None)
    raise ModelNotAvailableError(
        f"the model {name!r} was a folder on the machine that built the dataset; name the folder "
        "that holds it with --live-model-folder"
    )


def _in_cache(name: str, repo: str, revision: str) -> ModelSource:
    try:
        folder = Path(
            snapshot_download(
                repo, revision=revision, allow_patterns=WANTED_FILES, local_files_only=True
            )
        )
    except (LocalEntryNotFoundError, HFValidationError, OSError, ValueError) as error:
        raise ModelNotAvailableError(
            f"{repo} of {revision[:12]} is not in the hub's cache here; fetch it with "
            f"`hf download {repo} --revision {revision}`"
        ) from error
    return ModelSource(folder, name, repo, revision)
