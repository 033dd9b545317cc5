"""t-SNE of attention: queries lie near the keys that they score highest, and keys near queries.

The neighbours of a query are its strongest keys in the corpus, those of a key its strongest
queries. With distance² = s_max - s_ij the perplexity-calibrated Gaussian affinity is a tempered
softmax. The plain softmax is mixed in, since calibrated neighbourhoods are small and do not
determine the distances between them. Finally queries are placed, and all points sharpened, for the
strongest keys only.
"""

from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import bmat, csr_matrix

from attentionviz.projections import pca
from attentionviz.projections.affinities import fitting_perplexity, row_affinities
from attentionviz.projections.attention_placing import LikenessPlacer, place_by_likeness
from attentionviz.projections.descent import DESCENT_DEFAULTS, descend
from attentionviz.projections.forces import attraction
from attentionviz.projections.grid_forces import repulsion
from attentionviz.projections.neighbours import Strongest, strongest
from attentionviz.projections.placing import candidate_positions, place_queries
from attentionviz.projections.sampling import fit_sampled
from attentionviz.projections.sharpening import Sharpening, sharpen
from attentionviz.projections.vectors import Floats, HeadVectors, Neighbours, Place, Projection

DEFAULTS: dict[str, Any] = {
    "perplexity": 20.0,
    # A smaller weight raises recall@10 slightly but moves keys that no query attends to far away; a
    # larger one keeps them near their strongest queries, which leaves less room for other keys.
    "key_weight": 0.5,
    # The plain softmax over each query's strongest keys preserves large distances: without it,
    # rank correlation is lower by 0.1 to 0.2, and recall@10 higher by 0.005.
    "softmax_weight": 0.5,
    "softmax_keys": 200,
    **DESCENT_DEFAULTS,
    "iterations": 100,  # placing and sharpening replace further iterations
    "targets": 10,  # number of strongest keys for placing and sharpening
    "places_around_key": 5,
    "sharpening_iterations": 15,
    "sharpening_rate": 0.5,
    "sharpening_momentum": 0.5,
    "sharpening_near_keys": 150,
    "sharpening_far_keys": 100,
    "refinements": 2,
    "fit_points": 4000,
}
MIN_TOKENS = 4


def project(
    vectors: HeadVectors, *, dims: int, seed: int, neighbours: Neighbours | None, **settings: Any
) -> Projection:
    """Return the t-SNE map of attention; see `attentionviz.projections.project`.

    Parameters
    ----------
    vectors : HeadVectors
        Scores are computed from the raw vectors, the initial map from the aligned ones.
    dims : 2 or 3
    seed : int
        Seed of the sample, for more than ``fit_points``, of the candidate positions and of the far
        keys in the sharpening.
    neighbours
        Not used, since these are by cosine distance.
    **settings
        Values for all of `DEFAULTS`.
    """
    fit = partial(_fit, dims=dims, settings=settings)
    fitted = fit_sampled(vectors, settings["fit_points"], seed, fit, place_by_likeness)
    targets, _ = strongest(vectors.queries, vectors.keys, settings["targets"])
    return replace(fitted, coordinates=refine(fitted.coordinates, targets, seed, settings))


def placer(vectors: HeadVectors, drawn: Floats, *, dims: int, seed: int, **settings: Any) -> Place:
    """Return a function that places other tokens; see `registry.placer`."""
    return LikenessPlacer(vectors, drawn, seed=seed, settings=settings)


def _fit(vectors: HeadVectors, *, dims: int, settings: dict[str, Any]) -> Projection:
    perplexity, fallback = fitting_perplexity(settings["perplexity"], vectors.n_tokens)
    n_found = max(int(3 * perplexity), settings["softmax_keys"])
    found = strongest(vectors.queries * np.float32(vectors.scaling), vectors.keys, n_found)
    affinities = score_affinities(
        vectors, perplexity, settings["key_weight"], settings["softmax_weight"], found
    )
    start = pca.project(vectors, dims=dims, seed=0, neighbours=None, **pca.DEFAULTS).coordinates
    objective = partial(bipartite_objective, n_queries=len(vectors.queries))
    coordinates, divergence = descend(start, affinities, objective, settings)
    return Projection(coordinates, {"kl_divergence_before_refining": divergence}, fallback)


def refine(
    points: Floats, targets: NDArray[np.int64], seed: int, settings: dict[str, Any]
) -> Floats:
    """Return the map with queries placed, then some times all points sharpened, and queries placed.

    Parameters
    ----------
    points : ndarray of float32, shape (n_queries + n_keys, dims)
        Queries, then keys.
    targets : ndarray of int, shape (n_queries, n_targets)
        The strongest keys of each query; if these are all keys, the map is not changed.
    seed : int
    settings : dict
        Values for all of `DEFAULTS`.
    """
    queries, keys = np.split(points, [len(targets)])
    if len(keys) <= targets.shape[1]:
        return points
    n_around, sharpening = settings["places_around_key"], sharpening_parameters(settings)

    def placed(seed: int) -> Floats:
        candidates = candidate_positions(queries, keys, n_around, seed)
        return place_queries(queries, keys, targets, candidates)

    queries = placed(seed)
    for step in range(settings["refinements"]):
        queries, keys = sharpen(queries, keys, targets, sharpening, seed + step)
        queries = placed(seed + step)
    return np.concatenate([queries, keys])


def sharpening_parameters(settings: dict[str, Any]) -> Sharpening:
    """Return the parameters of the sharpening from values for all of `DEFAULTS`."""
    return Sharpening(**{name: settings[f"sharpening_{name}"] for name in Sharpening._fields})


def score_affinities(
    vectors: HeadVectors,
    perplexity: float,
    key_weight: float,
    softmax_weight: float = 0.0,
    strongest_keys: Strongest | None = None,
) -> csr_matrix:
    """Return the symmetric affinities of queries and keys, which sum to 1.

    Parameters
    ----------
    vectors : HeadVectors
    perplexity : float
        Of the keys of each query, and of the queries of each key.
    key_weight : float
        Weight of the affinities of keys to queries relative to those of queries to keys.
    softmax_weight : float
        Share of the plain softmax over `strongest_keys`, in 0..1.
    strongest_keys : tuple or None
        From `strongest`, with at least three keys per unit of perplexity; None to search them.

    Returns
    -------
    csr_matrix of float32, shape (n_points, n_points)
        Queries, then keys; 0 between two queries or two keys. The queries as a whole have the same
        weight whatever the number of keys.
    """
    n_near = max(int(3 * perplexity), 1)
    q, k = vectors.queries * np.float32(vectors.scaling), vectors.keys
    indices, distances = strongest_keys or strongest(q, k, n_near)
    near = indices[:, :n_near], distances[:, :n_near]
    to_keys = row_affinities(*near, perplexity, len(k))
    to_queries = row_affinities(*strongest(k, q, n_near), perplexity, len(q))
    balanced = np.float32(key_weight * len(q) / len(k))
    both = to_keys + balanced * to_queries.T  # (query, key)
    both = np.float32((1 - softmax_weight) / (1 + key_weight)) * both
    if softmax_weight > 0:
        both = both + np.float32(softmax_weight) * softmax_rows(indices, distances, len(k))
    between = both / np.float32(2 * len(q))
    return csr_matrix(bmat([[None, between], [between.T, None]]))


def softmax_rows(indices: NDArray[np.int64], distances: Floats, n_keys: int) -> csr_matrix:
    """Return the softmax of each query over its found keys, as (query, key).

    If its perplexity is less than a third of these keys, it is tempered to that value, since a
    weight on one or two keys does not determine the positions of the others.

    Parameters
    ----------
    indices, distances : ndarray of int64 and float32, shape (n_queries, n_found)
        From `strongest`; the squared distance is the largest score minus the score.
    n_keys : int
    """
    weights = np.exp(-(distances.astype(np.float64) ** 2))
    weights /= weights.sum(axis=1, keepdims=True)
    entropy = -(weights * np.log(np.maximum(weights, 1e-300))).sum(axis=1)
    sharp = entropy < np.log(indices.shape[1] / 3)
    plain = np.where(sharp[:, None], 0, weights).astype(np.float32)
    starts = np.arange(0, indices.size + 1, indices.shape[1])
    rows = csr_matrix((plain.ravel(), indices.ravel(), starts), shape=(len(indices), n_keys))
    if not sharp.any():
        return rows
    tempered = row_affinities(indices[sharp], distances[sharp], indices.shape[1] / 3, n_keys)
    spread = csr_matrix(
        (np.ones(sharp.sum(), dtype=np.float32), (np.flatnonzero(sharp), np.arange(sharp.sum()))),
        shape=(len(indices), int(sharp.sum())),
    )
    return csr_matrix(rows + spread @ tempered)


def bipartite_objective(points: Floats, pairs: csr_matrix, n_queries: int) -> tuple[Floats, float]:
    """Return a quarter of the gradient, and the sum of w over all query-key pairs.

    The map's distribution is over query-key pairs, as attention is: two queries, or two keys, do
    not repel each other. With that of t-SNE, over all pairs of points, recall@10 is clearly lower.

    Parameters
    ----------
    points : ndarray of float32, shape (n_points, dims)
        Queries, then keys.
    pairs : csr_matrix of float32, shape (n_points, n_points)
        Upper triangle of `score_affinities`.
    n_queries : int
    """
    queries, keys = np.split(points, [n_queries])
    sums, on_queries = repulsion(queries, keys)
    _, on_keys = repulsion(keys, queries)
    total = 2 * float(sums.sum(dtype=np.float64))  # every pair counts in both orders
    forces: Floats = np.concatenate([on_queries, on_keys])
    return attraction(points, pairs) - forces / np.float32(total), total
