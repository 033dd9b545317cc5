"""Facts of every head, and facts and norms of one."""

from flask import Blueprint, Response

from attentionviz.analysis.descriptions import (
    describe_head,
    describe_heads,
    heads_fingerprint,
)
from attentionviz.server.http import contract
from attentionviz.server.http.operations import array, open_dataset, operation, path_head, query
from attentionviz.server.http.responses import file_response, json_bytes, json_bytes_response

blueprint = Blueprint("heads", __name__, url_prefix="/api/v1/datasets/<dataset_id>/heads")


@blueprint.get("")
@operation(contract.HeadList)
def get_heads(dataset_id: str) -> Response:
    """Return scores, fidelity and best maps of every head, as columns."""
    reader = open_dataset(dataset_id, query()["v"])
    # Not for good: what follows from the files depends on the version of the program, too.
    return json_bytes_response(
        heads_fingerprint(reader), lambda: json_bytes(describe_heads(reader))
    )


@blueprint.get("/<layer>/<head>")
@operation(contract.HeadDetails)
def get_head(dataset_id: str, layer: str, head: str) -> Response:
    """Return scores, maps with their scale and details, and the profile by offset of one head."""
    reader = open_dataset(dataset_id, query()["v"])
    at = path_head(layer, head, reader)
    etag = reader.fingerprint(heads_fingerprint(reader), at.folder, files=())
    return json_bytes_response(etag, lambda: json_bytes(describe_head(reader.head(at))))


@blueprint.get("/<layer>/<head>/norms")
@operation(array("float32 (token, 4): of query, key, value, value through output weights."))
def get_norms(dataset_id: str, layer: str, head: str) -> Response:
    """Return the norms of every token's query, key, value and value through the output weights."""
    reader = open_dataset(dataset_id, query()["v"])
    return file_response(reader, reader.norms_path(path_head(layer, head, reader)))
