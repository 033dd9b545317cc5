"""Detection of delimiter, quoting and rows of a table, from its content.

Quotation marks enclose a cell if it begins and ends with one and those inside are doubled (RFC
4180). Any other quotation mark is an ordinary character, so an unclosed one does not swallow the
rest of the file.
"""

import functools
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice
from typing import NamedTuple

from attentionviz.errors import CorpusError
from attentionviz.pipeline.corpora.records import LINE_END, TextFile, is_text_name

DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
N_SAMPLE_ROWS = 1000
"""Rows on which delimiters are tried."""

MIN_SHARE, SURE_SHARE = 0.5, 0.9
"""Share of rows of equal width, if no column name identifies the delimiter: up to `MIN_SHARE`, the
character belongs to the texts; from `SURE_SHARE`, it is the delimiter; in between is ambiguous."""

N_SURE_LINES = 4
"""This many lines that are each a complete row are unlikely to be one quoted cell."""

NO_TABLE = "; if each line is a text of its own, rename the file to .txt"
"""Advice in errors on files that may be plain text rather than a table."""

_SEPARATOR_LINE = re.compile(r'"?sep=([,;\t|])"?(?:\r\n|\r|\n)', re.I)  # written for Excel
_LINE = re.compile(r"([^\r\n]*+)(?:\r\n|\r|\n|\Z)")


class Row(NamedTuple):
    """One row.

    Attributes
    ----------
    line : int
        Number of its first line, from 1.
    cells : list of str
    n_lines : int
        More than 1 if a quoted cell contains line ends.
    are_rows : bool
        Whether each of those lines would be a complete row by itself.
    has_literal : bool
        Whether a cell begins with a quotation mark that does not enclose it.
    """

    line: int
    cells: list[str]
    n_lines: int = 1
    are_rows: bool = False
    has_literal: bool = False

    @property
    def is_blank(self) -> bool:
        """Whether all cells are empty or white space."""
        return is_blank(self.cells)


def is_blank(cells: list[str]) -> bool:
    """Return whether all cells are empty or white space."""
    return not any(cell.strip() for cell in cells)


def format_cells(cells: list[str]) -> str:
    """Return the number of cells: "1 cell", "3 cells"."""
    return f"{len(cells)} cell{'' if len(cells) == 1 else 's'}"


@functools.cache
def _cell(delimiter: str) -> re.Pattern[str]:
    ends = rf"{delimiter}\r\n"
    return re.compile(rf'"((?:[^"]++|"")*+)"(?=[{ends}]|\Z)|([^{ends}]*+)')


@dataclass(frozen=True)
class Layout:
    """How a file is split into rows and cells.

    Attributes
    ----------
    delimiter : str
        Empty for a single column.
    start, line : int
        Index of the first character of the table, and its line from 1.
    width : int
        Cells of the header; 0 before it is known.
    prefers_rows : bool
        Whether lines that are each a complete row are kept as rows although quotation marks would
        join them into one quoted cell.
    """

    delimiter: str
    start: int = 0
    line: int = 1
    width: int = 0
    prefers_rows: bool = False

    def rows(self, text: str) -> Iterator[Row]:
        """Yield every row, including the header and blank rows."""
        position, number = self.start, self.line
        while position < len(text):
            line = _LINE.match(text, position)
            assert line is not None  # noqa: S101 - it matches anything
            row = self._row(number, text, position, line.end(1))
            yield row
            for _ in range(row.n_lines - 1):
                line = _LINE.match(text, line.end()) or line
            position, number = line.end(), number + row.n_lines

    def _row(self, number: int, text: str, start: int, end: int) -> Row:
        """Return the row that begins at `start`; `end` is the end of its first line."""
        plain = text[start:end]
        if '"' not in plain:
            return Row(number, self._split(plain))
        cells, stop, has_literal = self._cut(text, start)
        if stop > end:
            lines = LINE_END.split(text[start:stop])
            are_rows = self._are_rows(lines)
            if not (are_rows and self.prefers_rows):
                return Row(number, cells, len(lines), are_rows, has_literal)
            cells, _, has_literal = self._cut(plain)
        return self._row_of_line(number, plain, cells, has_literal)

    def _row_of_line(self, number: int, line: str, cells: list[str], has_literal: bool) -> Row:
        parts = self._split(line)
        if self.prefers_rows and len(cells) != self.width == len(parts):
            cells, has_literal = [cell for part in parts for cell in self._cut(part)[0]], True
        return Row(number, cells, has_literal=has_literal)

    def _split(self, line: str) -> list[str]:
        return line.split(self.delimiter) if self.delimiter else [line]

    def _are_rows(self, lines: list[str]) -> bool:
        """Return whether each of these lines would be a complete row.

        A space after a delimiter suggests a sentence, and a tab at the start of a line suggests
        code; neither is a row.
        """
        cut = ((line, *self._cut(line)) for line in lines)
        rows = [self._row_of_line(0, line, cells, has).cells for line, cells, _, has in cut]
        if any(len(cells) != self.width for cells in rows):
            return False
        if self.delimiter == "\t":
            return not any(line.startswith("\t") for line in lines)
        cells = [cell for row in rows for cell in row]
        return all(cell and not cell[0].isspace() and '""' not in cell for cell in cells)

    def _cut(self, text: str, position: int = 0) -> tuple[list[str], int, bool]:
        """Return the cells of a row, its end index, and whether a quotation mark is literal."""
        cells, has_literal = [], False
        while True:
            found = _cell(self.delimiter).match(text, position)
            assert found is not None  # noqa: S101 - it matches anything
            quoted, plain = found.groups()
            cells.append(plain if quoted is None else quoted.replace('""', '"'))
            has_literal = has_literal or (plain or "").startswith('"')
            position = found.end()
            if not self.delimiter or not text.startswith(self.delimiter, position):
                return cells, position, has_literal
            position += 1


class _Trial(NamedTuple):
    """The first rows as split by one delimiter."""

    layout: Layout
    rows: list[Row]

    @classmethod
    def of(cls, file: TextFile, layout: Layout) -> "_Trial":
        first = next((row for row in layout.rows(file.text) if not row.is_blank), None)
        # Line ends are more common in texts than tabs: a line with all the header's tabs is a row.
        is_tsv = (layout.delimiter or file.name[-4:].lower()) in ("\t", ".tsv")
        layout = replace(layout, width=len(first.cells) if first else 1, prefers_rows=is_tsv)
        rows = _sample(file, layout)
        spanning = [row for row in rows if row.n_lines > 1]
        n_lines = sum(row.n_lines for row in spanning)
        if layout.delimiter and n_lines >= N_SURE_LINES and all(row.are_rows for row in spanning):
            layout = replace(layout, prefers_rows=True)
            rows = _sample(file, layout)
        return cls(layout, rows)

    @property
    def width(self) -> int:
        return self.layout.width

    def has_text_column(self, wanted: str | None) -> bool:
        names = self.rows[0].cells if self.rows else []
        return any(is_text_name(name.strip(), wanted) for name in names)

    def share_of(self, width: int) -> float:
        return sum(len(row.cells) == width for row in self.rows) / max(len(self.rows), 1)

    def usual_width(self) -> int:
        widths = Counter(len(row.cells) for row in self.rows)
        return widths.most_common(1)[0][0] if widths else 1


def _sample(file: TextFile, layout: Layout) -> list[Row]:
    found = (row for row in layout.rows(file.text) if not row.is_blank)
    return list(islice(found, N_SAMPLE_ROWS))


def find_layout(file: TextFile, text_column: str | None) -> Layout:
    """Return how a file is split into rows and cells.

    The delimiter is the one with which the header names a text column; otherwise the one that gives
    rows of equal width; otherwise the file has a single column.

    Parameters
    ----------
    file : TextFile
    text_column : str or None
        Name of the text column; None for one of `records.TEXT_COLUMNS`.

    Raises
    ------
    CorpusError
        If the widths of the rows are ambiguous.
    """
    declared = _SEPARATOR_LINE.match(file.text)
    if declared:
        return _Trial.of(file, Layout(declared[1], declared.end(), 2)).layout
    single = _Trial.of(file, Layout(""))
    trials = [_Trial.of(file, Layout(delimiter)) for delimiter in DELIMITERS]
    named = [one for one in trials if one.width > 1 and one.has_text_column(text_column)]
    if named:
        return max(named, key=lambda one: one.share_of(one.width)).layout
    best = max(trials, key=lambda one: (one.usual_width() > 1, one.share_of(one.usual_width())))
    usual = best.usual_width()
    share = best.share_of(usual)
    if usual == 1 or share <= MIN_SHARE or single.has_text_column(text_column):
        return single.layout
    if share >= SURE_SHARE and best.width == usual:
        return best.layout
    first = best.rows[0]
    raise CorpusError(
        f"{file.name}, line {first.line}: {format_cells(first.cells)}, but {share:.0%} of the rows "
        f"have {usual} ({DELIMITERS[best.layout.delimiter]}-separated); the first line must name "
        f"the columns{NO_TABLE}"
    )
