"""Plain text: one sequence per line, blank lines left out."""

import io

from attentionviz.pipeline.corpora.records import Records, TextFile, is_text_name


def read(file: TextFile, text_column: str | None) -> Records:
    """Return every line without its line end.

    Raises
    ------
    CorpusError
        If `text_column` is given, since plain text has no columns.
    """
    if text_column is not None:
        raise file.error(
            "line 1", f"plain text has no column {text_column!r}; leave out --text-column"
        )
    records = Records(file, "line")
    # StringIO ends lines at \n, \r\n and \r only; str.splitlines also at characters in sentences.
    for number, line in enumerate(io.StringIO(file.text, newline=None), start=1):
        records.take(f"line {number}", line.removesuffix("\n"))
        if number == 1 and _is_header(line):
            records.notes.append(
                "line 1 may be the header of a table; if so, rename the file to .tsv"
            )
    return records


def _is_header(line: str) -> bool:
    names = [name.strip() for name in line.split("\t")]
    return len(names) > 1 and any(is_text_name(name, None) for name in names)
