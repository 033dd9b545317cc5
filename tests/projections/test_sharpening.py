"""The last descent against differences of its loss."""

import numpy as np
import pytest

from attentionviz.projections.sharpening import forces, sharpen, squared_widths


def cloud(n_points: int, dims: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((n_points, dims)).astype(np.float32)


def random_targets(n_queries: int, n_keys: int) -> np.ndarray:
    return np.argsort(np.random.default_rng(3).uniform(size=(n_queries, n_keys)), axis=1)[:, :5]


def losses(q: np.ndarray, k: np.ndarray, targets: np.ndarray, squares: np.ndarray) -> np.ndarray:
    """Return the cross entropy of every query with its targets, in float64."""
    squared = ((q[:, None].astype(float) - k[None]) ** 2).sum(axis=2)
    w = (1 + squared / squares[:, None]) ** -2.0
    share = w / w.sum(axis=1, keepdims=True)
    return -np.log(np.take_along_axis(share, targets, axis=1)).mean(axis=1)


@pytest.mark.parametrize("dims", [2, 3])
def test_forces_are_minus_the_gradient_in_units_of_each_width(dims: int) -> None:
    q, k, targets = cloud(20, dims), cloud(30, dims, 1), random_targets(20, 30)
    squares = squared_widths(q, k, 5)
    on_queries, on_keys, _ = forces(q.T.copy(), k.T.copy(), targets, squares)
    q_way, k_way = cloud(20, dims, 5), cloud(30, dims, 6)

    def weighted(step: float) -> float:
        return float(
            (squares / 4 * losses(q + step * q_way, k + step * k_way, targets, squares)).sum()
        )

    slope = (weighted(1e-4) - weighted(-1e-4)) / 2e-4
    along = (on_queries.T * q_way).sum() + (on_keys.T * k_way).sum()
    assert along == pytest.approx(-slope, rel=1e-3)  # float32 sums


def test_the_weights_of_a_key_are_those_of_its_pulls_and_pushes() -> None:
    q, k, targets = cloud(20, 2), cloud(30, 2, 1), random_targets(20, 30)
    squares = squared_widths(q, k, 5)
    u = 1 / (1 + ((q[:, None] - k[None]) ** 2).sum(axis=2) / squares[:, None])
    wanted = np.zeros((20, 30))
    np.put_along_axis(wanted, targets, 1 / 5, axis=1)
    expected = (wanted * u + u**3 / (u**2).sum(axis=1, keepdims=True)).sum(axis=0)
    assert np.allclose(forces(q.T.copy(), k.T.copy(), targets, squares)[2], expected, rtol=1e-4)


def test_a_width_is_the_distance_of_the_nth_nearest_key_and_positive() -> None:
    queries = np.zeros((1, 2), dtype=np.float32)
    keys = np.array([[1, 0], [0, 3], [2, 0]], dtype=np.float32)
    assert squared_widths(queries, keys, 2)[0] == pytest.approx(4)
    assert squared_widths(queries, np.zeros((3, 2), dtype=np.float32), 2)[0] > 0


@pytest.mark.parametrize("dims", [2, 3])
def test_targets_move_closer_and_the_input_is_not_modified(dims: int) -> None:
    q, k, targets = cloud(60, dims), cloud(60, dims, 1), random_targets(60, 60)
    before = q.copy(), k.copy()
    moved = sharpen(q, k, targets, iterations=15, rate=0.5, momentum=0.5)
    assert np.array_equal(q, before[0]) and np.array_equal(k, before[1])
    loss, least = (losses(*x, targets, squared_widths(*x, 5)).mean() for x in ((q, k), moved))
    assert least < loss - 0.1
    still = sharpen(q, k, targets, iterations=0, rate=0.5, momentum=0.5)
    assert np.array_equal(still[0], q) and np.array_equal(still[1], k)
