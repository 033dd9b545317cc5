"""Limits that the model process sets itself before it reads any input."""

import os
import resource
import tempfile

NICENESS = 5


def limit_process(memory_mb: int) -> None:
    """Forbid this process to write files, to leave its memory on disk, and to grow beyond a size.

    Parameters
    ----------
    memory_mb : int
        Of private memory; address space alone is not counted, since torch reserves much of that.
    """
    # torch makes a folder of its own below this one at import, and puts nothing there. It is looked
    # for by writing, so now is the time; "/" would do for root alone.
    tempfile.gettempdir()
    os.nice(NICENESS)  # the page should answer at once while a model runs
    _lower(resource.RLIMIT_FSIZE, 0)
    _lower(resource.RLIMIT_CORE, 0)
    _lower(resource.RLIMIT_DATA, memory_mb * 2**20)


def _lower(kind: int, wanted: int) -> None:
    _, hard = resource.getrlimit(kind)
    lowest = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    resource.setrlimit(kind, (lowest, lowest))
