"""Biplot: the dot product of a query and a key in the map best approximates their score."""

from functools import partial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from attentionviz.projections.vectors import Floats, HeadVectors, Neighbours, Place, Projection

DEFAULTS: dict[str, Any] = {}
PLACES_EXACTLY = True
# Axes below this share of the first singular value are rounding; nothing is placed along them.
MIN_RELATIVE_STRENGTH = 1e-12


def project(
    vectors: HeadVectors, *, dims: int, seed: int, neighbours: Neighbours | None, **settings: Any
) -> Projection:
    """Return the biplot of the scores; see `attentionviz.projections.project`.

    Parameters
    ----------
    vectors : HeadVectors
        The raw vectors are used. Keys are centred, which adds a constant to all scores of a query
        and so does not change its attention; centring queries would change it.
    dims : 2 or 3
        Axes beyond the rank of the scores are 0.
    seed, neighbours
        Not used: the map is exact.

    Notes
    -----
    With Q = Q_q R_q, K = Q_k R_k and R_q R_kᵀ = U S Vᵀ, the points are Q_q U √S and Q_k V √S. The
    sign of an axis is such that the query with the largest magnitude is positive.
    ``score_energy_kept`` is the share of the squared scores that the axes explain.
    Source: Eckart and Young 1936; Gabriel 1971.
    """
    made = _factors(vectors)
    n_axes = min(dims, len(made.strengths))
    root = np.sqrt(made.strengths[:n_axes])
    n_queries = len(vectors.queries)
    coordinates = np.zeros((vectors.n_points, dims))
    coordinates[:n_queries, :n_axes] = made.q_basis @ made.u[:, :n_axes] * root
    coordinates[n_queries:, :n_axes] = made.k_basis @ made.vt[:n_axes].T * root
    coordinates *= _signs(coordinates[:n_queries])
    energy = made.strengths**2
    kept = float(energy[:n_axes].sum() / energy.sum()) if energy.sum() > 0 else None
    return Projection(coordinates.astype(np.float32), {"score_energy_kept": kept})


def placer(vectors: HeadVectors, drawn: Floats, *, dims: int, seed: int, **settings: Any) -> Place:
    """Return a function that places other queries and keys; see `registry.placer`.

    Notes
    -----
    Q_q U √S = scaling · Q · R_kᵀ V / √S and Q_k V √S = scaling · K · R_qᵀ U / √S are linear maps
    of the vectors, which apply to any other vector. Source: Gower and Hand 1996.
    """
    made = _factors(vectors)
    n_axes = int((made.strengths[:dims] > MIN_RELATIVE_STRENGTH * made.strengths[0]).sum())
    root = np.sqrt(made.strengths[:n_axes])
    of_queries = np.zeros((vectors.queries.shape[1], dims))
    of_keys = np.zeros_like(of_queries)
    of_queries[:, :n_axes] = vectors.scaling * made.k_factor.T @ made.vt[:n_axes].T / root
    of_keys[:, :n_axes] = vectors.scaling * made.q_factor.T @ made.u[:, :n_axes] / root
    signs = _signs(vectors.queries.astype(np.float64) @ of_queries)
    return partial(
        _place, of_queries=of_queries * signs, of_keys=of_keys * signs, key_mean=made.key_mean
    )


def _place(new: HeadVectors, *, of_queries: Any, of_keys: Any, key_mean: Any) -> Floats:
    queries = new.queries.astype(np.float64) @ of_queries
    keys = (new.keys.astype(np.float64) - key_mean) @ of_keys
    placed: Floats = np.concatenate([queries, keys]).astype(np.float32)
    return placed


class _Factors(NamedTuple):
    """Q = Q_q R_q, centred K = Q_k R_k, and U S Vᵀ of the scaled R_q R_kᵀ."""

    q_basis: NDArray[np.float64]
    q_factor: NDArray[np.float64]
    k_basis: NDArray[np.float64]
    k_factor: NDArray[np.float64]
    key_mean: NDArray[np.float64]
    u: NDArray[np.float64]
    strengths: NDArray[np.float64]
    vt: NDArray[np.float64]


def _factors(vectors: HeadVectors) -> _Factors:
    keys = vectors.keys.astype(np.float64)
    key_mean = keys.mean(axis=0)
    q_basis, q_factor = np.linalg.qr(vectors.queries.astype(np.float64))
    k_basis, k_factor = np.linalg.qr(keys - key_mean)
    u, strengths, vt = np.linalg.svd(vectors.scaling * q_factor @ k_factor.T)
    return _Factors(q_basis, q_factor, k_basis, k_factor, key_mean, u, strengths, vt)


def _signs(queries: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return 1 or -1 for each axis, so that its query with the largest magnitude is positive."""
    farthest = np.abs(queries).argmax(axis=0)
    return np.where(queries[farthest, np.arange(queries.shape[1])] < 0, -1, 1)
