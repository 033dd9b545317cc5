"""Plain text: one sequence a line, blank lines skipped."""

import io

from attentionviz.pipeline.corpora.records import Record, TextFile, record


def read(file: TextFile, text_column: str | None) -> list[Record]:
    """Return every line that is not blank; plain text has no columns, so none can be named.

    Raises
    ------
    CorpusError
        If a text column is asked for.
    """
    if text_column is not None:
        raise file.error(1, f"plain text has no column {text_column!r}; leave out --text-column")
    # A stream ends lines at \n, \r\n and \r only; str.splitlines would cut inside sentences.
    numbered = enumerate(io.StringIO(file.text, newline=None), start=1)
    return [record(file, number, line.strip(), {}) for number, line in numbered if line.strip()]
