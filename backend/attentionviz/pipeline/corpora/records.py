"""What every text format has in common: decoded files, records, and the choice of a column."""

import codecs
import re
from dataclasses import dataclass, field
from pathlib import Path

from attentionviz.errors import CorpusError

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

    def error(self, line: int, problem: str) -> CorpusError:
        """Return an error that names file and line."""
        return CorpusError(f"{self.name}, line {line}: {problem}")


@dataclass(frozen=True)
class Record:
    """One sequence with the line it starts in and its further columns."""

    line: int
    text: str
    columns: dict[str, str] = field(default_factory=dict)


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
    return TextFile(path.name, text)


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
    """Raise CorpusError where there are more columns, or longer names, than a dataset can hold."""
    if len(names) > MAX_COLUMNS:
        raise CorpusError(
            f"{file.name} has {len(names):,} columns, more than {MAX_COLUMNS:,}; leave some out"
        )
    for name in names:
        if len(name) > MAX_CELL_CHARACTERS:
            raise CorpusError(f"{file.name} has a column name of {len(name):,} characters")


def record(file: TextFile, line: int, text: str, columns: dict[str, str]) -> Record:
    """Return a record with text and cells cut to their limits; CorpusError on half characters."""
    if any(SURROGATE.search(part) for part in (text, *columns, *columns.values())):
        raise file.error(line, "half of a character (a lone surrogate)")
    cells = {name: cell[:MAX_CELL_CHARACTERS] for name, cell in columns.items()}
    return Record(line, text[:MAX_CHARACTERS], cells)
