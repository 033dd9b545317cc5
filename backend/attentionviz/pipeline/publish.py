"""Publication of a dataset: grid, heads, manifest, and the rename that makes it visible."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from attentionviz.core.heads import by_layer, heads_of
from attentionviz.core.types import MEASURES, MapName
from attentionviz.errors import BuildError, DamagedDatasetError
from attentionviz.pipeline.engine import Engine, Unit
from attentionviz.pipeline.result import Result
from attentionviz.pipeline.units import MapJob, read_array
from attentionviz.store import layout
from attentionviz.store.failpoints import failpoint
from attentionviz.store.file_table import FileTable, read_file_table, table_of
from attentionviz.store.grid import grid_points, pack_points
from attentionviz.store.head_facts import HeadFiles
from attentionviz.store.journal import Journal
from attentionviz.store.schema import canonical_json, parse_manifest
from attentionviz.store.writer import (
    hash_file,
    remove_folder,
    remove_unlisted,
    replace_atomically,
    sync_folder,
    sync_folders,
    write_array,
    write_bytes,
)


def write_grids(job: MapJob, journal: Journal, engine: Engine) -> None:
    """Write the missing grids, each a unit of work."""
    names = map(MapName.parse, sorted(job.manifest["maps"]))
    missing = [name for name in names if layout.grid_path(name) not in journal]
    units = [Unit(f"grid of {name}", (name,), (layout.grid_path(name),)) for name in missing]
    for result in engine.run(run_grid, job, units):
        journal.add(*result.records)


def run_grid(job: MapJob, name: MapName) -> Result:
    """Write the sample that the grid draws of a map of all heads."""
    manifest = job.manifest
    points = grid_points(read_array(job.folder / layout.GRID_TOKENS), manifest["n_tokens"])
    maps = [
        pack_points(read_array(job.folder / layout.map_path(head, name))[points])
        for head in heads_of(manifest)
    ]
    grid = by_layer(manifest, maps)  # (layer, head, point[, 2])
    return Result((write_array(job.target, layout.grid_path(name), grid),))


def write_heads(folder: Path, manifest: dict[str, Any], journal: Journal) -> dict[str, Any]:
    """Write the files of the facts and scores of all heads; return the mean fidelity."""
    heads = []
    for head in heads_of(manifest):
        paths = {n: layout.map_facts_path(head, MapName.parse(n)) for n in manifest["maps"]}
        facts = {name: _read_json(folder / paths[name]) for name in sorted(paths)}
        first = next(iter(facts.values()))
        of_vectors = {name: first[name] for name in layout.OF_VECTORS}
        heads.append({**of_vectors, "maps": facts, **_read_json(folder / layout.scores_path(head))})
    files = HeadFiles.of(manifest, heads)
    for path, content in files.contents().items():
        if isinstance(content, bytes):
            journal.add(write_bytes(folder, path, content))
        else:
            journal.add(write_array(folder, path, content))
    return {
        name: {measure: _mean(files.columns[f"{name}/{measure}"]) for measure in MEASURES}
        for name in manifest["maps"]
    }


def _read_json(path: Path) -> dict[str, Any]:
    facts: dict[str, Any] = json.loads(path.read_bytes())
    return facts


def _mean(values: NDArray[np.float64]) -> float | None:
    defined = values[~np.isnan(values)]
    return float(defined.mean()) if defined.size else None


def publish(folder: Path, data_dir: Path, manifest: dict[str, Any], journal: Journal) -> Path:
    """Write the manifest and make the dataset visible; return its folder.

    The hashes are those of the journal. Removing the journal commits the publication: a folder
    with a manifest and without a journal is complete, and a killed publication resumes from it.

    Parameters
    ----------
    folder : Path
        Of the build.
    data_dir : Path
    manifest : dict
        Without ``files``. Not modified.
    journal : Journal
        Is closed.

    Raises
    ------
    BuildError
        If a file of the dataset is missing.
    """
    expected = layout.expected_files(manifest)
    if missing := sorted(path for path in expected if path not in journal):
        raise BuildError(f"{len(missing)} files of the dataset are missing, such as {missing[0]}")
    table = FileTable.of(manifest, {path: journal[path] for path in expected})
    record = write_array(folder, layout.FILES, table.rows)
    content = canonical_json({**manifest, "files": record.facts()})
    parse_manifest(content)  # raises if the server would refuse it
    failpoint("before manifest")
    journal.require_held()
    write_bytes(folder, layout.MANIFEST, content)
    failpoint("after manifest")
    journal.close()
    sync_folders(folder)
    (folder / layout.JOURNAL).unlink()
    failpoint("after journal")
    return _move(folder, data_dir, manifest["id"], {layout.MANIFEST, layout.FILES, *table})


def finish_publishing(folder: Path, data_dir: Path) -> Path | None:
    """Finish a publication that was killed after its journal was removed; None if there is none."""
    if (folder / layout.JOURNAL).exists():
        return None
    read = _read_manifest(folder)
    if read is None or not is_intact(folder, read[1]):
        return None
    manifest, files = read
    return _move(folder, data_dir, manifest["id"], {layout.MANIFEST, *table_of(manifest), *files})


def _move(folder: Path, data_dir: Path, dataset_id: str, listed: set[str]) -> Path:
    remove_unlisted(folder, listed)
    digest, _ = hash_file(folder / layout.MANIFEST)
    version = digest[: layout.N_VERSION_DIGITS]
    target = layout.dataset_folder(data_dir, dataset_id, version)
    sync_folders(folder)
    if target.exists():
        # The same dataset, but its files may be damaged; the new ones are verified.
        remove_folder(target)
    failpoint("before folder rename")
    folder.rename(target)
    sync_folder(data_dir)
    failpoint("before pointer")
    set_current_version(data_dir, dataset_id, version)
    return target


def set_current_version(data_dir: Path, dataset_id: str, version: str) -> None:
    """Make one version of a dataset the current one."""
    line = layout.version_name(dataset_id, version) + "\n"
    replace_atomically(layout.pointer_path(data_dir, dataset_id), line.encode())
    sync_folder(data_dir)


def find_existing(data_dir: Path, dataset_id: str, build_key: str) -> Path | None:
    """Return the folder of an intact dataset with this build key, or None."""
    for folder in _versions(data_dir, dataset_id):
        read = _read_manifest(folder)
        if read is None or read[0].get("build_key") != build_key:
            continue
        if is_intact(folder, read[1]):
            return folder
    return None


def _versions(data_dir: Path, dataset_id: str) -> Iterator[Path]:
    for folder in sorted(data_dir.glob(f"{dataset_id}@*")):
        parsed = layout.parse_version_name(folder.name)
        if parsed and parsed[0] == dataset_id and folder.is_dir():
            yield folder


def _read_manifest(folder: Path) -> tuple[dict[str, Any], FileTable] | None:
    """Return the manifest and the files of a dataset; None if they cannot be read."""
    try:
        manifest = parse_manifest((folder / layout.MANIFEST).read_bytes())
        return manifest, read_file_table(folder, manifest)
    except (OSError, DamagedDatasetError):
        return None


def is_intact(folder: Path, files: FileTable) -> bool:
    """Return whether every file of a dataset exists with the recorded size and hash."""
    for path, record in files.items():
        file = folder / path
        try:
            if file.is_symlink() or hash_file(file) != (record.sha256, record.n_bytes):
                return False
        except OSError:
            return False
    return True
