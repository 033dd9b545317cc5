"""The journal of a build: one line for each finished file, so that a killed build can resume."""

import json
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from types import TracebackType

from attentionviz.errors import BuildError
from attentionviz.store import layout
from attentionviz.store.failpoints import failpoint
from attentionviz.store.writer import FileRecord, hash_file, write_bytes


def read_journal(folder: Path) -> dict[str, FileRecord]:
    """Return the records in the journal of a folder, by relative path; see `parse_journal`.

    Parameters
    ----------
    folder : Path
        Of the build; without a journal the result is empty.
    """
    try:
        content = (folder / layout.JOURNAL).read_bytes()
    except FileNotFoundError:
        return {}
    return parse_journal(content)


def parse_journal(content: bytes) -> dict[str, FileRecord]:
    """Return the records of the finished files in a journal, by relative path.

    Malformed lines are skipped, such as a last line truncated by a kill: their files count as
    unfinished. A later record of a file replaces an earlier one.
    """
    records = {}
    for line in content.split(b"\n")[:-1]:
        record = _parse_line(line)
        if record is not None:
            records[record.path] = record
    return records


def _parse_line(line: bytes) -> FileRecord | None:
    try:
        entry = json.loads(line)
        shape = entry.get("shape")
        return FileRecord(
            path=str(entry["path"]),
            sha256=str(entry["sha256"]),
            n_bytes=int(entry["bytes"]),
            dtype=entry.get("dtype"),
            shape=None if shape is None else tuple(int(n) for n in shape),
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


class Journal:
    """The journal of one build, kept open by its only writer.

    Opening it verifies every listed file; a file that is missing or changed is discarded from the
    records and will be rebuilt.

    Parameters
    ----------
    folder : Path
        Of the build; must exist.
    require_held : callable
        Raises an error if this process has lost the lock of the dataset; called before each write.

    Attributes
    ----------
    discarded : dict of str to FileRecord
        Records of the files that were missing or changed, by relative path.
    """

    def __init__(self, folder: Path, require_held: Callable[[], None] = lambda: None) -> None:
        self._folder = folder
        self.require_held = require_held
        records = read_journal(folder)
        self._records = {p: r for p, r in records.items() if _is_intact(folder, r)}
        self.discarded = {p: r for p, r in records.items() if p not in self._records}
        self._end_last_line()
        self._descriptor = self._open()

    def _open(self) -> int:
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT
        return os.open(self._folder / layout.JOURNAL, flags, 0o644)

    def _end_last_line(self) -> None:
        path = self._folder / layout.JOURNAL
        if not path.exists():
            return
        content = path.read_bytes()
        if content and not content.endswith(b"\n"):
            os.truncate(path, content.rfind(b"\n") + 1)

    def __enter__(self) -> "Journal":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; nothing can be added afterwards."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
        self._descriptor = -1

    def __contains__(self, path: str) -> bool:
        return path in self._records

    def __getitem__(self, path: str) -> FileRecord:
        return self._records[path]

    def has_all(self, paths: Iterable[str]) -> bool:
        """Return whether every one of these files is finished."""
        return all(path in self._records for path in paths)

    def add(self, *records: FileRecord) -> None:
        """Append records of finished files in one write, and flush the journal to disk."""
        content = "".join(_line(record) for record in records).encode()
        failpoint("before journal line")
        self.require_held()
        try:
            if os.write(self._descriptor, content) != len(content):
                raise OSError("the record was written only in part")
            os.fsync(self._descriptor)
        except OSError as error:
            raise BuildError(
                f"cannot write the journal of the build: {error}; run the same command again to "
                "resume"
            ) from error
        failpoint("after journal line")
        self._records.update({record.path: record for record in records})

    def discard(self, paths: Iterable[str]) -> None:
        """Remove files from the records, also on disk; they will be rebuilt."""
        removed = set(paths) & self._records.keys()
        if not removed:
            return
        self.require_held()
        self._records = {p: r for p, r in self._records.items() if p not in removed}
        self.close()
        content = "".join(_line(record) for record in self._records.values())
        write_bytes(self._folder, layout.JOURNAL, content.encode())
        self._descriptor = self._open()

    def paths(self) -> set[str]:
        """Return the relative paths of all finished files."""
        return set(self._records)


def _line(record: FileRecord) -> str:
    return json.dumps({"path": record.path, **record.facts()}, sort_keys=True) + "\n"


def _is_intact(folder: Path, record: FileRecord) -> bool:
    path = folder / record.path
    try:
        if path.stat().st_size != record.n_bytes:
            return False
        return hash_file(path) == (record.sha256, record.n_bytes)
    except OSError:
        return False
