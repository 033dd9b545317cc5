"""The compiled forces against NumPy, openTSNE, and differences of the divergence."""

from functools import partial

import numpy as np
import pytest
from openTSNE.tsne import kl_divergence_bh
from scipy.sparse import bmat, csr_matrix, triu
from scipy.sparse import random as random_sparse

from attentionviz.projections.attention_tsne import bipartite_objective
from attentionviz.projections.descent import divergence
from attentionviz.projections.forces import attraction, repulsion
from attentionviz.projections.tsne import joint_objective

# float32 sums of a few hundred terms
TOLERANCE = 2e-5


def cloud(n_points: int, dims: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((n_points, dims)).astype(np.float32)


def symmetric_affinities(n_points: int) -> csr_matrix:
    half = triu(random_sparse(n_points, n_points, 0.1, rng=0), k=1)
    return csr_matrix((half + half.T) / (2 * half.sum()), dtype=np.float32)


def upper(affinities: csr_matrix) -> csr_matrix:
    return triu(affinities, k=1, format="csr")


def bipartite_affinities(n_queries: int, n_keys: int) -> csr_matrix:
    between = random_sparse(n_queries, n_keys, 0.2, rng=0)
    between = between / (2 * between.sum())
    return csr_matrix(bmat([[None, between], [between.T, None]]), dtype=np.float32)


@pytest.mark.parametrize("dims", [2, 3])
def test_forces_equal_sums_over_all_pairs(dims: int) -> None:
    points, others = cloud(7, dims), cloud(11, dims, seed=1)
    apart = points[:, None] - others[None]  # (point, other, axis)
    w = 1 / (1 + (apart**2).sum(axis=2))
    sums, forces = repulsion(points, others)
    assert np.allclose(sums, w.sum(axis=1), rtol=TOLERANCE)
    assert np.allclose(forces, (w[..., None] ** 2 * apart).sum(axis=1), atol=TOLERANCE)

    p = symmetric_affinities(11)
    among = others[:, None] - others[None]
    strength = p.toarray() / (1 + (among**2).sum(axis=2))
    expected = (strength[..., None] * among).sum(axis=1)
    assert np.allclose(attraction(others, upper(p)), expected, atol=TOLERANCE)


@pytest.mark.parametrize("dims", [2, 3])
def test_tsne_has_the_gradient_and_divergence_of_opentsne_without_approximation(dims: int) -> None:
    points, p = cloud(200, dims), symmetric_affinities(200)
    expected_divergence, expected = kl_divergence_bh(
        points.astype(float), p.astype(float), 1, {"theta": 0.0}, should_eval_error=True
    )
    gradient, total = joint_objective(points, upper(p))
    assert np.allclose(gradient, expected, atol=TOLERANCE * np.abs(expected).max())
    assert divergence(points, upper(p), total) == pytest.approx(expected_divergence, rel=TOLERANCE)


@pytest.mark.parametrize("dims", [2, 3])
@pytest.mark.parametrize(
    ("objective", "pairs"),
    [
        (joint_objective, upper(symmetric_affinities(40))),
        (partial(bipartite_objective, n_queries=15), upper(bipartite_affinities(15, 25))),
    ],
)
def test_the_gradient_is_a_quarter_of_that_of_the_divergence(objective, pairs, dims) -> None:
    points = cloud(40, dims)
    gradient, _ = objective(points, pairs)

    def divergence_at(step: np.ndarray) -> float:
        moved = (points + step).astype(np.float32)
        return divergence(moved, pairs, objective(moved, pairs)[1])

    direction = cloud(40, dims, seed=2)
    slope = (divergence_at(0.01 * direction) - divergence_at(-0.01 * direction)) / 0.02
    # central differences of float32 numbers
    assert 4 * (gradient * direction).sum() == pytest.approx(slope, rel=1e-2)
