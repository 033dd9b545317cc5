"""The table of file extensions of text corpora. All other lists of them follow."""

from typing import NamedTuple


class TextFormat(NamedTuple):
    """How a text file is read.

    Attributes
    ----------
    reader : str
        Module of `attentionviz.pipeline.corpora` whose ``read`` reads it.
    has_columns : bool
        Whether it is a table, one column of which holds the text.
    """

    reader: str
    has_columns: bool


TEXT_FORMATS: dict[str, TextFormat] = {
    "": TextFormat("lines", has_columns=False),
    ".txt": TextFormat("lines", has_columns=False),
    ".text": TextFormat("lines", has_columns=False),
    ".csv": TextFormat("csv_table", has_columns=True),
    ".tsv": TextFormat("csv_table", has_columns=True),
    ".jsonl": TextFormat("jsonl", has_columns=True),
    ".ndjson": TextFormat("jsonl", has_columns=True),
    ".json": TextFormat("jsonl", has_columns=True),
    ".fa": TextFormat("fasta", has_columns=False),
    ".fasta": TextFormat("fasta", has_columns=False),
}

TEXT_ENDINGS = tuple(filter(None, TEXT_FORMATS))
TABLE_ENDINGS = tuple(ending for ending, facts in TEXT_FORMATS.items() if facts.has_columns)
