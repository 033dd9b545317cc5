"""Norms of what the grid draws, on one scale for the queries and keys of a head."""

from typing import Any

from numpy.typing import NDArray

from attentionviz.analysis.answer_cache import cached
from attentionviz.core.heads import by_layer, heads_of
from attentionviz.store import layout
from attentionviz.store.dataset import DatasetReader
from attentionviz.store.grid import byte_norms, grid_points


def shared_grid_norms(reader: DatasetReader) -> NDArray[Any]:
    """Return the norm of every point of the grid, scaled over queries and keys of its head.

    The stored sample is scaled over each kind, so this is computed from the norms of all tokens.

    Parameters
    ----------
    reader : DatasetReader

    Returns
    -------
    ndarray of uint8, shape (n_layers, n_heads, n_grid_points)
        0 for the least norm of a head, 255 for its largest; 0 for points that it does not have.
    """

    def compute() -> NDArray[Any]:
        points = grid_points(reader.grid_tokens(), reader.n_tokens)
        heads = heads_of(reader.manifest)
        norms = [
            byte_norms(reader.norms(head), "head", reader.spans(head))[points] for head in heads
        ]
        return by_layer(reader.manifest, norms)

    return cached(reader, shared_fingerprint(reader), compute, lambda norms: norms.nbytes)


def shared_fingerprint(reader: DatasetReader) -> str:
    """Return a fingerprint that changes when `shared_grid_norms` does."""
    paths = [layout.norms_path(head) for head in heads_of(reader.manifest)]
    return reader.fingerprint("norms of heads", files=(layout.GRID_TOKENS, *paths))
