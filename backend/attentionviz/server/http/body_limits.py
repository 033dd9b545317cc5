"""Limits of the size of request bodies, by route."""

from attentionviz.jobs.limits import job_limits
from attentionviz.server.http.live_settings import MAX_BODY_BYTES, largest_body
from attentionviz.settings.settings import Settings

JOBS_PATH = "/api/v1/jobs"
# Size of the form of a job without its files: boundaries, headers and fields.
JOB_FORM_BYTES = 1_000_000


def body_limit(settings: Settings, method: str, path: str) -> int:
    """Return the limit of a request body in bytes.

    Parameters
    ----------
    settings : Settings
    method, path : str
        As received; the path may begin with a proxy's prefix.
    """
    if settings.has_jobs and method == "POST" and path.endswith(JOBS_PATH):
        return job_limits(settings).max_bytes + JOB_FORM_BYTES
    is_image = method == "POST" and path.endswith("/image")
    return largest_body(settings) if is_image else MAX_BODY_BYTES
