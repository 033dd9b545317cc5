"""Shared parts of text formats: decoded files, records, choice of the text column."""

import codecs
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from attentionviz.core.file_names import readable
from attentionviz.core.terminal import visible
from attentionviz.errors import CorpusError
from attentionviz.pipeline.corpora.account import N_EXAMPLES, N_NAMED, Account, LeftOut, Unit

MAX_FILE_BYTES = 256 * 2**20
MAX_CHARACTERS = 100_000
"""Longer texts are cut before tokenization: a tokenizer needs 1.3 GB for ten million characters."""

MAX_CELL_CHARACTERS = 1_000
"""Longer cells are cut in all columns but the text: these are labels and colours."""

MAX_COLUMNS = 1_000
TEXT_COLUMNS = ("text", "sentence", "content")
USUAL_NAMES = "text, sentence or content"
SURROGATE = re.compile("[\ud800-\udfff]")
LINE_END = re.compile(r"\r\n|\r|\n")
_LINE_END_BYTES = re.compile(rb"\r\n|\r|\n")
_BYTE_ORDER_MARKS = {  # that of UTF-32 begins with that of UTF-16
    codecs.BOM_UTF8: "UTF-8-sig",
    codecs.BOM_UTF32_LE: "UTF-32",
    codecs.BOM_UTF32_BE: "UTF-32",
    codecs.BOM_UTF16_LE: "UTF-16",
    codecs.BOM_UTF16_BE: "UTF-16",
}
N_NAMES = 10
N_NAME_CHARACTERS = 40


@dataclass(frozen=True)
class TextFile:
    """A decoded text file, and its name for messages."""

    name: str
    text: str

    def error(self, location: str, problem: str) -> CorpusError:
        """Return an error that names the file and a location in it, such as "line 4"."""
        return CorpusError(f"{self.name}, {location}: {problem}")

    def location_of(self, index: int) -> str:
        """Return the line of a character, such as "line 4"."""
        return f"line {1 + len(LINE_END.findall(self.text, 0, index))}"


@dataclass(frozen=True)
class Record:
    """One sequence.

    Attributes
    ----------
    location : str
        Where it is in the file: "line 12", "element 3".
    text : str
        With all white space of the file.
    columns : dict of str to str
    is_cut : bool
        Whether the text is truncated.
    """

    location: str
    text: str
    columns: dict[str, str] = field(default_factory=dict)
    is_cut: bool = False


class Locations:
    """Count and first few locations of items with a common property."""

    def __init__(self) -> None:
        self.n = 0
        self.first: list[str] = []

    def add(self, location: str) -> None:
        """Add the location of one item."""
        self.n += 1
        if self.n <= N_EXAMPLES:
            self.first.append(location)

    def of(self, reason: str) -> LeftOut:
        """Return the account entry of these items: "9 blank (line 4, …)"."""
        return LeftOut(reason, self.n, tuple(self.first))


class Records:
    """The sequences that a format reader takes from a file, and counts of what it leaves out.

    Parameters
    ----------
    file : TextFile
    unit : str
        Kind of item: every line, row or element is taken or left out.

    Attributes
    ----------
    taken : list of Record
    notes : list of str
        Detected properties of the file, one sentence each.
    is_letters : bool
        Whether every letter of a text is a unit, as in proteins; a tokenizer of words then gets
        them separated by spaces.
    """

    def __init__(self, file: TextFile, unit: Unit) -> None:
        self.taken: list[Record] = []
        self.notes: list[str] = []
        self.is_letters = False
        self._file = file
        self._unit = unit
        self._left_out: dict[str, Locations] = {}
        self._cut_cells = Locations()
        self._n_broken = 0
        self._first_broken = ("", "")

    def take(self, location: str, text: str, columns: Mapping[str, str] | None = None) -> None:
        """Take a sequence, cut to the limits; leave it out if blank or not valid Unicode."""
        cells = dict(columns or {})
        if not text.strip():
            self.leave_out("blank", location)
        elif any(SURROGATE.search(part) for part in (text, *cells.values())):
            self.leave_out("with an unpaired surrogate", location)
        else:
            if any(len(cell) > MAX_CELL_CHARACTERS for cell in cells.values()):
                cells = {name: cell[:MAX_CELL_CHARACTERS] for name, cell in cells.items()}
                self._cut_cells.add(location)
            is_cut = len(text) > MAX_CHARACTERS
            self.taken.append(Record(location, text[:MAX_CHARACTERS], cells, is_cut))

    def leave_out(self, reason: str, location: str) -> None:
        """Leave out an item; the reason follows the count in "3 lines left out: 3 blank"."""
        self._left_out.setdefault(reason, Locations()).add(location)

    def leave_out_broken(self, reason: str, location: str, problem: str, advice: str = "") -> None:
        """Leave out a malformed item; if most items are malformed, `account` raises.

        Parameters
        ----------
        reason, location : str
            As for `leave_out`.
        problem, advice : str
            What is wrong with this item and what to do, for that error.
        """
        self._n_broken += 1
        if self._n_broken == 1:
            self._first_broken = (f"{location}: {problem}", advice)
        self.leave_out(reason, location)

    def note(self, words: str, locations: Locations) -> None:
        """Add a note with the count and first locations of items; nothing if there are none."""
        if locations.n:
            self.notes.append(_note(words, locations))

    def account(self) -> Account:
        """Return the counts of items read, taken and left out.

        Raises
        ------
        CorpusError
            If no item was taken, or more are malformed than taken; names the first malformed item.
        """
        name = self._file.name
        n_read = len(self.taken) + sum(locations.n for locations in self._left_out.values())
        if self._n_broken > len(self.taken):
            problem, advice = self._first_broken
            share = f"{self._n_broken:,} of {n_read:,} {self._unit}s are malformed"
            raise CorpusError(f"{name}, {problem}; {share}{advice}")
        notes = list(self.notes)
        if self._cut_cells.n:
            cut = f"cells of other columns cut at {MAX_CELL_CHARACTERS:,} characters"
            notes.append(_note(cut, self._cut_cells))
        left_out = tuple(locations.of(reason) for reason, locations in self._left_out.items())
        account = Account(self._unit, n_read, left_out=left_out, notes=tuple(notes))
        if not self.taken:
            raise CorpusError(f"{name} has no text" + (f": {account.summary()}" if n_read else ""))
        return account


def _note(words: str, locations: Locations) -> str:
    more = ", …" if locations.n > N_NAMED else ""
    return f"{words}: {locations.n:,} ({', '.join(locations.first[:N_NAMED])}{more})"


def decode(path: Path) -> TextFile:
    """Read a text file: UTF-8, or UTF-16 or UTF-32 with a byte-order mark.

    Raises
    ------
    CorpusError
        If the file cannot be read, exceeds `MAX_FILE_BYTES`, or has a byte that is not text or
        not of the encoding; names the line.
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
    marks = (name for mark, name in _BYTE_ORDER_MARKS.items() if raw.startswith(mark))
    encoding = next(marks, "UTF-8")
    try:
        file = TextFile(readable(path.name), raw.decode(encoding))
    except UnicodeDecodeError as error:
        raise _other_encoding(readable(path.name), raw, error.start, encoding) from error
    if "\0" in file.text:
        location = file.location_of(file.text.index("\0"))
        raise file.error(
            location, "a zero byte: not text, or UTF-16 without a byte-order mark; save it as UTF-8"
        )
    return file


def _other_encoding(name: str, raw: bytes, start: int, encoding: str) -> CorpusError:
    line = 1 + len(_LINE_END_BYTES.findall(raw, 0, start))
    found = f"{name}, line {line}: byte 0x{raw[start]:02X} is not {encoding.removesuffix('-sig')}"
    if encoding != "UTF-8":
        return CorpusError(f"{found}; save the file as UTF-8")
    before = re.split(rb"\s", raw[max(0, start - 20) : start])[-1]
    word = (before + re.split(rb"\s", raw[start : start + 20])[0]).decode("cp1252", "replace")
    return CorpusError(
        f"{found}; save the file as UTF-8 (in Excel: CSV UTF-8), or, if {word!r} is the text "
        f"there, convert it: iconv -f WINDOWS-1252 -t UTF-8"
    )


def format_line_ends(file: TextFile) -> str:
    """Return the line ends of a file, such as "CRLF line ends, "; empty for LF alone."""
    n_pairs = file.text.count("\r\n")
    counts = {
        "CRLF": n_pairs,
        "CR": file.text.count("\r") - n_pairs,
        "LF": file.text.count("\n") - n_pairs,
    }
    names = [name for name, n in counts.items() if n]
    return "" if names in ([], ["LF"]) else f"{' and '.join(names)} line ends, "


def format_columns(names: Collection[str]) -> str:
    """Return number and names of columns, shortened: "2 columns: text, label"."""
    shown = [_clipped(name) for name in islice(names, N_NAMES)]
    more = ", …" if len(names) > N_NAMES else ""
    return f"{len(names):,} column{'' if len(names) == 1 else 's'}: {', '.join(shown)}{more}"


def _clipped(name: str) -> str:
    name = visible(name)
    return name if len(name) <= N_NAME_CHARACTERS else f"{name[:N_NAME_CHARACTERS]}…"


def is_text_name(name: str, wanted: str | None) -> bool:
    """Return whether a column is the text column: the wanted one, or one of `TEXT_COLUMNS`."""
    return name.strip().lower() in TEXT_COLUMNS if wanted is None else name == wanted


def choose_text_column(
    file: TextFile, columns: Collection[str], wanted: str | None, advice: str = ""
) -> str:
    """Return the text column: the wanted one, or one of `TEXT_COLUMNS`, or the only column.

    Raises
    ------
    CorpusError
        If there is none; the message lists the columns and ends with `advice`.
    """
    if wanted in columns:
        return str(wanted)
    if wanted is None:
        by_name = {column.lower(): column for column in reversed(list(columns))}
        found = [by_name[name] for name in TEXT_COLUMNS if name in by_name]
        if found or len(columns) == 1:
            return (found or list(columns))[0]
    missing = f"named {USUAL_NAMES}" if wanted is None else repr(wanted)
    raise CorpusError(
        f"{file.name} has no column {missing}; choose one of its {format_columns(columns)} "
        f"(--text-column){advice}"
    )


def require_columns(file: TextFile, names: list[str]) -> None:
    """Raise CorpusError if there are too many columns, or names too long or not valid Unicode."""
    if len(names) > MAX_COLUMNS:
        raise CorpusError(
            f"{file.name} has {len(names):,} columns, more than {MAX_COLUMNS:,}; leave some out"
        )
    for name in names:
        if len(name) > MAX_CELL_CHARACTERS:
            raise CorpusError(
                f"{file.name} has a column name of {len(name):,} characters, more than "
                f"{MAX_CELL_CHARACTERS:,}; shorten it"
            )
        if SURROGATE.search(name):
            raise CorpusError(
                f"{file.name} has an unpaired surrogate in the column name {name!r}; rename it"
            )
