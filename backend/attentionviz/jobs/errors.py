"""Errors of jobs, in addition to those of builds."""

from attentionviz.errors import AppError, NotFoundError


class JobNotFoundError(NotFoundError):
    """No job of that id."""

    code = "job_not_found"


class JobStateError(AppError):
    """A job that cannot do this in its present state."""

    code = "job_state"
    status = 409


class DatasetExistsError(AppError):
    """There is a dataset, a build or a job of that name already."""

    code = "dataset_exists"
    status = 409


class JobsElsewhereError(AppError):
    """Another server runs the jobs of this data folder."""

    code = "jobs_elsewhere"
    status = 409


class QueueFullError(AppError):
    """As many jobs wait as may wait."""

    code = "queue_full"
    status = 503
    retry_after_s = 60


class UploadTooLargeError(AppError):
    """More bytes or files than are taken."""

    code = "upload_too_large"
    status = 413


class NoRoomError(AppError):
    """The disk has less room than the upload, or the build, will take."""

    code = "disk_full"
    status = 507
