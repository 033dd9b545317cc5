"""Export of datasets as a static site for any web host, with the unchanged page.

Answers of the API are written as files. What the server would compute from queries and keys, the
page computes from their vectors (``frontend/js/site``).
"""

import io
import os
import shutil
from collections.abc import Iterator, Sequence
from html import escape
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from attentionviz.analysis.descriptions import (
    describe_dataset,
    describe_head,
    describe_heads,
    describe_list,
)
from attentionviz.analysis.grid_norms import shared_grid_norms
from attentionviz.analysis.maps import BEST_MAPS, grid, map_path
from attentionviz.analysis.similar_heads import DEFAULT_HEADS, map_of_heads, similar_heads
from attentionviz.analysis.token_columns import COLUMNS, describe_columns, describe_vocabulary
from attentionviz.core.file_names import is_junk
from attentionviz.core.heads import heads_of
from attentionviz.core.types import WITH_IMAGES
from attentionviz.errors import BuildError, InvalidRequestError
from attentionviz.server.app import describe_api
from attentionviz.server.http.page_files import FOLDER, PageFiles
from attentionviz.server.http.request_guard import NO_FRAMES, content_policy
from attentionviz.server.routes.page import INDEX
from attentionviz.settings.settings import Settings
from attentionviz.store import layout
from attentionviz.store.dataset import DatasetReader
from attentionviz.store.reader import DatasetLibrary
from attentionviz.store.schema import canonical_json
from attentionviz.store.writer import remove_folder


class Site(NamedTuple):
    """A written site: its folder, and number and size of its files."""

    folder: Path
    n_files: int
    n_bytes: int


def export_site(settings: Settings, dataset_ids: Sequence[str], folder: Path) -> Site:
    """Write a folder that any web host can serve as a site of datasets.

    Parameters
    ----------
    settings : Settings
        With the data folder and the built page.
    dataset_ids : sequence of str
        Complete datasets.
    folder : Path
        Must not exist, or be empty. It is created only when all files are written.

    Raises
    ------
    InvalidRequestError
        If the folder is not empty.
    DatasetNotFoundError, DamagedDatasetError, NotReadyError
        If a dataset cannot be shown.
    PageError
        If the page was not built.
    BuildError
        If the folder cannot be written.
    """
    folder = folder.resolve()
    if folder.exists() and (not folder.is_dir() or not _is_empty(folder)):
        raise InvalidRequestError(f"{folder} exists already; name a new folder")
    library = DatasetLibrary(settings.data_dir)
    readers = [_complete(library, dataset_id) for dataset_id in dict.fromkeys(dataset_ids)]
    partial = folder.with_name(f".{folder.name}.partial-{os.getpid()}")
    try:
        partial.mkdir(parents=True)
        _write(settings, readers, partial)
        remove_folder(folder)
        partial.rename(folder)
    except OSError as error:
        raise BuildError(f"cannot write {folder}: {error.strerror or error}") from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    files = [path for path in folder.rglob("*") if path.is_file()]
    return Site(folder, len(files), sum(path.stat().st_size for path in files))


def _is_empty(folder: Path) -> bool:
    return all(is_junk(path.name) for path in folder.iterdir())


def _complete(library: DatasetLibrary, dataset_id: str) -> DatasetReader:
    reader = library.open_dataset(dataset_id)
    reader.require_complete()
    return reader


def _write(settings: Settings, readers: Sequence[DatasetReader], folder: Path) -> None:
    _write_page(settings, folder)
    ids = {reader.dataset_id for reader in readers}
    entries = DatasetLibrary(settings.data_dir).list_datasets()
    listed = describe_list(entry for entry in entries if entry.dataset_id in ids)
    api = folder / "api" / "v1"
    _write_json(api / "datasets.json", listed)
    _write_json(api / "openapi.json", describe_api())
    for reader in readers:
        base = api / "datasets" / reader.dataset_id
        _write_json(base.with_name(f"{base.name}.json"), describe_dataset(reader))
        for name, facts in _facts(reader):
            _write_json(base / f"{name}.json", facts)
        for name, array in _arrays(reader):
            _write_array(base / f"{name}.npy", array)
        _write_files(reader, base)


def _facts(reader: DatasetReader) -> Iterator[tuple[str, Any]]:
    """Yield the routes of a dataset that answer with JSON, and their answers."""
    yield "tokens/vocabulary", describe_vocabulary(reader)
    yield "sequences/columns", describe_columns(reader)
    yield "heads", describe_heads(reader)
    for at in heads_of(reader.manifest):
        yield f"heads/{at.layer}/{at.head}", describe_head(reader.head(at))
    yield "similarity", map_of_heads(reader)
    for at in heads_of(reader.manifest):
        found = similar_heads(reader, at, reader, DEFAULT_HEADS)
        # Comparison with other datasets needs a server.
        yield f"heads/{at.layer}/{at.head}/similar", {**found, "others": []}


def _arrays(reader: DatasetReader) -> Iterator[tuple[str, NDArray[Any]]]:
    """Yield the routes of a dataset that answer with arrays, and the arrays.

    Query parameters become part of the file name, sorted by name, as the page does it.
    """
    manifest, tokens = reader.manifest, reader.tokens
    for column, path in COLUMNS.items():
        if path in tokens.files:
            yield column, tokens.array(path)
    for name in layout.text_names(manifest):
        yield f"sequences/{name}", tokens.utf8(name)
    yield "grid", reader.grid_tokens()
    yield "grid/norms", reader.array(layout.GRID_NORMS)
    yield "grid/norms--scale-head", shared_grid_norms(reader)
    if manifest["model"]["modality"] in WITH_IMAGES:
        yield "patches", reader.array(layout.PATCHES)
    dims = {facts["dims"] for facts in manifest["maps"].values()}
    best = [choice for choice, of_dims in BEST_MAPS.items() if of_dims in dims]
    for name in [*best, *manifest["maps"]]:
        yield f"projections/{name}", grid(reader, name)[0]
    for name in manifest["maps"]:
        for at in heads_of(reader.manifest):
            drawn = reader.array(map_path(reader, name, at))
            yield f"projections/{name}--head-{at.head}--layer-{at.layer}", drawn


def _write_files(reader: DatasetReader, folder: Path) -> None:
    """Write the vectors of every head, from which the page computes, and the images."""
    manifest = reader.manifest
    choice = manifest["keep_vectors"]["choice"]
    if choice == "sample":
        _write_array(folder / "vector_tokens.npy", reader.stored_tokens())
    for at in heads_of(reader.manifest):
        head_folder = folder / "heads" / str(at.layer) / str(at.head)
        if choice != "none":
            queries = reader.array(reader.queries_path(at))
            _write_array(head_folder / "queries.npy", queries.astype(np.float32))
        if choice != "none" and layout.key_head(at, manifest) == at:
            keys = reader.array(reader.keys_path(at))
            _write_array(head_folder / "keys.npy", keys.astype(np.float32))
        _write_array(head_folder / "norms.npy", reader.norms(at))
    if manifest["model"]["modality"] in WITH_IMAGES:
        for i in range(manifest["n_sequences"]):
            _write_bytes(folder / f"images/{i}.png", reader.read(reader.image_path(i)))
            small = reader.read(reader.image_path(i, is_thumbnail=True))
            _write_bytes(folder / f"images/{i}/thumbnail.png", small)


def _write_page(settings: Settings, folder: Path) -> None:
    page_files = PageFiles(settings.frontend_dir.resolve())
    page = page_files.html(INDEX)
    policy = content_policy().replace(f"{NO_FRAMES}; ", "")
    metas = (
        f'<meta http-equiv="Content-Security-Policy" content="{escape(policy)}">\n'
        '  <meta name="attentionviz" content="site">\n  '
    )
    first = '<meta name="viewport"'
    _write_bytes(folder / INDEX, page.decode().replace(first, metas + first, 1).encode())
    for name, content in page_files.files_of(INDEX).items():
        _write_bytes(folder / FOLDER / name, content)


def _write_json(path: Path, content: Any) -> None:
    _write_bytes(path, canonical_json(content, is_compact=True))


def _write_array(path: Path, array: NDArray[Any]) -> None:
    buffer = io.BytesIO()
    np.save(buffer, np.ascontiguousarray(array), allow_pickle=False)
    _write_bytes(path, buffer.getvalue())


def _write_bytes(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
