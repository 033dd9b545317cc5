"""Tables with a header line: comma, semicolon or tab between cells."""

import csv
import io
from collections.abc import Iterator
from contextlib import contextmanager

from attentionviz.errors import CorpusError
from attentionviz.pipeline.corpora.records import (
    MAX_FILE_BYTES,
    Records,
    TextFile,
    choose_text_column,
    require_few_columns,
)

DELIMITERS = ",;\t"


def read(file: TextFile, text_column: str | None) -> Records:
    """Return every row whose text is not blank, with its further cells.

    Raises
    ------
    CorpusError
        If the header lacks names or repeats one, a row has more or fewer cells than it, or a
        quotation mark is left open.
    """
    rows = read_rows(file)
    _, header = next(rows)
    require_few_columns(file, header)
    chosen = choose_text_column(file, header, text_column)
    records = Records(file, "row")
    for line, cells in rows:
        columns = dict(zip(header, cells, strict=True))
        text = columns.pop(chosen)
        records.take(f"line {line}", text, columns)
    return records


def read_rows(file: TextFile) -> Iterator[tuple[int, list[str]]]:
    """Yield the line number and cells of the header, then of every row that is not blank."""
    stream = io.StringIO(file.text, newline="")
    delimiter = "\t" if file.name.lower().endswith(".tsv") else _delimiter(file.text)
    reader = csv.reader(stream, delimiter=delimiter, strict=True)
    width = 0
    start = 1
    with _long_cells():
        try:
            for cells in reader:
                if any(cell.strip() for cell in cells):
                    if width == 0:
                        cells = _header(file, start, cells)
                        width = len(cells)
                    elif len(cells) != width:
                        raise file.error(
                            f"line {start}", f"{len(cells)} cells, the header has {width}"
                        )
                    yield start, cells
                start = reader.line_num + 1
        except csv.Error as error:
            raise file.error(
                f"line {start}", f"not a CSV row ({error}); check its quotation marks"
            ) from error
    if width == 0:
        raise CorpusError(f"{file.name} is empty; its first line must name the columns")


def _header(file: TextFile, line: int, cells: list[str]) -> list[str]:
    names = [cell.strip() for cell in cells]
    for position, name in enumerate(names, start=1):
        if not name:
            raise file.error(f"line {line}", f"column {position} has no name")
        if names.count(name) > 1:
            raise file.error(f"line {line}", f"the column {name!r} appears twice")
    return names


def _delimiter(text: str) -> str:
    first_line = text.lstrip().split("\n", 1)[0]
    return max(DELIMITERS, key=first_line.count)


@contextmanager
def _long_cells() -> Iterator[None]:
    """Let cells be longer than the csv module's default; they are cut afterwards."""
    before = csv.field_size_limit(MAX_FILE_BYTES)
    try:
        yield
    finally:
        csv.field_size_limit(before)
