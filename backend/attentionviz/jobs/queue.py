"""The queue of jobs: what a server can ask of it. One builds, one is estimated, eight wait."""

import fcntl
import logging
import os
import shutil
import threading
import time
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from typing import Any

from attentionviz.errors import AppError
from attentionviz.jobs import outcome
from attentionviz.jobs.errors import (
    DatasetExistsError,
    JobNotFoundError,
    JobsElsewhereError,
    JobStateError,
    NoRoomError,
    QueueFullError,
)
from attentionviz.jobs.limits import JobLimits
from attentionviz.jobs.records import ENDED, JOB_ID, PENDING, Job, JobRequest
from attentionviz.jobs.recovery import recover
from attentionviz.jobs.runner import Runner
from attentionviz.jobs.spool import LOCK, Spool
from attentionviz.jobs.uploads import Received, Upload

MAX_WAITING = 8
MAX_ENDED = 20
SPARE_BYTES = 100 * 10**6
EXPIRY_SECONDS = 3600.0
NOT_STARTED = "it was not started within an hour, so its upload was removed"
_log = logging.getLogger(__name__)


class JobQueue:
    """All jobs of a data folder. Safe to use from several threads.

    Parameters
    ----------
    data_dir : Path
    limits : JobLimits
    """

    def __init__(self, data_dir: Path, limits: JobLimits) -> None:
        self.data_dir = data_dir
        self.limits = limits
        self.spool = Spool(data_dir)
        self.changed = threading.Condition(threading.RLock())
        self.jobs: dict[str, Job] = {}
        self.is_stopping = False
        self._runner: Runner | None = None
        self._descriptor = -1

    def start(self) -> bool:
        """Run jobs from now on, those first that wait from before; False when another server does.

        Called again it does nothing, or takes over from a server that has ended.
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
        """End what runs, so that it can go on at the next start; what waits waits for that."""
        with self.changed:
            runner, self._runner = self._runner, None
            self.is_stopping = True
            self.changed.notify_all()
        if runner is not None:
            runner.join()
            os.close(self._descriptor)

    def require_started(self) -> None:
        """Start, or raise JobsElsewhereError."""
        if not self.start():
            raise JobsElsewhereError(
                "another server runs the jobs of this data folder; use that one, or end it"
            )

    def list_jobs(self) -> list[Job]:
        """Return all jobs; a server that does not run them reads what is on the disk."""
        with self.changed:
            if self._runner is not None:
                return list(self.jobs.values())
        return [self.spool.load(job_id) for job_id in self.spool.ids()]

    def get(self, job_id: str) -> Job:
        """Return a job; JobNotFoundError when there is none."""
        found = {job.job_id: job for job in self.list_jobs()}
        if not JOB_ID.fullmatch(job_id) or job_id not in found:
            raise JobNotFoundError(f"there is no job {job_id[:40]!r}; it may have been removed")
        return found[job_id]

    def place_of(self, job: Job) -> int:
        """Return how many jobs run or wait before this one."""
        before = [one for one in self.list_jobs() if one.status.place < job.status.place]
        return sum(one.state in ("waiting", "running") for one in before)

    def receiving(self, n_bytes: int) -> AbstractContextManager[Path]:
        """Give a folder for the files of an upload of so many bytes, once there is room for it."""
        self.require_started()
        with self.changed:
            self._require_place()
        self._require_room(n_bytes)
        return self.spool.receiving()

    def add(self, folder: Path, files: list[Received], upload: Upload, request: JobRequest) -> Job:
        """Make a job of an upload; its estimate begins as soon as no other is made.

        Raises
        ------
        QueueFullError, DatasetExistsError, DiskFullError
        """
        with self.changed:
            self._require_place()
            self._require_free_name(request.dataset_id)
            job_id = self.spool.add(folder, files, upload, request)
            self.jobs[job_id] = job = self.spool.load(job_id)
            self.changed.notify_all()
            return job

    def begin(self, job_id: str) -> Job:
        """Put a job into the queue that was estimated, or that ended and can go on.

        Raises
        ------
        JobStateError
            When it is neither.
        QueueFullError, DatasetExistsError, NoRoomError
        """
        self.require_started()
        with self.changed:
            job = self.get(job_id)
            if job.request is None or not (job.state == "estimated" or job.status.can_resume):
                raise JobStateError(f"this job is {job.state}, so it cannot be started")
            if job.state == "estimated":
                self._require_free_name(job.request.dataset_id, but=job_id)
                estimate = job.status.estimate or {}
                self._require_room(int(estimate.get("n_bytes_building", 0)))
            else:
                self._require_place()
            place = 1 + max(one.status.place for one in self.jobs.values())
            self.change(job, state="waiting", place=place, message=None, can_resume=False)
            return job

    def cancel(self, job_id: str) -> None:
        """Cancel a job, or forget one that has ended, with all of its files."""
        self.require_started()
        with self.changed:
            job = self.get(job_id)
            if job.state in ENDED:
                self._forget(job)
            elif job.state in ("estimating", "running"):
                job.is_cancelling = True  # its process is asked to end, and may end well before
            else:
                self.end(job, "cancelled")
            self.changed.notify_all()

    def change(self, job: Job, **changes: Any) -> None:
        """Change the state of a job, on the disk first."""
        with self.changed:
            status = replace(job.status, since=time.time(), **changes)
            self.spool.write(job.job_id, status)
            job.status = status
            self.changed.notify_all()

    def end(self, job: Job, state: str, **changes: Any) -> None:
        """Give a job its final state, and remove what only a job that goes on would need.

        Where even the state cannot be written, this server knows it, and the next finds it out.
        """
        changes = {"state": state, "pid": None, "pid_start": None, **changes}
        with self.changed:
            try:
                self.change(job, **changes)
            except (AppError, OSError) as error:
                _log.warning("the state of job %s is not stored: %s", job.job_id, error)
                job.status = replace(job.status, since=time.time(), **changes)
            job.is_cancelling = False
            if not job.status.can_resume:
                self.spool.drop_upload(job.job_id)
            ended = sorted(
                (one for one in self.jobs.values() if one.state in ENDED),
                key=lambda one: one.status.since,
            )
            for old in ended[:-MAX_ENDED]:
                self._forget(old)
            self.changed.notify_all()

    def expire(self) -> None:
        """Cancel jobs that were estimated long ago and never started."""
        with self.changed:
            for job in list(self.jobs.values()):
                if job.state == "estimated" and time.time() - job.status.since > EXPIRY_SECONDS:
                    self.end(job, "cancelled", message=NOT_STARTED)

    def next(self, state: str) -> Job | None:
        """Return the first job of a state, in the order of the queue."""
        found = [job for job in self.jobs.values() if job.state == state]
        return min(found, key=lambda job: (job.status.place, job.status.since), default=None)

    def _forget(self, job: Job) -> None:
        if job.status.can_resume and job.request is not None:
            outcome.remove_unfinished(self.data_dir, job.request.dataset_id)
        self.spool.remove(job.job_id)
        del self.jobs[job.job_id]

    def _require_place(self) -> None:
        n_waiting = sum(job.state in PENDING for job in self.jobs.values())
        if n_waiting >= MAX_WAITING:
            raise QueueFullError(
                f"{n_waiting} jobs wait already; cancel one, or come back when one has ended"
            )

    def _require_free_name(self, dataset_id: str, but: str = "") -> None:
        jobs = (job for job in self.jobs.values() if job.job_id != but)
        is_asked = any(
            job.request is not None
            and job.request.dataset_id == dataset_id
            and (job.state not in ENDED or job.status.can_resume)
            for job in jobs
        )
        if is_asked or outcome.is_taken(self.data_dir, dataset_id):
            raise DatasetExistsError(
                f"there is a dataset {dataset_id} already, or one on its way; choose another name"
            )

    def _require_room(self, n_bytes: int) -> None:
        free = shutil.disk_usage(self.data_dir).free
        if free < n_bytes + SPARE_BYTES:
            raise NoRoomError(
                f"this needs up to {(n_bytes + SPARE_BYTES) / 1e6:,.0f} MB of disk, and "
                f"{free / 1e6:,.0f} are free; make room, or take less"
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
