"""Files of one dataset, opened by their records; hashes are verified at first use.

The header of an array file is compared with the one that NumPy writes for the recorded array, and
never parsed. Source: NumPy enhancement proposal 1, format version 1.0.
"""

import io
import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from attentionviz.errors import DamagedDatasetError
from attentionviz.store.layout import FileSpec
from attentionviz.store.safe_files import OpenFile, StatKey, open_regular
from attentionviz.store.writer import FileRecord

MAX_JSON_BYTES = 256 * 1024 * 1024
MAX_HEADER_BYTES = 4096
# Magic string (6 bytes), version (2), and length of the header text (2).
_PREFIX_BYTES = 10


class _VerifiedFile(NamedTuple):
    """State and hash of a verified file, and the offset of an array's data in bytes."""

    key: StatKey
    sha256: str
    offset: int


class OpenArray:
    """An open array file whose hash was verified; rows are read by seeking."""

    def __init__(self, file: OpenFile, spec: FileSpec, offset: int) -> None:
        self._file = file
        self._offset = offset
        self.spec = spec

    def rows(self, start: int, stop: int) -> np.ndarray[Any, Any]:
        """Return rows start..stop of the first axis, read-only, in the file's dtype.

        No other rows are read.
        """
        dtype, shape = np.dtype(self.spec.dtype).newbyteorder("<"), self.spec.shape
        if not 0 <= start <= stop <= shape[0]:
            raise ValueError(f"rows {start}..{stop} are outside 0..{shape[0]}")
        row_bytes = dtype.itemsize * math.prod(shape[1:])
        content = self._file.read(self._offset + start * row_bytes, (stop - start) * row_bytes)
        return np.frombuffer(content, dtype=dtype).reshape(stop - start, *shape[1:])

    def all(self) -> np.ndarray[Any, Any]:
        """Return the whole array, read-only."""
        return self.rows(0, self.spec.shape[0])


class CheckedFiles:
    """The files of a dataset by relative path.

    Parameters
    ----------
    folder : Path
    records : mapping of str to FileRecord
        From the manifest or the journal; a file without a record is never opened.
    verified : dict
        Files already verified; pass the same dict to a new instance with more records.
    """

    def __init__(
        self,
        folder: Path,
        records: Mapping[str, FileRecord],
        verified: dict[str, _VerifiedFile] | None = None,
    ) -> None:
        self.folder = folder
        self.records = records
        self.verified: dict[str, _VerifiedFile] = {} if verified is None else verified

    @property
    def n_bytes(self) -> int:
        """Return the size of all files together."""
        return sum(record.n_bytes for record in self.records.values())

    def __contains__(self, name: str) -> bool:
        return name in self.records

    def sha256(self, name: str) -> str:
        """Return the recorded hash of a file."""
        return self.records[name].sha256

    @contextmanager
    def open(self, name: str) -> Iterator[OpenFile]:
        """Open a file; DamagedDatasetError unless its size and hash match its record."""
        with open_regular(self.folder, name) as file:
            self._verify(file)
            yield file

    @contextmanager
    def open_array(self, name: str) -> Iterator[OpenArray]:
        """Open an array file; DamagedDatasetError unless it matches its record."""
        with self.open(name) as file:
            record = self.records[name]
            yield OpenArray(file, _spec(record), self.verified[name].offset)

    def read(self, name: str, start: int = 0, stop: int | None = None) -> bytes:
        """Return the bytes start..stop of a file that is not an array; all by default."""
        with self.open(name) as file:
            stop = file.key.n_bytes if stop is None else stop
            if stop - start > MAX_JSON_BYTES:
                raise DamagedDatasetError(
                    f"{name} has {file.key.n_bytes} bytes, at most {MAX_JSON_BYTES} are allowed"
                )
            return file.read(start, stop - start)

    def _verify(self, file: OpenFile) -> None:
        record = self.records[file.name]
        verified = self.verified.get(file.name)
        if verified is not None and verified[:2] == (file.key, record.sha256):
            return
        if file.key.n_bytes != record.n_bytes:
            raise DamagedDatasetError(
                f"{file.name} has {file.key.n_bytes} bytes, expected {record.n_bytes}"
            )
        if file.sha256() != record.sha256:
            raise DamagedDatasetError(f"{file.name} has changed: its SHA-256 is not as recorded")
        offset = 0 if record.dtype is None else data_start(file, _spec(record))
        self.verified[file.name] = _VerifiedFile(file.key, record.sha256, offset)


def _spec(record: FileRecord) -> FileSpec:
    if record.dtype is None or record.shape is None:
        raise DamagedDatasetError(f"{record.path} is recorded without dtype or shape")
    return FileSpec(record.dtype, record.shape)


def data_start(file: OpenFile, spec: FileSpec) -> int:
    """Return the offset in bytes at which the data of an array file begins.

    Parameters
    ----------
    file : OpenFile
        Header and data must be exactly as long as `spec` requires.
    spec : FileSpec
        Wanted dtype and shape.

    Raises
    ------
    DamagedDatasetError
        If it is not a little-endian ``.npy`` file in C order, or dtype or shape differ.
    """
    content = file.read(0, min(_PREFIX_BYTES + MAX_HEADER_BYTES, file.key.n_bytes))
    start = _PREFIX_BYTES + int.from_bytes(content[8:_PREFIX_BYTES], "little")
    header, wanted = content[:start], _header(spec)
    # The number of padding spaces depends on the version of NumPy.
    if _without_length(header) != _without_length(wanted) or not header.endswith(b"\n"):
        raise DamagedDatasetError(
            f"{file.name} is not an .npy file of the array that is recorded: "
            f"expected {spec.dtype} {spec.shape}"
        )
    n_bytes = start + math.prod(spec.shape) * np.dtype(spec.dtype).itemsize
    if file.key.n_bytes != n_bytes:
        raise DamagedDatasetError(f"{file.name} has {file.key.n_bytes} bytes, expected {n_bytes}")
    return start


def _header(spec: FileSpec) -> bytes:
    descr = np.dtype(spec.dtype).newbyteorder("<").str
    written = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        written, {"descr": descr, "fortran_order": False, "shape": spec.shape}
    )
    return written.getvalue()


def _without_length(header: bytes) -> tuple[bytes, bytes]:
    return header[:8], header[_PREFIX_BYTES:].rstrip(b" \n")
