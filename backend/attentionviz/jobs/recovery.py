"""Recovery of jobs whose server has ended, by the next server."""

import shutil

from attentionviz.jobs import outcome
from attentionviz.jobs.process import kill_group, start_of
from attentionviz.jobs.records import ENDED, Job
from attentionviz.jobs.table import JobTable


def recover(table: JobTable) -> None:
    """Set the state of every job after a restart, when none of its processes runs any more.

    A job that was running is done if its dataset is complete; else it has failed and can resume.
    An interrupted estimate is queued again; waiting jobs stay queued.

    Parameters
    ----------
    table : JobTable
        With the jobs loaded from the disk.
    """
    table.spool.remove_incoming()
    for job in list(table.jobs.values()):
        _end_process(job)
        if job.request is None:
            continue
        if job.state == "estimating":
            table.change(job, state="uploaded", pid=None, pid_start=None)
        elif job.state == "running":
            version = outcome.finished_version(table.data_dir, job.request.dataset_id)
            if version is not None:
                table.end(job, "done", version=version)
            else:
                table.end(job, "failed", message=outcome.ENDED_WITH_SERVER, can_resume=True)
        elif job.state in ENDED and not job.status.can_resume:
            table.spool.drop_upload(job.job_id)
        _check_upload(table, job)


def _end_process(job: Job) -> None:
    """Kill the process of a job if it still runs: a stopped (SIGSTOP) process cannot end itself."""
    pid, started = job.status.pid, job.status.pid_start
    if pid is not None and started is not None and start_of(pid) == started:
        kill_group(pid)


def _check_upload(table: JobTable, job: Job) -> None:
    needs_upload = job.state not in ENDED or job.status.can_resume
    corpus = table.spool.corpus(job)
    if needs_upload and (corpus.is_symlink() or not corpus.exists()):
        message = "the upload of this job is gone; remove the job and upload it again"
        if job.request is not None and job.status.can_resume:
            outcome.remove_unfinished(table.data_dir, job.request.dataset_id)
        table.end(job, "failed", message=message, can_resume=False)
    shutil.rmtree(table.spool.path(job.job_id) / "temporary", ignore_errors=True)
