"""Heads of a dataset for the placing of new tokens: vectors, maps, placers."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from attentionviz.core.heads import heads_of
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
    """All heads of one dataset, cached as far as they fit.

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

    @property
    def ids(self) -> list[HeadId]:
        """Return all heads, layer by layer."""
        return heads_of(self.reader.manifest)

    def vectors(self, head: HeadId) -> HeadVectors:
        """Return the stored vectors of the corpus, aligned as they were for its maps.

        Those of a sample have its own mean and scale, near those of the corpus.
        """
        cached: HeadVectors | None = self._cache.get(self._owner, head)
        if cached is not None:
            return cached
        reader, manifest = self.reader, self.reader.manifest
        (has_query, has_key), tokens = self._has(head), reader.stored_tokens()
        with (
            reader.open_vectors(reader.queries_path(head)) as queries,
            reader.open_vectors(reader.keys_path(head)) as keys,
        ):
            n = queries.n_rows
            stored_queries, stored_keys = queries.block(0, n)[1], keys.block(0, n)[1]
        vectors = HeadVectors.of(
            stored_queries[has_query[tokens]],
            stored_keys[has_key[tokens]],
            manifest["layers"][head.layer]["scaling"],
            rule=manifest["alignment"]["scale"],
            seed=manifest["seed"],
        )
        self._cache.put(self._owner, head, vectors, 4 * vectors.queries.nbytes)
        return vectors

    def points(self, head: HeadId) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the points of a head's map with stored vectors: of queries, and of keys."""
        tokens, n = self.reader.stored_tokens(), self.reader.n_tokens
        has_query, has_key = self._has(head)
        queries, keys = tokens[has_query[tokens]], tokens[has_key[tokens]]
        return queries.astype(np.int64), keys.astype(np.int64) + n

    def _has(self, head: HeadId) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Return which tokens have a query, and which a key, bool (n_tokens,) each."""
        spans, n = self.reader.spans(head), self.reader.n_tokens
        return spans.has_query(n), spans.has_key(n)

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
        facts = self.reader.head(head)["maps"][str(name)]
        offset, scale = facts["offset"], facts["scale"]
        manifest = self.reader.manifest
        points = np.concatenate(self.points(head))
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
    if len(heads.ids) * manifest["keep_vectors"]["n_tokens"] * per_token > cache_bytes:
        return
    for name in names:
        for head in heads.ids:
            heads.map_placer(head, name)
            yield
