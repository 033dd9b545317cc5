"""Gradient descent of openTSNE with an objective of our own."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, triu

from attentionviz.projections.vectors import Floats

# From points and affinities of pairs to the gradient, and the sum that normalises w.
Objective = Callable[[Floats, csr_matrix], tuple[Floats, float]]

DESCENT_DEFAULTS: dict[str, Any] = {
    "early_exaggeration": 4.0,
    "early_iterations": 50,
    "early_momentum": 0.5,
    "iterations": 200,
    "momentum": 0.8,
}
# Width of the initial map: small relative to the kernel's width, as in van der Maaten's code.
START_WIDTH = 1e-4


def descend(
    start: NDArray[np.floating],
    affinities: csr_matrix,
    objective: Objective,
    settings: Mapping[str, Any],
    *,
    start_width: float | None = START_WIDTH,
) -> tuple[Floats, float]:
    """Return the final map and its Kullback-Leibler divergence.

    Parameters
    ----------
    start : ndarray of floats, shape (n_points, dims)
    affinities : csr_matrix, shape (n_points, n_points)
        Symmetric, sums to 1. Not modified.
    objective : callable
        ``objective(points, pairs)`` returns a quarter of the gradient, as openTSNE does, and the
        sum of w over all pairs of points that repel each other. ``pairs`` is the upper triangle of
        the affinities: with each pair once, its loop takes half the time.
    settings : mapping
        Values for the keys of `DESCENT_DEFAULTS`.
    start_width : float or None
        The start is scaled to this standard deviation on its first axis; None to leave it.

    Notes
    -----
    openTSNE applies momentum, gains and the learning rate N / exaggeration (Belkina et al. 2019),
    and multiplies the affinities by the early exaggeration.
    """
    from openTSNE import TSNEEmbedding  # importing it takes a second
    from openTSNE.affinity import PrecomputedAffinities

    def evaluate(
        embedding: Any, p: csr_matrix, should_eval_error: bool = False, **_: Any
    ) -> tuple[float, NDArray[np.float64]]:
        points = np.ascontiguousarray(embedding, dtype=np.float32).view(np.ndarray)
        gradient, total = objective(points, p)
        error = divergence(points, p, total) if should_eval_error else 0.0
        return error, gradient.astype(np.float64)

    pairs = csr_matrix(triu(affinities, k=1, format="csr"), dtype=np.float32)
    p = PrecomputedAffinities(pairs, normalize=False)
    first = np.asarray(start, dtype=np.float64)
    if start_width is not None:
        width = float(np.std(start[:, 0]))
        first = first * (start_width / width if width > 0 else 0.0)
    embedding = TSNEEmbedding(first, p, negative_gradient_method=evaluate, n_jobs=1)
    for prefix, exaggeration in (("early_", settings["early_exaggeration"]), ("", 1.0)):
        if (n_iterations := settings[f"{prefix}iterations"]) == 0:
            continue
        embedding.optimize(
            n_iterations,
            exaggeration=exaggeration,
            momentum=settings[f"{prefix}momentum"],
            inplace=True,
        )
    # openTSNE evaluates the divergence only once, at the end: it costs several iterations.
    coordinates = np.asarray(embedding, dtype=np.float32).view(np.ndarray)
    return coordinates, float(embedding.kl_divergence)


def divergence(points: Floats, pairs: csr_matrix, total: float) -> float:
    """Return KL(P ‖ Q), where q_ij = w_ij / total.

    Parameters
    ----------
    points : ndarray of float32, shape (n_points, dims)
    pairs : csr_matrix of float32, shape (n_points, n_points)
        Upper triangle of P, which sums to 1.
    total : float
        Sum of w over all ordered pairs that repel each other.
    """
    rows = np.repeat(np.arange(len(points)), np.diff(pairs.indptr))
    squared = ((points[rows] - points[pairs.indices]) ** 2).sum(axis=1, dtype=np.float64)
    p = pairs.data.astype(np.float64)
    terms = p * (np.log(np.maximum(p, 1e-300)) + np.log1p(squared) + np.log(total))
    return 2 * float(terms.sum())
