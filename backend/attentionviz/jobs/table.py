"""Jobs of a data folder and their states, written to disk first."""

import logging
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from attentionviz.errors import AppError
from attentionviz.jobs import outcome
from attentionviz.jobs.limits import JobLimits
from attentionviz.jobs.records import ENDED, Job
from attentionviz.jobs.spool import Spool

MAX_ENDED = 20
EXPIRY_SECONDS = 3600.0
NOT_STARTED = "it was not started within an hour, so its upload was removed"
_log = logging.getLogger(__name__)


class JobTable:
    """All jobs by id, in memory and on the disk; thread-safe.

    Parameters
    ----------
    data_dir : Path
    limits : JobLimits

    Attributes
    ----------
    changed : threading.Condition
        Held while a job changes, and notified afterwards.
    is_stopping : bool
        Whether the server is shutting down; no further job is started.
    """

    def __init__(self, data_dir: Path, limits: JobLimits) -> None:
        self.data_dir = data_dir
        self.limits = limits
        self.spool = Spool(data_dir)
        self.changed = threading.Condition(threading.RLock())
        self.jobs: dict[str, Job] = {}
        self.is_stopping = False

    def change(self, job: Job, **changes: Any) -> None:
        """Change the state of a job, first on the disk, then in memory."""
        with self.changed:
            status = replace(job.status, since=time.time(), **changes)
            self.spool.write(job.job_id, status)
            job.status = status
            self.changed.notify_all()

    def end(self, job: Job, state: str, **changes: Any) -> None:
        """Set the final state of a job; remove its upload unless it can resume.

        If the state cannot be written, it is kept in memory, and the next server recovers it.
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
                (other for other in self.jobs.values() if other.state in ENDED),
                key=lambda other: other.status.since,
            )
            for old in ended[:-MAX_ENDED]:
                self.forget(old)
            self.changed.notify_all()

    def expire(self) -> None:
        """Cancel jobs that were estimated long ago and never started."""
        with self.changed:
            for job in list(self.jobs.values()):
                if job.state == "estimated" and time.time() - job.status.since > EXPIRY_SECONDS:
                    self.end(job, "cancelled", message=NOT_STARTED)

    def next(self, state: str) -> Job | None:
        """Return the first job in this state, in the order of the queue."""
        jobs = [job for job in self.jobs.values() if job.state == state]
        return min(jobs, key=lambda job: (job.status.place, job.status.since), default=None)

    def forget(self, job: Job) -> None:
        """Remove a job with all of its files."""
        if job.status.can_resume and job.request is not None:
            outcome.remove_unfinished(self.data_dir, job.request.dataset_id)
        self.spool.remove(job.job_id)
        del self.jobs[job.job_id]
