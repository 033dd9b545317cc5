"""The folder of jobs: ``.jobs/<id>/`` with request, state, upload and last output.

A job is assembled in a temporary folder and renamed into place, so that every job folder is
complete; its state is one small file that is replaced atomically.
"""

import os
import secrets
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from attentionviz.errors import BuildError, DamagedDatasetError
from attentionviz.jobs.records import JOB_ID, MAX_RECORD_BYTES, Job, JobRequest, JobStatus
from attentionviz.jobs.uploads import Received, Upload
from attentionviz.store.safe_files import read_regular
from attentionviz.store.writer import DiskFullError, remove_folder, sync_folder, write_bytes

FOLDER = ".jobs"
LOCK = "lock"
REQUEST = "request.json"
STATE = "state.json"
UPLOAD = "upload"
LOG = "log"
RESULT = "result"
HEARTBEAT = "heartbeat"
TEMPORARY = "temporary"
INCOMING = "incoming-"
MAX_LOG_BYTES = 32 * 1024
DAMAGED = "the files of this job are damaged; remove the job and upload again"


class Spool:
    """The jobs of a data folder on the disk.

    Parameters
    ----------
    data_dir : Path
    """

    def __init__(self, data_dir: Path) -> None:
        self.folder = data_dir / FOLDER

    def path(self, job_id: str) -> Path:
        """Return the folder of a job."""
        return self.folder / job_id

    def corpus(self, job: Job) -> Path:
        """Return the file or folder that a job reads."""
        assert job.request is not None  # noqa: S101 - such a job never starts
        return self.path(job.job_id) / UPLOAD / job.request.corpus

    def make(self) -> None:
        """Create the folder with access for this user only."""
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise BuildError(f"cannot write to {self.folder}: {error.strerror}") from error

    @contextmanager
    def receiving(self) -> Iterator[Path]:
        """Yield a temporary folder for the files of an upload; it is removed at the end."""
        self.make()
        folder = self.folder / (INCOMING + secrets.token_hex(8))
        folder.mkdir(mode=0o700)
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def add(
        self, incoming: Path, files: list[Received], upload: Upload, request: JobRequest
    ) -> str:
        """Create a job from the files in `incoming`; return its id.

        Raises
        ------
        DiskFullError
            If the disk is full; no part of the job remains.
        """
        job_id = secrets.token_hex(8)
        made = incoming / "job"
        corpus = made / UPLOAD / ("." if upload.modality == "text" else request.corpus)
        try:
            corpus.mkdir(parents=True)
            for file, name in zip(files, upload.names, strict=True):
                file.path.rename(corpus / name)
            write_bytes(made, REQUEST, request.to_json())
            write_bytes(made, STATE, JobStatus("uploaded").to_json())
            sync_folder(made)
            made.rename(self.path(job_id))
            sync_folder(self.folder)
        except OSError as error:
            raise DiskFullError(f"cannot store the upload: {error.strerror}") from error
        return job_id

    def ids(self) -> list[str]:
        """Return the ids of all jobs."""
        try:
            names = os.listdir(self.folder)
        except OSError:
            return []
        return sorted(name for name in names if JOB_ID.fullmatch(name) and self._is_folder(name))

    def load(self, job_id: str) -> Job:
        """Load a job from its files; with damaged files its state is "failed"."""
        folder = self.path(job_id)
        request = None
        try:
            request = JobRequest.parse(read_regular(folder, REQUEST, MAX_RECORD_BYTES))
            status = JobStatus.parse(read_regular(folder, STATE, MAX_RECORD_BYTES))
        except (DamagedDatasetError, OSError):
            status = JobStatus("failed", since=_changed(folder), message=DAMAGED)
        return Job(job_id, request, status)

    def write(self, job_id: str, status: JobStatus) -> None:
        """Replace the state of a job, and flush it to the disk."""
        write_bytes(self.path(job_id), STATE, status.to_json())
        sync_folder(self.path(job_id))

    def drop_upload(self, job_id: str) -> None:
        """Remove the corpus of a job and the files of its process."""
        for name in (UPLOAD, TEMPORARY):
            shutil.rmtree(self.path(job_id) / name, ignore_errors=True)

    def remove(self, job_id: str) -> None:
        """Remove all files of a job; it disappears atomically."""
        gone = self.folder / (INCOMING + secrets.token_hex(8))
        try:
            self.path(job_id).rename(gone)
        except FileNotFoundError:
            return
        shutil.rmtree(gone, ignore_errors=True)

    def remove_incoming(self) -> None:
        """Remove unfinished uploads of a server that has ended."""
        for name in os.listdir(self.folder):
            if name.startswith(INCOMING):
                remove_folder(self.folder / name)

    def log(self, job_id: str) -> str:
        """Return the last output of the job's process."""
        try:
            with (self.path(job_id) / LOG).open("rb") as file:
                size = file.seek(0, os.SEEK_END)
                file.seek(max(0, size - MAX_LOG_BYTES))
                return file.read().decode("utf-8", "replace")
        except OSError:
            return ""

    def _is_folder(self, name: str) -> bool:
        try:
            return stat.S_ISDIR(os.lstat(self.folder / name).st_mode)
        except OSError:
            return False


def _changed(folder: Path) -> float:
    try:
        return folder.stat().st_mtime
    except OSError:
        return 0.0
