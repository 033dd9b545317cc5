"""Read a corpus: a file of texts in any registered format, or a folder of images."""

import hashlib
import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from attentionviz.core.file_names import readable
from attentionviz.core.image_kinds import READ_KINDS
from attentionviz.errors import CorpusError
from attentionviz.pipeline.corpora import TEXT_FORMATS
from attentionviz.pipeline.corpora.account import Account
from attentionviz.pipeline.corpora.images import ABOUT, find_images, open_image
from attentionviz.pipeline.corpora.labels import read_labels
from attentionviz.pipeline.corpora.records import decode
from attentionviz.store.writer import hash_file

__all__ = ["ImageCorpus", "TextCorpus", "open_image", "read_image_corpus", "read_text_corpus"]

READ_WORDS = ", ".join(READ_KINDS)


@dataclass(frozen=True)
class TextCorpus:
    """Texts and what is known of each.

    Attributes
    ----------
    name : str
        Of the file, without its ending.
    sequences : list of str
        With the white space that they have in the file; none of them is blank.
    places : list of str
        Where in the file each sequence stands, such as "line 12".
    is_cut : list of bool
        Whether a sequence is longer in the file.
    columns : dict of str to list of str
        Further columns, as long as `sequences`.
    account : Account
        What became of everything in the file; sequences that do not fit a build are not known here.
    sha256 : str
        Of sequences and columns, so that the same content has the same hash in any format.
    source, license : str or None
        From ``<name>.about.json`` beside the file, where there is one.
    """

    name: str
    sequences: list[str]
    places: list[str]
    is_cut: list[bool]
    columns: dict[str, list[str]]
    account: Account
    sha256: str
    source: str | None
    license: str | None


@dataclass(frozen=True)
class ImageCorpus:
    """Images and what is known of each.

    Attributes
    ----------
    name : str
        Of the folder.
    paths : list of Path
    names : list of str
        Relative to the folder, with forward slashes.
    columns : dict of str to list of str
        Of labels.csv, or the subfolders as "label"; as long as `paths`.
    account : Account
        What became of the files of the folder.
    sha256 : str
        Of the names, the bytes of the files and the columns.
    source, license : str or None
        From ``about.json`` in the folder, where there is one.
    """

    name: str
    paths: list[Path]
    names: list[str]
    columns: dict[str, list[str]]
    account: Account
    sha256: str
    source: str | None
    license: str | None

    @property
    def places(self) -> list[str]:
        """Names of the images: where a user finds them."""
        return self.names

    @property
    def is_cut(self) -> list[bool]:
        """Images are never cut: a model sees each at its own size."""
        return [False] * len(self.names)


def read_text_corpus(path: Path, text_column: str | None = None) -> TextCorpus:
    """Return the texts of a file; its ending says the format.

    Parameters
    ----------
    path : Path
    text_column : str or None
        Column of a table that holds the text; None: the one named text, sentence or content.

    Raises
    ------
    CorpusError
        Naming file and line, and what to do.
    """
    read = TEXT_FORMATS.get(path.suffix.lower())
    if read is None:
        known = ", ".join(suffix for suffix in TEXT_FORMATS if suffix)
        raise CorpusError(f"{path.name} has an ending that is not known; known are {known}")
    if not path.is_file():
        raise CorpusError(f"{path} is not a file; --text takes a file, --images a folder")
    records = read(decode(path), text_column)
    account = records.account()
    taken = records.taken
    sequences = [record.text for record in taken]
    columns = {name: [record.columns[name] for record in taken] for name in taken[0].columns}
    source, license_ = _about(path.with_name(f"{path.stem}.about.json"))
    return TextCorpus(
        name=readable(path.stem),
        sequences=sequences,
        places=[record.place for record in taken],
        is_cut=[record.is_cut for record in taken],
        columns=columns,
        account=account,
        sha256=_hash([sequences, columns]),
        source=source,
        license=license_,
    )


def read_image_corpus(folder: Path) -> ImageCorpus:
    """Return the images of a folder and of the folders in it.

    Raises
    ------
    CorpusError
        If no image is left, with the reasons; or a label names none.
    """
    if not folder.is_dir():
        raise CorpusError(f"{folder} is not a folder; --images takes a folder, --text a file")
    found = find_images(folder)
    account = found.account()
    if not found.images:
        held = f" ({account.words()})" if found.left_out else ""
        name = readable(folder.resolve().name)
        raise CorpusError(f"{name} has no images that are read{held}; {READ_WORDS} are")
    names, paths = list(found.images), list(found.images.values())
    labels = read_labels(folder, names, found.left_out)
    account = replace(account, notes=(*account.notes, *labels.notes))
    contents = [hash_file(path)[0] for path in paths]
    source, license_ = _about(folder / ABOUT)
    return ImageCorpus(
        name=readable(folder.resolve().name),
        paths=paths,
        names=names,
        columns=labels.columns,
        account=account,
        sha256=_hash([names, contents, labels.columns]),
        source=source,
        license=license_,
    )


def _about(path: Path) -> tuple[str | None, str | None]:
    """Return source and licence from a small JSON file, where there is one."""
    if not path.is_file():
        return None, None
    try:
        about = json.loads(decode(path).text)
    except ValueError as error:
        raise CorpusError(f"{path.name} is not JSON") from error
    if not isinstance(about, dict):
        raise CorpusError(f'{path.name} is not an object such as {{"source": "…"}}')
    source, license_ = (about.get(key) for key in ("source", "license"))
    return (str(source) if source else None), (str(license_) if license_ else None)


def _hash(content: Any) -> str:
    canonical = json.dumps(content, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(canonical.encode("utf-8")).hexdigest()
