"""Files of one dataset, opened by their records; hashes are verified at first use."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from attentionviz.errors import DamagedDatasetError
from attentionviz.store import npy
from attentionviz.store.layout import FileSpec
from attentionviz.store.safe_files import OpenFile, StatKey, open_regular
from attentionviz.store.writer import FileRecord

MAX_JSON_BYTES = 256 * 1024 * 1024


class _Checked(NamedTuple):
    """A file whose hash was verified, and the offset at which the data of an array begins."""

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
        """Return rows start..stop, read-only, in the file's dtype."""
        return npy.read_rows(self._file, self.spec, self._offset, start, stop)

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
    checked : dict
        Files already verified; pass the same dict again when records are added.
    """

    def __init__(
        self,
        folder: Path,
        records: Mapping[str, FileRecord],
        checked: dict[str, _Checked] | None = None,
    ) -> None:
        self.folder = folder
        self.records = records
        self.checked: dict[str, _Checked] = {} if checked is None else checked

    def __contains__(self, name: str) -> bool:
        return name in self.records

    def sha256(self, name: str) -> str:
        """Return the recorded hash of a file."""
        return self.records[name].sha256

    @contextmanager
    def open(self, name: str) -> Iterator[OpenFile]:
        """Open a file; DamagedDatasetError unless its size and hash match its record."""
        with open_regular(self.folder, name) as file:
            self._check(file)
            yield file

    @contextmanager
    def open_array(self, name: str) -> Iterator[OpenArray]:
        """Open an array file; DamagedDatasetError unless it matches its record."""
        with self.open(name) as file:
            record = self.records[name]
            yield OpenArray(file, _spec(record), self.checked[name].offset)

    def read(self, name: str) -> bytes:
        """Return the bytes of a file that is not an array."""
        with self.open(name) as file:
            if file.key.n_bytes > MAX_JSON_BYTES:
                raise DamagedDatasetError(f"{name} has {file.key.n_bytes} bytes")
            return file.read(0, file.key.n_bytes)

    def _check(self, file: OpenFile) -> None:
        record = self.records[file.name]
        known = self.checked.get(file.name)
        if known is not None and known[:2] == (file.key, record.sha256):
            return
        if file.key.n_bytes != record.n_bytes:
            raise DamagedDatasetError(
                f"{file.name} has {file.key.n_bytes} bytes, expected {record.n_bytes}"
            )
        if file.sha256() != record.sha256:
            raise DamagedDatasetError(f"{file.name} has changed: its hash is another")
        offset = 0 if record.dtype is None else npy.data_start(file, _spec(record))
        self.checked[file.name] = _Checked(file.key, record.sha256, offset)


def _spec(record: FileRecord) -> FileSpec:
    if record.dtype is None or record.shape is None:
        raise DamagedDatasetError(f"{record.path} is recorded without dtype or shape")
    return FileSpec(record.dtype, record.shape)
