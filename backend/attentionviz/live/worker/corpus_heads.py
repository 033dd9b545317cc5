"""Heads of a dataset for the placing of new tokens: vectors, maps, placers."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from attentionviz.core.heads import head_number
from attentionviz.core.types import HeadId, MapName
from attentionviz.live.worker.owner_cache import OwnerCache
from attentionviz.projections import HeadVectors, Placer, dequantise, placer, warm_up
from attentionviz.store.dataset import DatasetReader

# Coordinates of two points per token, and the candidate positions of attention-tsne.
BYTES_PER_MAP = 24 + 370


class MapPlacer(NamedTuple):
    """Places new points into one map of one head, in the quantised steps of that map."""

    placer: Placer
    offset: NDArray[np.float64]
    scale: float

    def steps(self, new: HeadVectors) -> NDArray[np.float32]:
        """Return positions in steps of the map, float32 (2 * n_new_tokens, dims).

        Inside the map from 0 to 65535.
        """
        coordinates = self.placer.place(new).astype(np.float64)
        return ((coordinates - self.offset) / self.scale).astype(np.float32)


class CorpusHeads:
    """All heads of one dataset, read once and cached as far as they fit.

    Parameters
    ----------
    reader : DatasetReader
        Of a complete dataset.
    cache : OwnerCache
        Shared by all datasets.
    """

    def __init__(self, reader: DatasetReader, cache: OwnerCache) -> None:
        self.reader = reader
        self._cache = cache
        self._owner = (reader.dataset_id, reader.version)
        self._facts = reader.heads()

    @property
    def ids(self) -> list[HeadId]:
        """Return all heads, layer by layer."""
        return [HeadId(facts["layer"], facts["head"]) for facts in self._facts]

    def vectors(self, head: HeadId) -> HeadVectors:
        """Return the vectors of the corpus, aligned as they were for its maps."""
        cached: HeadVectors | None = self._cache.get(self._owner, head)
        if cached is not None:
            return cached
        reader, manifest = self.reader, self.reader.manifest
        spans = reader.spans(head)
        vectors = HeadVectors.of(
            reader.queries(head, 0, reader.n_tokens)[spans.queries],
            reader.keys(head, 0, reader.n_tokens)[spans.keys],
            manifest["layers"][head.layer]["scaling"],
            rule=manifest["alignment"]["scale"],
            seed=manifest["seed"],
        )
        self._cache.put(self._owner, head, vectors, 4 * vectors.queries.nbytes)
        return vectors

    def map_placer(self, head: HeadId, name: MapName) -> MapPlacer:
        """Return the placer of one map of a head."""
        key = (head, name)
        cached: MapPlacer | None = self._cache.get(self._owner, key)
        if cached is not None:
            return cached
        made = self._make_placer(head, name)
        self._cache.put(self._owner, key, made, made.placer.n_bytes)
        return made

    def _make_placer(self, head: HeadId, name: MapName) -> MapPlacer:
        facts: dict[str, Any] = self._facts[head_number(self.reader.manifest, head)]
        offset, scale = facts["maps"][str(name)]["offset"], facts["maps"][str(name)]["scale"]
        manifest = self.reader.manifest
        points = self.reader.spans(head).points(self.reader.n_tokens)
        made = placer(
            name.method,
            self.vectors(head),
            dequantise(self.reader.projection(name, head)[points], offset, scale),
            step=scale,
            seed=manifest["seed"],
            parameters=manifest["maps"][str(name)]["parameters"],
        )
        return MapPlacer(made, np.asarray(offset), scale)


def prepare_all(heads: CorpusHeads, cache_bytes: int) -> Iterator[None]:
    """Prepare the placers of all maps of a dataset, one head at a time, if all fit in the cache.

    Parameters
    ----------
    heads : CorpusHeads
    cache_bytes : int
        Capacity of the cache.
    """
    yield from warm_up()
    manifest = heads.reader.manifest
    names = [MapName.parse(name) for name in manifest["maps"]]
    per_token = 16 * manifest["d_head"] + BYTES_PER_MAP * len(names)
    if len(heads.ids) * manifest["n_tokens"] * per_token > cache_bytes:
        return
    for name in names:
        for head in heads.ids:
            heads.map_placer(head, name)
            yield
