"""The map of heads, and the heads similar to one."""

from typing import Any

from flask import Blueprint, Response

from attentionviz.analysis import similar_heads
from attentionviz.server.http import contract
from attentionviz.server.http.context import context
from attentionviz.server.http.operations import (
    dataset_name,
    open_dataset,
    operation,
    path_head,
    query,
    whole_number,
)
from attentionviz.server.http.responses import json_bytes, json_bytes_response, json_response
from attentionviz.store.dataset import DatasetReader
from attentionviz.store.kept_vectors import stores_vectors

blueprint = Blueprint("similarity", __name__, url_prefix="/api/v1/datasets/<dataset_id>")
_SIMILAR: dict[str, Any] = {
    "k": whole_number(1, 1000, "How many heads.", default=similar_heads.DEFAULT_HEADS),
    "with": dataset_name(
        "Dataset whose heads are compared, of the same corpus; by default the same."
    ),
}


@blueprint.get("/similarity")
@operation(contract.HeadsMap)
def get_similarity(dataset_id: str) -> Response:
    """Return the position of every head on the map of heads, and its nearest heads."""
    reader = open_dataset(dataset_id, query()["v"])
    etag = similar_heads.map_fingerprint(reader)
    return json_bytes_response(etag, lambda: json_bytes(similar_heads.map_of_heads(reader)), reader)


@blueprint.get("/heads/<layer>/<head>/similar")
@operation(contract.SimilarHeads, **_SIMILAR)
def get_similar(dataset_id: str, layer: str, head: str) -> Response:
    """Return the heads most similar to a head, in this or another dataset of the same corpus."""
    wanted = query()
    reader = open_dataset(dataset_id, wanted["v"])
    head_id = path_head(layer, head, reader)
    other_id = wanted["with"] or dataset_id
    other = reader if other_id == dataset_id else open_dataset(other_id, None)
    found = similar_heads.similar_heads(reader, head_id, other, wanted["k"], context().limiter)
    return json_response({**found, "others": _others(reader)})


def _others(reader: DatasetReader) -> list[str]:
    """Return the ids of finished datasets whose heads can be compared with those of a reader."""
    return [
        entry.dataset_id
        for entry in context().library.list_datasets()
        if stores_vectors(reader.manifest)
        and entry.state == "complete"
        and entry.dataset_id != reader.dataset_id
        and entry.manifest is not None
        and stores_vectors(entry.manifest)
        and similar_heads.is_comparable(reader.manifest, entry.manifest)
    ]
