"""Atomic writing of dataset files: a crash leaves a complete file or none."""

import errno
import hashlib
import io
import os
import secrets
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np

from attentionviz.core.file_names import is_junk
from attentionviz.errors import BuildError
from attentionviz.store import layout
from attentionviz.store.failpoints import failpoint

_CHUNK_BYTES = 1 << 20
_DISK_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


class DiskFullError(BuildError):
    """The disk or the user's quota is full; the files built so far stay usable."""

    code = "disk_full"
    status = 507


@dataclass(frozen=True)
class FileRecord:
    """Path, hash and size of one finished file.

    Attributes
    ----------
    path : str
        Relative to the dataset's folder, with forward slashes.
    sha256 : str
    n_bytes : int
    dtype, shape
        Of an array; None for any other file.
    """

    path: str
    sha256: str
    n_bytes: int
    dtype: str | None = None
    shape: tuple[int, ...] | None = None

    @classmethod
    def of(cls, path: str, facts: Mapping[str, Any]) -> Self:
        """Return the record of a manifest entry; see `facts`."""
        shape = facts.get("shape")
        return cls(
            path=path,
            sha256=facts["sha256"],
            n_bytes=facts["bytes"],
            dtype=facts.get("dtype"),
            shape=None if shape is None else tuple(shape),
        )

    def facts(self) -> dict[str, Any]:
        """Return the manifest entry: bytes, sha256, and dtype and shape of an array."""
        facts: dict[str, Any] = {"bytes": self.n_bytes, "sha256": self.sha256}
        if self.dtype is not None and self.shape is not None:
            facts |= {"dtype": self.dtype, "shape": list(self.shape)}
        return facts


def write_bytes(folder: Path, path: str, content: bytes) -> FileRecord:
    """Write a file under a temporary name, flush it to disk, and rename it into place.

    Parameters
    ----------
    folder : Path
        Of the dataset; exists.
    path : str
        Relative path of the file; a folder in it is created.
    content : bytes

    Returns
    -------
    FileRecord

    Raises
    ------
    DiskFullError
        If the disk is full; no partial file remains.
    """
    return _write(folder, path, [content])


def write_array(folder: Path, path: str, array: np.ndarray[Any, Any]) -> FileRecord:
    """Write an array as ``.npy``, little-endian and in C order, as `write_bytes` does.

    Parameters
    ----------
    folder : Path
    path : str
    array : ndarray
        Of any shape; numbers only. Not modified.

    Returns
    -------
    FileRecord
        With dtype and shape.
    """
    array = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<"))
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, np.lib.format.header_data_from_array_1_0(array))
    record = _write(folder, path, [header.getvalue(), array.reshape(-1).view(np.uint8)])
    return FileRecord(path, record.sha256, record.n_bytes, array.dtype.name, array.shape)


def _write(folder: Path, path: str, parts: Iterable[Any], *, is_durable: bool = True) -> FileRecord:
    target = folder / path
    # Processes of two machines may have the same id.
    unique = f"{os.getpid()}-{secrets.token_hex(4)}"
    temporary = target.with_name(f"{target.name}.{unique}{layout.TEMPORARY_SUFFIX}")
    digest = hashlib.sha256()
    n_bytes = 0
    try:
        # The folder itself is not made: a worker may write after a build has ended.
        for parent in reversed(Path(path).parents[:-1]):
            (folder / parent).mkdir(exist_ok=True)
        with temporary.open("wb") as file:
            for part in parts:
                file.write(part)
                digest.update(part)
                n_bytes += len(part)
            if is_durable:
                file.flush()
                os.fsync(file.fileno())
        failpoint("before rename")
        temporary.replace(target)
    except OSError as error:
        _discard(temporary)
        raise _write_error(error, target) from error
    return FileRecord(path, digest.hexdigest(), n_bytes)


def replace_atomically(path: Path, content: bytes) -> None:
    """Replace a file atomically but without fsync, for content that a crash may lose."""
    _write(path.parent, path.name, [content], is_durable=False)


def hash_file(path: Path) -> tuple[str, int]:
    """Return SHA-256 and size in bytes of a file, read in chunks."""
    digest = hashlib.sha256()
    n_bytes = 0
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            digest.update(chunk)
            n_bytes += len(chunk)
    return digest.hexdigest(), n_bytes


def sync_folders(folder: Path) -> None:
    """Flush the entries of a folder, and of every folder below it, to disk."""
    for root, _, _ in os.walk(folder):
        sync_folder(Path(root))


def sync_folder(folder: Path) -> None:
    """Flush the entries of one folder to disk, so that a rename survives a power failure."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def remove_unlisted(folder: Path, keep: set[str]) -> None:
    """Remove every file and link in a folder whose relative path is not in `keep`.

    Files left by the system, such as ``.nfs…``, stay if they cannot be removed.
    """
    for root, folders, files in os.walk(folder, topdown=False):
        for name in files:
            path = Path(root, name)
            if is_junk(name):
                _discard(path)
            elif path.relative_to(folder).as_posix() not in keep:
                path.unlink(missing_ok=True)
        for name in folders:
            path = Path(root, name)
            if path.is_symlink():
                path.unlink()
            elif is_junk(name):
                shutil.rmtree(path, ignore_errors=True)
            elif not any(path.iterdir()):
                path.rmdir()


def remove_folder(folder: Path) -> None:
    """Remove a folder with its content, if it exists."""
    if folder.exists():
        shutil.rmtree(folder)


def _discard(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError:
        return  # the system may recreate it; otherwise the caller raises the original error


def _write_error(error: OSError, target: Path) -> Exception:
    if error.errno in _DISK_FULL:
        return DiskFullError(
            f"not enough disk space for {target.name} ({error.strerror}); free some space and run "
            "the same command again to resume"
        )
    return BuildError(f"cannot write {target}: {error.strerror or error}")
