"""``labels.csv`` beside images: columns ``file``, ``label`` and any others."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from attentionviz.errors import CorpusError
from attentionviz.pipeline.corpora.csv_table import read
from attentionviz.pipeline.corpora.images import LABELS
from attentionviz.pipeline.corpora.records import Record, TextFile, decode

FILE_COLUMN = "file"


class Labels(NamedTuple):
    """Columns of labels.csv over the images of a folder, and notes on that file."""

    columns: dict[str, list[str]]
    notes: tuple[str, ...] = ()


def read_labels(folder: Path, names: list[str], left_out: Mapping[str, str]) -> Labels:
    """Return the columns of labels.csv over the images; empty for an image without a row.

    Without labels.csv, the label of an image is its subfolder. Rows of files that are left out are
    ignored.

    Parameters
    ----------
    folder : Path
    names : list of str
        Relative names of the images, with forward slashes.
    left_out : mapping of str to str
        Names of the files that are not images, and the reasons.

    Raises
    ------
    CorpusError
        If labels.csv has no column ``file``, names an image twice, a missing image, or only files
        that are left out.
    """
    path = folder / LABELS
    if not path.is_file():
        parents = [name.rpartition("/")[0] for name in names]
        return Labels({"label": parents} if any(parents) else {})
    file = decode(path)
    records = read(file, FILE_COLUMN)
    named = _rows_by_file(folder, file, records.taken, [*names, *left_out])
    rows = {name: row for name, row in named.items() if name not in left_out}
    if not rows:
        example = next((f": {name} is {left_out[name]}" for name in named), "")
        raise CorpusError(f"{LABELS} names no image{example or '; remove it or fill it'}")
    columns = list(dict.fromkeys(column for row in rows.values() for column in row.columns))
    account = records.account()
    notes = [*account.notes, *([account.summary()] if account.left_out else [])]
    return Labels(
        {name: [rows[n].columns[name] if n in rows else "" for n in names] for name in columns},
        tuple(f"{LABELS}: {note}" for note in notes),
    )


def _rows_by_file(
    folder: Path, file: TextFile, records: list[Record], names: list[str]
) -> dict[str, Record]:
    by_file_name: dict[str, list[str]] = {}
    for name in names:
        by_file_name.setdefault(name.rpartition("/")[2], []).append(name)
    known = set(names)
    rows: dict[str, Record] = {}
    for row in records:
        name_in_row = row.text.strip().replace("\\", "/").removeprefix("./")
        matches = [name_in_row] if name_in_row in known else by_file_name.get(name_in_row, [])
        if len(matches) > 1:
            raise file.error(row.location, f"{row.text!r} is in several subfolders")
        if not matches:
            is_there = os.path.exists(folder / name_in_row)  # unlike Path.exists, never an error
            problem = "is hidden and therefore skipped" if is_there else "is not in the folder"
            raise file.error(row.location, f"{row.text!r} {problem}; remove this row")
        if matches[0] in rows:
            raise file.error(row.location, f"{row.text!r} already has a row")
        rows[matches[0]] = row
    return rows
