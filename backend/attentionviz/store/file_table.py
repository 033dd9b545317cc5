"""The files of a dataset with their sizes and hashes: one row each, without an object each.

A row of ``files.npy`` is the size in bytes, a little-endian uint64, and the SHA-256. Names, dtypes
and shapes follow from the manifest, which holds the hash of the table: `layout.FileNames`.
"""

from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from attentionviz.errors import DamagedDatasetError
from attentionviz.store import layout
from attentionviz.store.checked_files import MAX_HEADER_BYTES, CheckedFiles
from attentionviz.store.schema import FORMER_VERSIONS
from attentionviz.store.writer import FileRecord


class FileTable(Mapping[str, FileRecord]):
    """Records of all files of a finished dataset, by relative path.

    Parameters
    ----------
    names : FileNames
    rows : ndarray of uint8, shape (n_files, 40)
    """

    def __init__(self, names: layout.FileNames, rows: NDArray[np.uint8]) -> None:
        self._names = names
        self._rows = rows
        self._sizes = np.ascontiguousarray(rows[:, :8]).view("<u8")[:, 0]

    @classmethod
    def of(cls, manifest: Mapping[str, Any], records: Mapping[str, FileRecord]) -> "FileTable":
        """Return the table of records that include every file of a finished dataset."""
        names = layout.FileNames(manifest)
        rows = b"".join(
            records[name].n_bytes.to_bytes(8, "little") + bytes.fromhex(records[name].sha256)
            for name in names
        )
        return cls(names, np.frombuffer(rows, dtype=np.uint8).reshape(-1, layout.FILE_ROW_BYTES))

    @property
    def rows(self) -> NDArray[np.uint8]:
        """Return the rows, uint8 (n_files, 40)."""
        return self._rows

    def sizes(self) -> Iterator[tuple[str, int]]:
        """Yield every path, and the size of its file in bytes."""
        return zip(self._names, self._sizes.tolist(), strict=True)

    def require_room(self) -> None:
        """Raise DamagedDatasetError unless arrays of the names' shapes have the listed sizes."""
        data = np.array(self._names.data_bytes())
        header = self._sizes.astype(np.int64) - data
        wrong = np.flatnonzero((data >= 0) & ((header <= 0) | (header > MAX_HEADER_BYTES)))
        if wrong.size:
            name = next(islice(self._names, int(wrong[0]), None))
            raise DamagedDatasetError(
                f"{layout.FILES} lists {name} with {self._sizes[wrong[0]]} bytes, which does not "
                "fit the counts of the manifest"
            )

    def __getitem__(self, path: str) -> FileRecord:
        i, spec = self._names[path]
        dtype, shape = (None, None) if spec is None else spec
        sha256 = self._rows[i, 8:].tobytes().hex()
        return FileRecord(path, sha256, int(self._sizes[i]), dtype, shape)

    def __contains__(self, path: object) -> bool:
        return path in self._names

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


def read_file_table(folder: Path, manifest: Mapping[str, Any]) -> FileTable:
    """Return the files of a finished dataset.

    Parameters
    ----------
    folder : Path
    manifest : mapping
        From `schema.parse_manifest`, with ``files``: up to format 3 the facts of every file, then
        those of ``files.npy``.

    Raises
    ------
    DamagedDatasetError
        If ``files.npy`` is missing or has changed.
    """
    files = manifest["files"]
    if layout.FILES not in table_of(manifest):
        return FileTable.of(manifest, {name: FileRecord.of(name, files[name]) for name in files})
    checked = CheckedFiles(folder, table_of(manifest))
    with checked.open_array(layout.FILES) as rows:
        table = FileTable(layout.FileNames(manifest), rows.all())
    table.require_room()
    return table


def table_of(manifest: Mapping[str, Any]) -> dict[str, FileRecord]:
    """Return the record of ``files.npy``, which formats up to 3 do not have."""
    if manifest["schema_version"] in FORMER_VERSIONS:
        return {}
    return {layout.FILES: FileRecord.of(layout.FILES, manifest["files"])}
