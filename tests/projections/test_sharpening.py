"""The last descent against differences of its loss."""

import numpy as np
import pytest

from attentionviz.projections.sharpening import KeysAround, Sharpening, forces, keys_around, sharpen

ALL_KEYS = Sharpening(iterations=15, rate=0.5, momentum=0.5, near_keys=1000, far_keys=0)


def cloud(n_points: int, dims: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((n_points, dims)).astype(np.float32)


def random_targets(n_queries: int, n_keys: int) -> np.ndarray:
    return np.argsort(np.random.default_rng(3).uniform(size=(n_queries, n_keys)), axis=1)[:, :5]


def around(q: np.ndarray, k: np.ndarray, parameters: Sharpening = ALL_KEYS) -> KeysAround:
    return keys_around(q, k, 5, parameters, 0)


def losses(q: np.ndarray, k: np.ndarray, targets: np.ndarray, squares: np.ndarray) -> np.ndarray:
    """Return the cross entropy of every query with its targets, in float64."""
    squared = ((q[:, None].astype(float) - k[None]) ** 2).sum(axis=2)
    w = (1 + squared / squares[:, None]) ** -2.0
    share = w / w.sum(axis=1, keepdims=True)
    return -np.log(np.take_along_axis(share, targets, axis=1)).mean(axis=1)


@pytest.mark.parametrize("dims", [2, 3])
def test_forces_are_minus_the_gradient_in_units_of_each_width(dims: int) -> None:
    q, k, targets = cloud(20, dims), cloud(30, dims, 1), random_targets(20, 30)
    squares = around(q, k).squared_widths
    on_queries, on_keys, _ = forces(q, k, targets, around(q, k))
    q_way, k_way = cloud(20, dims, 5), cloud(30, dims, 6)

    def weighted(step: float) -> float:
        return float(
            (squares / 4 * losses(q + step * q_way, k + step * k_way, targets, squares)).sum()
        )

    slope = (weighted(1e-4) - weighted(-1e-4)) / 2e-4
    along = (on_queries * q_way).sum() + (on_keys * k_way).sum()
    assert along == pytest.approx(-slope, rel=1e-3)  # float32 sums


def test_the_weights_of_a_key_are_those_of_its_pulls_and_pushes() -> None:
    q, k, targets = cloud(20, 2), cloud(30, 2, 1), random_targets(20, 30)
    squares = around(q, k).squared_widths
    u = 1 / (1 + ((q[:, None] - k[None]) ** 2).sum(axis=2) / squares[:, None])
    wanted = np.zeros((20, 30))
    np.put_along_axis(wanted, targets, 1 / 5, axis=1)
    expected = (wanted * u + u**3 / (u**2).sum(axis=1, keepdims=True)).sum(axis=0)
    assert np.allclose(forces(q, k, targets, around(q, k))[2], expected, rtol=1e-4)


@pytest.mark.parametrize("dims", [2, 3])
def test_a_sample_of_far_keys_stands_for_all_of_them(dims: int) -> None:
    q, k, targets = cloud(200, dims), cloud(2000, dims, 1), random_targets(200, 2000)
    exact = forces(q, k, targets, around(q, k, ALL_KEYS._replace(near_keys=2000)))[0]

    def error(far_keys: int, n_samples: int) -> float:
        parameters = ALL_KEYS._replace(near_keys=50, far_keys=far_keys)
        found = [
            forces(q, k, targets, keys_around(q, k, 5, parameters, seed))[0]
            for seed in range(n_samples)
        ]
        return float(np.linalg.norm(np.mean(found, axis=0) - exact) / np.linalg.norm(exact))

    assert error(2000, 1) < 0.01
    assert error(100, 30) < 0.1 < error(0, 1)


def test_a_width_is_the_distance_of_the_nth_nearest_key_and_positive() -> None:
    queries = np.zeros((1, 2), dtype=np.float32)
    keys = np.array([[1, 0], [0, 3], [2, 0]], dtype=np.float32)
    assert keys_around(queries, keys, 2, ALL_KEYS, 0).squared_widths[0] == pytest.approx(4)
    same = np.zeros((3, 2), dtype=np.float32)
    assert keys_around(queries, same, 2, ALL_KEYS, 0).squared_widths[0] > 0


@pytest.mark.parametrize("dims", [2, 3])
@pytest.mark.parametrize("parameters", [ALL_KEYS, ALL_KEYS._replace(near_keys=10, far_keys=20)])
def test_targets_move_closer_and_the_input_is_not_modified(
    dims: int, parameters: Sharpening
) -> None:
    q, k, targets = cloud(60, dims), cloud(60, dims, 1), random_targets(60, 60)
    before = q.copy(), k.copy()
    moved = sharpen(q, k, targets, parameters, 0)
    assert np.array_equal(q, before[0]) and np.array_equal(k, before[1])
    loss, least = (losses(*x, targets, around(*x).squared_widths).mean() for x in ((q, k), moved))
    assert least < loss - 0.1
    still = sharpen(q, k, targets, parameters._replace(iterations=0), 0)
    assert np.array_equal(still[0], q) and np.array_equal(still[1], k)
