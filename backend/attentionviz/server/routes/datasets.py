"""Which datasets there are, and what each is."""

from datetime import UTC, datetime
from typing import Any

from flask import Blueprint, Response, current_app, request

from attentionviz import __version__
from attentionviz.core.methods import METHOD_FACTS
from attentionviz.core.scores import ALL_SCORES
from attentionviz.core.types import MapName
from attentionviz.errors import DamagedDatasetError, OutdatedDatasetError
from attentionviz.server.access.permissions import visitor
from attentionviz.server.http import contract
from attentionviz.server.http.context import context
from attentionviz.server.http.openapi import document
from attentionviz.server.http.operations import operation
from attentionviz.server.http.parameters import open_dataset, query
from attentionviz.server.http.responses import json_response
from attentionviz.store.reader import DatasetEntry

blueprint = Blueprint("datasets", __name__)
COUNTS = ("n_layers", "n_heads", "n_sequences", "n_tokens")


@blueprint.get("/health")
@operation(contract.Health)
def get_health() -> Response:
    """Say that the server answers, and, except to strangers, which version it is."""
    query()
    version = {"version": __version__} if visitor() else {}
    return json_response({"status": "ok", **version})


@blueprint.get("/api/v1/openapi.json")
@operation(dict[str, Any])
def get_openapi() -> Response:
    """Describe all of the API."""
    query()
    # Addresses in it are those below the prefix that a proxy shows the page under.
    return json_response({**document(current_app), "servers": [{"url": request.root_path or "/"}]})


@blueprint.get("/api/v1/datasets")
@operation(contract.DatasetList)
def list_datasets() -> Response:
    """List every dataset with its state, and the words of every projection method and score."""
    query()
    datasets = [_summary(entry) for entry in context().library.list_datasets()]
    methods = [
        {"name": name, "label": facts.label, "help": facts.help}
        for name, facts in METHOD_FACTS.items()
    ]
    scores = [{"name": name, **facts._asdict()} for name, facts in ALL_SCORES.items()]
    return json_response({"datasets": datasets, "methods": methods, "scores": scores})


@blueprint.get("/api/v1/datasets/<dataset_id>")
@operation(contract.Description)
def get_dataset(dataset_id: str) -> Response:
    """Say all that is known of one dataset."""
    version = query()["v"]
    entry = context().library.entry(dataset_id)
    if entry.state == "damaged":
        raise DamagedDatasetError(f"{dataset_id} is damaged: {entry.reason}")
    if entry.state == "outdated":
        raise OutdatedDatasetError(f"{dataset_id} cannot be read: {entry.reason}")
    facts: dict[str, Any] = {"id": dataset_id, "state": entry.state, "version": entry.version}
    if entry.manifest is None:
        return json_response(
            {**facts, "manifest": None, "maps_ready": {}, "progress": entry.progress}
        )
    reader = open_dataset(dataset_id, version)
    maps = reader.manifest["maps"]
    facts |= {"state": reader.state, "version": reader.version, "manifest": reader.manifest}
    facts["maps_ready"] = {name: int(reader.ready(MapName.parse(name)).sum()) for name in maps}
    return json_response({**facts, "progress": reader.progress})


def _corpus(manifest: dict[str, Any]) -> dict[str, Any] | None:
    corpus = manifest.get("corpus")
    return {name: corpus.get(name) for name in ("name", "license", "account")} if corpus else None


def _utc(seconds: float | None) -> str | None:
    if seconds is None:
        return None
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _summary(entry: DatasetEntry) -> dict[str, Any]:
    manifest = entry.manifest or {}
    model = manifest.get("model")
    return {
        "id": entry.dataset_id,
        "state": entry.state,
        "version": entry.version,
        "model": model,
        "modality": model["modality"] if model else None,
        "corpus": _corpus(manifest),
        "maps": sorted(manifest["maps"]) if "maps" in manifest else None,
        "n_bytes": entry.n_bytes,
        "published_at": _utc(entry.published),
        **{name: manifest.get(name) for name in COUNTS},
        "progress": entry.progress,
        "reason": entry.reason,
    }
