"""Datasets built from the page: uploaded, estimated, started, watched, cancelled.

These routes exist only if the settings enable jobs. On a server with tokens, all of this blueprint
requires the role ``jobs``; without tokens, every client may use it.
"""

from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from flask import Blueprint, Response, request
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.formparser import FormDataParser

from attentionviz.errors import InvalidRequestError
from attentionviz.jobs import Job, JobQueue
from attentionviz.jobs.errors import UploadTooLargeError
from attentionviz.jobs.job_form import JobForm, read_form
from attentionviz.jobs.outcome import finished_version
from attentionviz.jobs.uploads import Received, check_upload
from attentionviz.server.http import contract
from attentionviz.server.http.body_limits import JOB_FORM_BYTES, JOBS_PATH
from attentionviz.server.http.context import context
from attentionviz.server.http.operations import operation, query
from attentionviz.server.http.responses import json_response
from attentionviz.store.building import DONE, FAILED, STOPPED, read_progress
from attentionviz.store.folders import staged_folders

blueprint = Blueprint("jobs", __name__)
PATH = JOBS_PATH
MAX_FIELD_BYTES = 64 * 1024
MAX_FIELDS = 40


@blueprint.get(PATH)
@operation(contract.JobList, 404)
def list_jobs() -> Response:
    """List all jobs, the newest first."""
    query()
    return _list()


@blueprint.post(PATH)
@operation(contract.Job, 507, status=201, body={"multipart/form-data": JobForm})
def post_job() -> Response:
    """Create a job from an upload and its options, and queue its estimate."""
    query()
    queue = _queue()
    if request.mimetype != "multipart/form-data":
        raise InvalidRequestError("send a job as multipart/form-data, with its files and options")
    most = queue.limits.max_bytes + JOB_FORM_BYTES
    if (request.content_length or 0) > most:
        raise UploadTooLargeError(
            f"the upload is larger than {most / 1e6:,.0f} MB; choose fewer or smaller files"
        )
    request.max_content_length = most
    with queue.receiving(request.content_length or most) as folder:
        form, files = _receive(folder, most, queue.limits.uploads.n_images)
        upload = check_upload(files, queue.limits.uploads)
        asked = read_form(form, upload, queue.limits.models)
        job = queue.add(folder, files, upload, asked)
    response = json_response(_facts(queue, job))
    response.status_code = 201
    return response


@blueprint.get(f"{PATH}/<job_id>")
@operation(contract.Job)
def get_job(job_id: str) -> Response:
    """Return the state and progress of a job."""
    query()
    return json_response(_facts(_queue(), _queue().get(job_id)))


@blueprint.post(f"{PATH}/<job_id>/start")
@operation(contract.Job, 503, 507)
def start_job(job_id: str) -> Response:
    """Queue the build of a job that is estimated, or that ended and can resume."""
    query()
    return json_response(_facts(_queue(), _queue().begin(job_id)))


@blueprint.delete(f"{PATH}/<job_id>")
@operation(contract.JobList)
def delete_job(job_id: str) -> Response:
    """Cancel a job, or remove one that has ended; return the remaining jobs."""
    query()
    _queue().cancel(job_id)
    return _list()


def _queue() -> JobQueue:
    queue = context().jobs
    assert queue is not None  # noqa: S101 - the blueprint is there only with a queue
    return queue


def _list() -> Response:
    queue = _queue()
    jobs = sorted(queue.list_jobs(), key=lambda job: job.created, reverse=True)
    return json_response({"jobs": [_facts(queue, job) for job in jobs]})


def _receive(folder: Path, most: int, n_files: int) -> tuple[dict[str, str], list[Received]]:
    """Store the files of a form under generated names; return its fields and files."""
    streams: list[IO[bytes]] = []

    def stream(*_: Any, **__: Any) -> IO[bytes]:
        if len(streams) == n_files:
            raise UploadTooLargeError(f"more than {n_files:,} files; choose fewer")
        streams.append((folder / f"part-{len(streams):06d}").open("w+b"))
        return streams[-1]

    parser = FormDataParser(
        stream_factory=stream,
        max_form_memory_size=MAX_FIELD_BYTES,
        max_content_length=most,
        max_form_parts=n_files + MAX_FIELDS,
        silent=False,
    )
    try:
        _, form, files = parser.parse(
            request.stream, "multipart/form-data", request.content_length, request.mimetype_params
        )
    except RequestEntityTooLarge as error:
        raise UploadTooLargeError("the upload has too many or too large parts") from error
    except ValueError as error:
        raise InvalidRequestError(f"the form cannot be read: {error}") from error
    finally:
        for one in streams:
            one.close()
    received = []
    for _, storage in files.items(multi=True):
        path = Path(str(storage.stream.name))  # as `stream` made it
        received.append(Received(path, storage.filename or "", path.stat().st_size))
    repeated = [name for name, values in form.lists() if len(values) > 1]
    if repeated:
        raise InvalidRequestError(f"{repeated[0][:40]!r} is given more than once")
    return dict(form.items()), received


def _progress(data_dir: Path, dataset_id: str) -> dict[str, Any] | None:
    """Return the progress of a build; None before it has a folder."""
    folder = staged_folders(data_dir).get(dataset_id)
    progress = read_progress(folder) if folder else None
    if progress is None and finished_version(data_dir, dataset_id) is not None:
        return DONE  # it is published, and its process about to end
    if progress is not None and progress["phase"] in (FAILED, STOPPED):
        return None  # how it ended the last time; its process is not that far yet
    return progress


def _facts(queue: JobQueue, job: Job) -> dict[str, Any]:
    status, asked = job.status, job.request
    progress = None
    if job.state == "running" and asked is not None:
        progress = _progress(queue.data_dir, asked.dataset_id)
    since = datetime.fromtimestamp(status.since, UTC).isoformat(timespec="seconds")
    return {
        "id": job.job_id,
        "state": status.state,
        "since_utc": since.replace("+00:00", "Z"),
        "message": status.message,
        "is_cancelling": job.is_cancelling,
        "can_resume": status.can_resume,
        "n_before": queue.place_of(job) if job.state == "waiting" else None,
        "estimate": status.estimate,
        "progress": progress,
        "version": status.version,
        "request": None
        if asked is None
        else {
            "model": asked.model_name,
            "modality": asked.modality,
            "dataset_id": asked.dataset_id,
            "methods": list(asked.methods),
            "dims": list(asked.dims),
            "max_tokens": asked.max_tokens,
            "text_column": asked.text_column,
            "skip_bad_sequences": asked.skip_bad_sequences,
            "keep_vectors": asked.keep_vectors,
            "title": asked.title,
            "n_files": asked.n_files,
            "n_bytes": asked.n_bytes,
        },
    }
