"""The queue of jobs for the server: one build, one estimate, eight waiting."""

import fcntl
import os
import shutil
from contextlib import AbstractContextManager
from pathlib import Path

from attentionviz.jobs import outcome
from attentionviz.jobs.errors import (
    DatasetExistsError,
    JobNotFoundError,
    JobStateError,
    NoSpaceError,
    OtherServerError,
    QueueFullError,
)
from attentionviz.jobs.limits import JobLimits
from attentionviz.jobs.records import ENDED, JOB_ID, PENDING, Job, JobRequest
from attentionviz.jobs.recovery import recover
from attentionviz.jobs.runner import Runner
from attentionviz.jobs.spool import LOCK
from attentionviz.jobs.table import JobTable
from attentionviz.jobs.uploads import Received, Upload

MAX_WAITING = 8
SPARE_BYTES = 100 * 10**6


class JobQueue(JobTable):
    """All jobs of a data folder; thread-safe.

    Parameters
    ----------
    data_dir : Path
    limits : JobLimits
    """

    def __init__(self, data_dir: Path, limits: JobLimits) -> None:
        super().__init__(data_dir, limits)
        self._runner: Runner | None = None
        self._descriptor = -1

    def start(self) -> bool:
        """Start running jobs, waiting ones first; return False if another server runs them.

        If they already run here, nothing happens; the jobs of a server that has ended are taken
        over.
        """
        with self.changed:
            if self._runner is not None:
                return True
            self.spool.make()
            if not self._take_lock():
                return False
            self.is_stopping = False
            self.jobs = {job_id: self.spool.load(job_id) for job_id in self.spool.ids()}
            try:
                recover(self)
            except BaseException:
                os.close(self._descriptor)
                raise
            self._runner = Runner(self)
            self._runner.start()
            return True

    def stop(self) -> None:
        """End the running processes, so that they resume at the next start; the queue is kept."""
        with self.changed:
            runner, self._runner = self._runner, None
            self.is_stopping = True
            self.changed.notify_all()
        if runner is not None:
            runner.join()
            os.close(self._descriptor)

    def require_started(self) -> None:
        """Start, or raise OtherServerError."""
        if not self.start():
            raise OtherServerError(
                "another server runs the jobs of this data folder; use that one, or stop it"
            )

    def list_jobs(self) -> list[Job]:
        """Return all jobs; a server that does not run them reads them from the disk."""
        with self.changed:
            if self._runner is not None:
                return list(self.jobs.values())
        return [self.spool.load(job_id) for job_id in self.spool.ids()]

    def get(self, job_id: str) -> Job:
        """Return a job; JobNotFoundError if there is none with this id."""
        jobs = {job.job_id: job for job in self.list_jobs()}
        if not JOB_ID.fullmatch(job_id) or job_id not in jobs:
            raise JobNotFoundError(f"there is no job {job_id[:40]!r}; it may have been removed")
        return jobs[job_id]

    def place_of(self, job: Job) -> int:
        """Return how many jobs are running or waiting before this job."""
        before = [other for other in self.list_jobs() if other.status.place < job.status.place]
        return sum(other.state in ("waiting", "running") for other in before)

    def receiving(self, n_bytes: int) -> AbstractContextManager[Path]:
        """Yield a folder for the files of an upload; NoSpaceError if the disk lacks `n_bytes`."""
        self.require_started()
        with self.changed:
            self._require_queue_slot()
        self._require_space(n_bytes)
        return self.spool.receiving()

    def add(self, folder: Path, files: list[Received], upload: Upload, request: JobRequest) -> Job:
        """Create a job from an upload; its estimate is queued.

        Raises
        ------
        QueueFullError, DatasetExistsError, DiskFullError
        """
        with self.changed:
            self._require_queue_slot()
            self._require_free_name(request.dataset_id)
            job_id = self.spool.add(folder, files, upload, request)
            self.jobs[job_id] = job = self.spool.load(job_id)
            self.changed.notify_all()
            return job

    def begin(self, job_id: str) -> Job:
        """Queue the build of a job that was estimated, or that ended and can resume.

        Raises
        ------
        JobStateError
            If it is neither.
        QueueFullError, DatasetExistsError, NoSpaceError
        """
        self.require_started()
        with self.changed:
            job = self.get(job_id)
            if job.request is None or not (job.state == "estimated" or job.status.can_resume):
                raise JobStateError(f"this job is {job.state}, so it cannot be started")
            if job.state == "estimated":
                self._require_free_name(job.request.dataset_id, but=job_id)
                estimate = job.status.estimate
                self._require_space(estimate["n_bytes_building"] if estimate else 0)
            else:
                self._require_queue_slot()
            place = 1 + max(other.status.place for other in self.jobs.values())
            self.change(job, state="waiting", place=place, message=None, can_resume=False)
            return job

    def cancel(self, job_id: str) -> None:
        """Cancel a job, or remove a job that has ended, with all of its files."""
        self.require_started()
        with self.changed:
            job = self.get(job_id)
            if job.state in ENDED:
                self.forget(job)
            elif job.state in ("estimating", "running"):
                job.is_cancelling = True  # its process gets SIGTERM, and may succeed before that
            else:
                self.end(job, "cancelled")
            self.changed.notify_all()

    def _require_queue_slot(self) -> None:
        n_waiting = sum(job.state in PENDING for job in self.jobs.values())
        if n_waiting >= MAX_WAITING:
            raise QueueFullError(
                f"{n_waiting} jobs are waiting already; cancel one, or try again when one has "
                "finished"
            )

    def _require_free_name(self, dataset_id: str, but: str = "") -> None:
        jobs = (job for job in self.jobs.values() if job.job_id != but)
        is_requested = any(
            job.request is not None
            and job.request.dataset_id == dataset_id
            and (job.state not in ENDED or job.status.can_resume)
            for job in jobs
        )
        if is_requested or outcome.is_taken(self.data_dir, dataset_id):
            raise DatasetExistsError(
                f"the dataset {dataset_id} exists already or is queued; choose another name"
            )

    def _require_space(self, n_bytes: int) -> None:
        free = shutil.disk_usage(self.data_dir).free
        if free < n_bytes + SPARE_BYTES:
            raise NoSpaceError(
                f"this needs up to {(n_bytes + SPARE_BYTES) / 1e6:,.0f} MB of disk space, but "
                f"only {free / 1e6:,.0f} MB are free; free some space, or choose less"
            )

    def _take_lock(self) -> bool:
        descriptor = os.open(self.spool.folder / LOCK, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return False
        self._descriptor = descriptor
        return True
