"""Build lock: one builder per dataset, also among machines that share the data folder.

It consists of two. An advisory lock of the operating system ends with its process at once, but may
not be seen by other machines. A lease is a file with host, process and a modification time that is
renewed: machines that see it unchanged for `LEASE_SECONDS` take it over.
"""

import fcntl
import os
import platform
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import SoftFileLease, Timeout

from attentionviz.errors import BuildError
from attentionviz.store import layout

_PROBE_FLAGS = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
# `is_locked` holds the lock for microseconds, so a builder retries.
MAX_ATTEMPTS, RETRY_SECONDS = 5, 0.02
# The same number on all machines, which filelock demands; renewed three times as often.
LEASE_SECONDS = 30.0
POLL_SECONDS = 0.25


class DatasetLockedError(BuildError):
    """Another process is building the same dataset."""

    code = "dataset_locked"
    status = 409


class BuildLock:
    """The lock of a dataset while this process builds it.

    Parameters
    ----------
    lease : SoftFileLease
        Held by this process.
    dataset_id : str
    """

    def __init__(self, lease: SoftFileLease, dataset_id: str) -> None:
        self._lease = lease
        self._dataset_id = dataset_id

    def require_held(self) -> None:
        """Raise DatasetLockedError if another machine has taken the lease over.

        That happens to a builder that was suspended or without the file system for as long as
        `LEASE_SECONDS`. It must not write any more.
        """
        for _ in range(MAX_ATTEMPTS):  # another builder moves the file aside while it checks it
            if self._lease.compromise is None and self._lease.is_lock_held_by_us:
                return
            time.sleep(RETRY_SECONDS)
        raise DatasetLockedError(
            f"the lock of {self._dataset_id} was lost: this builder did not renew it for "
            f"{LEASE_SECONDS:g} seconds or its file was removed; run the same command again to "
            "resume, unless another builder has taken over"
        )


@contextmanager
def dataset_lock(
    data_dir: Path,
    dataset_id: str,
    log: Callable[[str], None] = lambda _: None,
    *,
    waits: bool = True,
) -> Iterator[BuildLock]:
    """Hold the build lock of a dataset for the duration of a ``with`` block.

    The operating system releases its lock when the process ends, so none remains of a killed
    builder of this machine. Its file stays, since removing it would let two processes each lock a
    file of that name. It holds the process id, for people, and the host name, for `is_locked`.

    Parameters
    ----------
    data_dir : Path
    dataset_id : str
    log : callable
        Gets a message if another machine has to be waited for.
    waits : bool
        Whether to wait up to `LEASE_SECONDS`, to find out if a builder of another machine is alive.

    Raises
    ------
    DatasetLockedError
        If another process, thread or machine holds the lock.
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
        lease = _acquire_lease(path.with_suffix(".lease"), dataset_id, log, waits=waits)
        try:
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, f"{os.getpid()} {platform.node()}\n".encode(), 0)
            yield BuildLock(lease, dataset_id)
        finally:
            lease.release()
    finally:
        os.close(descriptor)


def _acquire_lease(
    path: Path, dataset_id: str, log: Callable[[str], None], *, waits: bool
) -> SoftFileLease:
    lease = SoftFileLease(path, lease_duration=LEASE_SECONDS, thread_local=False)
    first: tuple[float, str] | None = None

    def is_renewed() -> bool:
        nonlocal first
        owner, seen = lease.owner, _modified(path)
        if owner is None or seen is None:  # given back, or being written
            return False
        if first is None:
            first = seen, str(owner.token)
            if waits:
                log(
                    f"process {owner.pid} of {_host(owner.hostname)} has built {dataset_id}; "
                    f"waiting up to {LEASE_SECONDS:g} seconds to see whether it still does"
                )
        return first != (seen, str(owner.token))

    limit = 2 * LEASE_SECONDS if waits else 0
    try:
        lease.acquire(timeout=limit, poll_interval=POLL_SECONDS, cancel_check=is_renewed)
    except Timeout as error:
        owner = lease.owner
        who = f" (process {owner.pid} of {_host(owner.hostname)})" if owner else ""
        raise DatasetLockedError(_told(dataset_id, who)) from error
    except OSError as error:
        raise BuildError(f"cannot write {path}: {error.strerror or error}") from error
    return lease


def _modified(path: Path) -> float | None:
    try:
        return path.stat().st_mtime
    except OSError:
        return None


def _host(name: str) -> str:
    """Return a host name without what filelock appends to it."""
    return name.partition("?")[0]


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
        except OSError:  # a file system without locks; the lease excludes others
            return True
        else:
            return True
    return False


def _holder(descriptor: int) -> tuple[str, str]:
    """Return process id and host name of the current or last holder of the lock."""
    pid, _, machine = os.pread(descriptor, 300, 0).decode("utf-8", "replace").strip().partition(" ")
    return pid, machine


def _locked_message(descriptor: int, dataset_id: str) -> str:
    holder, _ = _holder(descriptor)
    return _told(dataset_id, f" (process {holder})" if holder.isdigit() else "")


def _told(dataset_id: str, who: str) -> str:
    return (
        f"dataset {dataset_id} is being built by another process{who}; wait for it, or build "
        "under another name with --id"
    )
