"""Repulsion by a grid against exact sums."""

import numpy as np
import pytest

from attentionviz.projections import forces, grid_forces


def clustered(n_points: int, width: float, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    centres = rng.uniform(-width / 2, width / 2, (30, 2))
    noise = rng.standard_normal((n_points, 2))
    return (centres[rng.integers(0, 30, n_points)] + noise).astype(np.float32)


def grid_repulsion(
    points: np.ndarray, others: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> tuple[np.ndarray, np.ndarray]:
    monkeypatch.setattr(grid_forces, "GRID_POINT_COST", 0)
    monkeypatch.setattr(grid_forces, "POINT_COST", 0)
    monkeypatch.setattr(forces, "repulsion", None)  # would be called for exact forces
    return grid_forces.repulsion(points, others)


@pytest.mark.parametrize("width", [0.0, 3.0, 60.0])
@pytest.mark.parametrize("is_same", [True, False])
def test_sums_and_forces_of_a_grid_are_near_the_exact_ones(
    width: float, is_same: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    points = clustered(900, width, 0)
    others = points if is_same else clustered(700, width, 1)
    sums, exact = forces.repulsion(points, others)
    by_grid = grid_repulsion(points, others, monkeypatch)
    assert np.abs(by_grid[0].sum() / sums.sum() - 1) < 2e-3
    assert np.linalg.norm(by_grid[1] - exact) < 0.02 * np.linalg.norm(exact)


def test_equal_points_have_a_grid_of_one_cell(monkeypatch: pytest.MonkeyPatch) -> None:
    points = np.full((50, 2), 7, dtype=np.float32)
    sums, found = grid_repulsion(points, points, monkeypatch)
    assert np.allclose(sums, 50, rtol=0.02)
    assert np.abs(found).max() < 0.02 * 50


@pytest.mark.parametrize(("n_points", "dims"), [(300, 2), (6000, 3)])
def test_few_points_and_maps_in_3d_have_exact_forces(n_points: int, dims: int) -> None:
    points = 20 * np.random.default_rng(0).standard_normal((n_points, dims)).astype(np.float32)
    sums, exact = forces.repulsion(points, points)
    found = grid_forces.repulsion(points, points)
    assert np.array_equal(found[0], sums)
    assert np.array_equal(found[1], exact)
