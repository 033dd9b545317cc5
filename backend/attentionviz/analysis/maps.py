"""Map names: those of a method, and best-2d and best-3d, the best map of each head."""

from typing import Any

import numpy as np

from attentionviz.analysis.answer_cache import cached
from attentionviz.core.best_map import best_maps
from attentionviz.core.types import DIMS, HeadId, MapName
from attentionviz.errors import MethodNotFoundError, NotReadyError
from attentionviz.store.dataset import DatasetReader

Array = np.ndarray[Any, Any]
BEST_MAPS = {f"best-{dims}d": dims for dims in DIMS}
MAX_NAME = 80


def grid(reader: DatasetReader, map_name: str) -> tuple[Array, Array]:
    """Return the grid sample of every head, and which heads are ready.

    Parameters
    ----------
    reader : DatasetReader
    map_name : str
        Such as ``tsne-2d`` or ``best-2d``.

    Returns
    -------
    points : ndarray
        As of `DatasetReader.grid`.
    ready : ndarray of bool, shape (n_layers, n_heads)

    Raises
    ------
    MethodNotFoundError
        When the dataset has, and will have, no such map.
    NotReadyError
        When it is not there yet.
    """
    dims = BEST_MAPS.get(map_name)
    if dims is None:
        return reader.grid(_parsed(map_name))
    names = best_names(reader, dims)
    grids = {name: reader.grid(name) for name in _used(names)}
    if not grids:
        raise NotReadyError(f"{reader.dataset_id}: no map of {dims} dimensions is there yet")
    points, ready = (np.zeros_like(part) for part in next(iter(grids.values())))
    for head, name in names.items():
        points[head], ready[head] = grids[name][0][head], grids[name][1][head]
    return points, ready


def grid_fingerprint(reader: DatasetReader, map_name: str) -> str:
    """Return a fingerprint that changes when `grid` does; raises as `grid`."""
    dims = BEST_MAPS.get(map_name)
    if dims is None:
        return reader.grid_fingerprint(_parsed(map_name))
    grids = [reader.grid_fingerprint(name) for name in _used(best_names(reader, dims))]
    return reader.fingerprint("best", dims, reader.heads_fingerprint(), *grids, files=())


def map_path(reader: DatasetReader, map_name: str, head: HeadId) -> str:
    """Return the file of one head's full map, uint16 (2 * n_tokens, dims); raises as `grid`.

    Raises
    ------
    HeadOutOfRangeError
        When the model has no such head.
    """
    reader.require_head(head)
    dims = BEST_MAPS.get(map_name)
    name = best_names(reader, dims).get(head) if dims else _parsed(map_name)
    if name is None:
        raise NotReadyError(f"{reader.dataset_id}: {head.folder} has no map yet")
    return reader.projection_path(name, head)


def best_names(reader: DatasetReader, dims: int) -> dict[HeadId, MapName]:
    """Return the best map of every head that has one so far.

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
        columns = reader.head_columns()
        found = best_maps(columns.recall(), dims, len(columns.heads))
        return {head: name for head, name in zip(columns.heads, found, strict=True) if name}

    key = ("best names", dims, reader.heads_fingerprint())
    return cached(reader, key, compute, lambda names: 200 * len(names) + 200)


def _parsed(map_name: str) -> MapName:
    return MapName.parse(map_name[:MAX_NAME])


def _used(names: dict[HeadId, MapName]) -> list[MapName]:
    return sorted(set(names.values()))
