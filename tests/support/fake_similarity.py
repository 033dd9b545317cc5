"""Synthetic but consistent distances of heads: heads are points in a plane."""

import numpy as np
from tests.support.fake_spec import FakeSpec

SIMILARITY_FACTS = {
    "n_rows": 7,
    "smoothing": 0.001,
    "log_base": 2,
    "n_tokens": 9,
    "seed": 0,
    "map_method": "points in a plane",
    "stress": 0.0,
}


def fake_similarity(spec: FakeSpec) -> dict[str, np.ndarray]:
    """Return the three files of similar heads: layers lie beside each other, heads scattered."""
    rng = np.random.default_rng(spec.seed + 2)
    n = len(spec.head_ids)
    layer = np.array([head.layer for head in spec.head_ids]) / spec.n_layers
    points = np.stack([layer, rng.uniform(0, 1, n)], axis=1) / 2
    points = (points - points.mean(axis=0)).astype(np.float32)
    apart = points[:, None] - points[None, :]
    distances = np.hypot(apart[..., 0], apart[..., 1]).astype(np.float32)
    parts = np.array([str(spec.rules[head.layer].part) for head in spec.head_ids])
    is_of_part = parts[:, None] == parts[None, :]
    return {
        "similarity-pattern.npy": np.where(is_of_part, distances, np.float32(1)),
        "similarity-vectors.npy": np.where(is_of_part, 1 - distances, np.float32(np.nan)),
        "head_map.npy": points,
    }
