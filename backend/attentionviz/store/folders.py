"""Contents of a data folder: pointers, versions, builds and their manifests."""

import hashlib
import json
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from attentionviz.errors import DamagedDatasetError
from attentionviz.store import layout
from attentionviz.store.file_table import FileTable
from attentionviz.store.safe_files import file_key, read_regular
from attentionviz.store.schema import MAX_MANIFEST_BYTES, parse_manifest

MAX_POINTER_BYTES = 200
MAX_SCALING = 1e6


def pointed_ids(data_dir: Path) -> list[str]:
    """Return the ids that have a ``.current`` file; its content is not read."""
    ids = (name.removesuffix(layout.POINTER_SUFFIX) for name in _pointer_names(data_dir))
    return [dataset_id for dataset_id in ids if layout.is_dataset_id(dataset_id)]


def read_pointer(data_dir: Path, dataset_id: str) -> str | None:
    """Return the version that ``<id>.current`` names; None if the file is missing.

    Raises
    ------
    DamagedDatasetError
        If it is not a regular file, or does not name a version of this dataset.
    """
    path = layout.pointer_path(data_dir, dataset_id)
    if not os.path.lexists(path):
        return None
    text = read_regular(data_dir, path.name, MAX_POINTER_BYTES).decode("ascii", "replace")
    parsed = layout.parse_version_name(text.removesuffix("\n"))
    if parsed is None or parsed[0] != dataset_id:
        raise DamagedDatasetError(f"{path.name} does not name a version of {dataset_id}")
    return parsed[1]


def unpointed_versions(data_dir: Path) -> dict[str, str]:
    """Return the newest version of every dataset that has no pointer.

    Publishing renames the folder before it writes the pointer, so a killed build or a concurrent
    read can find such a version. The folder is complete, and its name is the hash of its manifest.
    """
    newest: dict[str, tuple[int, str]] = {}
    pointed = set(pointed_ids(data_dir))
    for name in _names(data_dir):
        parsed = layout.parse_version_name(name)
        manifest = file_key(data_dir / name / layout.MANIFEST) if parsed else None
        if parsed is None or manifest is None or parsed[0] in pointed:
            continue
        candidate = (manifest.mtime_ns, parsed[1])
        newest[parsed[0]] = max(newest.get(parsed[0], candidate), candidate)
    return {dataset_id: version for dataset_id, (_, version) in newest.items()}


def staged_folders(data_dir: Path) -> dict[str, Path]:
    """Return the folder of every build; of several for one id, the most recently active."""
    newest: dict[str, tuple[int, Path]] = {}
    for dataset_id, folder in _staged(data_dir):
        # The progress file is removed before publication.
        keys = (file_key(folder / name) for name in (layout.PROGRESS, layout.MANIFEST))
        candidate = (max((key.mtime_ns for key in keys if key), default=0), folder)
        newest[dataset_id] = max(newest.get(dataset_id, candidate), candidate)
    return {dataset_id: folder for dataset_id, (_, folder) in newest.items()}


def unfinished_builds(data_dir: Path, dataset_id: str) -> list[Path]:
    """Return the folders of all builds of one dataset that are not published, by name."""
    return sorted(folder for found, folder in _staged(data_dir) if found == dataset_id)


def is_complete(folder: Path) -> bool:
    """Return whether a staging folder is a complete dataset, about to be published."""
    has_journal = file_key(folder / layout.JOURNAL) is not None
    return not has_journal and file_key(folder / layout.MANIFEST) is not None


def _staged(data_dir: Path) -> Iterator[tuple[str, Path]]:
    staging = data_dir / layout.STAGING_FOLDER
    for name in _names(staging):
        parsed = layout.parse_staging_name(name)
        folder = staging / name
        if parsed is not None and not folder.is_symlink() and folder.is_dir():
            yield parsed[0], folder


def read_manifest(folder: Path, dataset_id: str, version: str) -> dict[str, Any]:
    """Return the manifest of a finished dataset.

    Raises
    ------
    DamagedDatasetError
        If its hash differs from the folder's name, it does not match the schema, or it belongs to
        another dataset.
    """
    content = read_regular(folder, layout.MANIFEST, MAX_MANIFEST_BYTES)
    digest = hashlib.sha256(content).hexdigest()[: layout.N_VERSION_DIGITS]
    if digest != version:
        raise DamagedDatasetError(
            f"{layout.MANIFEST} has changed: its hash begins with {digest}, not {version}"
        )
    return _of_dataset(parse_manifest(content), dataset_id)


def read_staged_manifest(folder: Path, dataset_id: str) -> dict[str, Any]:
    """Return the manifest of a build in progress; raises as `read_manifest`.

    It is partial unless `is_complete`.
    """
    is_partial = not is_complete(folder)
    name = layout.PARTIAL_MANIFEST if is_partial else layout.MANIFEST
    content = read_regular(folder, name, MAX_MANIFEST_BYTES)
    return _of_dataset(parse_manifest(content, is_partial=is_partial), dataset_id)


def require_sizes(folder: Path, files: FileTable) -> None:
    """Raise DamagedDatasetError for the first file that is missing or has another size.

    Parameters
    ----------
    folder : Path
    files : FileTable
    """
    # A dataset has thousands of files, and listing datasets stats all of them.
    prefix = f"{folder}/"
    for name, n_bytes in files.sizes():
        try:
            status = os.lstat(prefix + name)
        except OSError as error:
            raise DamagedDatasetError(f"{name} is missing") from error
        if not stat.S_ISREG(status.st_mode):
            raise DamagedDatasetError(f"{name} is not a regular file")
        if status.st_size != n_bytes:
            raise DamagedDatasetError(f"{name} has {status.st_size} bytes, expected {n_bytes}")


def _of_dataset(manifest: dict[str, Any], dataset_id: str) -> dict[str, Any]:
    if manifest["id"] != dataset_id:
        raise DamagedDatasetError(
            f"the manifest is of dataset {manifest['id']!r}, expected {dataset_id!r}"
        )
    try:
        # JSON allows 1e999, which Python parses as infinity and could not serialize again.
        json.dumps({**manifest, "files": None}, allow_nan=False)
    except ValueError as error:
        raise DamagedDatasetError("the manifest has a number that is not finite") from error
    for layer, rule in enumerate(manifest["layers"]):
        if not abs(rule["scaling"]) <= MAX_SCALING:
            raise DamagedDatasetError(
                f"the scaling of layer {layer} is {rule['scaling']:g}, expected at most "
                f"{MAX_SCALING:g}"
            )
    return manifest


def _pointer_names(data_dir: Path) -> Iterator[str]:
    return (name for name in _names(data_dir) if name.endswith(layout.POINTER_SUFFIX))


def _names(folder: Path) -> list[str]:
    try:
        return os.listdir(folder)
    except (FileNotFoundError, NotADirectoryError):
        return []
