"""Options for building datasets from the page, for each visitor."""

from flask import Blueprint, Response

from attentionviz.core.methods import METHOD_FACTS
from attentionviz.core.text_formats import TABLE_ENDINGS, TEXT_ENDINGS
from attentionviz.core.types import DIMS, METHODS
from attentionviz.jobs.queue import MAX_WAITING
from attentionviz.jobs.uploads import IMAGE_ENDINGS
from attentionviz.server.access.permissions import visitor
from attentionviz.server.http import contract
from attentionviz.server.http.context import context
from attentionviz.server.http.operations import operation, query
from attentionviz.server.http.responses import json_response
from attentionviz.store.kept_vectors import KEEP_EFFECTS

blueprint = Blueprint("job_options", __name__)


@blueprint.get("/api/v1/jobs/options")
@operation(contract.JobOptions | contract.NoJobs)
def get_job_options() -> Response:
    """Return whether jobs are enabled, and which models, files and sizes they accept."""
    query()
    queue, who = context().jobs, visitor()
    if queue is None or who is None or not who.may_do_jobs:
        return json_response({"is_enabled": False})
    limits = queue.limits
    found: contract.JobOptions = {
        "is_enabled": True,
        "models": [{"name": one.name, "modality": one.modality} for one in limits.models],
        "methods": list(METHODS),
        "default_methods": [name for name, facts in METHOD_FACTS.items() if facts.is_default],
        "dims": list(DIMS),
        "keep_vectors": [
            {"choice": choice, "effect": effect} for choice, effect in KEEP_EFFECTS.items()
        ],
        "endings": {
            "text": list(TEXT_ENDINGS),
            "table": list(TABLE_ENDINGS),
            "image": list(IMAGE_ENDINGS),
        },
        "max_text_bytes": limits.uploads.text_bytes,
        "max_image_bytes": limits.uploads.image_bytes,
        "max_images": limits.uploads.n_images,
        "max_waiting": MAX_WAITING,
    }
    return json_response(found)
