"""Coordinates: what the grid draws of every head, and all points of one head."""

from flask import Blueprint, Response

from attentionviz.analysis import maps
from attentionviz.analysis.grid_norms import shared_fingerprint, shared_grid_norms
from attentionviz.core.types import HeadId
from attentionviz.errors import InvalidRequestError
from attentionviz.server.http.operations import (
    array,
    one_of,
    open_dataset,
    operation,
    query,
    whole_number,
)
from attentionviz.server.http.responses import ArrayAnswer, array_response, file_response
from attentionviz.store import layout

blueprint = Blueprint("projections", __name__, url_prefix="/api/v1/datasets/<dataset_id>")
_LAYER = whole_number(0, 9999, "Layer of one head.")
_HEAD = whole_number(0, 9999, "Head of that layer.")


@blueprint.get("/grid")
@operation(array("int32 (token), ascending."))
def get_grid_tokens(dataset_id: str) -> Response:
    """Return which tokens the grid draws."""
    reader = open_dataset(dataset_id, query()["v"])
    etag = reader.fingerprint("array", files=(layout.GRID_TOKENS,))
    return array_response(reader, etag, lambda: (reader.grid_tokens(), {}))


@blueprint.get("/grid/norms")
@operation(
    array("uint8 (layer, head, point): norm of a query or key, from the least (0) to the largest."),
    scale=one_of(
        *("kind", "head"),
        text="Least and largest norm of the queries and of the keys of a head, or of both.",
        default="kind",
    ),
)
def get_grid_norms(dataset_id: str) -> Response:
    """Return the norm of every point that the grid draws."""
    wanted = query()
    reader = open_dataset(dataset_id, wanted["v"])
    if wanted["scale"] == "kind":
        return file_response(reader, layout.GRID_NORMS)
    return array_response(
        reader, shared_fingerprint(reader), lambda: (shared_grid_norms(reader), {})
    )


@blueprint.get("/projections/<map_name>")
@operation(
    array(
        "Without layer and head the grid: uint16 (layer, head, point, 2), or uint32 (layer, head, "
        "point) with x in the lowest 11 bits, y in the next 11, z in the upper 10. With both, "
        "uint16 (point, dimension) of that head.",
        "X-Ready",
    ),
    layer=_LAYER,
    head=_HEAD,
)
def get_projection(dataset_id: str, map_name: str) -> Response:
    """Return the whole grid of one map, or of the best of each head, or all points of one head."""
    wanted = query()
    reader = open_dataset(dataset_id, wanted["v"])
    layer, head = wanted["layer"], wanted["head"]
    if (layer is None) != (head is None):
        raise InvalidRequestError("give both layer and head, or neither for the grid")
    if layer is not None:
        return file_response(reader, maps.map_path(reader, map_name, HeadId(layer, head)))

    def make() -> ArrayAnswer:
        points, ready = maps.grid(reader, map_name)
        return points, {"X-Ready": "".join("1" if is_ready else "0" for is_ready in ready.flat)}

    return array_response(reader, maps.grid_fingerprint(reader, map_name), make)
