"""Tables with a header: CSV, TSV and similar."""

from collections.abc import Iterable, Iterator
from itertools import chain

from attentionviz.pipeline.corpora.delimited import (
    DELIMITERS,
    NO_TABLE,
    Row,
    find_layout,
    format_cells,
    is_blank,
)
from attentionviz.pipeline.corpora.records import (
    Locations,
    Records,
    TextFile,
    choose_text_column,
    format_columns,
    format_line_ends,
    is_text_name,
    require_columns,
)

ADVICE = f"; quote cells that hold a delimiter{NO_TABLE}"


def read(file: TextFile, text_column: str | None) -> Records:
    """Return every row with a non-blank text, and its other cells.

    Raises
    ------
    CorpusError
        If there is no text column, or most rows have another number of cells than the header.
    """
    records = Records(file, "row")
    layout = find_layout(file, text_column)
    rows = _without_blank(layout.rows(file.text), records)
    first = next(rows, None)
    if first is None:
        return records
    if layout.delimiter or text_column or is_text_name(first.cells[0].strip(), None):
        columns = _columns(file, first, records)
        chosen = choose_text_column(file, columns, text_column, NO_TABLE)
        separated = f"{DELIMITERS[layout.delimiter]}-separated, " if layout.delimiter else ""
        words = f"{separated}{format_line_ends(file)}{format_columns(columns)}"
        records.notes.insert(0, words)
    else:
        rows, columns, chosen = chain([first], rows), {"text": 0}, "text"
        records.notes.append(
            f"1 column without a header, so line {first.line} is a text; if it is the name of "
            "the column, give it with --text-column"
        )
    _take(rows, first.cells, columns, chosen, records)
    return records


def _without_blank(rows: Iterable[Row], records: Records) -> Iterator[Row]:
    for row in rows:
        if row.is_blank:
            records.leave_out("blank", f"line {row.line}")
        else:
            yield row


def _columns(file: TextFile, header: Row, records: Records) -> dict[str, int]:
    """Return the index of every named column; duplicate names are numbered."""
    columns: dict[str, int] = {}
    nameless, repeated = Locations(), Locations()
    for i, cell in enumerate(header.cells):
        name = given = cell.strip()
        n = 1
        while name in columns:
            n += 1
            name = f"{given} ({n})"
        if not given:
            nameless.add(f"column {i + 1}")
            continue
        if n > 1:
            repeated.add(f"column {i + 1}")
        columns[name] = i
    records.note("columns without a name, left out", nameless)
    records.note("columns with a duplicate name, numbered", repeated)
    require_columns(file, list(columns))
    return columns


def _take(
    rows: Iterable[Row],
    header: list[str],
    columns: dict[str, int],
    chosen: str,
    records: Records,
) -> None:
    others = {name: i for name, i in columns.items() if name != chosen}
    spanning, literal = Locations(), Locations()
    for row in rows:
        cells, location = row.cells, f"line {row.line}"
        if row.n_lines > 1:
            spanning.add(location)
        if row.has_literal:
            literal.add(location)
        if len(cells) < len(header) or not is_blank(cells[len(header) :]):
            problem = f"{format_cells(cells)}, the header has {len(header)}"
            reason = "with more or fewer cells than the header"
            records.leave_out_broken(reason, location, problem, ADVICE)
        elif len(columns) > 1 and cells == header:
            records.leave_out("repeating the header", location)
        else:
            records.take(location, cells[columns[chosen]], {n: cells[i] for n, i in others.items()})
    records.note("quoted cells of several lines", spanning)
    records.note("quotation marks that do not enclose a whole cell, kept as characters", literal)
