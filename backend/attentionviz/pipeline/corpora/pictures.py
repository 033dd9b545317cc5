"""Image files: which of a folder count, and what is said of one that cannot be read."""

import os
from pathlib import Path

from PIL import Image

from attentionviz.core.file_names import is_litter, readable
from attentionviz.core.pictures import FORMATS, PictureError, decode_picture, require_head
from attentionviz.errors import CorpusError

__all__ = ["FORMATS", "list_images", "open_image", "relative_name", "require_readable"]

SUFFIXES = (".png", ".jpg", ".jpeg", ".webp")


def list_images(folder: Path) -> list[Path]:
    """Return the image files below a folder, sorted by relative name.

    Hidden files and folders, and folders that are links, are passed over.

    Raises
    ------
    CorpusError
        If a file is a link that leads out of the folder.
    """
    root = folder.resolve()
    found = []
    for parent, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".") and not is_litter(name)]
        for name in files:
            path = Path(parent) / name
            if name.startswith(".") or path.suffix.lower() not in SUFFIXES:
                continue
            if not path.is_symlink() and not path.is_file():
                continue  # a pipe or device would never end
            _require_plain_name(path)
            if not _target(path).is_relative_to(root):
                raise CorpusError(
                    f"{relative_name(path, folder)} is a link out of {folder.name}; "
                    "copy the image itself"
                )
            found.append(path)
    return sorted(found, key=lambda path: relative_name(path, folder))


def _target(path: Path) -> Path:
    try:
        return path.resolve()
    except (OSError, RuntimeError) as error:  # which one depends on the version of Python
        raise CorpusError(f"{path.name} is a link that leads to itself; remove it") from error


def _require_plain_name(path: Path) -> None:
    try:
        str(path).encode("utf-8", "surrogateescape").decode()
    except UnicodeDecodeError as error:
        name = readable(path.name)
        raise CorpusError(f"the name {name} is not UTF-8; rename the file") from error


def relative_name(path: Path, folder: Path) -> str:
    """Return the name of a file below a folder, with forward slashes."""
    return readable(path.relative_to(folder).as_posix())


def open_image(path: Path) -> Image.Image:
    """Return an image, upright, in RGB, on white where it is transparent.

    Parameters
    ----------
    path : Path
        PNG, JPEG or WebP of at most 25 million pixels; of an animation, the first frame.

    Raises
    ------
    CorpusError
        If it is another format, larger, or damaged; the sentence names the file.
    """
    try:
        return decode_picture(path)
    except PictureError as error:
        raise _named(path, error) from error


def require_readable(path: Path) -> None:
    """Raise CorpusError unless format and size of an image are allowed; reads its head only."""
    try:
        require_head(path)
    except PictureError as error:
        raise _named(path, error) from error


def _named(path: Path, error: PictureError) -> CorpusError:
    advice = "make it smaller" if error.is_large else "replace or remove it"
    return CorpusError(f"{path.name} {error}; {advice}")
