"""Random but plausible coordinates: clusters that follow the token, apart for queries and keys.

With `has_shapes`, heads also have spirals, bands and rings by position, as trained heads do.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
from tests.support.fake_corpus import FakeCorpus
from tests.support.fake_spec import FakeSpec

from attentionviz.core.types import HeadId, MapName


def fake_maps(
    spec: FakeSpec, corpus: FakeCorpus
) -> Iterator[tuple[HeadId, str, np.ndarray, dict[str, Any]]]:
    """Yield head, map name, uint16 (2 * n_tokens, dims) coordinates and the facts of the map."""
    rng = np.random.default_rng(spec.seed + 1)
    token_id = np.asarray(corpus.tokens["token_id"])
    spans = [rule.spans(*corpus.sequences) for rule in spec.rules]
    exists = [np.isin(np.arange(2 * len(token_id)), s.points(len(token_id))) for s in spans]
    for head_id in spec.head_ids:
        n_clusters = int(rng.integers(4, 12))
        cluster = np.concatenate([token_id % n_clusters, n_clusters + token_id % n_clusters])
        shape = SHAPES[int(rng.integers(len(SHAPES)))] if spec.has_shapes else None
        for name in spec.maps:
            dims = MapName.parse(name).dims
            centres = rng.uniform(-10, 10, (2 * n_clusters, dims))
            noise = rng.standard_normal((2 * corpus.n_tokens, dims))
            coordinates = centres[cluster] + noise * rng.uniform(0.3, 2.0)  # (point, dim)
            if shape is not None:
                path = shape(corpus, rng)  # (point, 2)
                coordinates = np.column_stack([path, path[:, 1:] * 0.5])[:, :dims] + 0.4 * noise
            coordinates[: spec.n_far] += 60.0  # queries far from all others
            low, high = coordinates.min(axis=0), coordinates.max(axis=0)
            scale = max(float((high - low).max()) / 65535, 1e-9)
            offset = (low + high) / 2 - 32767.5 * scale
            steps = np.clip(np.rint((coordinates - offset) / scale), 0, 65535)
            steps *= exists[head_id.layer][:, None]
            facts = {
                "offset": [float(value) for value in offset],
                "scale": scale,
                "fidelity": random_fidelity(rng),
                "details": {},
                "fallback": None,
            }
            yield head_id, name, steps.astype(np.uint16), facts


def spiral(corpus: FakeCorpus, rng: np.random.Generator) -> np.ndarray:
    """Return queries and keys on two arms of a spiral, outwards by position; (point, 2)."""
    turn = rng.uniform(0.1, 0.35) * positions(corpus) + np.pi * is_key(corpus)
    return (2 + 0.3 * positions(corpus))[:, None] * np.stack([np.cos(turn), np.sin(turn)], axis=1)


def bands(corpus: FakeCorpus, rng: np.random.Generator) -> np.ndarray:
    """Return parallel bands, one for each position modulo 5, keys beside queries; (point, 2)."""
    across = 3 * (positions(corpus) % 5) + is_key(corpus)
    along = rng.uniform(-8, 8, 2 * corpus.n_tokens)
    angle = rng.uniform(0, np.pi)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return np.stack([along, across], axis=1) @ turn


def rings(corpus: FakeCorpus, rng: np.random.Generator) -> np.ndarray:
    """Return keys on a ring around the queries; (point, 2)."""
    turn = rng.uniform(0, 2 * np.pi, 2 * corpus.n_tokens)
    radius = np.where(is_key(corpus), 8, rng.uniform(0, 4, 2 * corpus.n_tokens))
    return radius[:, None] * np.stack([np.cos(turn), np.sin(turn)], axis=1)


def positions(corpus: FakeCorpus) -> np.ndarray:
    """Return the position of every point in its sequence; (point,)."""
    return np.tile(corpus.tokens["position"], 2)


def is_key(corpus: FakeCorpus) -> np.ndarray:
    """Return whether a point is a key; (point,)."""
    return np.arange(2 * corpus.n_tokens) >= corpus.n_tokens


# None: clusters.
SHAPES = (None, spiral, bands, rings)


def random_fidelity(rng: np.random.Generator) -> dict[str, float]:
    """Return plausible numbers."""
    found = {
        "recall_at_10": round(float(rng.uniform(0, 0.7)), 6),
        "rank_correlation": round(float(rng.uniform(-0.4, 0.9)), 6),
        "trustworthiness": round(float(rng.uniform(0.6, 1)), 6),
    }
    return found | {"recall_at_100": round(0.8 * found["recall_at_10"], 6)}


def mean_fidelity(
    heads: dict[HeadId, dict[str, Any]], maps: tuple[str, ...]
) -> dict[str, dict[str, float]]:
    """Return the mean of every measure over the heads, for each map."""
    rows = {name: [head["maps"][name]["fidelity"] for head in heads.values()] for name in maps}
    return {
        name: {key: float(np.mean([row[key] for row in found])) for key in found[0]}
        for name, found in rows.items()
    }


def pack_grid(grid: np.ndarray) -> np.ndarray:
    """Return 2-D coordinates as they are and 3-D ones as x | y << 11 | z << 22 in uint32."""
    if grid.shape[-1] == 2:
        return grid
    x, y, z = (grid[..., axis].astype(np.uint32) for axis in range(3))
    return (x >> 5) | (y >> 5) << 11 | (z >> 6) << 22
