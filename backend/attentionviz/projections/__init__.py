"""Joint maps of the queries and keys of one head: one file per method, one signature.

    vectors = HeadVectors.of(queries, keys, scaling)           # checks, aligns
    neighbours = find_neighbours(vectors)                      # once per head, for tsne and umap
    projection = project("tsne", vectors, dims=2, seed=0, neighbours=neighbours)
    steps, offset, scale = quantise(projection.coordinates)    # uint16 as stored

A method is one file here with DEFAULTS (every parameter) and ``project(vectors, *, dims, seed,
neighbours, **parameters)``, and one entry in `METHOD_FACTS` of `attentionviz.core.methods`, which
also defines what nearness means in its maps.
"""

from attentionviz.projections.neighbours import find_neighbours
from attentionviz.projections.quantise import dequantise, quantise
from attentionviz.projections.registry import (
    GPU_METHODS,
    MODULES,
    Placer,
    defaults,
    get,
    nearness,
    needs_neighbours,
    placer,
    project,
    warm_up,
)
from attentionviz.projections.vectors import HeadVectors, Neighbours, Projection

__all__ = [
    "GPU_METHODS",
    "MODULES",
    "HeadVectors",
    "Neighbours",
    "Placer",
    "Projection",
    "defaults",
    "dequantise",
    "find_neighbours",
    "get",
    "nearness",
    "needs_neighbours",
    "placer",
    "project",
    "quantise",
    "warm_up",
]
