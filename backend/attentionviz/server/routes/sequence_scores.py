"""Sparsity and entropy of the attention of every sequence, in one head or in all heads."""

from flask import Blueprint, Response

from attentionviz.analysis.head_attention import fingerprint
from attentionviz.analysis.sequence_scores import sequence_scores
from attentionviz.core.types import HeadId
from attentionviz.errors import InvalidRequestError
from attentionviz.server.http.context import context
from attentionviz.server.http.operations import array, open_dataset, operation, query, whole_number
from attentionviz.server.http.responses import ArrayAnswer, array_response, sequence_counts

blueprint = Blueprint("sequences", __name__, url_prefix="/api/v1/datasets/<dataset_id>/sequences")
_INDEX = whole_number(0, 9999, "Of one head; without layer and head the mean over all.")


@blueprint.get("/scores")
@operation(
    array(
        "float32 (sequence, 3): keys that hold 90 % of the mass and entropy over its largest "
        "value, means over rows that see two keys or more; number of these rows, of all heads. "
        "NaN for what was left out.",
        "X-Sequences",
        "X-Sequences-Total",
    ),
    layer=_INDEX,
    head=_INDEX,
)
def get_sequence_scores(dataset_id: str) -> Response:
    """Return how sparse and how even the attention of every sequence is."""
    wanted = query()
    if (wanted["layer"] is None) != (wanted["head"] is None):
        raise InvalidRequestError("give both layer and head, or neither for all heads")
    reader = open_dataset(dataset_id, wanted["v"])
    head = None if wanted["layer"] is None else HeadId(wanted["layer"], wanted["head"])

    def make() -> ArrayAnswer:
        scores, n_used = sequence_scores(reader, head, context().limiter)
        return scores, sequence_counts(n_used, len(scores))

    return array_response(reader, fingerprint(reader, head, "sequence scores"), make)
