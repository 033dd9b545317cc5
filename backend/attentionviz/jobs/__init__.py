"""Builds from the page: a queue on disk, with one build at a time.

A job is ``attentionviz build`` in a separate process, which the server starts, monitors and ends;
no model and no corpus is read here. The state of a job is stored below ``.jobs`` in the data
folder, so that it survives a crash of the process or the server.
"""

from attentionviz.jobs.queue import JobQueue
from attentionviz.jobs.records import Job, JobRequest, JobStatus

__all__ = ["Job", "JobQueue", "JobRequest", "JobStatus"]
