"""What every text format has in common: decoded files, records, and the choice of a column."""

import codecs
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from attentionviz.core.file_names import readable
from attentionviz.errors import CorpusError
from attentionviz.pipeline.corpora.account import N_EXAMPLES, Account, LeftOut, Unit

MAX_FILE_BYTES = 256 * 2**20
MAX_CHARACTERS = 100_000
"""A text is cut here, before it meets a tokenizer: ten million characters cost one 1.3 GB."""

MAX_CELL_CHARACTERS = 1_000
"""Further columns are colours and labels; longer cells are cut."""

MAX_COLUMNS = 1_000
TEXT_COLUMNS = ("text", "sentence", "content")
SURROGATE = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True)
class TextFile:
    """A decoded file: its name for messages, and its characters."""

    name: str
    text: str

    def error(self, place: str, problem: str) -> CorpusError:
        """Return an error that names the file and a place in it, such as "line 4"."""
        return CorpusError(f"{self.name}, {place}: {problem}")


@dataclass(frozen=True)
class Record:
    """One sequence.

    Attributes
    ----------
    place : str
        Where a user finds it: "line 12", "element 3".
    text : str
        With the white space that it has in the file.
    columns : dict of str to str
    is_cut : bool
        Whether the text is longer in the file.
    """

    place: str
    text: str
    columns: dict[str, str] = field(default_factory=dict)
    is_cut: bool = False


class Records:
    """The sequences of a file, as a reader comes upon them, and what it leaves out.

    Parameters
    ----------
    file : TextFile
    unit : str
        What the file consists of; each of them is taken or left out.

    Attributes
    ----------
    taken : list of Record
    notes : list of str
        What was found out about the file, a sentence each.
    """

    def __init__(self, file: TextFile, unit: Unit) -> None:
        self.taken: list[Record] = []
        self.notes: list[str] = []
        self._file = file
        self._unit = unit
        self._left_out: dict[str, list[str]] = {}
        self._broken: list[str] = []
        self._cut_cells: list[str] = []

    def take(self, place: str, text: str, columns: Mapping[str, str] | None = None) -> None:
        """Take a sequence, cut to the limits; leave it out where it is blank or no text."""
        cells = dict(columns or {})
        if not text.strip():
            self.leave_out("blank", place)
        elif any(SURROGATE.search(part) for part in (text, *cells.values())):
            self.leave_out("with half of a character", place)
        else:
            if any(len(cell) > MAX_CELL_CHARACTERS for cell in cells.values()):
                cells = {name: cell[:MAX_CELL_CHARACTERS] for name, cell in cells.items()}
                self._cut_cells.append(place)
            is_cut = len(text) > MAX_CHARACTERS
            self.taken.append(Record(place, text[:MAX_CHARACTERS], cells, is_cut))

    def leave_out(self, reason: str, place: str) -> None:
        """Leave out what is no sequence; the reason completes "3 lines left out: 3 …"."""
        self._left_out.setdefault(reason, []).append(place)

    def leave_out_broken(self, reason: str, place: str, problem: str) -> None:
        """Leave out what is not of the format; where most of a file is, `account` raises.

        Parameters
        ----------
        reason, place : str
            As for `leave_out`.
        problem : str
            What is wrong with this one, for a sentence of its own.
        """
        self._broken.append(f"{place}: {problem}")
        self.leave_out(reason, place)

    def account(self) -> Account:
        """Return what became of the file.

        Raises
        ------
        CorpusError
            If nothing is left to take, or more is broken than taken; then the first broken one
            is named.
        """
        name = self._file.name
        n_read = len(self.taken) + sum(map(len, self._left_out.values()))
        if len(self._broken) > len(self.taken):
            others = len(self._broken) - 1
            like_it = f"; {others:,} of {n_read:,} {self._unit}s are like it" if others else ""
            raise CorpusError(f"{name}, {self._broken[0]}{like_it}")
        notes = list(self.notes)
        if self._cut_cells:
            part = LeftOut(
                f"{self._unit}s have cells cut at {MAX_CELL_CHARACTERS:,} characters",
                len(self._cut_cells),
                tuple(self._cut_cells[:N_EXAMPLES]),
            )
            notes.append(part.words())
        account = Account(self._unit, n_read, notes=tuple(notes))
        for reason, places in self._left_out.items():
            account = account.leave_out(reason, places)
        if not self.taken:
            found = f" ({account.words()})" if n_read else ""
            raise CorpusError(f"{name} has no text{found}; write one sequence a line")
        return account


def decode(path: Path) -> TextFile:
    """Read a text file: UTF-8, or UTF-16 where a byte-order mark says so.

    Raises
    ------
    CorpusError
        If the file cannot be read, is too large, is no text, or holds a byte that is not UTF-8;
        the line is named.
    """
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise CorpusError(
                f"{path.name} has {path.stat().st_size / 2**20:.0f} MiB, more than "
                f"{MAX_FILE_BYTES // 2**20}; split it"
            )
        raw = path.read_bytes()
    except OSError as error:
        raise CorpusError(f"{path.name} cannot be read: {error.strerror or error}") from error
    encoding = "utf-8-sig"
    if raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        encoding = "utf-16"
    try:
        text = raw.decode(encoding)
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise CorpusError(
            f"{path.name}, line {line}: byte 0x{raw[error.start]:02X} is not UTF-8; "
            "save the file as UTF-8"
        ) from error
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise CorpusError(f"{path.name}, line {line}: a zero byte, so this is not a text file")
    return TextFile(readable(path.name), text)


def choose_text_column(file: TextFile, columns: list[str], wanted: str | None) -> str:
    """Return the column that holds the text: the wanted one, or one of the usual names.

    Raises
    ------
    CorpusError
        If there is none; the sentence lists the columns.
    """
    if wanted is None:
        by_name = {column.strip().lower(): column for column in reversed(columns)}
        found = [by_name[name] for name in TEXT_COLUMNS if name in by_name]
        if found or len(columns) == 1:
            return (found or columns)[0]
    elif wanted in columns:
        return wanted
    missing = repr(wanted) if wanted else "named " + ", ".join(TEXT_COLUMNS[:-1]) + " or content"
    raise CorpusError(
        f"{file.name} has no column {missing}; name one with --text-column: " + ", ".join(columns)
    )


def require_few_columns(file: TextFile, names: list[str]) -> None:
    """Raise CorpusError where there are more columns, or other names, than a dataset can hold."""
    if len(names) > MAX_COLUMNS:
        raise CorpusError(
            f"{file.name} has {len(names):,} columns, more than {MAX_COLUMNS:,}; leave some out"
        )
    for name in names:
        if len(name) > MAX_CELL_CHARACTERS:
            raise CorpusError(f"{file.name} has a column name of {len(name):,} characters")
        if SURROGATE.search(name):
            raise CorpusError(f"{file.name} has half of a character in the column name {name!r}")
