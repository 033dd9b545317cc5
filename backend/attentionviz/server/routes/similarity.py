"""The map of heads, and the heads most like one."""

import json
from typing import Any

from flask import Blueprint, Response

from attentionviz.analysis import similar_heads
from attentionviz.server.http import contract
from attentionviz.server.http.context import context
from attentionviz.server.http.operations import operation
from attentionviz.server.http.parameters import (
    dataset_name,
    open_dataset,
    path_head,
    query,
    whole_number,
)
from attentionviz.server.http.responses import json_bytes_response, json_response
from attentionviz.store import layout
from attentionviz.store.dataset import DatasetReader

blueprint = Blueprint("similarity", __name__, url_prefix="/api/v1/datasets/<dataset_id>")
_SIMILAR: dict[str, Any] = {
    "k": whole_number(1, 1000, "How many heads.", default=10),
    "with": dataset_name(
        "Dataset whose heads are compared, of the same corpus; by default the same."
    ),
}


@blueprint.get("/similarity")
@operation(contract.HeadsMap)
def get_similarity(dataset_id: str) -> Response:
    """Return where every head lies on the map of heads, and its nearest heads."""
    reader = open_dataset(dataset_id, query()["v"])
    facts = similar_heads.similarity_facts(reader)
    etag = reader.fingerprint("similarity", files=layout.SIMILARITY_FILES)

    def make() -> bytes:
        answer = {**facts, **similar_heads.map_of_heads(reader)}
        return json.dumps(answer, allow_nan=False, separators=(",", ":")).encode()

    return json_bytes_response(etag, make, reader)


@blueprint.get("/heads/<layer>/<head>/similar")
@operation(contract.SimilarHeads, **_SIMILAR)
def get_similar(dataset_id: str, layer: str, head: str) -> Response:
    """Return the heads that attend most like one, here or in a dataset of the same corpus."""
    wanted = query()
    reader = open_dataset(dataset_id, wanted["v"])
    head_id = path_head(layer, head, reader)
    other_id = wanted["with"] or dataset_id
    other = reader if other_id == dataset_id else open_dataset(other_id, None)
    found = similar_heads.likeness(reader, head_id, other, context().heavy)
    return json_response(
        {
            "with": other_id,
            "compared_by": found.compared_by,
            "n_rows": found.n_rows,
            "n_sequences": found.n_sequences,
            "heads": similar_heads.most_alike(reader, head_id, other, found, wanted["k"]),
            "others": _others(reader),
        }
    )


def _others(reader: DatasetReader) -> list[str]:
    """Return the ids of finished datasets whose heads can be compared with those of a reader."""
    return [
        entry.dataset_id
        for entry in context().library.list_datasets()
        if entry.state == "complete"
        and entry.dataset_id != reader.dataset_id
        and entry.manifest is not None
        and similar_heads.is_comparable(reader.manifest, entry.manifest)
    ]
