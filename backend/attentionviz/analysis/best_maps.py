"""The best map of each head: of every head the one that shows its attention best."""

from typing import Any

import numpy as np

from attentionviz.analysis.answer_cache import cached
from attentionviz.core.best_map import best_map
from attentionviz.core.types import DIMS, HeadId, MapName
from attentionviz.errors import MethodNotFoundError, NotReadyError
from attentionviz.store.dataset import DatasetReader

Array = np.ndarray[Any, Any]
BEST_MAPS = {f"best-{dims}d": dims for dims in DIMS}


def best_names(reader: DatasetReader, dims: int) -> dict[HeadId, MapName]:
    """Return the best map of every head that has one by now.

    Parameters
    ----------
    reader : DatasetReader
    dims : 2 or 3

    Raises
    ------
    MethodNotFoundError
        When the dataset has, and will have, no map of these dimensions.
    """
    if all(facts["dims"] != dims for facts in reader.manifest["maps"].values()):
        raise MethodNotFoundError(f"{reader.dataset_id} has no map of {dims} dimensions")

    def compute() -> dict[HeadId, MapName]:
        found = ((facts, best_map(facts["maps"], dims)) for facts in reader.heads())
        return {HeadId(facts["layer"], facts["head"]): name for facts, name in found if name}

    # One request for a grid asks twice, and reading the facts of many heads takes a while.
    key = ("best names", dims, reader.heads_fingerprint())
    return cached(reader, key, compute, lambda names: 200 * len(names) + 200)


def best_name(reader: DatasetReader, dims: int, head: HeadId) -> MapName:
    """Return the best map of one head; NotReadyError while it has none."""
    reader.require_head(head)
    name = best_names(reader, dims).get(head)
    if name is None:
        raise NotReadyError(f"{reader.dataset_id}: {head.folder} has no map yet")
    return name


def best_grid(reader: DatasetReader, dims: int) -> tuple[Array, Array]:
    """Return what the grid draws of the best map of every head, and which heads are there.

    Returns
    -------
    points : ndarray
        As of `DatasetReader.grid`.
    ready : ndarray of bool, shape (n_layers, n_heads)
    """
    names = best_names(reader, dims)
    grids = {name: reader.grid(name) for name in _used(names)}
    if not grids:
        raise NotReadyError(f"{reader.dataset_id}: no map of {dims} dimensions is there yet")
    points, ready = (np.zeros_like(part) for part in next(iter(grids.values())))
    for head, name in names.items():
        points[head], ready[head] = grids[name][0][head], grids[name][1][head]
    return points, ready


def best_grid_fingerprint(reader: DatasetReader, dims: int) -> str:
    """Return what changes when `best_grid` does."""
    names = best_names(reader, dims)
    grids = [reader.grid_fingerprint(name) for name in _used(names)]
    return reader.fingerprint("best", dims, reader.heads_fingerprint(), *grids, files=())


def _used(names: dict[HeadId, MapName]) -> list[MapName]:
    return sorted(set(names.values()))
