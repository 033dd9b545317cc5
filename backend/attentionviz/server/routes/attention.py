"""Attention of one head, computed from its queries and keys on request."""

from flask import Blueprint, Response

from attentionviz.analysis import head_attention
from attentionviz.analysis.token_scores import token_scores
from attentionviz.core.pattern import WEIGHTS
from attentionviz.server.http import contract
from attentionviz.server.http.context import context
from attentionviz.server.http.operations import (
    array,
    one_of,
    open_dataset,
    operation,
    path_head,
    path_number,
    query,
    whole_number,
)
from attentionviz.server.http.responses import (
    ArrayAnswer,
    array_response,
    json_response,
    sequence_counts,
)

blueprint = Blueprint("attention", __name__, url_prefix="/api/v1/datasets/<dataset_id>/heads")
_WEIGHT = one_of(
    *WEIGHTS,
    text="Weigh keys by the norm of their value, or of their value through the output weights.",
    default="none",
)
_LENGTH = whole_number(
    1,
    head_attention.MAX_AGGREGATE,
    "How many positions to compare; shorter sequences are left out.",
    is_required=True,
)
_PARTNERS = whole_number(1, 1000, "How many partners.", default=10)
_SEQUENCES = ("X-Sequences", "X-Sequences-Total")


@blueprint.get("/<layer>/<head>/attention/<sequence>")
@operation(array("float32 (query position, key position); every row sums to 1."), weight=_WEIGHT)
def get_attention(dataset_id: str, layer: str, head: str, sequence: str) -> Response:
    """Return the pattern of one sequence, optionally weighted by the norms of its keys."""
    wanted = query()
    reader = open_dataset(dataset_id, wanted["v"])
    head_id = path_head(layer, head, reader)
    sequence_idx = path_number("sequence", sequence)
    weight = wanted["weight"]
    etag = head_attention.fingerprint(reader, head_id, "attention", sequence_idx, weight)

    def make() -> ArrayAnswer:
        pattern = head_attention.sequence_pattern(
            reader,
            head_id,
            sequence_idx,
            weight,
            max_tokens=head_attention.MAX_SEQUENCE,
            limiter=context().limiter,
        )
        return pattern, {}

    return array_response(reader, etag, make)


@blueprint.get("/<layer>/<head>/aggregate")
@operation(
    array(
        "float32 (query position, key position): mean of the pattern over the sequences.",
        *_SEQUENCES,
    ),
    length=_LENGTH,
    weight=_WEIGHT,
)
def get_aggregate(dataset_id: str, layer: str, head: str) -> Response:
    """Return the mean pattern by position over the sequences that are long enough."""
    wanted = query()
    reader = open_dataset(dataset_id, wanted["v"])
    head_id = path_head(layer, head, reader)
    weight = wanted["weight"]
    etag = head_attention.fingerprint(reader, head_id, "aggregate", wanted["length"], weight)

    def make() -> ArrayAnswer:
        mean, used, total = head_attention.mean_pattern(
            reader, head_id, wanted["length"], weight, context().limiter
        )
        return mean, sequence_counts(used, total)

    return array_response(reader, etag, make)


@blueprint.get("/aggregate")
@operation(
    array(
        "float32 (layer, head, query, key): mean patterns; beyond 32 positions, means of blocks.",
        *_SEQUENCES,
    ),
    length=_LENGTH,
    weight=_WEIGHT,
)
def get_all_aggregates(dataset_id: str) -> Response:
    """Return the mean pattern of every head, downsampled if it is long."""
    wanted = query()
    reader = open_dataset(dataset_id, wanted["v"])
    weight = wanted["weight"]
    etag = head_attention.fingerprint(reader, None, "aggregates", wanted["length"], weight)

    def make() -> ArrayAnswer:
        means, used, total = head_attention.mean_patterns(
            reader, wanted["length"], weight, context().limiter
        )
        return means, sequence_counts(used, total)

    return array_response(reader, etag, make)


@blueprint.get("/attention/<sequence>")
@operation(
    array(
        "float32 (layer, head, query, key): patterns; beyond 2^20 numbers, means of blocks. Of one "
        "point (layer, head, position): what a query pays to each key, or a key receives."
    ),
    weight=_WEIGHT,
    kind=one_of("query", "key", text="Of one point of the sequence.", default="query"),
    position=whole_number(
        0, head_attention.MAX_SEQUENCE - 1, "Position of the point; without it, whole patterns."
    ),
)
def get_all_attention(dataset_id: str, sequence: str) -> Response:
    """Return the pattern of one sequence in every head, or what one of its points has of it."""
    wanted = query()
    reader = open_dataset(dataset_id, wanted["v"])
    sequence_idx = path_number("sequence", sequence)
    weight = wanted["weight"]
    position = wanted["position"]
    of = None if position is None else (wanted["kind"], position)
    etag = head_attention.fingerprint(reader, None, "patterns", sequence_idx, weight, of)

    def make() -> ArrayAnswer:
        limiter = context().limiter
        return head_attention.sequence_patterns(reader, sequence_idx, weight, of, limiter), {}

    return array_response(reader, etag, make)


@blueprint.get("/<layer>/<head>/token_scores")
@operation(
    array(
        "float32 (token, 2): largest weight of its query; sum of its key's column, 1 on average.",
        *_SEQUENCES,
    )
)
def get_token_scores(dataset_id: str, layer: str, head: str) -> Response:
    """Return how each token's query attends, and how its key is attended to."""
    reader = open_dataset(dataset_id, query()["v"])
    head_id = path_head(layer, head, reader)
    etag = head_attention.fingerprint(reader, head_id, "token scores")

    def make() -> ArrayAnswer:
        scores, n_used = token_scores(reader, head_id, context().limiter)
        return scores, sequence_counts(n_used, reader.manifest["n_sequences"])

    return array_response(reader, etag, make)


@blueprint.get("/<layer>/<head>/neighbours/<point>")
@operation(contract.Partners, k=_PARTNERS)
def get_neighbours(dataset_id: str, layer: str, head: str, point: str) -> Response:
    """Return the strongest partners of a point in the whole corpus, by score."""
    wanted = query()
    reader = open_dataset(dataset_id, wanted["v"])
    head_id = path_head(layer, head, reader)
    point_idx = path_number("point", point)
    with context().limiter:
        partners = head_attention.strongest_partners(reader, head_id, point_idx, wanted["k"])
    return json_response({"partners": partners})
