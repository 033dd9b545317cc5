"""One builder for each dataset: an advisory lock that dies with its process."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from attentionviz.errors import BuildError
from attentionviz.store import layout


class DatasetLockedError(BuildError):
    """Another process builds the same dataset."""

    code = "dataset_locked"
    status = 409


@contextmanager
def dataset_lock(data_dir: Path, dataset_id: str) -> Iterator[None]:
    """Hold the lock of a dataset for the time of a ``with`` block.

    The operating system drops the lock when the process ends, however it ends, so a lock can
    never be left behind. The file stays, since removing it would let two processes each lock a
    file of that name; the process id in it is for people.

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
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise DatasetLockedError(_words(descriptor, dataset_id)) from error
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(descriptor)


def _words(descriptor: int, dataset_id: str) -> str:
    holder = os.pread(descriptor, 32, 0).decode("ascii", "replace").strip()
    who = f" (process {holder})" if holder.isdigit() else ""
    return (
        f"dataset {dataset_id} is being built by another process{who}; wait for it, or build "
        "under another name with --id"
    )
