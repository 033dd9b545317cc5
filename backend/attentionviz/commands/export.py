"""A dataset as a folder of plain files that opens from any web host, with the page as it is.

What the API answers is written down as files; what it would compute from queries and keys, the
page computes itself (``frontend/js/site``) from their vectors.
"""

import io
import os
import shutil
from collections.abc import Iterator, Sequence
from html import escape
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlencode

import numpy as np
from flask import Flask
from numpy.typing import NDArray

from attentionviz.analysis.best_maps import BEST_MAPS
from attentionviz.core.file_names import is_litter
from attentionviz.core.types import MapName
from attentionviz.errors import BuildError, InvalidRequestError
from attentionviz.server.access.request_guard import NO_FRAMES, content_policy
from attentionviz.server.app import create_app
from attentionviz.server.http.context import EXTENSION, ApiContext
from attentionviz.server.http.page_files import FOLDER
from attentionviz.server.routes.page import INDEX
from attentionviz.settings.settings import Settings
from attentionviz.store import layout
from attentionviz.store.dataset import DatasetReader
from attentionviz.store.reader import DatasetLibrary
from attentionviz.store.schema import canonical_json
from attentionviz.store.writer import remove_folder

PARTS = ("queries", "keys", "norms")


class Site(NamedTuple):
    """What was written: the folder, how many files, and their size."""

    folder: Path
    n_files: int
    n_bytes: int


class Question(NamedTuple):
    """One address of the API below ``/api/v1/``, and whether it answers with an array."""

    path: str
    is_array: bool
    parameters: tuple[tuple[str, int], ...] = ()

    @property
    def file_name(self) -> str:
        """Return the name of the file that holds the answer; the page makes the same."""
        parts = "".join(f"--{name}-{value}" for name, value in sorted(self.parameters))
        return f"{self.path}{parts}{'.npy' if self.is_array else '.json'}"


def export_site(settings: Settings, dataset_ids: Sequence[str], folder: Path) -> Site:
    """Write a folder that shows datasets from any web host.

    Parameters
    ----------
    settings : Settings
        Name the data folder and the built page.
    dataset_ids : sequence of str
        Complete datasets.
    folder : Path
        Made here; must not exist, or be empty. It appears when it is whole.

    Raises
    ------
    InvalidRequestError
        When the folder holds something.
    DatasetNotFoundError, DamagedDatasetError, NotReadyError
        For a dataset that cannot be shown.
    PageError
        When the page was not built.
    BuildError
        When the disk refuses.
    """
    folder = folder.resolve()
    if folder.exists() and (not folder.is_dir() or _holds_something(folder)):
        raise InvalidRequestError(f"{folder} is there already; name a folder that is not")
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


def _holds_something(folder: Path) -> bool:
    return not all(is_litter(path.name) for path in folder.iterdir())


def _complete(library: DatasetLibrary, dataset_id: str) -> DatasetReader:
    reader = library.open_dataset(dataset_id)
    reader.require_complete()
    return reader


def _write(settings: Settings, readers: Sequence[DatasetReader], folder: Path) -> None:
    app = create_app(_settings_of_nobody_else(settings))
    _write_page(app, folder)
    ids = {reader.dataset_id for reader in readers}
    listed = _ask(app, Question("datasets", is_array=False))
    listed["datasets"] = [entry for entry in listed["datasets"] if entry["id"] in ids]
    api = folder / "api" / "v1"
    _write_json(api / "datasets.json", listed)
    _write_json(api / "openapi.json", _ask(app, Question("openapi.json", is_array=False)))
    for reader in readers:
        for question in questions(reader):
            path = api / question.file_name
            answer = _ask(app, question)
            if question.path.endswith("/similar"):
                answer["others"] = []  # to compare with them takes a server
            (_write_array if question.is_array else _write_json)(path, answer)
        _write_files(reader, api / "datasets" / reader.dataset_id)


def _settings_of_nobody_else(settings: Settings) -> Settings:
    """Return settings that ask for no token: the application answers this process alone."""
    return Settings(data_dir=settings.data_dir, frontend_dir=settings.frontend_dir)


def questions(reader: DatasetReader) -> Iterator[Question]:
    """Yield every question whose answer is written down; all others are computed by the page."""
    base, manifest = f"datasets/{reader.dataset_id}", reader.manifest
    yield Question(base, is_array=False)
    for name in ("tokens", "heads", "similarity"):
        yield Question(f"{base}/{name}", is_array=False)
    for at in layout.iterate_heads(manifest["n_layers"], manifest["n_heads"]):
        yield Question(f"{base}/heads/{at.layer}/{at.head}/similar", is_array=False)
    for name in ("grid", "grid/norms"):
        yield Question(f"{base}/{name}", is_array=True)
    if manifest["model"]["modality"] == "image":
        yield Question(f"{base}/patches", is_array=True)
    for name, dims in BEST_MAPS.items():
        if any(facts["dims"] == dims for facts in manifest["maps"].values()):
            yield Question(f"{base}/projections/{name}", is_array=True)
    for map_name in map(MapName.parse, manifest["maps"]):
        yield Question(f"{base}/projections/{map_name}", is_array=True)
        for at in layout.iterate_heads(manifest["n_layers"], manifest["n_heads"]):
            one = (("layer", at.layer), ("head", at.head))
            yield Question(f"{base}/projections/{map_name}", is_array=True, parameters=one)


def _ask(app: Flask, question: Question) -> Any:
    """Return what the API answers: parsed JSON, or an array."""
    query = f"?{urlencode(question.parameters)}" if question.parameters else ""
    response = app.test_client().get(f"/api/v1/{question.path}{query}")
    if response.status_code != 200:
        raise BuildError(f"{question.path}: {response.get_data(as_text=True)[:300]}")
    if not question.is_array:
        return response.get_json()
    shape = [int(n) for n in response.headers["X-Shape"].split(",")]
    return np.frombuffer(response.data, response.headers["X-Dtype"]).reshape(shape)


def _write_files(reader: DatasetReader, folder: Path) -> None:
    """Write the vectors of every head, which the page computes with, and the images."""
    manifest, n = reader.manifest, reader.n_tokens
    n_heads, n_key_heads = manifest["n_heads"], manifest["n_key_heads"]
    for at in layout.iterate_heads(manifest["n_layers"], n_heads):
        own = folder / "heads" / str(at.layer) / str(at.head)
        _write_array(own / "queries.npy", reader.queries(at, 0, n).astype(np.float32))
        if layout.key_head(at, n_heads, n_key_heads) == at:
            _write_array(own / "keys.npy", reader.keys(at, 0, n).astype(np.float32))
        _write_array(own / "norms.npy", reader.norms(at))
    if manifest["model"]["modality"] == "image":
        for i in range(manifest["n_sequences"]):
            _write_bytes(folder / f"images/{i}.png", reader.read(reader.image_path(i)))
            small = reader.read(reader.image_path(i, is_thumbnail=True))
            _write_bytes(folder / f"images/{i}/thumbnail.png", small)


def _write_page(app: Flask, folder: Path) -> None:
    made: ApiContext = app.extensions[EXTENSION]
    page = made.page.html(INDEX)
    policy = content_policy().replace(f"{NO_FRAMES}; ", "")
    metas = (
        f'<meta http-equiv="Content-Security-Policy" content="{escape(policy)}">\n'
        '  <meta name="attentionviz" content="site">\n  '
    )
    first = '<meta name="viewport"'
    _write_bytes(folder / INDEX, page.decode().replace(first, metas + first, 1).encode())
    for name, content in made.page.files_of(INDEX).items():
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
