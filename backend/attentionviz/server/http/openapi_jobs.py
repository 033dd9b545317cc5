"""The description of what builds datasets from the page."""

from typing import Any

from attentionviz.core.types import DIMS, METHODS
from attentionviz.jobs.records import ESTIMATE_SCHEMA, ID_SCHEMA, JOB_STATES
from attentionviz.server.http.openapi_parts import Json, json_answer, operation, path_parameter
from attentionviz.server.routes.job_form import OPTIONAL_FIELDS
from attentionviz.store.schema import object_schema

_JOB = path_parameter("job", "The job.", {"type": "string", "pattern": "^[0-9a-f]{16}$"})
_NULL: Json = {"type": "null"}
_COUNT: Json = {"type": "integer", "minimum": 0}
_WORDS: Json = {"type": "string"}
_NAMES: Json = {"type": "array", "items": _WORDS}


def job_paths() -> dict[str, Json]:
    """Return the paths of jobs; all but the options exist only where jobs are allowed."""
    job, jobs = json_answer("Job"), json_answer("JobList")
    return {
        "/api/v1/jobs/options": operation(
            "getJobOptions",
            "Whether datasets may be built from the page; with which models, files and sizes.",
            [],
            json_answer("JobOptions"),
        ),
        "/api/v1/jobs": {
            **operation("listJobs", "All jobs, the newest first.", [], jobs, 404),
            **_upload(job),
        },
        "/api/v1/jobs/{job}": {
            **operation("getJob", "How far a job is.", [_JOB], job),
            **_writing(
                "delete",
                operation(
                    "deleteJob",
                    "Cancel a job, or forget one that has ended, with its files.",
                    [_JOB],
                    jobs,
                    *(403, 409, 415),
                ),
            ),
        },
        "/api/v1/jobs/{job}/start": _writing(
            "post",
            operation(
                "startJob",
                "Queue a job that is estimated, or that ended and can go on.",
                [_JOB],
                job,
                *(403, 409, 415, 503, 507),
            ),
        ),
    }


def _upload(answer: Json) -> Json:
    text = "Upload a text or images and have their build estimated."
    statuses = (403, 404, 409, 413, 415, 503, 507)
    described = operation("postJob", text, [], answer, *statuses)
    return _writing("post", described, status="201", body=_form())


def job_schemas() -> dict[str, Json]:
    """Return the schemas of the answers."""
    request = object_schema(
        model=_WORDS,
        modality={"enum": ["text", "image"]},
        dataset_id=ID_SCHEMA,
        methods=_NAMES,
        dims={"type": "array", "items": _COUNT},
        max_tokens=_or_null(_COUNT),
        text_column=_or_null(_WORDS),
        skip_bad_sequences={"type": "boolean"},
        title=_WORDS,
        n_files=_COUNT,
        n_bytes=_COUNT,
    )
    job = object_schema(
        id=_WORDS,
        state={"enum": list(JOB_STATES)},
        since_utc=_WORDS,
        message={**_or_null(_WORDS), "description": "Why it failed, or was cancelled."},
        is_cancelling={"type": "boolean"},
        can_resume={"type": "boolean", "description": "Started again, it goes on."},
        n_before={**_or_null(_COUNT), "description": "Jobs that run or wait before it."},
        estimate=_or_null(ESTIMATE_SCHEMA),
        progress=_or_null({"$ref": "#/components/schemas/Progress"}),
        version=_or_null(_WORDS),
        request={**_or_null(request), "description": "Null where the job's files are damaged."},
    )
    return {
        "Job": job,
        "JobList": object_schema(
            jobs={"type": "array", "items": {"$ref": "#/components/schemas/Job"}}
        ),
        "JobOptions": _options(),
    }


def _options() -> Json:
    model = object_schema(name=_WORDS, modality={"enum": ["text", "image", None]})
    facts: dict[str, Json] = {
        "models": {"type": "array", "items": model},
        "methods": _NAMES,
        "dims": {"type": "array", "items": _COUNT},
        "endings": object_schema(text=_NAMES, image=_NAMES),
        **dict.fromkeys(("max_text_bytes", "max_image_bytes", "max_images", "max_waiting"), _COUNT),
    }
    return object_schema(*facts, is_enabled={"type": "boolean"}, **facts)


def _form() -> Json:
    several = f"of {', '.join(METHODS)}; several with commas"
    dims = f"{' or '.join(map(str, DIMS))}, or both with a comma"
    fields: dict[str, Json] = {
        "files": {
            "type": "array",
            "items": {"type": "string", "contentMediaType": "application/octet-stream"},
            "description": "One text or table, or images.",
        },
        "model": {**_WORDS, "description": "A name from the options."},
        "dataset_id": ID_SCHEMA,
        "methods": {**_WORDS, "description": several},
        "dims": {**_WORDS, "description": dims},
        "max_tokens": {**_COUNT, "description": "Whole sequences up to so many; all without it."},
        "text_column": {**_WORDS, "description": "Column of a table that holds the text."},
        "skip_bad_sequences": {
            "type": "boolean",
            "description": "Leave out sequences for which the model gives no finite numbers.",
        },
    }
    form: dict[str, Any] = object_schema(*OPTIONAL_FIELDS, **fields)
    return {"required": True, "content": {"multipart/form-data": {"schema": form}}}


def _writing(method: str, read: Json, *, status: str = "200", body: Json | None = None) -> Json:
    """Return what `operation` describes, by another method."""
    described = {**read["get"]}
    answers = {**described["responses"]}
    answers.pop("304")  # nothing is compared before something is done
    described["responses"] = {status: answers.pop("200"), **answers}
    return {method: {**described, **({"requestBody": body} if body else {})}}


def _or_null(schema: Json) -> Json:
    return {"anyOf": [_NULL, schema]}
