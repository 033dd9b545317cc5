"""Verification of a published dataset against its hashes."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from attentionviz.core.file_names import is_junk
from attentionviz.core.heads import heads_of
from attentionviz.errors import DamagedDatasetError
from attentionviz.store import folders, layout
from attentionviz.store.cache import ByteCache
from attentionviz.store.checked_files import MAX_JSON_BYTES, CheckedFiles
from attentionviz.store.damage import DamageLog
from attentionviz.store.dataset import DatasetReader
from attentionviz.store.file_table import read_file_table, table_of
from attentionviz.store.grid import check_grid_tokens
from attentionviz.store.kept_vectors import check_kept_tokens
from attentionviz.store.safe_files import read_regular
from attentionviz.store.schema import MAX_MANIFEST_BYTES
from attentionviz.store.similarity import check_similarity


class Problem(NamedTuple):
    """A problem of a dataset: relative path of the file, and the reason."""

    path: str
    reason: str

    def __str__(self) -> str:
        return self.reason


def verify(folder: Path) -> list[Problem]:
    """Return all problems of a finished dataset.

    Parameters
    ----------
    folder : Path
        ``<id>@<version>``, named by the hash of its manifest.

    Returns
    -------
    list of Problem
        Empty if every file of the manifest is regular and unchanged, and there are no other files,
        folders or links except those of `ignored`. If the manifest or its table of files cannot be
        read, only that problem.

    Notes
    -----
    Reads every byte, in chunks.
    """
    parsed = layout.parse_version_name(folder.name)
    if parsed is None:
        return [Problem(".", f"{folder.name!r} is not named <id>@<12 hexadecimal digits>")]
    try:
        manifest = folders.read_manifest(folder, *parsed)
    except DamagedDatasetError as error:
        return [Problem(layout.MANIFEST, str(error))]
    try:
        files = CheckedFiles(folder, read_file_table(folder, manifest))
    except DamagedDatasetError as error:
        return [Problem(layout.FILES, str(error))]
    known = {layout.MANIFEST, *table_of(manifest), *files.records}
    problems = _unexpected_files(folder, known)
    for name in sorted(files.records):
        try:
            _verify_hash(files, name)
        except DamagedDatasetError as error:
            problems.append(Problem(name, str(error)))
    if not problems:
        problems += _content_problems(files, manifest)
    return sorted(problems)


def ignored(folder: Path) -> list[str]:
    """Return the relative paths that `verify` ignores: files left by systems and editors.

    Parameters
    ----------
    folder : Path
        As for `verify`.
    """
    junk = (path for path in _walk(folder) if is_junk(path.name))
    return sorted(path.relative_to(folder).as_posix() for path in junk)


def verify_pointer(data_dir: Path, dataset_id: str) -> list[Problem]:
    """Return the problems of ``<id>.current``: unreadable, or naming a version that is missing.

    Parameters
    ----------
    data_dir : Path
    dataset_id : str

    Returns
    -------
    list of Problem
        Empty if it names a folder with a manifest.
    """
    name = layout.pointer_path(data_dir, dataset_id).name
    try:
        version = folders.read_pointer(data_dir, dataset_id)
        if version is None:
            return [Problem(name, f"{name} is missing")]
        folder = layout.dataset_folder(data_dir, dataset_id, version)
        read_regular(folder, layout.MANIFEST, MAX_MANIFEST_BYTES)
    except DamagedDatasetError as error:
        return [Problem(name, str(error))]
    text = (data_dir / name).read_bytes()
    if text != f"{folder.name}\n".encode():
        return [Problem(name, f"{name} must be one line, {folder.name}")]
    return []


def _verify_hash(files: CheckedFiles, name: str) -> None:
    with files.open(name):
        return


def _unexpected_files(folder: Path, known: set[str]) -> list[Problem]:
    """Return files and folders that the manifest does not list, and all symbolic links."""
    known = known | {str(Path(name).parent) for name in known}
    problems = []
    for path in _walk(folder):
        relative = path.relative_to(folder).as_posix()
        if is_junk(path.name):
            continue
        if path.is_symlink():
            problems.append(Problem(relative, f"{relative} is a symbolic link"))
        elif relative not in known:
            problems.append(Problem(relative, f"{relative} is not listed in the manifest"))
    return problems


def _walk(folder: Path) -> Iterator[Path]:
    """Yield all files and folders below a folder; junk folders are not entered."""
    for root, below, files in os.walk(folder):
        yield from (Path(root, name) for name in [*below, *files])
        below[:] = [name for name in below if not is_junk(name)]


def _content_problems(files: CheckedFiles, manifest: dict[str, Any]) -> list[Problem]:
    problems = []
    try:
        with files.open_array(layout.GRID_TOKENS) as array:
            check_grid_tokens(array.all(), manifest["n_tokens"])
    except DamagedDatasetError as error:
        problems.append(Problem(layout.GRID_TOKENS, str(error)))
    reader = DatasetReader(manifest, files, "", ByteCache(4 * MAX_JSON_BYTES), DamageLog())
    tokens = reader.tokens
    try:
        sequences = tokens.sequences()
        if layout.VECTOR_TOKENS in files:
            with files.open_array(layout.VECTOR_TOKENS) as array:
                check_kept_tokens(array.all(), sequences)
    except DamagedDatasetError as error:
        path = next((path for path in tokens.paths if path in str(error)), layout.VECTOR_TOKENS)
        problems.append(Problem(path, str(error)))
    try:
        for head in heads_of(manifest):
            reader.head(head)
    except DamagedDatasetError as error:
        paths = layout.head_fact_paths(manifest)
        path = next((path for path in paths if path in str(error)), paths[0])
        problems.append(Problem(path, str(error)))
    for name in layout.similarity_files(manifest):
        try:
            with files.open_array(name) as array:
                check_similarity(name, array.all())
        except DamagedDatasetError as error:
            problems.append(Problem(name, str(error)))
    return problems
