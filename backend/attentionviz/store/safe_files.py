"""Safe reads of regular files below a folder: links are not followed, nothing is memory-mapped.

A dataset folder may come from an untrusted source. Every part of a path is opened relative to the
part before it, without following links, so that no name leads outside the folder; a pipe or a
device is refused before a byte is read.
"""

import errno
import hashlib
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from attentionviz.errors import DamagedDatasetError

CHUNK_BYTES = 1 << 20
_FILE_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
_FOLDER_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_DIRECTORY
_REASONS = {
    errno.ENOENT: "is missing",
    errno.ELOOP: "is a symbolic link",
    errno.EMLINK: "is a symbolic link",
    errno.ENOTDIR: "has a parent that is not a folder",
    errno.EACCES: "is not readable by this user",
    errno.ENXIO: "is not a regular file",
}


class StatKey(NamedTuple):
    """Changes when a file is replaced or written to, so that unchanged files are not reread."""

    inode: int
    mtime_ns: int
    n_bytes: int


class OpenFile(NamedTuple):
    """A regular file that is open for reading."""

    descriptor: int
    name: str
    key: StatKey

    def read(self, start: int, n_bytes: int) -> bytes:
        """Return exactly these bytes; DamagedDatasetError if the file is too short."""
        parts = []
        while n_bytes > 0:
            part = self._pread(start, n_bytes)
            if not part:
                raise DamagedDatasetError(f"{self.name} is truncated after {start} bytes")
            parts.append(part)
            start += len(part)
            n_bytes -= len(part)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def sha256(self) -> str:
        """Return the hash of the whole file, read in chunks."""
        digest = hashlib.sha256()
        start = 0
        while part := self._pread(start, CHUNK_BYTES):
            digest.update(part)
            start += len(part)
        return digest.hexdigest()

    def _pread(self, start: int, n_bytes: int) -> bytes:
        try:
            return os.pread(self.descriptor, n_bytes, start)
        except OSError as error:  # such as a bad block of the disk
            raise DamagedDatasetError(f"cannot read {self.name}: {error.strerror}") from error


@contextmanager
def open_regular(folder: Path, name: str) -> Iterator[OpenFile]:
    """Open a regular file below a folder for the duration of a ``with`` block.

    Parameters
    ----------
    folder : Path
        Must not be a link itself.
    name : str
        Relative path with forward slashes; no part may be empty, ``.`` or ``..``.

    Raises
    ------
    DamagedDatasetError
        If the file is missing, a link, not a regular file, or not readable.
    """
    *folders, file_name = name.split("/")
    if any(part in ("", ".", "..") or "\0" in part for part in (*folders, file_name)):
        raise DamagedDatasetError(f"{name!r} is not the name of a file in a dataset")
    descriptor = _open(str(folder), _FOLDER_FLAGS, None, folder.name)
    try:
        for part in folders:
            inner = _open(part, _FOLDER_FLAGS, descriptor, name)
            os.close(descriptor)
            descriptor = inner
        file = _open(file_name, _FILE_FLAGS, descriptor, name)
    finally:
        os.close(descriptor)
    try:
        status = os.fstat(file)
        if not stat.S_ISREG(status.st_mode):
            raise DamagedDatasetError(f"{name} is not a regular file")
        yield OpenFile(file, name, stat_key(status))
    finally:
        os.close(file)


def read_regular(folder: Path, name: str, max_bytes: int) -> bytes:
    """Return a whole file below a folder.

    Parameters
    ----------
    folder, name
        As for `open_regular`.
    max_bytes : int
        A larger file is refused before it is read.

    Raises
    ------
    DamagedDatasetError
        As for `open_regular`, and if the file is larger.
    """
    with open_regular(folder, name) as file:
        if file.key.n_bytes > max_bytes:
            raise DamagedDatasetError(
                f"{name} has {file.key.n_bytes} bytes, at most {max_bytes} are allowed"
            )
        return file.read(0, file.key.n_bytes)


def file_key(path: Path | str) -> StatKey | None:
    """Return a key of the current content of a regular file; None if there is no such file."""
    try:
        status = os.lstat(path)
    except (OSError, ValueError):
        return None
    return stat_key(status) if stat.S_ISREG(status.st_mode) else None


def stat_key(status: os.stat_result) -> StatKey:
    """Return inode, modification time and size as a key."""
    return StatKey(status.st_ino, status.st_mtime_ns, status.st_size)


def _open(part: str, flags: int, parent: int | None, name: str) -> int:
    try:
        return os.open(part, flags, dir_fd=parent)
    except OSError as error:
        # Other errors, such as too many open files, do not mean that the dataset is damaged.
        if error.errno not in _REASONS:
            raise
        reason = _REASONS[error.errno]
        raise DamagedDatasetError(f"{name} {reason}") from error
