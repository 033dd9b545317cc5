"""What every route needs, made once for each application."""

from dataclasses import dataclass
from threading import BoundedSemaphore

from flask import current_app

from attentionviz.api.import_map import Index
from attentionviz.config import Settings
from attentionviz.store.reader import DatasetLibrary

EXTENSION = "attentionviz"
# Each may take some 100 MB for the longest sequences, and all share the cores.
N_HEAVY_REQUESTS = 2


@dataclass(frozen=True)
class ApiContext:
    """Settings, the data folder, the page, and how many large computations may run at once."""

    settings: Settings
    library: DatasetLibrary
    index: Index
    heavy: BoundedSemaphore


def make_context(settings: Settings) -> ApiContext:
    """Return the context of an application with these settings; nothing is read yet."""
    library = DatasetLibrary(settings.data_dir, settings.cache_mb * 1024 * 1024)
    index = Index(settings.frontend_dir)
    return ApiContext(settings, library, index, BoundedSemaphore(N_HEAVY_REQUESTS))


def context() -> ApiContext:
    """Return the context of the application that answers the present request."""
    found: ApiContext = current_app.extensions[EXTENSION]
    return found
