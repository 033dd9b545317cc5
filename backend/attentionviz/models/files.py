"""Reading of small files of a model folder, with errors that name the actual content."""

import json
from pathlib import Path
from typing import Any

from attentionviz.core.file_names import readable
from attentionviz.errors import ModelNotAvailableError
from attentionviz.models.names import ModelSource

MAX_JSON_BYTES = 64 * 2**20
LFS_POINTER = b"version https://git-lfs"
AGAIN = "copy or download it again"


def listing(folder: Path) -> list[str]:
    """Return the names in a folder, sorted, hidden ones left out.

    Raises
    ------
    ModelNotAvailableError
        If the folder cannot be read.
    """
    try:
        names = sorted(readable(path.name) for path in folder.iterdir())
        return [name for name in names if not name.startswith(".")]
    except OSError as error:
        raise ModelNotAvailableError(f"{folder.name} cannot be read: {error.strerror}") from error


def require_content(source: ModelSource, file: str) -> None:
    """Check that a file is not a broken link, empty, a Git LFS pointer or a web page.

    Raises
    ------
    ModelNotAvailableError
        Names the actual content, and what to do.
    """
    path = source.folder / file
    if path.is_symlink() and not path.exists():
        raise ModelNotAvailableError(
            f"{file} of {source.name} is a link to a file that is not there; copy the file itself"
        )
    if not path.is_file():
        return
    try:
        with path.open("rb") as stream:
            head = stream.read(64)
    except OSError as error:
        raise ModelNotAvailableError(
            f"{file} of {source.name} cannot be read: {error.strerror}"
        ) from error
    if not head:
        raise ModelNotAvailableError(f"{file} of {source.name} is empty; {AGAIN}")
    if head.startswith(LFS_POINTER):
        raise ModelNotAvailableError(
            f"{file} of {source.name} is a Git LFS pointer, not the file itself; run `git lfs "
            "pull` in its folder"
        )
    if head.lstrip().lower().startswith((b"<!doctype", b"<html")):
        raise ModelNotAvailableError(
            f"{file} of {source.name} is a web page, not the file itself; {AGAIN}"
        )


def read_json(source: ModelSource, file: str) -> dict[str, Any]:
    """Return the object in a JSON file; ModelNotAvailableError if it is anything else."""
    require_content(source, file)
    path = source.folder / file
    if not path.is_file():  # a folder, or a pipe, on which a read would block
        raise ModelNotAvailableError(f"{file} of {source.name} is not a regular file; {AGAIN}")
    try:
        if path.stat().st_size > MAX_JSON_BYTES:
            raise ModelNotAvailableError(
                f"{file} of {source.name} has {path.stat().st_size:,} bytes, at most "
                f"{MAX_JSON_BYTES:,} are read; {AGAIN}"
            )
        found = json.loads(path.read_text("utf-8-sig"))
    except OSError as error:
        raise ModelNotAvailableError(
            f"{file} of {source.name} cannot be read: {error.strerror}"
        ) from error
    except json.JSONDecodeError as error:
        raise ModelNotAvailableError(
            f"{file} of {source.name} is not valid JSON: {error.msg} at line {error.lineno}, "
            f"column {error.colno}; correct it, or {AGAIN}"
        ) from error
    except (ValueError, RecursionError) as error:
        raise ModelNotAvailableError(
            f"{file} of {source.name} is not valid JSON; {AGAIN}"
        ) from error
    if not isinstance(found, dict):
        raise ModelNotAvailableError(f"{file} of {source.name} is not a JSON object; {AGAIN}")
    return found
