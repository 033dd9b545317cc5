"""The descent of UMAP against that of umap-learn."""

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from attentionviz.projections import umap_descent
from attentionviz.projections.umap import _umap_learn

umap_ = _umap_learn()
CURVE = umap_.find_ab_params(1.0, 0.1)
SETTINGS = {"n_epochs": 200, "negative_sample_rate": 5, "learning_rate": 1.0}


def neighbourhoods(n_points: int) -> tuple[np.ndarray, csr_matrix]:
    points = np.random.default_rng(0).standard_normal((n_points, 5)).astype(np.float32)
    points[: n_points // 2] += 3
    random = np.random.RandomState(0)
    return points, umap_.fuzzy_simplicial_set(points, 15, random, "euclidean")[0]


def cross_entropy(drawn: np.ndarray, graph: csr_matrix) -> float:
    """Cross entropy of the fuzzy sets (McInnes et al. 2018, definition 10), summed over pairs."""
    squared = ((drawn[:, None] - drawn[None]) ** 2).sum(axis=2)
    w = np.clip(1 / (1 + CURVE[0] * squared ** CURVE[1]), 1e-6, 1 - 1e-6)
    p = graph.toarray()
    np.fill_diagonal(w, 0.5)
    return float(-(p * np.log(w) + (1 - p) * np.log(1 - w)).sum())


@pytest.mark.parametrize("dims", [2, 3])
def test_the_map_is_as_good_as_that_of_umap_learn(dims: int) -> None:
    points, graph = neighbourhoods(300)
    start = 10 * np.random.default_rng(1).uniform(size=(300, dims)).astype(np.float32)
    ours = [umap_descent.descend(start, graph, CURVE, seed=seed, **SETTINGS) for seed in range(4)]
    theirs = [
        umap_.simplicial_set_embedding(
            points, graph.copy(), dims, 1.0, *CURVE, 1.0, 5, 200, start.copy(),
            np.random.RandomState(seed), "euclidean", {}, False, {}, False, parallel=False,
        )[0]
        for seed in range(4)
    ]  # fmt: skip
    mean = np.mean([cross_entropy(drawn, graph) for drawn in theirs])
    assert np.mean([cross_entropy(drawn, graph) for drawn in ours]) < 1.04 * mean


def test_the_same_seed_gives_the_same_map_and_another_one_another() -> None:
    points, graph = neighbourhoods(60)
    maps = [
        umap_descent.descend(points[:, :2], graph, CURVE, seed=s, **SETTINGS) for s in (0, 0, 1)
    ]
    assert np.array_equal(maps[0], maps[1])
    assert not np.array_equal(maps[0], maps[2])


def test_the_table_holds_the_forces_between_two_points() -> None:
    a, b = CURVE
    table = umap_descent.coefficients(a, b)
    squared = 2.0 ** np.repeat(np.arange(-24, 25), 64) * np.tile(1 + np.arange(64) / 64, 49)
    w = 1 / (1 + a * squared**b)
    step = 1e-4 * squared
    changed = 1 / (1 + a * (squared + step) ** b)
    slopes = (np.log(changed) - np.log(w)) / step  # of the logarithm by the squared distance
    assert np.allclose(table[:, 0], 2 * slopes, rtol=1e-3)
    far = squared > 1  # nearer, umap-learn adds 0.001 to the squared distance
    slopes_apart = (np.log1p(-changed) - np.log1p(-w)) / step
    assert np.allclose(table[far, 1], 2 * slopes_apart[far], rtol=2e-3)
