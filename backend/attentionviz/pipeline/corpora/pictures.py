"""Image files: which of a folder count, and how one is opened without trusting it."""

import os
import warnings
from pathlib import Path

from PIL import Image, ImageOps

from attentionviz.errors import CorpusError
from attentionviz.pipeline.corpora.records import SURROGATE

FORMATS = ("PNG", "JPEG", "WEBP")
SUFFIXES = (".png", ".jpg", ".jpeg", ".webp")
MAX_PIXELS = 25_000_000


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
        folders[:] = [name for name in folders if not name.startswith((".", "__MACOSX"))]
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
    if SURROGATE.search(str(path)):
        raise CorpusError(f"the name {ascii(path.name)} is not UTF-8; rename the file")


def relative_name(path: Path, folder: Path) -> str:
    """Return the name of a file below a folder, with forward slashes."""
    return path.relative_to(folder).as_posix()


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
    with _opened(path) as image:
        try:
            return _on_white(ImageOps.exif_transpose(image))
        # Damaged files fail anywhere inside the decoders, with many kinds of errors.
        except Exception as error:
            raise _unreadable(path, error) from error


def require_readable(path: Path) -> None:
    """Raise CorpusError unless format and size of an image are allowed; reads its head only."""
    with _opened(path):
        pass


def _opened(path: Path) -> Image.Image:
    try:
        with warnings.catch_warnings():
            # Pillow warns at 89 million pixels; the limit below is lower and an error.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            image = Image.open(path, formats=FORMATS)
    except Image.DecompressionBombError as error:
        raise _too_large(path) from error
    # As above: a hostile head can raise anything, and the user needs the file's name.
    except Exception as error:
        raise _unreadable(path, error) from error
    if image.width * image.height > MAX_PIXELS:
        image.close()
        raise _too_large(path)
    return image


def _on_white(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I"):  # 16 bits a channel, which a plain conversion would clip
        image = image.convert("I").point(lambda value: value / 256).convert("L")
    if not image.has_transparency_data:
        return image.convert("RGB")
    layered = image.convert("RGBA")
    white = Image.new("RGBA", layered.size, "white")
    return Image.alpha_composite(white, layered).convert("RGB")


def _too_large(path: Path) -> CorpusError:
    return CorpusError(
        f"{path.name} has more than {MAX_PIXELS // 10**6} million pixels; make it smaller"
    )


def _unreadable(path: Path, error: Exception) -> CorpusError:
    reason = "not a PNG, JPEG or WebP image" if isinstance(error, OSError) else "damaged"
    if isinstance(error, OSError) and error.strerror:
        reason = error.strerror
    elif "truncated" in str(error):
        reason = "cut off"
    return CorpusError(f"{path.name} cannot be read ({reason}); replace or remove it")
