"""Objects that all routes share, created once per application."""

from dataclasses import dataclass
from threading import BoundedSemaphore

from flask import current_app

from attentionviz.jobs import JobQueue
from attentionviz.jobs.limits import job_limits
from attentionviz.live.service import LiveService
from attentionviz.server.access.authenticator import Authenticator
from attentionviz.server.access.token_file import TokenFile
from attentionviz.server.http.live_settings import make_service
from attentionviz.server.http.page_files import PageFiles
from attentionviz.settings.settings import Settings
from attentionviz.store.reader import DatasetLibrary

EXTENSION = "attentionviz"
# Each computation may take some 100 MB for the longest sequences, and all share the cores.
MAX_CONCURRENT_COMPUTATIONS = 2


@dataclass(frozen=True)
class ApiContext:
    """Shared objects of one application: settings, datasets, page, semaphore, authenticator.

    Attributes
    ----------
    live : LiveService
        Runs models for texts and images that visitors add, in another process.
    authenticator : Authenticator or None
        Authenticates requests; None if the server needs no tokens.
    jobs : JobQueue or None
        None if building from the page is disabled.
    """

    settings: Settings
    library: DatasetLibrary
    page: PageFiles
    limiter: BoundedSemaphore
    live: LiveService
    authenticator: Authenticator | None = None
    jobs: JobQueue | None = None


def make_context(settings: Settings) -> ApiContext:
    """Create the context of an application with these settings; no dataset is read yet."""
    library = DatasetLibrary(settings.data_dir, settings.cache_mb * 1024 * 1024)
    page = PageFiles(settings.frontend_dir)
    authenticator = Authenticator(TokenFile(settings.token_file)) if settings.token_file else None
    limiter = BoundedSemaphore(MAX_CONCURRENT_COMPUTATIONS)
    jobs = JobQueue(settings.data_dir, job_limits(settings)) if settings.has_jobs else None
    return ApiContext(settings, library, page, limiter, make_service(settings), authenticator, jobs)


def context() -> ApiContext:
    """Return the context of the current Flask application."""
    shared: ApiContext = current_app.extensions[EXTENSION]
    return shared
