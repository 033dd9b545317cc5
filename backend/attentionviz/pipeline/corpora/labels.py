"""``labels.csv`` beside images: columns ``file``, ``label`` and any others."""

from collections.abc import Mapping
from pathlib import Path

from attentionviz.errors import CorpusError
from attentionviz.pipeline.corpora.csv_table import read
from attentionviz.pipeline.corpora.pictures import LABELS
from attentionviz.pipeline.corpora.records import Record, decode

FILE_COLUMN = "file"


def image_columns(
    folder: Path, names: list[str], left_out: Mapping[str, str]
) -> dict[str, list[str]]:
    """Return the columns of labels.csv over the images, empty where it does not name one.

    Without labels.csv, images that lie in subfolders have the subfolder's name as their label.
    A row that names a file that is left out is left out with it.

    Parameters
    ----------
    folder : Path
    names : list of str
        Relative names of the images, with forward slashes.
    left_out : mapping of str to str
        Names of the other files, and why they are left out.

    Raises
    ------
    CorpusError
        If labels.csv has no column ``file``, names an image twice or one that is not there, or
        no image but only files that are left out.
    """
    path = folder / LABELS
    if not path.is_file():
        parents = [name.rpartition("/")[0] for name in names]
        return {"label": parents} if any(parents) else {}
    named = _rows_by_file(path, [*names, *left_out])
    rows = {name: row for name, row in named.items() if name not in left_out}
    if not rows:
        example = next((f": {name} is {left_out[name]}" for name in named), "")
        raise CorpusError(f"{LABELS} names no image{example or '; remove it or fill it'}")
    columns = list(dict.fromkeys(column for row in rows.values() for column in row.columns))
    return {
        column: [rows[name].columns[column] if name in rows else "" for name in names]
        for column in columns
    }


def _rows_by_file(path: Path, names: list[str]) -> dict[str, Record]:
    file = decode(path)
    by_last_part: dict[str, list[str]] = {}
    for name in names:
        by_last_part.setdefault(name.rpartition("/")[2], []).append(name)
    known = set(names)
    rows: dict[str, Record] = {}
    for row in read(file, FILE_COLUMN).taken:
        asked = row.text.strip().replace("\\", "/").removeprefix("./")
        matches = [asked] if asked in known else by_last_part.get(asked, [])
        if len(matches) != 1:
            problem = "is not in the folder" if not matches else "is in several subfolders"
            raise file.error(row.place, f"{row.text!r} {problem}")
        if matches[0] in rows:
            raise file.error(row.place, f"{row.text!r} has a row already")
        rows[matches[0]] = row
    return rows
