"""Labelled pairs of positions in the sequences of a corpus, from a table: ``--pairs FILE``.

Positions count from 1: words where a sequence has white space, letters where no sequence has any.
Both agree on a protein whose letters are separated by spaces.
"""

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple

from attentionviz.errors import CorpusError
from attentionviz.pipeline.corpora.delimited import Row, find_layout, format_cells
from attentionviz.pipeline.corpora.records import MAX_CELL_CHARACTERS, TextFile, decode

COLUMNS = ("sequence", "i", "j")
NAME = "name"
HEADER = "its first line must be sequence,i,j or sequence,i,j,name"

PositionUnit = Literal["letter", "word"]
_POSITION = re.compile("[0-9]{1,9}")


class LabelledPair(NamedTuple):
    """Two different units of a sequence, counted from 0, i before j; and the name of the pair."""

    i: int
    j: int
    name: str


@dataclass(frozen=True)
class Pairs:
    """The labelled pairs of a corpus.

    Attributes
    ----------
    file : str
        Name of the file.
    sha256 : str
        Of its decoded text.
    unit : "letter" or "word"
        What positions count.
    n_read : int
    of_sequence : list of list of LabelledPair
        One list per sequence of the corpus.
    """

    file: str
    sha256: str
    unit: PositionUnit
    n_read: int
    of_sequence: list[list[LabelledPair]]


def read_pairs(path: Path, sequences: Sequence[str], columns: Mapping[str, list[str]]) -> Pairs:
    """Return the pairs of a file.

    Parameters
    ----------
    path : Path
        A table with the columns ``sequence`` (the value of the column ``name`` of the corpus, or
        else the number of the sequence, from 1), ``i``, ``j`` and optionally ``name``.
    sequences : sequence of str
        Of the corpus.
    columns : mapping of str to list of str
        Other columns of the corpus.

    Raises
    ------
    CorpusError
        If the file cannot be read; or a pair has an unknown sequence, a position outside of it or
        twice the same, or is repeated, in either order. Names the line.
    """
    file = decode(path)
    unit = position_unit(sequences)
    n_units = [len(unit_starts(text, unit)) for text in sequences]
    by_name = _by_name(columns.get(NAME, []))
    found: list[dict[tuple[int, int], tuple[int, str]]] = [{} for _ in sequences]
    n_read = 0
    for row, cells in _rows(file):
        location = f"line {row}"
        index = _sequence(file, location, cells["sequence"], by_name, len(sequences))
        first, second = sorted(
            _position(file, location, name, cells, n_units[index], unit) for name in ("i", "j")
        )
        pair = f"the pair {first}, {second} of sequence {cells['sequence'][:40]!r}"
        if first == second:
            raise file.error(location, f"i and j are both {first}; a pair has two positions")
        if (first, second) in found[index]:
            before = found[index][first, second][0]
            raise file.error(location, f"{pair} is already in line {before}; remove one")
        if len(cells.get(NAME, "")) > MAX_CELL_CHARACTERS:
            raise file.error(location, f"a name of more than {MAX_CELL_CHARACTERS:,} characters")
        found[index][first, second] = (row, cells.get(NAME, ""))
        n_read += 1
    if n_read == 0:
        raise CorpusError(f"{file.name} has no pairs; {HEADER}, and each further line a pair")
    of_sequence = [
        [LabelledPair(i - 1, j - 1, name) for (i, j), (_, name) in pairs.items()] for pairs in found
    ]
    sha256 = hashlib.sha256(file.text.encode()).hexdigest()
    return Pairs(file.name, sha256, unit, n_read, of_sequence)


def position_unit(sequences: Sequence[str]) -> PositionUnit:
    """Return what positions count: letters if no sequence has white space within, else words."""
    has_space = any(len(text.split()) > 1 for text in sequences)
    return "word" if has_space else "letter"


def unit_starts(text: str, unit: PositionUnit) -> list[int]:
    """Return the index of the first character of every letter or word of a text."""
    pattern = r"\S" if unit == "letter" else r"\S+"
    return [match.start() for match in re.finditer(pattern, text)]


def _rows(file: TextFile) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield the line and the cells of every row that is not blank, by column."""
    try:
        layout = find_layout(file, COLUMNS[0])
    except CorpusError as error:
        raise CorpusError(f"{file.name} has rows of different widths; {HEADER}") from error
    rows = (row for row in layout.rows(file.text) if not row.is_blank)
    header = next(rows, Row(1, []))
    names = [cell.strip().lower() for cell in header.cells]
    for column in COLUMNS:
        if names.count(column) != 1:
            count = "no column" if column not in names else "several columns"
            raise file.error(f"line {header.line}", f"{count} {column!r}; {HEADER}")
    for row in rows:
        if len(row.cells) != len(names):
            problem = f"{format_cells(row.cells)}, the header has {len(names)}"
            raise file.error(f"line {row.line}", problem)
        yield row.line, dict(zip(names, map(str.strip, row.cells), strict=True))


def _by_name(names: Sequence[str]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for index, name in enumerate(names):
        if name:
            found.setdefault(name, []).append(index)
    return found


def _sequence(
    file: TextFile, location: str, name: str, by_name: Mapping[str, list[int]], n: int
) -> int:
    """Return the index of a sequence from its name or its number from 1."""
    named = by_name.get(name, [])
    if len(named) > 1:
        raise file.error(
            location, f"{len(named)} sequences have the name {name[:40]!r}; give the number of one"
        )
    if named:
        return named[0]
    if not _POSITION.fullmatch(name):
        what = "the name of a sequence" if by_name else "a number; the corpus has no column name"
        raise file.error(location, f"{name[:40]!r} is not {what}")
    if not 1 <= int(name) <= n:
        raise file.error(location, f"sequence {int(name):,} is outside 1..{n:,}")
    return int(name) - 1


def _position(
    file: TextFile, location: str, column: str, cells: Mapping[str, str], n: int, unit: PositionUnit
) -> int:
    text = cells[column]
    if not _POSITION.fullmatch(text):
        raise file.error(location, f"{column} is {text[:40]!r}, not a position from 1")
    if not 1 <= int(text) <= n:
        raise file.error(
            location,
            f"{column} is {int(text):,}, outside the {n:,} {unit}s of sequence "
            f"{cells['sequence'][:40]!r}",
        )
    return int(text)
