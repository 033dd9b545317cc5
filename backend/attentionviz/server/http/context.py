"""Objects that all routes share, made once for each application."""

from dataclasses import dataclass
from threading import BoundedSemaphore

from flask import current_app

from attentionviz.jobs import JobQueue
from attentionviz.jobs.limits import limits_of
from attentionviz.live.service import LiveService
from attentionviz.server.access.authenticator import Authenticator
from attentionviz.server.access.token_file import TokenFile
from attentionviz.server.http.live_settings import make_service
from attentionviz.server.http.page_files import PageFiles
from attentionviz.settings.settings import Settings
from attentionviz.store.reader import DatasetLibrary

EXTENSION = "attentionviz"
# Each may take some 100 MB for the longest sequences, and all share the cores.
N_HEAVY_REQUESTS = 2


@dataclass(frozen=True)
class ApiContext:
    """Settings, the data folder, the page, how many large computations may run at once, the gate.

    Attributes
    ----------
    live : LiveService
        Runs models for texts and images that visitors add, in another process.
    gate : Authenticator or None
        Asks who sends a request; None where everybody who reaches the server may do everything.
    jobs : JobQueue or None
        None where nothing is built from the page.
    """

    settings: Settings
    library: DatasetLibrary
    page: PageFiles
    heavy: BoundedSemaphore
    live: LiveService
    gate: Authenticator | None = None
    jobs: JobQueue | None = None


def make_context(settings: Settings) -> ApiContext:
    """Return the context of an application with these settings; no dataset is read yet."""
    library = DatasetLibrary(settings.data_dir, settings.cache_mb * 1024 * 1024)
    page = PageFiles(settings.frontend_dir)
    gate = Authenticator(TokenFile(settings.token_file)) if settings.token_file else None
    heavy = BoundedSemaphore(N_HEAVY_REQUESTS)
    jobs = JobQueue(settings.data_dir, limits_of(settings)) if settings.has_jobs else None
    return ApiContext(settings, library, page, heavy, make_service(settings), gate, jobs)


def context() -> ApiContext:
    """Return the context of the application that answers the present request."""
    found: ApiContext = current_app.extensions[EXTENSION]
    return found
