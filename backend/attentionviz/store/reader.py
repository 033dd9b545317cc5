"""All datasets of a data folder, their states, and a reader for each."""

from collections import OrderedDict
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from threading import Lock
from typing import Any, Literal, NamedTuple, TypeVar

from attentionviz.errors import (
    DamagedDatasetError,
    DatasetNotFoundError,
    NotReadyError,
    OutdatedDatasetError,
)
from attentionviz.store import folders, layout
from attentionviz.store.building import (
    KILLED,
    BuildingReader,
    StagedReader,
    build_state,
    building_version,
    read_progress,
)
from attentionviz.store.cache import ByteCache
from attentionviz.store.checked_files import CheckedFiles
from attentionviz.store.damage import DamageLog
from attentionviz.store.dataset import DatasetReader
from attentionviz.store.file_table import read_file_table
from attentionviz.store.journal import parse_journal
from attentionviz.store.safe_files import StatKey, file_key, read_regular

DEFAULT_CACHE_BYTES = 64 * 1024 * 1024
MANIFEST_CACHE_BYTES = 16 * 1024 * 1024
MAX_OPEN_DATASETS = 8
MAX_JOURNAL_BYTES = 256 * 1024 * 1024
# Publishing first moves the folder out of staging and then replaces the pointer; a read between
# these two steps is retried.
MAX_ATTEMPTS = 4
_ReaderKey = tuple[Path, StatKey | None]
_Found = TypeVar("_Found")


class _Location(NamedTuple):
    """Location of a dataset at one moment: its pointer, its build, an unpointed version."""

    pointer: StatKey | None
    staged: Path | None
    is_complete: bool
    unpointed: str | None


@dataclass(frozen=True)
class DatasetEntry:
    """The entry of one dataset in a list.

    Attributes
    ----------
    manifest : dict or None
        Without ``files``; None while it is unknown. Shared: do not modify.
    reason : str or None
        Why a dataset is damaged, outdated, failed or stopped.
    n_bytes : int or None
        Total size of the files in its manifest; None while it is being built.
    published : float or None
        Time at which its manifest was written, in seconds since 1970.
    """

    dataset_id: str
    state: Literal["building", "complete", "damaged", "failed", "outdated", "stopped"]
    version: str
    folder: Path | None
    manifest: dict[str, Any] | None = None
    progress: dict[str, Any] | None = None
    reason: str | None = None
    n_bytes: int | None = None
    published: float | None = None


class DatasetLibrary:
    """The datasets of a data folder; files are read on demand.

    Pointers are read again at every request, so a rebuilt dataset is found at once.

    Parameters
    ----------
    data_dir : Path
        Need not exist.
    cache_bytes : int
        Bound on the memory cache of all datasets together.
    """

    def __init__(self, data_dir: Path, cache_bytes: int = DEFAULT_CACHE_BYTES) -> None:
        self.data_dir = data_dir.resolve()  # may be a link itself; links inside are refused
        self.cache = ByteCache(cache_bytes)
        self.damage = DamageLog()
        self._readers: OrderedDict[_ReaderKey, DatasetReader] = OrderedDict()
        self._manifests = ByteCache(MANIFEST_CACHE_BYTES)
        self._lock = Lock()

    def list_datasets(self) -> list[DatasetEntry]:
        """Return every dataset, ordered by id, in any state."""
        # Staging comes first, since publishing moves builds out of it.
        staged = folders.staged_folders(self.data_dir)
        unpointed = folders.unpointed_versions(self.data_dir)
        ids = {*folders.pointed_ids(self.data_dir), *unpointed, *staged}
        entries = []
        for dataset_id in sorted(ids):
            with suppress(DatasetNotFoundError):  # removed meanwhile
                entries.append(
                    self._entry_or_damage(dataset_id, self._locate(dataset_id, staged, unpointed))
                )
        return entries

    def entry(self, dataset_id: str) -> DatasetEntry:
        """Return the entry of one dataset; DatasetNotFoundError if there is none."""
        _require_id(dataset_id)
        return self._entry_or_damage(dataset_id, self._locate(dataset_id))

    def open_dataset(self, dataset_id: str, version: str | None = None) -> DatasetReader:
        """Return a reader of one dataset.

        Parameters
        ----------
        dataset_id : str
        version : str or None
            A finished version, such as that of an open page; None for the current version or the
            build in progress.

        Raises
        ------
        DatasetNotFoundError
            If there is no such dataset or version.
        DamagedDatasetError
            If it does not match its manifest.
        NotReadyError
            If it is being built and has no manifest yet.
        """
        _require_id(dataset_id)
        if version is not None:
            folder = layout.dataset_folder(self.data_dir, dataset_id, version)
            if file_key(folder / layout.MANIFEST):
                return self._open_version(dataset_id, version)
            raise DatasetNotFoundError(
                f"version {version} of {dataset_id} no longer exists; reload the page"
            )
        return self._retry_if_moved(dataset_id, self._locate(dataset_id), self._open)

    def _retry_if_moved(
        self, dataset_id: str, location: _Location, find: Callable[[str, _Location], _Found]
    ) -> _Found:
        """Call a function with the dataset's location; retry if publishing moved it meanwhile."""
        for _ in range(MAX_ATTEMPTS):
            try:
                return find(dataset_id, location)
            except (DamagedDatasetError, DatasetNotFoundError, NotReadyError):
                before, location = location, self._locate(dataset_id)
                if location == before:
                    raise
        return find(dataset_id, location)

    def _locate(
        self,
        dataset_id: str,
        staged: dict[str, Path] | None = None,
        unpointed: dict[str, str] | None = None,
    ) -> _Location:
        """Return the location of a dataset; parts that are already known can be passed in."""
        staged = folders.staged_folders(self.data_dir) if staged is None else staged
        unpointed = folders.unpointed_versions(self.data_dir) if unpointed is None else unpointed
        folder = staged.get(dataset_id)
        is_complete = folder is not None and folders.is_complete(folder)
        pointer = file_key(layout.pointer_path(self.data_dir, dataset_id))
        return _Location(pointer, folder, is_complete, unpointed.get(dataset_id))

    def _open(self, dataset_id: str, location: _Location) -> DatasetReader:
        current = self._pointed_version(dataset_id, location)
        if current is not None:
            return self._open_version(dataset_id, current)
        if location.staged is not None:
            return self._open_staged(dataset_id, location.staged)
        if location.unpointed is not None:
            return self._open_version(dataset_id, location.unpointed)
        raise DatasetNotFoundError(f"there is no dataset {dataset_id!r}")

    def _entry_or_damage(self, dataset_id: str, location: _Location) -> DatasetEntry:
        """Return the entry of a dataset, also if it cannot be read."""
        try:
            return self._retry_if_moved(dataset_id, location, self._entry)
        except DamagedDatasetError as error:
            version = self._finished_version(dataset_id)
            folder = layout.dataset_folder(self.data_dir, dataset_id, version) if version else None
            is_outdated = isinstance(error, OutdatedDatasetError)
            state: Literal["outdated", "damaged"] = "outdated" if is_outdated else "damaged"
            return DatasetEntry(dataset_id, state, version, folder, reason=str(error))

    def _entry(self, dataset_id: str, location: _Location) -> DatasetEntry:
        current = self._pointed_version(dataset_id, location)
        if current is None and location.staged is not None:
            return self._staged_entry(dataset_id, location.staged)
        current = current or location.unpointed
        if current is None:
            raise DatasetNotFoundError(f"there is no dataset {dataset_id!r}")
        return self._complete_entry(dataset_id, current)

    def _finished_version(self, dataset_id: str) -> str:
        """Return the version of a dataset that cannot be read; "" if none is finished."""
        try:
            pointed = folders.read_pointer(self.data_dir, dataset_id)
        except DamagedDatasetError:
            return ""
        return pointed or folders.unpointed_versions(self.data_dir).get(dataset_id, "")

    def _pointed_version(self, dataset_id: str, location: _Location) -> str | None:
        """Return the version to serve; None for an outdated one that is being rebuilt."""
        pointed = folders.read_pointer(self.data_dir, dataset_id)
        if pointed is None or location.staged is None:
            return pointed
        try:
            self._complete_entry(dataset_id, pointed)
        except OutdatedDatasetError:
            return None
        except DamagedDatasetError:
            return pointed
        return pointed

    def _complete_entry(self, dataset_id: str, version: str) -> DatasetEntry:
        folder = layout.dataset_folder(self.data_dir, dataset_id, version)
        key = (folder, file_key(folder / layout.MANIFEST))
        cached = self._manifests.get(key)
        if cached is None:
            reader = self._read_version(dataset_id, version, key)
            cached = reader.manifest, reader.files.n_bytes
            self._manifests.put(key, cached, _size(reader.manifest))
        manifest, n_bytes = cached
        published = key[1].mtime_ns / 1e9 if key[1] else None
        entry = DatasetEntry(
            dataset_id, "complete", version, folder, manifest, n_bytes=n_bytes, published=published
        )
        reason = self.damage.reason(folder)
        return replace(entry, state="damaged", reason=reason) if reason else entry

    def _staged_entry(self, dataset_id: str, folder: Path) -> DatasetEntry:
        progress = read_progress(folder)
        state = build_state(folder, progress)
        manifest = self._staged_manifest(dataset_id, folder)
        if not folder.is_dir():
            raise NotReadyError(f"{dataset_id} is being published; try again")
        version = building_version(progress)
        reason = None if state == "building" else (progress or KILLED)["message"]
        return DatasetEntry(dataset_id, state, version, folder, manifest, progress, reason)

    def _staged_manifest(self, dataset_id: str, folder: Path) -> dict[str, Any] | None:
        """Return the manifest of a build, without ``files``; None until the capture is complete."""
        names = (layout.MANIFEST, layout.PARTIAL_MANIFEST)
        keys = tuple(file_key(folder / name) for name in names)
        if keys == (None, None):
            return None
        manifest: dict[str, Any] | None = self._manifests.get((folder, keys))
        if manifest is None:
            manifest = folders.read_staged_manifest(folder, dataset_id)
            manifest.pop("files", None)
            self._manifests.put((folder, keys), manifest, _size(manifest))
        return manifest

    def _open_version(self, dataset_id: str, version: str) -> DatasetReader:
        folder = layout.dataset_folder(self.data_dir, dataset_id, version)
        key = (folder, file_key(folder / layout.MANIFEST))
        reader = self._read_version(dataset_id, version, key)
        reason = self.damage.reason(folder)
        if reason:
            raise DamagedDatasetError(f"{dataset_id} is damaged: {reason}")
        return reader

    def _read_version(self, dataset_id: str, version: str, key: _ReaderKey) -> DatasetReader:
        """Return the reader of a finished version; list and routes share it."""
        reader = self._cached(key)
        if reader is None:
            folder = key[0]
            manifest = folders.read_manifest(folder, dataset_id, version)
            table = read_file_table(folder, manifest)
            del manifest["files"]
            folders.require_sizes(folder, table)
            files = CheckedFiles(folder, table)
            reader = DatasetReader(manifest, files, version, self.cache, self.damage)
            self._cache_reader(key, reader)
        return reader

    def _open_staged(self, dataset_id: str, folder: Path) -> DatasetReader:
        journal_key = file_key(folder / layout.JOURNAL)  # read once: publishing may remove it
        progress = read_progress(folder)
        state = build_state(folder, progress)
        manifest = self._staged_manifest(dataset_id, folder)
        reader: StagedReader
        if manifest is not None and journal_key is not None:
            reader = self._open_building(manifest, folder, journal_key)
        elif folders.is_complete(folder):
            reader = self._open_complete(dataset_id, folder)
        elif state == "building":
            raise NotReadyError(f"{dataset_id} is being built: its vectors are being captured")
        else:
            reason = (progress or KILLED)["message"]
            raise NotReadyError(
                f"the build of {dataset_id} ended before its vectors were captured: {reason}"
            )
        reader.reopen = partial(self.open_dataset, dataset_id)
        reader.state, reader.progress = state, progress
        reader.version = building_version(progress)
        return reader

    def _open_complete(self, dataset_id: str, folder: Path) -> StagedReader:
        key = (folder, file_key(folder / layout.MANIFEST))
        known = self._cached(key)
        if isinstance(known, StagedReader):
            return known
        manifest = folders.read_staged_manifest(folder, dataset_id)
        files = CheckedFiles(folder, read_file_table(folder, manifest))
        del manifest["files"]
        reader = StagedReader(manifest, files, "", self.cache, self.damage)
        self._cache_reader(key, reader)
        return reader

    def _open_building(
        self, manifest: dict[str, Any], folder: Path, journal_key: StatKey
    ) -> BuildingReader:
        known = self._cached((folder, None))
        reader = known if isinstance(known, BuildingReader) else None
        if reader is None or reader.journal_key != journal_key:
            content = read_regular(folder, layout.JOURNAL, MAX_JOURNAL_BYTES)
            verified = reader.files.verified if reader else None
            files = CheckedFiles(folder, parse_journal(content), verified)
            reader = BuildingReader(manifest, files, "", self.cache, self.damage)
            reader.journal_key = journal_key
            self._cache_reader((folder, None), reader)
        return reader

    def _cached(self, key: _ReaderKey) -> DatasetReader | None:
        with self._lock:
            reader = self._readers.get(key)
            if reader is not None:
                self._readers.move_to_end(key)
            return reader

    def _cache_reader(self, key: _ReaderKey, reader: DatasetReader) -> None:
        with self._lock:
            self._readers[key] = reader
            self._readers.move_to_end(key)
            while len(self._readers) > MAX_OPEN_DATASETS:
                self._readers.popitem(last=False)


def list_datasets(data_dir: Path) -> list[DatasetEntry]:
    """Return every dataset of a data folder, ordered by id, without a cache between calls."""
    return DatasetLibrary(data_dir).list_datasets()


def open_dataset(data_dir: Path, dataset_id: str) -> DatasetReader:
    """Return a reader of one dataset; raises as `DatasetLibrary.open_dataset` does."""
    return DatasetLibrary(data_dir).open_dataset(dataset_id)


def _require_id(dataset_id: str) -> None:
    if not layout.is_dataset_id(dataset_id):
        raise DatasetNotFoundError(f"there is no dataset {dataset_id[:80]!r}")


def _size(manifest: Mapping[str, Any]) -> int:
    return 10 * len(str(manifest))  # Python objects take about ten times the memory of their text
