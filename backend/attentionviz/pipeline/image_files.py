"""Images of a dataset, re-encoded at bounded size, and their patches."""

import io
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image

from attentionviz.pipeline.corpus import open_image
from attentionviz.store import layout
from attentionviz.store.journal import Journal
from attentionviz.store.writer import FileRecord, write_bytes

if TYPE_CHECKING:
    from attentionviz.models import LoadedModel

THUMBNAIL_PX = 96


def write_image_files(
    folder: Path, journal: Journal, model: "LoadedModel", paths: Sequence[Path]
) -> Iterator[int]:
    """Write missing images and thumbnails; yield each finished index.

    Parameters
    ----------
    folder : Path
        Of the build.
    journal : Journal
        Finished files are added.
    model : LoadedModel
        Its image processor determines the visible part of each image.
    paths : sequence of Path
        The images, in the order of the corpus.
    """
    for image_idx, path in enumerate(paths):
        if not journal.has_all(image_paths(image_idx)):
            visible = model.visible_image(open_image(path))
            journal.add(*_write_image(folder, image_idx, visible))
        yield image_idx


def image_paths(image_idx: int) -> tuple[str, str]:
    """Return the relative paths of an image and its thumbnail."""
    return layout.image_path(image_idx), layout.thumbnail_path(image_idx)


def encode_image(image: Image.Image) -> tuple[bytes, bytes]:
    """Return an image and its thumbnail as PNG files."""
    thumbnail = image.copy()
    thumbnail.thumbnail((THUMBNAIL_PX, THUMBNAIL_PX))
    return _png_bytes(image), _png_bytes(thumbnail)


def _write_image(folder: Path, image_idx: int, image: Image.Image) -> list[FileRecord]:
    files = zip(image_paths(image_idx), encode_image(image), strict=True)
    return [write_bytes(folder, path, content) for path, content in files]


def _png_bytes(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    # A new image has no metadata, such as the location in a photo.
    clean = Image.new("RGB", image.size)
    clean.paste(image)
    clean.save(buffer, format="PNG")
    return buffer.getvalue()
