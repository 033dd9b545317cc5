"""The demo datasets: their models, corpora and state; without importing torch."""

import hashlib
import json
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from attentionviz import __version__
from attentionviz.core import demo_bert
from attentionviz.core.file_names import is_junk
from attentionviz.pipeline.libraries import library_versions
from attentionviz.pipeline.request import BuildRequest
from attentionviz.store import layout
from attentionviz.store.building import read_progress
from attentionviz.store.reader import DatasetEntry, list_datasets
from attentionviz.store.schema import canonical_json
from attentionviz.store.writer import hash_file, replace_atomically

PACKAGE = Path(__file__).resolve().parents[1]


class DemoDataset(NamedTuple):
    """One demo dataset.

    Attributes
    ----------
    dataset_id : str
        Also the name of its model.
    corpus : str
        File or folder below ``data/corpora``.
    is_image : bool
    max_tokens : int
        Small enough that all demo datasets are built in minutes on two cores.
    """

    dataset_id: str
    corpus: str
    is_image: bool
    max_tokens: int


DEMO = (
    DemoDataset("demo-bert", "sentences.csv", False, 1000),
    DemoDataset("demo-gpt2", "sentences.csv", False, 1000),
    DemoDataset("demo-vit", "images/demo", True, 1000),
)


def has_model(dataset: DemoDataset) -> bool:
    """Return whether its model is here; that of demo-bert is a package of its own, of 90 MB."""
    is_package = dataset.dataset_id == "demo-bert"
    return not is_package or find_spec(demo_bert.MODULE) is not None


class Demo:
    """The demo datasets of one checkout and data folder.

    Parameters
    ----------
    checkout : Path
        Folder with ``data/corpora`` and ``data/models``.
    data_dir : Path
    """

    def __init__(self, checkout: Path, data_dir: Path) -> None:
        self.models = checkout / "data" / "models"
        self.corpora = checkout / "data" / "corpora"
        self.data_dir = data_dir

    def request(self, dataset: DemoDataset, n_workers: int) -> BuildRequest:
        """Return the build request of one demo dataset."""
        corpus = self.corpora / dataset.corpus
        return BuildRequest(
            model=dataset.dataset_id,
            output=self.data_dir,
            text=None if dataset.is_image else corpus,
            images=corpus if dataset.is_image else None,
            dataset_id=dataset.dataset_id,
            max_tokens=dataset.max_tokens,
            n_workers=n_workers,
            device="cpu",  # fast enough, and reproducible on machines of the same kind
            local_models=self.models,
        )

    def missing(self) -> list[DemoDataset]:
        """Return the datasets that are not complete, or were built from other inputs.

        Without those whose model is not here; see `has_model`.
        """
        complete = {e.dataset_id: e.version for e in self._entries() if e.state == "complete"}
        return [
            d
            for d in DEMO
            if has_model(d) and self._current_version(d) != complete.get(d.dataset_id, "missing")
        ]

    def record_build(self, dataset: DemoDataset, version: str) -> None:
        """Record the hash of the inputs from which a version was built."""
        content = {"inputs_sha256": self.inputs_sha256(dataset), "version": version}
        replace_atomically(self._stamp_path(dataset), canonical_json(content))

    def has_first_maps(self) -> bool:
        """Return whether at least one map of any dataset is finished."""
        for entry in self._entries():
            progress = read_progress(entry.folder) if entry.folder else None
            if entry.state == "complete" or (progress and progress["n_units_done"] > 0):
                return True
        return False

    def inputs_sha256(self, dataset: DemoDataset) -> str:
        """Return a hash of corpus, model, code and library versions, which determine a dataset."""
        return _hash(
            [
                list(dataset),
                __version__,
                library_versions((demo_bert.PACKAGE,)),
                _hash_files(self.corpora / dataset.corpus),
                _hash_files(self.models / dataset.dataset_id),
                _hash_files(PACKAGE, "*.py"),
            ]
        )

    def _current_version(self, dataset: DemoDataset) -> str | None:
        """Return the version that was built from the current inputs, or None."""
        try:
            stamp = json.loads(self._stamp_path(dataset).read_bytes())
            is_same = stamp["inputs_sha256"] == self.inputs_sha256(dataset)
            return str(stamp["version"]) if is_same else None
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def _stamp_path(self, dataset: DemoDataset) -> Path:
        return self.data_dir / layout.LOCKS_FOLDER / f"{dataset.dataset_id}.stamp"

    def _entries(self) -> list[DatasetEntry]:
        return list_datasets(self.data_dir)


def _hash(content: object) -> str:
    return hashlib.sha256(canonical_json(content)).hexdigest()


def _hash_files(path: Path, pattern: str = "*") -> list[list[str]]:
    return [[name, hash_file(file)[0]] for name, file in _files(path, pattern)]


def _files(path: Path, pattern: str) -> Iterator[tuple[str, Path]]:
    if path.is_file():
        yield path.name, path
    for file in sorted(path.rglob(pattern)):
        if file.is_file() and not is_junk(file.name):
            yield file.relative_to(path).as_posix(), file
