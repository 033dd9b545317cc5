"""Builds from the page: a queue on disk, with one build at a time.

A job is ``attentionviz build`` in a process of its own, which the server starts, watches and ends;
nothing of a model or a corpus is read here. What is known of a job lies below ``.jobs`` in the data
folder, so that it is the truth also after the death of either.
"""

from attentionviz.jobs.queue import JobQueue
from attentionviz.jobs.records import Job, JobRequest, JobStatus

__all__ = ["Job", "JobQueue", "JobRequest", "JobStatus"]
