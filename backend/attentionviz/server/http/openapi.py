"""The description of the API, OpenAPI 3.1; tests hold it against the routes."""

import functools

from attentionviz import __version__
from attentionviz.analysis.head_attention import MAX_AGGREGATE
from attentionviz.core.pattern import WEIGHTS
from attentionviz.core.types import DATASET_ID_PATTERN, DIMS, METHODS
from attentionviz.server.http.openapi_access import SECURITY
from attentionviz.server.http.openapi_compared import compared_paths
from attentionviz.server.http.openapi_jobs import job_paths
from attentionviz.server.http.openapi_live import live_paths
from attentionviz.server.http.openapi_parts import (
    Json,
    array_answer,
    json_answer,
    operation,
    path_parameter,
    picture_answer,
    query_parameter,
)
from attentionviz.server.http.openapi_schemas import components

_DATASET = "/api/v1/datasets/{id}"
_HEAD = f"{_DATASET}/heads/{{layer}}/{{head}}"
_ID = path_parameter("id", "The dataset.", {"type": "string"})
_MAP = path_parameter(
    "map",
    "A projection method and its dimensions, such as tsne-2d; best-2d is, of every head, the map "
    "with the highest recall@10.",
    {
        "type": "string",
        "enum": [f"{method}-{dims}d" for dims in DIMS for method in (*METHODS, "best")],
    },
)
_INDEX: Json = {"type": "integer", "minimum": 0, "maximum": 999_999_999}
_LAYER = path_parameter("layer", "Layer, from 0.", _INDEX)
_HEAD_INDEX = path_parameter("head", "Head of the layer, from 0.", _INDEX)
_VERSION = query_parameter(
    "v",
    "Version that the dataset was opened with. A finished version is answered exactly, and then "
    "for good; building-<n> stands for what there is now.",
    {"type": "string", "pattern": "^([0-9a-f]{12}|building-[0-9]{1,16})$"},
)
_IN_DATASET = [_ID, _VERSION]
_IN_HEAD = [_ID, _LAYER, _HEAD_INDEX, _VERSION]


@functools.cache
def document() -> Json:
    """Return the whole description."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "AttentionViz",
            "version": __version__,
            "license": {"name": "MIT", "identifier": "MIT"},
            "description": (
                "Joint maps of the queries and keys of every attention head. Facts come as JSON, "
                "numbers as raw little-endian arrays in C order, with their dtype and shape in "
                "headers. Points are counted through all queries in token order, then all keys. "
                "HEAD is answered wherever GET is."
            ),
        },
        "servers": [{"url": "/"}],
        "security": SECURITY,
        "paths": {
            **_server_paths(),
            **_dataset_paths(),
            **_corpus_paths(),
            **_head_paths(),
            **compared_paths(_DATASET, _IN_DATASET),
            **_pattern_paths(),
            **_similarity_paths(),
            **live_paths(_DATASET, _IN_DATASET),
            **job_paths(),
        },
        "components": components(),
    }


def _server_paths() -> dict[str, Json]:
    return {
        "/health": operation(
            "getHealth",
            "Whether the server answers; and its version, except to strangers.",
            [],
            json_answer("Health"),
        ),
        "/api/v1/session": operation(
            "getSession",
            "Whether tokens are asked for, who is signed in, and what that allows.",
            [],
            json_answer("Session"),
        ),
        "/api/v1/openapi.json": operation(
            "getOpenapi", "This document.", [], json_answer("Document")
        ),
        "/api/v1/datasets": operation(
            "listDatasets",
            "Every dataset with its state, and the words of every map and score.",
            [],
            json_answer("DatasetList"),
        ),
    }


def _dataset_paths() -> dict[str, Json]:
    grid_norms = array_answer(
        "uint8 (layer, head, point): norm of a query or key, from the least of its head and kind "
        "(0) to the largest (255)."
    )
    projection = array_answer(
        "Without layer and head the grid: uint16 (layer, head, point, 2), or uint32 (layer, head, "
        "point) with x in the lowest 11 bits, y in the next 11, z in the upper 10. With both, "
        "uint16 (point, dimension) of that head.",
        "X-Ready",
    )
    which = [
        query_parameter("layer", "Layer of one head.", {**_INDEX, "maximum": 9999}),
        query_parameter("head", "Head of that layer.", {**_INDEX, "maximum": 9999}),
    ]
    return {
        _DATASET: operation(
            "getDataset",
            "The manifest without its list of files, and how many heads have each map.",
            _IN_DATASET,
            json_answer("Dataset"),
            409,
        ),
        f"{_DATASET}/grid": operation(
            "getGridTokens",
            "Which tokens the grid draws.",
            _IN_DATASET,
            array_answer("int32 (token), ascending."),
            409,
        ),
        f"{_DATASET}/grid/norms": operation(
            "getGridNorms", "Norms of what the grid draws.", _IN_DATASET, grid_norms, 409
        ),
        f"{_DATASET}/projections/{{map}}": operation(
            "getProjection",
            "Coordinates: the grid's sample of all heads, or all points of one.",
            [_ID, _MAP, *which, _VERSION],
            projection,
            409,
        ),
    }


def _corpus_paths() -> dict[str, Json]:
    image = path_parameter("i", "Image of the corpus, from 0.", _INDEX)
    patches = array_answer("uint8 (token, 8, 8, 3): red, green, blue; zeros for other tokens.")
    return {
        f"{_DATASET}/tokens": operation(
            "getTokens",
            "Columns of tokens, and of sequences.",
            _IN_DATASET,
            json_answer("Tokens"),
            409,
        ),
        f"{_DATASET}/images/{{i}}": operation(
            "getImage", "One image.", [_ID, image, _VERSION], picture_answer(), 409
        ),
        f"{_DATASET}/images/{{i}}/thumbnail": operation(
            "getThumbnail",
            "A small picture of one image.",
            [_ID, image, _VERSION],
            picture_answer(),
            409,
        ),
        f"{_DATASET}/patches": operation(
            "getPatches", "Pixels of every patch.", _IN_DATASET, patches, 409
        ),
    }


def _head_paths() -> dict[str, Json]:
    norms = array_answer("float32 (token, 4): of query, key, value, value through output weights.")
    scores = array_answer(
        "float32 (token, 2): largest weight of its query; sum of its key's column, 1 on average.",
        "X-Sequences",
        "X-Sequences-Total",
    )
    point = path_parameter("point", "Queries in token order, then keys.", _INDEX)
    k = query_parameter(
        "k", "How many partners.", {"type": "integer", "minimum": 1, "maximum": 1000, "default": 10}
    )
    return {
        f"{_DATASET}/heads": operation(
            "getHeads",
            "Facts of every head: alignment, scores, and its maps with their fidelity.",
            _IN_DATASET,
            json_answer("Heads"),
            409,
        ),
        f"{_HEAD}/norms": operation("getNorms", "Norms of one head.", _IN_HEAD, norms, 409),
        f"{_HEAD}/token_scores": operation(
            "getTokenScores", "How each token attends and is attended to.", _IN_HEAD, scores, 409
        ),
        f"{_HEAD}/neighbours/{{point}}": operation(
            "getNeighbours",
            "The strongest partners of a point in the whole corpus, by score.",
            [*_IN_HEAD, point, k],
            json_answer("Partners"),
            409,
        ),
    }


def _pattern_paths() -> dict[str, Json]:
    sequence = path_parameter("sequence", "Sequence of the corpus, from 0.", _INDEX)
    weight = query_parameter(
        "weight",
        "Weigh keys by the norm of their value, or of their value through the output weights.",
        {"type": "string", "enum": list(WEIGHTS), "default": "none"},
    )
    length = query_parameter(
        "length",
        "How many positions; sequences that are shorter are left out.",
        {"type": "integer", "minimum": 1, "maximum": MAX_AGGREGATE},
        is_required=True,
    )
    mean = array_answer(
        "float32 (query position, key position): mean of the pattern over the sequences.",
        "X-Sequences",
        "X-Sequences-Total",
    )
    pattern = array_answer("float32 (query position, key position); every row sums to 1.")
    return {
        f"{_DATASET}/heads/aggregate": _means_of_all_heads([*_IN_DATASET, length, weight]),
        f"{_HEAD}/attention/{{sequence}}": operation(
            "getAttention",
            "The attention pattern of one sequence.",
            [*_IN_HEAD, sequence, weight],
            pattern,
            409,
        ),
        f"{_HEAD}/aggregate": operation(
            "getAggregate", "The mean pattern by position.", [*_IN_HEAD, length, weight], mean, 409
        ),
    }


def _means_of_all_heads(parameters: list[Json]) -> Json:
    means = array_answer(
        "float32 (layer, head, query, key): mean patterns; beyond 32 positions, means of blocks.",
        "X-Sequences",
        "X-Sequences-Total",
    )
    summary = "The mean pattern of every head, at most 32 × 32 numbers each."
    return operation("getAggregates", summary, parameters, means, 409)


def _similarity_paths() -> dict[str, Json]:
    k = query_parameter(
        "k", "How many heads.", {"type": "integer", "minimum": 1, "maximum": 1000, "default": 10}
    )
    other = query_parameter(
        "with",
        "Dataset whose heads are compared, of the same corpus; by default the same.",
        {"type": "string", "pattern": f"^{DATASET_ID_PATTERN}$"},
    )
    return {
        f"{_DATASET}/similarity": operation(
            "getSimilarity",
            "The map of heads: where each lies by how it attends, and its nearest heads.",
            _IN_DATASET,
            json_answer("Similarity"),
            409,
        ),
        f"{_HEAD}/similar": operation(
            "getSimilar",
            "The heads most like one, in its dataset or in another of the same corpus.",
            [*_IN_HEAD, k, other],
            json_answer("Similar"),
            409,
        ),
    }
