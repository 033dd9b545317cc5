"""Two threads that process the queue: one for estimates, one for builds."""

import logging
import threading
from collections.abc import Callable

from attentionviz.errors import AppError, DamagedDatasetError
from attentionviz.jobs import outcome
from attentionviz.jobs.commands import build_command, estimate_command
from attentionviz.jobs.process import JobProcess, ProcessLimits, start_of
from attentionviz.jobs.records import Job, parse_estimate
from attentionviz.jobs.spool import MAX_LOG_BYTES, RESULT
from attentionviz.jobs.table import JobTable
from attentionviz.store.folders import unfinished_builds
from attentionviz.store.safe_files import read_regular

POLL_SECONDS = 0.1
IDLE_SECONDS = 30.0
JOIN_SECONDS = 30.0
TO_RESUME = "; start it again to resume"
SERVER_ERROR = "internal server error; see the server's log, then start it again"
NO_DATASET = "it ended without a dataset and without an error message"
STARTED_STATE = {"uploaded": "estimating", "waiting": "running"}
_log = logging.getLogger(__name__)


class Runner:
    """Owns the two threads.

    Parameters
    ----------
    table : JobTable
    """

    def __init__(self, table: JobTable) -> None:
        self._table = table
        self._threads = [
            threading.Thread(target=self._loop, args=(state, work), name=name, daemon=True)
            for name, state, work in (
                ("job estimates", "uploaded", self._estimate),
                ("job builds", "waiting", self._build),
            )
        ]

    def start(self) -> None:
        """Start both threads."""
        for thread in self._threads:
            thread.start()

    def join(self) -> None:
        """Wait until both threads have ended, once `JobTable.is_stopping` is set."""
        for thread in self._threads:
            thread.join(JOIN_SECONDS)

    def _loop(self, state: str, work: Callable[[Job], None]) -> None:
        while (job := self._next(state)) is not None:
            try:
                work(job)
            except Exception:  # an error in one job must not stop the next
                _log.exception("job %s failed in the server", job.job_id)
                self._table.end(job, "failed", message=SERVER_ERROR, can_resume=True)

    def _next(self, state: str) -> Job | None:
        """Wait for a job and claim it under the lock; None when the queue stops."""
        table = self._table
        with table.changed:
            while not table.is_stopping:
                table.expire()
                job = table.next(state)
                if job is None:
                    table.changed.wait(IDLE_SECONDS)
                    continue
                try:
                    table.change(job, state=STARTED_STATE[state])
                except (AppError, OSError) as error:  # most likely a full disk
                    table.end(job, "failed", message=str(error), can_resume=state == "waiting")
                    continue
                return job
            return None

    def _is_allowed(self, job: Job) -> bool:
        """Return whether the model is still allowed; settings or folder may have changed."""
        table, request = self._table, job.request
        if request is not None and any(m.argument == request.model for m in table.limits.models):
            return True
        name = request.model_name if request else "of this job"
        table.end(job, "failed", message=f"the model {name} is no longer available here")
        return False

    def _estimate(self, job: Job) -> None:
        table, request = self._table, job.request
        if request is None or not self._is_allowed(job):
            return
        command = estimate_command(request, table.spool.corpus(job), table.data_dir)
        status, exceeded = self._run(job, command, table.limits.estimate)
        with table.changed:
            if job.is_cancelling:
                table.end(job, "cancelled")
            elif table.is_stopping:
                table.change(job, state="uploaded", pid=None, pid_start=None)
            elif exceeded is not None or status != 0:
                message = exceeded or outcome.failure_message(status, table.spool.log(job.job_id))
                table.end(job, "failed", message=message.removesuffix(TO_RESUME))
            else:
                self._keep_estimate(job)

    def _keep_estimate(self, job: Job) -> None:
        table = self._table
        try:
            folder = table.spool.path(job.job_id)
            estimate = parse_estimate(read_regular(folder, RESULT, MAX_LOG_BYTES).decode())
        except (DamagedDatasetError, UnicodeDecodeError) as error:
            table.end(job, "failed", message=f"its estimate cannot be read: {error}")
            return
        table.change(job, state="estimated", estimate=estimate, pid=None, pid_start=None)

    def _build(self, job: Job) -> None:
        table, request = self._table, job.request
        if request is None or not self._is_allowed(job):
            return
        corpus = table.spool.corpus(job)
        command = build_command(request, corpus, table.data_dir, table.limits.scheduler)
        status, exceeded = self._run(job, command, table.limits.build)
        version = outcome.finished_version(table.data_dir, request.dataset_id)
        with table.changed:
            if version is not None:  # even if it was cancelled or killed meanwhile
                table.end(job, "done", version=version)
            elif job.is_cancelling:
                outcome.remove_unfinished(table.data_dir, request.dataset_id)
                table.end(job, "cancelled")
            elif table.is_stopping:
                table.end(job, "failed", message=outcome.ENDED_WITH_SERVER, can_resume=True)
            elif exceeded is not None:
                table.end(job, "failed", message=exceeded + TO_RESUME, can_resume=True)
            else:
                self._end_failed(job, status)

    def _end_failed(self, job: Job, status: int) -> None:
        table, request = self._table, job.request
        assert request is not None  # noqa: S101 - it has run
        log = table.spool.log(job.job_id)
        message = NO_DATASET if status == 0 else outcome.failure_message(status, log)
        is_begun = bool(unfinished_builds(table.data_dir, request.dataset_id))
        table.end(job, "failed", message=message, can_resume=is_begun or status < 0)

    def _run(self, job: Job, command: list[str], limits: ProcessLimits) -> tuple[int, str | None]:
        """Run a command until it ends; return its exit status, and why it was killed."""
        table = self._table
        process = JobProcess(table.spool.path(job.job_id), command, limits)
        exceeded: str | None = None
        try:
            with table.changed:
                table.change(job, pid=process.pid, pid_start=start_of(process.pid))
            while not process.has_ended():
                if job.is_cancelling or table.is_stopping:
                    process.terminate()
                elif exceeded or (exceeded := process.exceeded_limit()):
                    process.kill()
                with table.changed:
                    table.changed.wait(POLL_SECONDS)
        finally:
            status = process.kill_and_wait()
        return status, exceeded
