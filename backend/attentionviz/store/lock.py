"""Build lock: one builder per dataset, by an advisory lock that ends with its process."""

import fcntl
import os
import platform
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from attentionviz.errors import BuildError
from attentionviz.store import layout

_PROBE_FLAGS = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
# `is_locked` holds the lock for microseconds, so a builder retries.
MAX_ATTEMPTS, RETRY_SECONDS = 5, 0.02


class DatasetLockedError(BuildError):
    """Another process is building the same dataset."""

    code = "dataset_locked"
    status = 409


@contextmanager
def dataset_lock(data_dir: Path, dataset_id: str) -> Iterator[None]:
    """Hold the build lock of a dataset for the duration of a ``with`` block.

    The operating system releases the lock when the process ends, so no stale lock remains. The
    file stays, since removing it would let two processes each lock a file of that name. It holds
    the process id, for people, and the host name, for `is_locked`.

    Parameters
    ----------
    data_dir : Path
    dataset_id : str

    Raises
    ------
    DatasetLockedError
        If another process or thread holds the lock.
    BuildError
        If the data folder is not writable.
    """
    path = layout.lock_path(data_dir, dataset_id)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        raise BuildError(f"cannot write to {data_dir}: {error.strerror}") from error
    try:
        if not _acquire(descriptor):
            raise DatasetLockedError(_locked_message(descriptor, dataset_id))
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()} {platform.node()}\n".encode(), 0)
        yield
    finally:
        os.close(descriptor)


def is_locked(data_dir: Path, dataset_id: str) -> bool | None:
    """Return whether a builder of this dataset is running; None if unknown.

    Parameters
    ----------
    data_dir : Path
    dataset_id : str

    Returns
    -------
    bool or None
        None without a lock file, or if another host wrote it, whose locks may not be visible here.
    """
    try:
        descriptor = os.open(layout.lock_path(data_dir, dataset_id), _PROBE_FLAGS)
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:  # a file system without locks
        return None
    else:
        return False if _holder(descriptor)[1] == platform.node() else None
    finally:
        os.close(descriptor)


def _acquire(descriptor: int) -> bool:
    for _ in range(MAX_ATTEMPTS):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(RETRY_SECONDS)
        else:
            return True
    return False


def _holder(descriptor: int) -> tuple[str, str]:
    """Return process id and host name of the current or last holder of the lock."""
    pid, _, machine = os.pread(descriptor, 300, 0).decode("utf-8", "replace").strip().partition(" ")
    return pid, machine


def _locked_message(descriptor: int, dataset_id: str) -> str:
    holder, _ = _holder(descriptor)
    who = f" (process {holder})" if holder.isdigit() else ""
    return (
        f"dataset {dataset_id} is being built by another process{who}; wait for it, or build "
        "under another name with --id"
    )
