"""Errors of jobs, in addition to those of builds."""

from attentionviz.errors import AppError, NotFoundError


class JobNotFoundError(NotFoundError):
    """There is no job with that id."""

    code = "job_not_found"


class JobStateError(AppError):
    """The operation is not possible in the present state of the job."""

    code = "job_state"
    status = 409


class DatasetExistsError(AppError):
    """A dataset, a build or a job of that name exists already."""

    code = "dataset_exists"
    status = 409


class OtherServerError(AppError):
    """Another server runs the jobs of this data folder."""

    code = "jobs_elsewhere"
    status = 409


class QueueFullError(AppError):
    """The queue of waiting jobs is full."""

    code = "queue_full"
    status = 503
    retry_after_s = 60


class UploadTooLargeError(AppError):
    """The upload exceeds the limit of bytes or files."""

    code = "upload_too_large"
    status = 413


class NoSpaceError(AppError):
    """The free disk space is less than the upload or the build needs."""

    code = "disk_full"
    status = 507
