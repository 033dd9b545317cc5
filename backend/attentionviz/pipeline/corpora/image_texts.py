"""Images with a text each: a folder with a column of texts, or a table with a column of images."""

from collections.abc import Sequence
from pathlib import Path

from attentionviz.core.image_kinds import READ_KINDS
from attentionviz.core.images import ImageError, require_image
from attentionviz.errors import CorpusError
from attentionviz.pipeline.corpora.images import LABELS, require_visible_file
from attentionviz.pipeline.corpora.records import (
    MAX_CELL_CHARACTERS,
    TEXT_COLUMNS,
    USUAL_NAMES,
)

IMAGE_COLUMN = "image"
FORMS = (
    f"give --images FOLDER whose {LABELS} has a column text, or --text FILE.jsonl with an image "
    "and a text in each line; --part text or --part vision reads one of both alone"
)


def text_column_of(columns: Sequence[str], wanted: str | None, corpus: str) -> str:
    """Return the column of the texts of images: the wanted one, or one of `TEXT_COLUMNS`.

    Raises
    ------
    CorpusError
        If there is none.
    """
    by_name = {column.lower(): column for column in reversed(columns)}
    names = [wanted] if wanted else [by_name[name] for name in TEXT_COLUMNS if name in by_name]
    if not names or names[0] not in columns:
        missing = f"column {wanted!r}" if wanted else f"column named {USUAL_NAMES}"
        raise CorpusError(
            f"{corpus} has no {LABELS} with a {missing}: write one, such as file,text, with a text "
            "for each image"
        )
    return names[0]


def require_texts(texts: Sequence[str], names: Sequence[str]) -> None:
    """Raise CorpusError, naming the image, if a text is blank, or cut as a long cell is."""
    for text, name in zip(texts, names, strict=True):
        if not text.strip():
            raise CorpusError(f"{name} has no text in {LABELS}; write one, or remove the image")
        if len(text) >= MAX_CELL_CHARACTERS:
            raise CorpusError(
                f"the text of {name} in {LABELS} has {MAX_CELL_CHARACTERS:,} characters or more; "
                "shorten it, or give images and texts as JSONL"
            )


def paths_of(names: Sequence[str], locations: Sequence[str], file: Path) -> list[Path]:
    """Return the paths of the images that a table names, below the folder of the table.

    Parameters
    ----------
    names, locations : sequence of str
        Of every row.
    file : Path
        The table.

    Raises
    ------
    CorpusError
        If one is not an image, or outside of the folder; names the row.
    """
    root, paths = file.parent.resolve(), []
    for name, location in zip(names, locations, strict=True):
        path = file.parent / name
        where = f"{file.name}, {location}"
        if not name.strip():
            raise CorpusError(f"{where}: no image")
        try:
            require_visible_file(path, root)
            require_image(path, READ_KINDS)
        except ImageError as error:
            raise CorpusError(f"{where}: {name[:80]} is {error}") from error
        paths.append(path)
    return paths
