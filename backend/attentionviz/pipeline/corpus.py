"""Read a corpus: a file of texts in any registered format, or a folder of images or audio."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from attentionviz.core.file_names import readable
from attentionviz.core.image_kinds import READ_KINDS
from attentionviz.errors import CorpusError
from attentionviz.pipeline.corpora import READERS
from attentionviz.pipeline.corpora.account import Account
from attentionviz.pipeline.corpora.audio import find_recordings
from attentionviz.pipeline.corpora.image_texts import (
    FORMS,
    IMAGE_COLUMN,
    paths_of,
    require_texts,
    text_column_of,
)
from attentionviz.pipeline.corpora.images import (
    ABOUT,
    LABELS,
    CorpusFolder,
    find_images,
    open_image,
)
from attentionviz.pipeline.corpora.labels import Labels, read_labels
from attentionviz.pipeline.corpora.pairs import Pairs, read_pairs
from attentionviz.pipeline.corpora.records import Record, decode
from attentionviz.store.writer import hash_file

__all__ = [
    "ImageCorpus",
    "ImageTextCorpus",
    "TextCorpus",
    "image_text_corpus",
    "open_image",
    "read_image_corpus",
    "read_text_corpus",
]

READ_FORMATS = ", ".join(READ_KINDS)


@dataclass(frozen=True)
class TextCorpus:
    """Texts of a file, with their columns.

    Attributes
    ----------
    name : str
        Name of the file without its extension.
    sequences : list of str
        With all white space of the file; none of them is blank.
    locations : list of str
        Position of each sequence in the file, such as "line 12".
    is_cut : list of bool
        Whether a sequence is truncated.
    columns : dict of str to list of str
        Other columns, as long as `sequences`.
    account : Account
        Counts of items read, taken and left out, before the limits of a build.
    sha256 : str
        Of sequences and columns, so that the same content has the same hash in any format.
    source, license : str or None
        From ``<name>.about.json`` next to the file, if it exists.
    is_letters : bool
        See `Records`.
    pairs : Pairs or None
        Labelled pairs of positions.
    targets : list of str or None
        Target text of each sequence, for a model with encoder and decoder.
    recordings : list of Path or None
        Of a folder of audio: its files, whose names are the sequences.
    """

    name: str
    sequences: list[str]
    locations: list[str]
    is_cut: list[bool]
    columns: dict[str, list[str]]
    account: Account
    sha256: str
    source: str | None
    license: str | None
    is_letters: bool = False
    pairs: Pairs | None = None
    targets: list[str] | None = None
    recordings: list[Path] | None = None


@dataclass(frozen=True)
class ImageCorpus:
    """Images of a folder, with their columns.

    Attributes
    ----------
    name : str
        Name of the folder.
    paths : list of Path
    names : list of str
        Relative to the folder, with forward slashes.
    columns : dict of str to list of str
        Columns of ``labels.csv``, or the subfolders as "label"; as long as `paths`.
    account : Account
        Counts of files read, taken and left out.
    sha256 : str
        Of the names, the bytes of the files and the columns.
    source, license : str or None
        From ``about.json`` in the folder, if it exists.
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
    def locations(self) -> list[str]:
        """Names of the images relative to the folder."""
        return self.names

    @property
    def is_cut(self) -> list[bool]:
        """False for all: images are resized, not cut."""
        return [False] * len(self.names)


@dataclass(frozen=True)
class ImageTextCorpus:
    """Images with a text each, with their columns.

    Attributes
    ----------
    name : str
        Name of the folder, or of the file without its extension.
    paths : list of Path
        Of the image of each sequence.
    sequences : list of str
        Its text; none of them is blank.
    locations : list of str
        Name of each image, or its position in the file.
    is_cut : list of bool
        Whether a text is truncated.
    columns : dict of str to list of str
        "image", the names of the images, and other columns; as long as `paths`.
    account : Account
        Counts of items read, taken and left out.
    sha256 : str
        Of texts, columns and the bytes of the images.
    source, license : str or None
        As of the folder or file.
    """

    name: str
    paths: list[Path]
    sequences: list[str]
    locations: list[str]
    is_cut: list[bool]
    columns: dict[str, list[str]]
    account: Account
    sha256: str
    source: str | None
    license: str | None


Corpus = TextCorpus | ImageCorpus | ImageTextCorpus


def read_text_corpus(
    path: Path,
    text_column: str | None = None,
    pairs: Path | None = None,
    target: str | None = None,
) -> TextCorpus:
    """Return the texts of a file; its extension determines the format.

    Parameters
    ----------
    path : Path
    text_column : str or None
        Name of the text column of a table; None for text, sentence or content.
    pairs : Path or None
        A table of labelled pairs; see `read_pairs`.
    target : str or None
        Name of the column with the target texts; sequences without one are left out.

    Raises
    ------
    CorpusError
        If the file cannot be read; names file and line, and what to do.
    """
    read = READERS.get(path.suffix.lower())
    if read is None:
        known = ", ".join(suffix for suffix in READERS if suffix)
        raise CorpusError(f"{path.name} has an unknown extension; known are {known}")
    if not path.is_file():
        raise CorpusError(f"{path} is not a file; --text takes a file, --images a folder")
    records = read(decode(path), text_column)
    account = records.account()
    taken = records.taken
    if target is not None:
        account, taken = _with_targets(path.name, account, taken, target)
    sequences = [record.text for record in taken]
    columns = {
        name: [record.columns[name] for record in taken]
        for name in taken[0].columns
        if name != target
    }
    targets = None if target is None else [record.columns[target] for record in taken]
    source, license_ = _about(path.with_name(f"{path.stem}.about.json"))
    return TextCorpus(
        name=readable(path.stem),
        sequences=sequences,
        locations=[record.location for record in taken],
        is_cut=[record.is_cut for record in taken],
        columns=columns,
        account=account,
        sha256=_hash([sequences, columns, *([targets] if targets else [])]),
        source=source,
        license=license_,
        targets=targets,
        is_letters=records.is_letters,
        pairs=read_pairs(pairs, sequences, columns) if pairs else None,
    )


def _with_targets(
    name: str, account: Account, taken: list[Record], target: str
) -> tuple[Account, list[Record]]:
    """Return the records with a target text; CorpusError if there is no such column or text."""
    known = list(taken[0].columns)
    if target not in known:
        has = f"its columns are {', '.join(known)}" if known else "it has no columns but the text"
        raise CorpusError(f"{name} has no column {target!r} for --target; {has}")
    with_target = [record for record in taken if record.columns[target].strip()]
    if not with_target:
        raise CorpusError(f"the column {target!r} of {name} for --target is empty in every row")
    without = (record.location for record in taken if not record.columns[target].strip())
    return account.leave_out("without a target text", without), with_target


def read_audio_corpus(folder: Path, target: str | None = None) -> TextCorpus:
    """Return the recordings of a folder and its subfolders.

    Parameters
    ----------
    folder : Path
    target : str or None
        Column of ``labels.csv`` with the target texts; recordings without one are left out.

    Raises
    ------
    CorpusError
        If there are no recordings, with the reasons, or ``labels.csv`` is invalid.
    """
    recordings, account, labels = _labelled_files(
        folder,
        find_recordings,
        usage="--audio takes a folder of WAV files",
        kind="WAV files that can be read",
    )
    columns = labels.columns
    taken = [
        Record(name, name, {column: values[i] for column, values in columns.items()})
        for i, name in enumerate(recordings)
    ]
    if target is not None:
        account, taken = _with_targets(LABELS, account, taken, target)
    names = [record.text for record in taken]
    source, license_ = _about(folder / ABOUT)
    kept = {
        column: [record.columns[column] for record in taken]
        for column in columns
        if column != target
    }
    targets = None if target is None else [record.columns[target] for record in taken]
    contents = [hash_file(recordings[name])[0] for name in names]
    return TextCorpus(
        name=readable(folder.resolve().name),
        sequences=names,
        locations=names,
        is_cut=[False] * len(names),
        columns=kept,
        account=account,
        sha256=_hash([names, contents, kept, targets]),
        source=source,
        license=license_,
        targets=targets,
        recordings=[recordings[name] for name in names],
    )


def read_image_corpus(folder: Path) -> ImageCorpus:
    """Return the images of a folder and its subfolders.

    Raises
    ------
    CorpusError
        If there are no images, with the reasons, or ``labels.csv`` is invalid.
    """
    images, account, labels = _labelled_files(
        folder,
        find_images,
        usage="--images takes a folder, --text a file",
        kind="readable images",
        formats=f"; formats are {READ_FORMATS}",
    )
    names, paths = list(images), list(images.values())
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


def _labelled_files(
    folder: Path, find: Callable[[Path], CorpusFolder], *, usage: str, kind: str, formats: str = ""
) -> tuple[dict[str, Path], Account, Labels]:
    """Return the files of a folder by name, their account, and ``labels.csv``."""
    if not folder.is_dir():
        raise CorpusError(f"{folder} is not a folder; {usage}")
    found = find(folder)
    account = found.account()
    if not found.files:
        counts = f" ({account.summary()})" if found.left_out else ""
        raise CorpusError(f"{readable(folder.resolve().name)} has no {kind}{counts}{formats}")
    labels = read_labels(folder, list(found.files), found.left_out)
    return found.files, replace(account, notes=(*account.notes, *labels.notes)), labels


def image_text_corpus(
    corpus: TextCorpus | ImageCorpus, file: Path, text_column: str | None = None
) -> ImageTextCorpus:
    """Return the images of a corpus together with their texts.

    Parameters
    ----------
    corpus : TextCorpus or ImageCorpus
        Texts with a column ``image``, or images with a column of texts in ``labels.csv``.
    file : Path
        From which it was read; names of images are relative to its folder.
    text_column : str or None
        Name of the column of texts of a folder of images; None for text, sentence or content.

    Raises
    ------
    CorpusError
        If images or texts are missing; names the first.
    """
    columns = dict(corpus.columns)
    if isinstance(corpus, ImageCorpus):
        column = text_column_of(list(columns), text_column, corpus.name)
        texts, names, paths = columns.pop(column), corpus.names, corpus.paths
        require_texts(texts, names)
    else:
        if IMAGE_COLUMN not in columns:
            raise CorpusError(f"{file.name} has no column {IMAGE_COLUMN!r}: {FORMS}")
        texts, names = corpus.sequences, columns[IMAGE_COLUMN]
        paths = paths_of(names, corpus.locations, file)
    contents = [hash_file(path)[0] for path in paths]
    columns[IMAGE_COLUMN] = names
    return ImageTextCorpus(
        name=corpus.name,
        paths=paths,
        sequences=texts,
        locations=corpus.locations,
        is_cut=corpus.is_cut,
        columns=columns,
        account=corpus.account,
        sha256=_hash([texts, columns, contents]),
        source=corpus.source,
        license=corpus.license,
    )


def _about(path: Path) -> tuple[str | None, str | None]:
    """Return source and licence from an ``about.json``, if it exists."""
    if not path.is_file():
        return None, None
    try:
        about = json.loads(decode(path).text)
    except ValueError as error:
        raise CorpusError(f"{path.name} is not valid JSON: {error}") from error
    if not isinstance(about, dict):
        raise CorpusError(f'{path.name} is not a JSON object such as {{"source": "…"}}')
    source, license_ = (about.get(key) for key in ("source", "license"))
    return (str(source) if source else None), (str(license_) if license_ else None)


def _hash(content: Any) -> str:
    canonical = json.dumps(content, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(canonical.encode("utf-8")).hexdigest()
