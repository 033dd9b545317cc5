"""t-SNE of attention itself: queries lie near the keys they score highest, and keys near queries.

Neighbours of a query are its strongest keys of the corpus, of a key its strongest queries. With
distance² = s_max - s_ij the perplexity-calibrated Gaussian affinity is a tempered softmax. The
plain softmax is mixed in: calibrated neighbourhoods alone are all small, and say nothing of what
lies between them. Then queries are placed, and all points sharpened, for the strongest keys alone.
"""

from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import bmat, csr_matrix

from attentionviz.projections import pca
from attentionviz.projections.affinities import fitting_perplexity, row_affinities
from attentionviz.projections.attention_placing import RestPlacer, place_rest
from attentionviz.projections.descent import DESCENT_DEFAULTS, descend
from attentionviz.projections.forces import pair_attraction, repulsion
from attentionviz.projections.neighbours import Strongest, strongest
from attentionviz.projections.placing import candidate_places, place_queries
from attentionviz.projections.sampling import DEFAULT_FIT_POINTS, fit_sampled, fitted_part
from attentionviz.projections.sharpening import sharpen
from attentionviz.projections.vectors import Floats, HeadVectors, Neighbours, Place, Projection

DEFAULTS: dict[str, Any] = {
    "perplexity": 20.0,
    # Less raises recall@10 a little and sends the keys that no query attends to far out; more
    # keeps them near the queries that like them best, and takes room from the others.
    "key_weight": 0.5,
    # The plain softmax over each query's strongest keys keeps far places in order: with none of it
    # rank correlation is lower by 0.1 to 0.2, and recall@10 higher by 0.005.
    "softmax_weight": 0.5,
    "softmax_keys": 200,
    **DESCENT_DEFAULTS,
    "iterations": 100,  # what follows mends what a longer descent would
    "targets": 10,  # strongest keys of a query that the last steps are about
    "places_around_key": 5,
    "sharpening_iterations": 15,
    "sharpening_rate": 0.5,
    "sharpening_momentum": 0.5,
    "fit_points": DEFAULT_FIT_POINTS,
}
MIN_TOKENS = 4
MIN_TARGETS = 2


def project(
    vectors: HeadVectors, *, dims: int, seed: int, neighbours: Neighbours | None, **settings: Any
) -> Projection:
    """Return the t-SNE map of attention; see `attentionviz.projections.project`.

    Parameters
    ----------
    vectors : HeadVectors
        Scores come from the raw vectors; the start is the principal components of the aligned.
    dims : 2 or 3
    seed : int
        Chooses the sample of a head with more than ``fit_points``, and places that queries try.
    neighbours
        Not used: these are of another kind.
    **settings
        Values for all of `DEFAULTS`.
    """
    _share_targets(vectors.n_tokens, settings)
    return fit_sampled(
        vectors,
        settings["fit_points"],
        seed,
        partial(_fit, dims=dims, seed=seed, settings=settings),
        partial(place_rest, seed=seed, settings=settings),
    )


def placer(vectors: HeadVectors, drawn: Floats, *, dims: int, seed: int, **settings: Any) -> Place:
    """Return what places other points as the rest of a sample is; see `registry.placer`."""
    sample, fitted = fitted_part(vectors, drawn, settings["fit_points"], seed)
    _share_targets(vectors.n_tokens, settings)
    return RestPlacer(sample, fitted, seed=seed, settings=settings)


def _share_targets(n_tokens: int, settings: dict[str, Any]) -> None:
    """Of a query's strongest keys the sample holds its share; near places fill up with the rest."""
    share = min(settings["fit_points"] / 2 / n_tokens, 1.0)
    settings["targets"] = max(round(share * settings["targets"]), MIN_TARGETS)


def _fit(vectors: HeadVectors, *, dims: int, seed: int, settings: dict[str, Any]) -> Projection:
    perplexity, fallback = fitting_perplexity(settings["perplexity"], vectors.n_tokens)
    n_found = max(int(3 * perplexity), settings["softmax_keys"], settings["targets"])
    found = strongest(vectors.queries * np.float32(vectors.scaling), vectors.keys, n_found)
    affinities = score_affinities(
        vectors, perplexity, settings["key_weight"], settings["softmax_weight"], found
    )
    start = pca.project(vectors, dims=dims, seed=0, neighbours=None, **pca.DEFAULTS).coordinates
    descended, divergence = descend(start, affinities, bipartite_objective, settings)
    coordinates = refine(descended, found[0][:, : settings["targets"]], seed, settings)
    return Projection(coordinates, {"kl_divergence_before_refining": divergence}, fallback)


def refine(
    points: Floats, targets: NDArray[np.int64], seed: int, settings: dict[str, Any]
) -> Floats:
    """Return the map with queries placed, all points sharpened, and queries placed again.

    Parameters
    ----------
    points : ndarray of float32, shape (2 * n_tokens, dims)
        Queries, then keys.
    targets : ndarray of int, shape (n_tokens, n_targets)
        The strongest keys of each query. With no other keys there is nothing to choose.
    seed : int
    settings : dict
        Values for all of `DEFAULTS`.
    """
    if len(points) <= 2 * targets.shape[1]:
        return points
    queries, keys = np.split(points, 2)
    n_around = settings["places_around_key"]
    queries = place_queries(queries, keys, targets, candidate_places(queries, keys, n_around, seed))
    queries, keys = sharpen(
        queries,
        keys,
        targets,
        iterations=settings["sharpening_iterations"],
        rate=settings["sharpening_rate"],
        momentum=settings["sharpening_momentum"],
    )
    queries = place_queries(queries, keys, targets, candidate_places(queries, keys, n_around, seed))
    return np.concatenate([queries, keys])


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
        Of a query's keys and of a key's queries.
    key_weight : float
        How much a key's queries count against a query's keys.
    softmax_weight : float
        Share of the plain softmax, in 0..1, over the keys of `strongest_keys`.
    strongest_keys : tuple or None
        From `strongest`, with at least three keys a unit of perplexity; searched where None.

    Returns
    -------
    csr_matrix of float32, shape (2 * n_tokens, 2 * n_tokens)
        Queries, then keys; nothing between two queries or two keys.
    """
    n_near = max(int(3 * perplexity), 1)
    q, k = vectors.queries * np.float32(vectors.scaling), vectors.keys
    indices, distances = strongest_keys or strongest(q, k, n_near)
    near = indices[:, :n_near], distances[:, :n_near]
    to_keys = row_affinities(*near, perplexity, len(k))
    to_queries = row_affinities(*strongest(k, q, n_near), perplexity, len(q))
    both = to_keys + np.float32(key_weight) * to_queries.T  # (query, key)
    both = np.float32((1 - softmax_weight) / (1 + key_weight)) * both
    if softmax_weight > 0:
        both = both + np.float32(softmax_weight) * softmax_rows(indices, distances, len(k))
    between = both / np.float32(2 * len(q))
    return csr_matrix(bmat([[None, between], [between.T, None]]))


def softmax_rows(indices: NDArray[np.int64], distances: Floats, n_keys: int) -> csr_matrix:
    """Return the softmax of each query over the keys that were found, as (query, key).

    One that is sharper than a perplexity of a third of these keys is tempered to that: the weight
    on one or two keys says nothing of where the others should lie.

    Parameters
    ----------
    indices, distances : ndarray of int64 and float32, shape (n_queries, n_found)
        From `strongest`, whose squared distance is the largest score less the score.
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


def bipartite_objective(points: Floats, affinities: csr_matrix) -> tuple[Floats, float]:
    """Return a quarter of the gradient, and the sum of w over all pairs of a query and a key.

    The map's distribution is one over pairs of a query and a key, as attention is: two queries, or
    two keys, do not push each other away. With t-SNE's own, over all pairs of points, recall@10
    is clearly lower.

    Parameters
    ----------
    points : ndarray of float32, shape (2 * n_tokens, dims)
        Queries, then keys.
    affinities : csr_matrix of float32, shape (2 * n_tokens, 2 * n_tokens)
        From `score_affinities`.
    """
    n_tokens = len(points) // 2
    queries, keys = points[:n_tokens], points[n_tokens:]
    sums, on_queries = repulsion(queries, keys)
    _, on_keys = repulsion(keys, queries)
    total = 2 * float(sums.sum(dtype=np.float64))  # every pair counts in both orders
    forces: Floats = np.concatenate([on_queries, on_keys])
    return pair_attraction(points, affinities) - forces / np.float32(total), total
