"""The corpus: columns of tokens, images, and pixels of patches."""

from typing import Any

from flask import Blueprint, Response

from attentionviz.analysis.token_columns import COLUMNS, describe_columns, describe_vocabulary
from attentionviz.errors import InvalidRequestError, NotFoundError
from attentionviz.server.http import contract
from attentionviz.server.http.operations import (
    PICTURE,
    Parameter,
    array,
    open_dataset,
    operation,
    path_number,
    query,
    whole_number,
)
from attentionviz.server.http.responses import (
    array_response,
    binary_response,
    file_response,
    json_bytes,
    json_bytes_response,
)
from attentionviz.store import layout

MAX_TOKENS = 100_000
"""Tokens of one JSON response; arrays have no limit."""
_MOST = 999_999_999


def _first(of: str) -> Parameter:
    return whole_number(0, _MOST, f"First {of}.", default=0)


def _end(of: str) -> Parameter:
    return whole_number(0, _MOST, f"The {of} after the last; all if left out.")


blueprint = Blueprint("tokens", __name__, url_prefix="/api/v1/datasets/<dataset_id>")


@blueprint.get("/tokens")
@operation(contract.CorpusTokens, start=_first("sequence"), stop=_end("sequence"))
def get_tokens(dataset_id: str) -> Response:
    """Return the columns of some sequences and their tokens, all by default; up to 100,000."""
    wanted = query()
    reader = open_dataset(dataset_id, wanted["v"])
    length = reader.sequences().length
    start, stop = _span(wanted, len(length), "sequences")
    if start == stop or (n_tokens := length[start:stop].sum()) > MAX_TOKENS:
        raise InvalidRequestError(
            f"sequences {start}..{stop} have {n_tokens if start < stop else 0:,} tokens; choose "
            f"some with 1 to {MAX_TOKENS:,} tokens by start and stop"
        )
    etag = reader.tokens.fingerprint("json", start, stop)
    return json_bytes_response(
        etag, lambda: json_bytes(reader.tokens.document(start, stop)), reader
    )


@blueprint.get("/tokens/vocabulary")
@operation(contract.Vocabulary)
def get_vocabulary(dataset_id: str) -> Response:
    """Return the distinct tokens of the corpus."""
    reader = open_dataset(dataset_id, query()["v"])
    etag = reader.tokens.fingerprint("vocabulary")
    return json_bytes_response(etag, lambda: json_bytes(describe_vocabulary(reader)), reader)


@blueprint.get("/tokens/<column>")
@operation(
    array(
        "code: int32 (token), row in the vocabulary. row, column: int32 (token) of a patch, else "
        "-1. hue, brightness: float32 (token) of a patch, 0 to 1, else NaN. pairs: int32 (pair, "
        "3), two tokens of a labelled pair and the row in pair_name."
    ),
    start=_first("row"),
    stop=_end("row"),
)
def get_token_column(dataset_id: str, column: str) -> Response:
    """Return a column of tokens, or the labelled pairs."""
    return _column(dataset_id, f"tokens/{column}")


@blueprint.get("/sequences/columns")
@operation(contract.SequenceColumns)
def get_sequence_columns(dataset_id: str) -> Response:
    """Return the distinct values of each further column of the corpus."""
    reader = open_dataset(dataset_id, query()["v"])
    etag = reader.tokens.fingerprint("columns")
    return json_bytes_response(etag, lambda: json_bytes(describe_columns(reader)), reader)


@blueprint.get("/sequences/<column>")
@operation(
    array(
        "length, n_source: int32 (sequence), tokens of all and of the source text. text, "
        "target_text: uint8, the UTF-8 bytes of the texts one after the other; text_end, "
        "target_text_end: int32 (sequence), the byte after each. code: int32 (column, sequence), "
        "row in the values of the column."
    ),
    start=_first("sequence"),
    stop=_end("sequence"),
)
def get_sequence_column(dataset_id: str, column: str) -> Response:
    """Return a column of the sequences."""
    if column not in layout.TEXTS:
        return _column(dataset_id, f"sequences/{column}")
    wanted = query()
    reader = open_dataset(dataset_id, wanted["v"])
    if column not in layout.text_names(reader.manifest):
        raise NotFoundError(f"{dataset_id} has no {column}")
    start, stop = _span(wanted, reader.manifest["n_sequences"], "sequences")
    etag = reader.tokens.fingerprint(column, start, stop)
    return array_response(reader, etag, lambda: (reader.tokens.utf8(column, start, stop), {}))


@blueprint.get("/images/<image>")
@operation(PICTURE)
def get_image(dataset_id: str, image: str) -> Response:
    """Return one image of the corpus."""
    return _image(dataset_id, image, is_thumbnail=False)


@blueprint.get("/images/<image>/thumbnail")
@operation(PICTURE)
def get_thumbnail(dataset_id: str, image: str) -> Response:
    """Return the thumbnail of one image."""
    return _image(dataset_id, image, is_thumbnail=True)


@blueprint.get("/patches")
@operation(array("uint8 (token, 8, 8, 3): red, green, blue; zeros for other tokens."))
def get_patches(dataset_id: str) -> Response:
    """Return the pixels of every patch."""
    reader = open_dataset(dataset_id, query()["v"])
    reader.require_images()
    return file_response(reader, layout.PATCHES)


def _column(dataset_id: str, column: str) -> Response:
    wanted = query()
    reader = open_dataset(dataset_id, wanted["v"])
    path = COLUMNS.get(column, "")
    spec = reader.tokens.files.get(path)
    if spec is None:
        raise NotFoundError(f"{dataset_id} has no column {column[:40]!r}")
    start, stop = _span(wanted, spec.shape[0], "rows")
    etag = reader.tokens.fingerprint(column, start, stop)
    return array_response(reader, etag, lambda: (reader.tokens.array(path, start, stop), {}))


def _span(wanted: dict[str, Any], n: int, of: str) -> tuple[int, int]:
    start, stop = wanted["start"], n if wanted["stop"] is None else wanted["stop"]
    if not start <= stop <= n:
        raise InvalidRequestError(f"{of} {start}..{stop} are outside 0..{n}")
    return start, stop


def _image(dataset_id: str, image: str, *, is_thumbnail: bool) -> Response:
    reader = open_dataset(dataset_id, query()["v"])
    name = reader.image_path(path_number("image", image), is_thumbnail=is_thumbnail)
    return binary_response(reader, name, "image/png")
