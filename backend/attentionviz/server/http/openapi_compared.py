"""The description of what compares heads by pairs, and sequences by their attention."""

from attentionviz.server.http.openapi_parts import (
    Json,
    array_answer,
    json_answer,
    operation,
    query_parameter,
)
from attentionviz.server.routes.pairs import MAX_PAIRS, PAIRS_PATTERN


def compared_paths(dataset: str, parameters: list[Json]) -> dict[str, Json]:
    """Return these paths.

    Parameters
    ----------
    dataset : str
        Path of a dataset.
    parameters : list
        What every question about a dataset knows.
    """
    return {
        f"{dataset}/heads/pairs": _pairs(parameters),
        f"{dataset}/sequences/scores": _sequence_scores(parameters),
    }


def _pairs(parameters: list[Json]) -> Json:
    pairs: Json = {"type": "string", "pattern": f"^{PAIRS_PATTERN}$"}
    wishes = [
        query_parameter(
            name,
            f"Pairs wished {name}, query token and key token each; at most {MAX_PAIRS} in all.",
            pairs,
        )
        for name in ("strong", "weak")
    ]
    summary = "How every head scores given query-key pairs, and how well that fits what is wished."
    return operation("getPairs", summary, [*parameters, *wishes], json_answer("Pairs"), 409)


def _sequence_scores(parameters: list[Json]) -> Json:
    number: Json = {"type": "integer", "minimum": 0, "maximum": 9999}
    which = [
        query_parameter(name, "Of one head; without layer and head the mean over all.", number)
        for name in ("layer", "head")
    ]
    scores = array_answer(
        "float32 (sequence, 3): keys that hold 90 % of the mass and entropy over its largest "
        "value, means over rows that see two keys or more; number of these rows, of all heads. "
        "NaN for what was left out.",
        "X-Sequences",
        "X-Sequences-Total",
    )
    summary = "How sparse and how even the attention of every sequence is."
    return operation("getSequenceScores", summary, [*parameters, *which], scores, 409)
