"""Limits that the model process sets itself before it reads any input."""

import os
import resource
import tempfile

NICENESS = 5


def limit_process(memory_mb: int) -> None:
    """Forbid this process to write files and core dumps, and limit its memory.

    Parameters
    ----------
    memory_mb : int
        Of private memory; address space is not limited, since torch reserves much of it.
    """
    # At import torch creates an empty folder below the temporary folder. `tempfile` finds that by
    # a test write, so it must do so before writing is forbidden; "/" would work only for root.
    tempfile.gettempdir()
    os.nice(NICENESS)  # keeps the page responsive while a model runs
    _lower(resource.RLIMIT_FSIZE, 0)
    _lower(resource.RLIMIT_CORE, 0)
    _lower(resource.RLIMIT_DATA, memory_mb * 2**20)


def _lower(kind: int, wanted: int) -> None:
    _, hard = resource.getrlimit(kind)
    lowest = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    resource.setrlimit(kind, (lowest, lowest))
