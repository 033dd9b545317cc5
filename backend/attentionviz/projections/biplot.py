"""Biplot: a query's plotted product with a key is the best fit of their score in so few axes."""

from typing import Any

import numpy as np

from attentionviz.projections.vectors import HeadVectors, Neighbours, Projection

DEFAULTS: dict[str, Any] = {}
NEARNESS = "product"


def project(
    vectors: HeadVectors, *, dims: int, seed: int, neighbours: Neighbours | None, **settings: Any
) -> Projection:
    """Return the biplot of the scores; see `attentionviz.projections.project`.

    Parameters
    ----------
    vectors : HeadVectors
        The raw vectors are used. Keys are centred, which adds one number to all scores of a query
        and so leaves its attention as it is; queries are not, as that would change attention.
    dims : 2 or 3
        Axes beyond the rank of the scores are 0.
    seed, neighbours
        Not used: the map is exact.

    Notes
    -----
    With Q = Q_q R_q, K = Q_k R_k and R_q R_kᵀ = U S Vᵀ, the points are Q_q U √S and Q_k V √S. Of
    the two directions of an axis the one is taken in which the query farthest out is positive.
    ``score_energy_kept`` is the share of the squared scores that the axes hold.
    Source: Eckart and Young 1936; Gabriel 1971.
    """
    keys = vectors.keys.astype(np.float64)
    q_basis, q_factor = np.linalg.qr(vectors.queries.astype(np.float64))
    k_basis, k_factor = np.linalg.qr(keys - keys.mean(axis=0))
    u, strengths, vt = np.linalg.svd(vectors.scaling * q_factor @ k_factor.T)
    n_axes = min(dims, len(strengths))
    root = np.sqrt(strengths[:n_axes])
    coordinates = np.zeros((2 * vectors.n_tokens, dims))
    coordinates[: vectors.n_tokens, :n_axes] = q_basis @ u[:, :n_axes] * root
    coordinates[vectors.n_tokens :, :n_axes] = k_basis @ vt[:n_axes].T * root
    farthest = np.abs(coordinates[: vectors.n_tokens]).argmax(axis=0)
    coordinates *= np.where(coordinates[farthest, np.arange(dims)] < 0, -1, 1)
    energy = strengths**2
    kept = float(energy[:n_axes].sum() / energy.sum()) if energy.sum() > 0 else None
    return Projection(coordinates.astype(np.float32), {"score_energy_kept": kept})
