"""Columns of tokens and sequences as the API names them."""

from typing import Any

from attentionviz.store import layout
from attentionviz.store.dataset import DatasetReader

COLUMNS = {
    "tokens/code": layout.CODES,
    "tokens/pairs": layout.LABELLED_PAIRS,
    **{f"tokens/{name}": layout.patch_column_path(name) for name in layout.PATCH_COLUMNS},
    "sequences/length": layout.SEQUENCE_LENGTHS,
    "sequences/n_source": layout.N_SOURCE,
    "sequences/code": layout.COLUMN_CODES,
    **{f"sequences/{name}_end": layout.text_ends_path(name) for name in layout.TEXTS},
}
"""Files of array columns, by their addresses below a dataset."""


def describe_vocabulary(reader: DatasetReader) -> dict[str, Any]:
    """Return the distinct tokens of a dataset, and the addresses of its array columns."""
    columns = [name for name, path in COLUMNS.items() if path in reader.tokens.files]
    return {**reader.tokens.vocabulary(), "columns": columns}


def describe_columns(reader: DatasetReader) -> dict[str, Any]:
    """Return the distinct values of each further column of the sequences."""
    columns = zip(reader.manifest["corpus"]["columns"], reader.tokens.columns(), strict=True)
    return {"values": {name: values for name, (_, values) in columns}}
