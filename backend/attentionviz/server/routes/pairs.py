"""Ranking of heads by query-key pairs that are wished strong or weak."""

import re

from flask import Blueprint, Response

from attentionviz.analysis.pairs import MAX_PAIRS, Pair, heads_by_pairs, pairs_fingerprint
from attentionviz.errors import InvalidRequestError
from attentionviz.server.http import contract
from attentionviz.server.http.context import context
from attentionviz.server.http.operations import Parameter, open_dataset, operation, query
from attentionviz.server.http.responses import json_bytes, json_bytes_response

blueprint = Blueprint("pairs", __name__, url_prefix="/api/v1/datasets/<dataset_id>/heads")
PAIRS_PATTERN = r"[0-9]{1,9}-[0-9]{1,9}(,[0-9]{1,9}-[0-9]{1,9}){0,19}"


def _pairs(name: str, text: str) -> list[tuple[int, int]]:
    if not re.fullmatch(PAIRS_PATTERN, text):
        raise InvalidRequestError(
            f"{name} must be 1 to {MAX_PAIRS} pairs of query and key such as 12-40,3-9, "
            f"not {text[:40]!r}"
        )
    found = [part.split("-") for part in text.split(",")]
    return [(int(query), int(key)) for query, key in found]


_STRONG, _WEAK = (
    Parameter(
        _pairs,
        {"type": "string", "pattern": f"^{PAIRS_PATTERN}$"},
        f"Pairs wished {wish}, query token and key token each; at most {MAX_PAIRS} in all.",
    )
    for wish in ("strong", "weak")
)


@blueprint.get("/pairs")
@operation(contract.PairAnswer, strong=_STRONG, weak=_WEAK)
def get_pairs(dataset_id: str) -> Response:
    """Return the scores of the given pairs in every head, and how well they fit the wishes."""
    wanted = query()
    reader = open_dataset(dataset_id, wanted["v"])
    pairs = [
        Pair(query_token, key_token, name == "strong")
        for name in ("strong", "weak")
        for query_token, key_token in wanted[name] or []
    ]
    etag = pairs_fingerprint(reader, pairs)
    return json_bytes_response(
        etag, lambda: json_bytes(heads_by_pairs(reader, pairs, context().limiter)), reader
    )
