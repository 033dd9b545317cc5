"""All datasets of a data folder: which there are, in which state, and a reader for each."""

from collections import OrderedDict
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Lock
from typing import Any, Literal

from attentionviz.errors import (
    DamagedDatasetError,
    DatasetNotFoundError,
    NotReadyError,
    OutdatedDatasetError,
)
from attentionviz.store import folders, layout
from attentionviz.store.building import BuildingReader, building_version, read_progress
from attentionviz.store.cache import ByteCache
from attentionviz.store.checked_files import CheckedFiles
from attentionviz.store.damage import DamageNotes
from attentionviz.store.dataset import DatasetReader
from attentionviz.store.journal import parse_journal
from attentionviz.store.safe_files import StatKey, file_key, read_regular

DEFAULT_CACHE_BYTES = 64 * 1024 * 1024
MANIFEST_CACHE_BYTES = 16 * 1024 * 1024
MAX_OPEN_DATASETS = 8
MAX_JOURNAL_BYTES = 256 * 1024 * 1024
_ReaderKey = tuple[Path, StatKey | None]


@dataclass(frozen=True)
class DatasetEntry:
    """What a list of datasets says of one.

    Attributes
    ----------
    manifest : dict or None
        Without ``files``; None while it is unknown. Shared: not to be modified.
    reason : str or None
        Why a damaged dataset is damaged, or an outdated one outdated.
    n_bytes : int or None
        Size of its files, as its manifest says; None while it is being built.
    published : float or None
        When its manifest was written, in seconds since 1970.
    """

    dataset_id: str
    state: Literal["building", "complete", "damaged", "outdated"]
    version: str
    folder: Path | None
    manifest: dict[str, Any] | None = None
    progress: dict[str, Any] | None = None
    reason: str | None = None
    n_bytes: int | None = None
    published: float | None = None


class DatasetLibrary:
    """The data folder as a server sees it; nothing is read before it is asked for.

    Pointers are read again at every request, so a dataset that was built anew is found at once.

    Parameters
    ----------
    data_dir : Path
        May be missing; then there are no datasets.
    cache_bytes : int
        Bound on what is kept in memory of all datasets together.
    """

    def __init__(self, data_dir: Path, cache_bytes: int = DEFAULT_CACHE_BYTES) -> None:
        self.data_dir = data_dir.resolve()  # the folder itself may be a link; nothing in it may
        self.cache = ByteCache(cache_bytes)
        self.damage = DamageNotes()
        self._readers: OrderedDict[_ReaderKey, DatasetReader] = OrderedDict()
        self._manifests = ByteCache(MANIFEST_CACHE_BYTES)
        self._lock = Lock()

    def list_datasets(self) -> list[DatasetEntry]:
        """Return every dataset, ordered by id: complete, damaged, outdated, or being built."""
        unpointed = folders.unpointed_versions(self.data_dir)
        staged = folders.staged_folders(self.data_dir)
        ids = {*folders.pointed_ids(self.data_dir), *unpointed, *staged}
        return [self._entry(dataset_id, unpointed, staged) for dataset_id in sorted(ids)]

    def entry(self, dataset_id: str) -> DatasetEntry:
        """Return what is known of one dataset; DatasetNotFoundError when there is none."""
        _require_id(dataset_id)
        unpointed = folders.unpointed_versions(self.data_dir)
        return self._entry(dataset_id, unpointed, folders.staged_folders(self.data_dir))

    def open_dataset(self, dataset_id: str, version: str | None = None) -> DatasetReader:
        """Return a reader of one dataset.

        Parameters
        ----------
        dataset_id : str
        version : str or None
            A finished version, such as one that a page was opened with; None for the current
            one, or for what is built by now.

        Raises
        ------
        DatasetNotFoundError
            When there is no such dataset or version.
        DamagedDatasetError
            When it does not fit its manifest.
        NotReadyError
            When it is being built, and not even its manifest is there.
        """
        _require_id(dataset_id)
        if version is not None:
            folder = layout.dataset_folder(self.data_dir, dataset_id, version)
            if file_key(folder / layout.MANIFEST):
                return self._open_version(dataset_id, version)
            raise DatasetNotFoundError(
                f"version {version} of {dataset_id} is gone; reload the page"
            )
        staged = folders.staged_folders(self.data_dir)
        current = self._pointed_version(dataset_id, staged)
        if current is not None:
            return self._open_version(dataset_id, current)
        folder_or_none = staged.get(dataset_id)
        if folder_or_none is not None:
            return self._open_building(dataset_id, folder_or_none)
        current = folders.unpointed_versions(self.data_dir).get(dataset_id)
        if current is None:
            raise DatasetNotFoundError(f"there is no dataset {dataset_id!r}")
        return self._open_version(dataset_id, current)

    def _entry(
        self, dataset_id: str, unpointed: dict[str, str], staged: dict[str, Path]
    ) -> DatasetEntry:
        version = ""
        try:
            pointed = self._pointed_version(dataset_id, staged)
            if pointed is None and dataset_id in staged:
                version = building_version(read_progress(staged[dataset_id]))
                return self._building_entry(dataset_id, staged[dataset_id])
            version = pointed or unpointed.get(dataset_id, "")
            if not version:
                raise DatasetNotFoundError(f"there is no dataset {dataset_id!r}")
            return self._complete_entry(dataset_id, version)
        except DamagedDatasetError as error:
            is_finished = version and not version.startswith("building-")
            folder = (
                layout.dataset_folder(self.data_dir, dataset_id, version) if is_finished else None
            )
            is_outdated = isinstance(error, OutdatedDatasetError)
            state: Literal["outdated", "damaged"] = "outdated" if is_outdated else "damaged"
            return DatasetEntry(dataset_id, state, version, folder, reason=str(error))

    def _pointed_version(self, dataset_id: str, staged: dict[str, Path]) -> str | None:
        """Return the version to show; None for one that is outdated and is being built again."""
        pointed = folders.read_pointer(self.data_dir, dataset_id)
        if pointed is None or dataset_id not in staged:
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
        kept = self._manifests.get(key)
        if kept is None:
            manifest = folders.read_manifest(folder, dataset_id, version)
            files = manifest.pop("files")
            folders.require_sizes(folder, files)
            kept = manifest, sum(facts["bytes"] for facts in files.values())
            self._manifests.put(key, kept, _size(manifest))
        manifest, n_bytes = kept
        published = key[1].mtime_ns / 1e9 if key[1] else None
        entry = DatasetEntry(
            dataset_id, "complete", version, folder, manifest, n_bytes=n_bytes, published=published
        )
        reason = self.damage.present(folder)
        return replace(entry, state="damaged", reason=reason) if reason else entry

    def _building_entry(self, dataset_id: str, folder: Path) -> DatasetEntry:
        progress = read_progress(folder)
        is_captured = file_key(folder / layout.PARTIAL_MANIFEST) is not None
        manifest = self._partial_manifest(dataset_id, folder) if is_captured else None
        version = building_version(progress)
        return DatasetEntry(dataset_id, "building", version, folder, manifest, progress)

    def _partial_manifest(self, dataset_id: str, folder: Path) -> dict[str, Any]:
        key = (folder, file_key(folder / layout.PARTIAL_MANIFEST))
        manifest: dict[str, Any] | None = self._manifests.get(key)
        if manifest is None:
            manifest = folders.read_partial_manifest(folder, dataset_id)
            self._manifests.put(key, manifest, _size(manifest))
        return manifest

    def _open_version(self, dataset_id: str, version: str) -> DatasetReader:
        folder = layout.dataset_folder(self.data_dir, dataset_id, version)
        key = (folder, file_key(folder / layout.MANIFEST))
        reader = self._kept(key)
        if reader is None:
            manifest = folders.read_manifest(folder, dataset_id, version)
            facts = manifest.pop("files")
            folders.require_sizes(folder, facts)
            files = CheckedFiles(folder, folders.manifest_records(facts))
            reader = DatasetReader(manifest, files, version, self.cache, self.damage)
            self._keep(key, reader)
        reason = self.damage.present(folder)
        if reason:
            raise DamagedDatasetError(f"{dataset_id} is damaged: {reason}")
        return reader

    def _open_building(self, dataset_id: str, folder: Path) -> DatasetReader:
        if file_key(folder / layout.PARTIAL_MANIFEST) is None:
            raise NotReadyError(f"{dataset_id} is being built: its vectors are still being read")
        journal_key = file_key(folder / layout.JOURNAL)
        known = self._kept((folder, None))
        reader = known if isinstance(known, BuildingReader) else None
        if reader is None or reader.journal_key != journal_key:
            content = b""
            if journal_key is not None:
                content = read_regular(folder, layout.JOURNAL, MAX_JOURNAL_BYTES)
            checked = reader.files.checked if reader else None
            files = CheckedFiles(folder, parse_journal(content), checked)
            manifest = self._partial_manifest(dataset_id, folder)
            reader = BuildingReader(manifest, files, "", self.cache, self.damage)
            reader.journal_key = journal_key
            self._keep((folder, None), reader)
        reader.progress = read_progress(folder)
        reader.version = building_version(reader.progress)
        return reader

    def _kept(self, key: _ReaderKey) -> DatasetReader | None:
        with self._lock:
            reader = self._readers.get(key)
            if reader is not None:
                self._readers.move_to_end(key)
            return reader

    def _keep(self, key: _ReaderKey, reader: DatasetReader) -> None:
        with self._lock:
            self._readers[key] = reader
            self._readers.move_to_end(key)
            while len(self._readers) > MAX_OPEN_DATASETS:
                self._readers.popitem(last=False)


def list_datasets(data_dir: Path) -> list[DatasetEntry]:
    """Return every dataset of a data folder, ordered by id; for a single look."""
    return DatasetLibrary(data_dir).list_datasets()


def open_dataset(data_dir: Path, dataset_id: str) -> DatasetReader:
    """Return a reader of one dataset; for a single look. Raises as `DatasetLibrary` does."""
    return DatasetLibrary(data_dir).open_dataset(dataset_id)


def _require_id(dataset_id: str) -> None:
    if not layout.is_dataset_id(dataset_id):
        raise DatasetNotFoundError(f"there is no dataset {dataset_id[:80]!r}")


def _size(manifest: dict[str, Any]) -> int:
    return 10 * len(str(manifest))  # objects of Python take about ten times their text
