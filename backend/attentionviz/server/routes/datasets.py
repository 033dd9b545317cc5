"""The list of datasets, and the description of each."""

from flask import Blueprint, Response, current_app, request

from attentionviz import __version__
from attentionviz.analysis.descriptions import describe_begun, describe_dataset, describe_list
from attentionviz.errors import DamagedDatasetError, OutdatedDatasetError
from attentionviz.server.access.permissions import visitor
from attentionviz.server.http import contract
from attentionviz.server.http.context import context
from attentionviz.server.http.openapi import document
from attentionviz.server.http.operations import open_dataset, operation, query
from attentionviz.server.http.responses import json_response

blueprint = Blueprint("datasets", __name__)


@blueprint.get("/health")
@operation(contract.Health)
def get_health() -> Response:
    """Check the health of the server; return its version to authenticated clients."""
    query()
    version = {"version": __version__} if visitor() else {}
    return json_response({"status": "ok", **version})


@blueprint.get("/api/v1/openapi.json")
@operation(contract.OpenApiDocument)
def get_openapi() -> Response:
    """Return the OpenAPI document of the API."""
    query()
    # Addresses in it are those below the prefix that a proxy shows the page under.
    return json_response({**document(current_app), "servers": [{"url": request.root_path or "/"}]})


@blueprint.get("/api/v1/datasets")
@operation(contract.DatasetList)
def list_datasets() -> Response:
    """List every dataset with its state, and describe all projection methods and scores."""
    query()
    return json_response(describe_list(context().library.list_datasets()))


@blueprint.get("/api/v1/datasets/<dataset_id>")
@operation(contract.Description)
def get_dataset(dataset_id: str) -> Response:
    """Describe one dataset."""
    version = query()["v"]
    entry = context().library.entry(dataset_id)
    if entry.state == "damaged":
        raise DamagedDatasetError(f"{dataset_id} is damaged: {entry.reason}")
    if entry.state == "outdated":
        raise OutdatedDatasetError(f"{dataset_id} cannot be read: {entry.reason}")
    if entry.manifest is None:
        return json_response(describe_begun(entry))
    return json_response(describe_dataset(open_dataset(dataset_id, version)))
