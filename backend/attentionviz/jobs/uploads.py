"""Checks and safe file names of uploads; a client's file name never becomes a path."""

import re
import unicodedata
from collections.abc import Sequence
from pathlib import Path
from typing import Literal, NamedTuple

from attentionviz.core.image_kinds import UPLOAD_KINDS, read_head, refusal_reason
from attentionviz.core.text_formats import TEXT_ENDINGS
from attentionviz.errors import CorpusError
from attentionviz.jobs.errors import UploadTooLargeError

IMAGE_ENDINGS = (".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".webp")
MAX_TITLE = 200
MAX_STEM = 40


class Received(NamedTuple):
    """One received file.

    Attributes
    ----------
    path : Path
        Where it is stored, under a name that the server chose.
    name : str
        File name that the client sent.
    n_bytes : int
    """

    path: Path
    name: str
    n_bytes: int


class UploadLimits(NamedTuple):
    """Limits: bytes of a text, bytes of all images, and number of images."""

    text_bytes: int
    image_bytes: int
    n_images: int


class Upload(NamedTuple):
    """A received corpus: its modality, the stored names of its files, and a title to show."""

    modality: Literal["text", "image"]
    names: list[str]
    title: str
    n_bytes: int


def check_upload(files: Sequence[Received], limits: UploadLimits) -> Upload:
    """Return the corpus that uploaded files form: one text, or images.

    Parameters
    ----------
    files : sequence of Received
    limits : UploadLimits

    Raises
    ------
    CorpusError
        If they are neither, or empty.
    UploadTooLargeError
        If they exceed the limits.
    """
    if not files:
        raise CorpusError("no file was uploaded; choose a text, a table or images")
    for file in files:
        if file.n_bytes == 0:
            raise CorpusError(f"{display_name(file.name)} is empty; choose another file")
    reasons = [_no_image_reason(file) for file in files]
    n_bytes = sum(file.n_bytes for file in files)
    ending = ending_of(files[0].name)
    if reasons[0] and ending in TEXT_ENDINGS and len(files) == 1:
        _require_at_most(n_bytes, limits.text_bytes, "text")
        stem = stem_of(files[0].name) or "text"
        return Upload("text", [stem + ending], display_name(files[0].name), n_bytes)
    for file, reason in zip(files, reasons, strict=True):
        if reason:
            raise CorpusError(
                f"{display_name(file.name)} is {reason}; choose only images "
                f"({', '.join(UPLOAD_KINDS)}), or one text ({', '.join(TEXT_ENDINGS)})"
            )
    _require_at_most(n_bytes, limits.image_bytes, "images")
    if len(files) > limits.n_images:
        raise UploadTooLargeError(
            f"{len(files):,} images are more than {limits.n_images:,}; choose fewer"
        )
    width = len(str(len(files) - 1))
    names = [_image_name(i, width, file.name) for i, file in enumerate(files)]
    title = "1 image" if len(files) == 1 else f"{len(files):,} images"
    return Upload("image", names, title, n_bytes)


def _no_image_reason(file: Received) -> str | None:
    """Return why a file is not an accepted image, by its content; its name does not count."""
    return refusal_reason(read_head(file.path), file.name, UPLOAD_KINDS)


def ending_of(name: str) -> str:
    """Return the suffix of a client's file name in lower case; "" if it has none."""
    match = re.search(r"\.[a-z0-9]{1,8}\Z", name.lower())
    return match[0] if match else ""


def stem_of(name: str) -> str:
    """Return the stem of a client's file name reduced to lower-case letters, digits and dashes."""
    last = re.split(r"[/\\]", name)[-1]
    plain = unicodedata.normalize(
        "NFKD", last.removesuffix(last[len(last) - len(ending_of(last)) :])
    )
    slug = re.sub(r"[^a-z0-9]+", "-", plain.lower().encode("ascii", "ignore").decode())
    return slug.strip("-")[:MAX_STEM].strip("-")


def display_name(name: str) -> str:
    """Return a client's file name for display: last path component, printable characters only."""
    last = re.split(r"[/\\]", name)[-1]
    printed = "".join(c if c.isprintable() else "\ufffd" for c in last)
    return printed[:MAX_TITLE].encode("utf-8", "replace").decode() or "a file without a name"


def _image_name(i: int, width: int, name: str) -> str:
    stem = stem_of(name)
    return f"{i:0{width}d}{'-' if stem else ''}{stem}{ending_of(name)}"


def _require_at_most(n_bytes: int, most: int, what: str) -> None:
    if n_bytes > most:
        size = f"{n_bytes / 1e6:,.1f} MB of {what}"
        raise UploadTooLargeError(f"{size} exceed the limit of {most / 1e6:,.0f} MB; choose less")
