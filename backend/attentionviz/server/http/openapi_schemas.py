"""What the description of the API refers to: schemas of JSON answers, headers, errors."""

from attentionviz.server.http import openapi_access
from attentionviz.server.http.openapi_jobs import job_schemas
from attentionviz.server.http.openapi_parts import Json
from attentionviz.store.columns import PATCH_COLUMNS, SURFACE
from attentionviz.store.schema import (
    ACCOUNT_SCHEMA,
    FIDELITY_SCHEMA,
    SIMILARITY_SCHEMA,
    object_schema,
)

_HEADERS: dict[str, Json] = {
    "X-Dtype": {"description": "Such as float32.", "schema": {"type": "string"}},
    "X-Shape": {"description": "Such as 6,12,4882,2.", "schema": {"type": "string"}},
    "X-Ready": {
        "description": "Of the grid: 1 for every head that is there, layer by layer, else 0.",
        "schema": {"type": "string", "pattern": "^[01]*$"},
    },
    "X-Sequences": {
        "description": "How many sequences the mean rests on.",
        "schema": {"type": "integer"},
    },
    "X-Sequences-Total": {
        "description": "How many sequences are long enough.",
        "schema": {"type": "integer"},
    },
}
_REASONS = {
    400: "A parameter of the query is unknown, missing, repeated or malformed.",
    404: "There is no such thing.",
    409: "It is still being built; its model cannot be run here; or a job is in no state for this.",
    413: "The body is too large.",
    415: "The body is of another type.",
    **openapi_access.REASONS,
    500: "A file of the dataset does not fit its manifest, or another version wrote it.",
    503: "Too many wait, or the process that runs the model died; Retry-After says when to ask.",
    507: "The disk has no room for it.",
}
_NULLABLE_TEXT: Json = {"type": ["string", "null"]}
_NULLABLE_NUMBER: Json = {"type": ["number", "null"]}
_NULLABLE_COUNT: Json = {"type": ["integer", "null"]}
_STATE: Json = {
    "type": "string",
    "enum": ["building", "complete", "damaged", "failed", "outdated", "stopped"],
    "description": "failed: the same command may meet the same error; stopped: it goes on.",
}

METHOD_WORDS = ("name", "label", "help")


def components() -> Json:
    """Return schemas, headers and answers that paths refer to."""
    error = {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}
    return {
        "schemas": {**_dataset_schemas(), **_content_schemas(), **job_schemas()},
        "headers": _HEADERS,
        "securitySchemes": openapi_access.SCHEMES,
        "responses": {
            f"Error{status}": {"description": text, "content": error}
            | ({"headers": openapi_access.RETRY_AFTER} if status in (429, 503) else {})
            for status, text in _REASONS.items()
        },
    }


def _list(items: Json) -> Json:
    return {"type": "array", "items": items}


def _dataset_schemas() -> dict[str, Json]:
    counts = dict.fromkeys(("n_layers", "n_heads", "n_sequences", "n_tokens"), _NULLABLE_COUNT)
    progress = object_schema(
        phase={"type": "string"},
        message={"type": "string"},
        n_units_done={"type": "integer"},
        n_units={"type": "integer"},
        remaining_seconds=_NULLABLE_NUMBER,
        heartbeat_utc={"type": "string"},
    )
    account = {"anyOf": [{"type": "null"}, ACCOUNT_SCHEMA]}
    corpus = object_schema(name={"type": "string"}, license=_NULLABLE_TEXT, account=account)
    some_progress = {"anyOf": [{"type": "null"}, {"$ref": "#/components/schemas/Progress"}]}
    summary = object_schema(
        id={"type": "string"},
        state=_STATE,
        version={"type": "string"},
        model={"type": ["object", "null"]},
        modality={"enum": ["text", "image", None]},
        corpus={"anyOf": [{"type": "null"}, corpus]},
        maps={"type": ["array", "null"], "items": {"type": "string"}},
        n_bytes={**_NULLABLE_COUNT, "description": "Size of its files; null while it is built."},
        published_at={**_NULLABLE_TEXT, "description": "When its manifest was written, in UTC."},
        **counts,
        progress=some_progress,
        reason=_NULLABLE_TEXT,
    )
    return {
        "Progress": progress,
        "DatasetSummary": summary,
        "DatasetList": object_schema(
            datasets=_list({"$ref": "#/components/schemas/DatasetSummary"}),
            methods=_list(object_schema(**{name: {"type": "string"} for name in METHOD_WORDS})),
            scores=_list(_score_words()),
        ),
        "Dataset": _dataset(some_progress),
    }


def _dataset(some_progress: Json) -> Json:
    return object_schema(
        id={"type": "string"},
        state=_STATE,
        version={"type": "string"},
        manifest={"type": ["object", "null"]},
        maps_ready={"type": "object", "additionalProperties": {"type": "integer"}},
        progress=some_progress,
    )


def _content_schemas() -> dict[str, Json]:
    partner = object_schema(token={"type": "integer"}, score={"type": "number"})
    message = object_schema(code={"type": "string"}, message={"type": "string"})
    return {
        "Health": object_schema("version", status={"const": "ok"}, version={"type": "string"}),
        "Session": openapi_access.session_schema(),
        "Live": object_schema(
            is_enabled={"type": "boolean"},
            **dict.fromkeys(
                ("max_characters", "max_image_bytes", "max_pixels", "max_tokens"),
                {"type": "integer", "minimum": 1},
            ),
        ),
        "Document": {"type": "object", "required": ["openapi", "paths"]},
        "Tokens": _tokens(),
        "Heads": object_schema(heads=_list(_head())),
        "Partners": object_schema(partners=_list(partner)),
        **_similarity(),
        "Pairs": _pairs(),
        "Error": object_schema(error=message),
    }


def _similarity() -> dict[str, Json]:
    place = {"layer": {"type": "integer"}, "head": {"type": "integer"}}
    number: Json = {"type": "number"}
    distance: Json = {
        **number,
        "description": "Root of the mean Jensen-Shannon divergence of rows, in bits; after Clark "
        "et al. 2019, who sum over rows and documents.",
    }
    nearest = object_schema(**place, distance=distance)
    on_map = object_schema(**place, x=number, y=number, nearest=_list(nearest))
    alike = object_schema(**place, distance=distance, alignment=_NULLABLE_NUMBER)
    facts = SIMILARITY_SCHEMA["properties"]
    answer = {
        "with": {"type": "string"},
        "compared_by": {"type": "string", "enum": ["token", "word", "patch"]},
        "n_rows": {"type": "integer"},
        "n_sequences": _NULLABLE_COUNT,
        "heads": _list(alike),
        "others": _list({"type": "string"}),
    }
    return {
        "Similarity": object_schema(**facts, heads=_list(on_map)),
        "Similar": object_schema(**answer),
    }


def _pairs() -> Json:
    share: Json = {"type": "number", "minimum": 0, "maximum": 1}
    number: Json = {"type": "integer"}
    wish = object_schema(
        query=number,
        key=number,
        wish={"enum": ["strong", "weak"]},
        is_same_sequence={"type": "boolean"},
    )
    one = object_schema(
        score={"type": "number", "description": "scaling * q·k."},
        percentile={**share, "description": "Share of keys scored lower, equal ones half."},
        rank={**number, "description": "1 + how many keys the query scores higher."},
        weight={
            "type": ["number", "null"],
            "description": "In the pattern; null where the query does not see the key.",
        },
    )
    fit = {**share, "description": "Mean of percentile if strong, 1 - percentile if weak."}
    head = object_schema(layer=number, head=number, fit=fit, pairs=_list(one))
    return object_schema(
        pairs=_list(wish),
        n_keys={**number, "description": "With how many keys a pair is compared."},
        n_keys_total=number,
        heads=_list(head),
    )


def _tokens() -> Json:
    numbers = _list({"type": "integer"})
    texts = _list({"type": "string"})
    row = _list(_NULLABLE_NUMBER)
    columns: Json = {"type": "object", "additionalProperties": {"type": "array"}}
    return object_schema(
        *PATCH_COLUMNS,
        SURFACE,
        text={
            **texts,
            "description": "As shown. A token with some bytes of a character says which of how "
            "many: '你 1⁄3', or with bytes 1 and 2 '你 1–2⁄3'; pieces are joined by ' + '.",
        },
        surface={
            **_list(_NULLABLE_TEXT),
            "description": "What stands in the text for an unknown word, else null; absent where "
            "there is none.",
        },
        token_id=numbers,
        sequence=numbers,
        position=numbers,
        token_type=texts,
        **dict.fromkeys(PATCH_COLUMNS, row),
        sequences=object_schema(start=numbers, length=numbers, text=texts, columns=columns),
    )


def _score_words() -> Json:
    words = ("name", "label", "help", "formula", "source", "unit")
    return object_schema(
        **{name: {"type": "string"} for name in words},
        modality={"enum": ["text", "image", None]},
        low=_NULLABLE_NUMBER,
        high=_NULLABLE_NUMBER,
        until={
            **_NULLABLE_TEXT,
            "description": "Last version that computed it; null for one that is computed today.",
        },
    )


def _head() -> Json:
    one_map = object_schema(
        offset=_list({"type": "number"}),
        scale={"type": "number"},
        fidelity=FIDELITY_SCHEMA,
        details={"type": "object"},
        fallback=_NULLABLE_TEXT,
    )
    n_rows: Json = {"type": "integer", "minimum": 0}
    one_score = object_schema(value=_NULLABLE_NUMBER, n_rows=n_rows)
    profile = object_schema(
        offsets=_list({"type": "integer"}), weights=_list(_NULLABLE_NUMBER), n_rows=_list(n_rows)
    )
    return object_schema(
        layer={"type": "integer"},
        head={"type": "integer"},
        alignment_scale=_NULLABLE_NUMBER,
        vector_rank_correlation=_NULLABLE_NUMBER,
        maps={"type": "object", "additionalProperties": one_map},
        scores={"type": "object", "additionalProperties": one_score},
        profile={"anyOf": [{"type": "null"}, profile]},
    )
