"""Synthetic but consistent distances of heads: heads are points in a plane."""

from typing import Any

import numpy as np
from scipy.spatial import cKDTree
from tests.support.fake_spec import FakeSpec

from attentionviz.measures.similarity import n_nearest

SIMILARITY_FACTS = {
    "n_rows": 7,
    "smoothing": 0.001,
    "log_base": 2,
    "n_tokens": 9,
    "seed": 0,
    "map_method": "points in a plane",
    "stress": 0.0,
}


def similarity_facts(spec: FakeSpec) -> dict[str, Any]:
    """Return the manifest entry of the files of `fake_similarity`."""
    k = n_nearest(len(spec.head_ids))
    return SIMILARITY_FACTS | ({"n_nearest": k, "n_landmarks": 3} if k else {})


def fake_similarity(spec: FakeSpec) -> dict[str, np.ndarray]:
    """Return the files of similar heads: layers lie beside each other, heads scattered."""
    rng = np.random.default_rng(spec.seed + 2)
    n = len(spec.head_ids)
    layer = np.array([head.layer for head in spec.head_ids]) / spec.n_layers
    points = np.stack([layer, rng.uniform(0, 1, n)], axis=1) / 2
    points = (points - points.mean(axis=0)).astype(np.float32)
    if k := n_nearest(n):
        distances, heads = cKDTree(points).query(points, k + 1)
        others = heads != np.arange(n)[:, None]
        others[others.all(axis=1), -1] = False  # another head of the same place
        found = distances[others].reshape(n, k).astype(np.float32)
        return {
            "similarity-heads.npy": heads[others].reshape(n, k).astype(np.int32),
            "similarity-pattern.npy": found,
            "similarity-vectors.npy": 1 - found,
            "head_map.npy": points,
        }
    apart = points[:, None] - points[None, :]
    distances = np.hypot(apart[..., 0], apart[..., 1]).astype(np.float32)
    parts = np.array([str(spec.rules[head.layer].part) for head in spec.head_ids])
    is_of_part = parts[:, None] == parts[None, :]
    return {
        "similarity-pattern.npy": np.where(is_of_part, distances, np.float32(1)),
        "similarity-vectors.npy": np.where(is_of_part, 1 - distances, np.float32(np.nan)),
        "head_map.npy": points,
    }
