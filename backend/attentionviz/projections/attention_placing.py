"""Placement of points in a finished map of attention t-SNE, and outside its fitted sample."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from attentionviz.projections.neighbours import TILE, strongest
from attentionviz.projections.placing import QueryCandidates, candidate_positions
from attentionviz.projections.vectors import Floats, HeadVectors


class LikenessPlacer:
    """Places keys at the most similar key, and queries near most of their strongest keys.

    Parameters
    ----------
    vectors : HeadVectors
        The queries and keys of the map.
    drawn : ndarray of float32, shape (n_points, dims)
        The map.
    seed : int
        Seed of the candidate positions of queries.
    settings : dict
        Values for all of `attention_tsne.DEFAULTS`.
    """

    def __init__(
        self, vectors: HeadVectors, drawn: Floats, *, seed: int, settings: dict[str, Any]
    ) -> None:
        self._vectors = vectors
        self._drawn = drawn
        self._n_targets = min(settings["targets"], len(vectors.keys))
        queries, keys = np.split(drawn, [len(vectors.queries)])
        candidates = candidate_positions(queries, keys, settings["places_around_key"], seed)
        self._places = QueryCandidates(keys, candidates, self._n_targets)

    @property
    def n_bytes(self) -> int:
        """Memory of the candidate positions, in bytes."""
        return self._places.n_bytes

    def __call__(self, rest: HeadVectors) -> Floats:
        """Return the coordinates, float32 (n_rest_points, dims): queries, then keys."""
        placed = place_by_likeness(rest, self._vectors, self._drawn)
        queries, keys = np.split(placed, [len(rest.queries)])
        targets, _ = strongest(rest.queries, self._vectors.keys, self._n_targets)
        return np.concatenate([self._places.best(queries, targets), keys])


def place_by_likeness(rest: HeadVectors, sample: HeadVectors, fitted: Floats) -> Floats:
    """Return each query at the most similar fitted query, and each key at the most similar key.

    Similar vectors have similar scores. At the mean of its strongest keys a query would be between
    them and near none.

    Parameters
    ----------
    rest, sample : HeadVectors
    fitted : ndarray of float32, shape (n_sample_points, dims)

    Returns
    -------
    ndarray of float32, shape (n_rest_points, dims)
        Queries, then keys.
    """
    n_sample = len(sample.queries)
    queries = fitted[:n_sample][closest(rest.queries, sample.queries)]
    keys = fitted[n_sample:][closest(rest.keys, sample.keys)]
    both: Floats = np.concatenate([queries, keys])
    return both


def closest(points: Floats, others: Floats) -> NDArray[np.int64]:
    """Return for each point the index of the nearest of the others, by Euclidean distance."""
    half_squares = (others**2).sum(axis=1) / 2
    chunks = [points[i : i + TILE[0]] for i in range(0, len(points), TILE[0])]
    return np.concatenate([np.argmin(half_squares - part @ others.T, axis=1) for part in chunks])
