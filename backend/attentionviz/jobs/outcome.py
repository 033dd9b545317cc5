"""The outcome of a job, from its files and the last output of its process."""

import os
import shutil
from pathlib import Path

from attentionviz.errors import DamagedDatasetError
from attentionviz.jobs.records import MAX_MESSAGE
from attentionviz.store import folders, layout
from attentionviz.store.lock import DatasetLockedError, dataset_lock

MESSAGE_PREFIX = "attentionviz: "
ENDED_WITH_SERVER = "the server stopped while it ran; start it again to resume"
KILLED = "it was killed, most likely because memory ran out; start it again to resume"
NO_MEMORY = "it needed more memory than job_memory_mb allows; choose less, or raise this setting"
EXIT_ERROR = 2


def finished_version(data_dir: Path, dataset_id: str) -> str | None:
    """Return the version of a finished dataset; None if there is none with a valid manifest."""
    try:
        version = folders.read_pointer(data_dir, dataset_id)
        version = version or folders.unpointed_versions(data_dir).get(dataset_id)
        if version is None:
            return None
        folder = layout.dataset_folder(data_dir, dataset_id, version)
        folders.read_manifest(folder, dataset_id, version)
    except DamagedDatasetError:
        return None
    return version


def is_taken(data_dir: Path, dataset_id: str) -> bool:
    """Return whether a finished dataset of any state, or a build, has this id."""
    has_pointer = os.path.lexists(layout.pointer_path(data_dir, dataset_id))
    is_unpointed = dataset_id in folders.unpointed_versions(data_dir)
    return has_pointer or is_unpointed or bool(folders.unfinished_builds(data_dir, dataset_id))


def remove_unfinished(data_dir: Path, dataset_id: str) -> None:
    """Remove unfinished builds of a dataset, unless another process is building it."""
    unfinished = folders.unfinished_builds(data_dir, dataset_id)
    if not unfinished:
        return
    try:
        with dataset_lock(data_dir, dataset_id, waits=False):
            for folder in unfinished:
                shutil.rmtree(folder, ignore_errors=True)
    except DatasetLockedError:
        return


def failure_message(status: int, log: str) -> str:
    """Return the message of a process that failed.

    Parameters
    ----------
    status : int
        Exit status; negative for a signal.
    log : str
        Last output of the process.
    """
    if status < 0:
        return KILLED
    if status == EXIT_ERROR and MESSAGE_PREFIX in f"\n{log}":
        # The whole message, which may contain line feeds, such as those in the name of a column.
        return f"\n{log}".rpartition(f"\n{MESSAGE_PREFIX}")[2].strip()[:MAX_MESSAGE]
    lines = [line.strip() for line in log.splitlines() if line.strip()]
    last = lines[-1] if lines else "no output"
    if last.startswith(("MemoryError", "numpy._core._exceptions._ArrayMemoryError")):
        return NO_MEMORY
    return f"it failed: {last[:500]}"
