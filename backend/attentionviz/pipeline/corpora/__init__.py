"""Formats of text corpora: one file per format, registered in one table.

A format is a function ``read(file, text_column) -> Records`` over an already decoded file; see
`lines` for the shortest one.
"""

from collections.abc import Callable

from attentionviz.pipeline.corpora import csv_table, jsonl, lines
from attentionviz.pipeline.corpora.records import Records, TextFile

Reader = Callable[[TextFile, str | None], Records]

TEXT_FORMATS: dict[str, Reader] = {
    "": lines.read,
    ".txt": lines.read,
    ".text": lines.read,
    ".csv": csv_table.read,
    ".tsv": csv_table.read,
    ".jsonl": jsonl.read,
    ".ndjson": jsonl.read,
    ".json": jsonl.read,
}
"""The reader of each file name ending."""
