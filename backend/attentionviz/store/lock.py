"""One builder per dataset: an advisory lock that ends with its process."""

import fcntl
import os
import platform
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from attentionviz.errors import BuildError
from attentionviz.store import layout

_LOOK = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
# A look at the lock, by `is_locked`, holds it for microseconds.
TRIES, SECONDS_BETWEEN = 5, 0.02


class DatasetLockedError(BuildError):
    """Another process builds the same dataset."""

    code = "dataset_locked"
    status = 409


@contextmanager
def dataset_lock(data_dir: Path, dataset_id: str) -> Iterator[None]:
    """Hold the lock of a dataset for the time of a ``with`` block.

    The operating system drops the lock when the process ends, however it ends, so a lock can
    never be left behind. The file stays, since removing it would let two processes each lock a
    file of that name; the process id in it is for people, the machine's name for `is_locked`.

    Parameters
    ----------
    data_dir : Path
    dataset_id : str

    Raises
    ------
    DatasetLockedError
        When another process, or another part of this one, holds it.
    BuildError
        When the data folder cannot be written to.
    """
    path = layout.lock_path(data_dir, dataset_id)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        raise BuildError(f"cannot write to {data_dir}: {error.strerror}") from error
    try:
        if not _take(descriptor):
            raise DatasetLockedError(_words(descriptor, dataset_id))
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()} {platform.node()}\n".encode(), 0)
        yield
    finally:
        os.close(descriptor)


def is_locked(data_dir: Path, dataset_id: str) -> bool | None:
    """Return whether a builder of this dataset lives; None where this machine cannot tell.

    Parameters
    ----------
    data_dir : Path
    dataset_id : str

    Returns
    -------
    bool or None
        None without a lock file, and for one that another machine wrote: its locks may not be
        seen here.
    """
    try:
        descriptor = os.open(layout.lock_path(data_dir, dataset_id), _LOOK)
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


def _take(descriptor: int) -> bool:
    for _ in range(TRIES):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(SECONDS_BETWEEN)
        else:
            return True
    return False


def _holder(descriptor: int) -> tuple[str, str]:
    """Return process id and name of the machine of whoever holds the lock, or held it last."""
    pid, _, machine = os.pread(descriptor, 300, 0).decode("utf-8", "replace").strip().partition(" ")
    return pid, machine


def _words(descriptor: int, dataset_id: str) -> str:
    holder, _ = _holder(descriptor)
    who = f" (process {holder})" if holder.isdigit() else ""
    return (
        f"dataset {dataset_id} is being built by another process{who}; wait for it, or build "
        "under another name with --id"
    )
