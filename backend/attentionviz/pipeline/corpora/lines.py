"""Plain text: one sequence a line, blank lines left out."""

import io

from attentionviz.pipeline.corpora.records import Records, TextFile, is_text_name


def read(file: TextFile, text_column: str | None) -> Records:
    """Return every line without its end; plain text has no columns, so none can be named.

    Raises
    ------
    CorpusError
        If a text column is asked for.
    """
    if text_column is not None:
        raise file.error(
            "line 1", f"plain text has no column {text_column!r}; leave out --text-column"
        )
    records = Records(file, "line")
    # A stream ends lines at \n, \r\n and \r only; str.splitlines would cut inside sentences.
    for number, line in enumerate(io.StringIO(file.text, newline=None), start=1):
        records.take(f"line {number}", line.removesuffix("\n"))
        if number == 1 and _is_header(line):
            records.notes.append(
                "line 1 may be the header of a table; then rename the file to .tsv"
            )
    return records


def _is_header(line: str) -> bool:
    names = [name.strip() for name in line.split("\t")]
    return len(names) > 1 and any(is_text_name(name, None) for name in names)
