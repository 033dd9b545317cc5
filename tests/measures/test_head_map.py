"""The map of heads against distances that are known, and other starts of the same descent."""

import numpy as np
import pytest
from scipy.spatial.distance import cdist
from sklearn.manifold import MDS

from attentionviz.measures.head_map import head_map, stress_of


def test_distances_of_points_in_a_plane_are_reproduced() -> None:
    points = np.random.default_rng(0).uniform(0, 1, (30, 2))
    wanted = cdist(points, points)
    found = head_map(wanted)
    assert np.allclose(cdist(found.coordinates, found.coordinates), wanted, atol=1e-5)
    assert found.stress < 1e-5


def test_scikit_learn_finds_no_lower_stress() -> None:
    points = np.random.default_rng(1).uniform(0, 1, (40, 6))
    wanted = cdist(points, points)
    ours = head_map(wanted).stress
    for seed in range(3):
        theirs = MDS(
            2, metric="precomputed", n_init=1, init="random", random_state=seed, eps=1e-9
        ).fit_transform(wanted)
        assert ours <= 1.02 * stress_of(wanted, theirs)


def test_stress_is_kruskals() -> None:
    drawn = np.array([[0.0, 0.0], [3.0, 4.0]])
    wanted = np.array([[0.0, 4.0], [4.0, 0.0]])
    assert stress_of(wanted, drawn) == pytest.approx(1 / 5)


def test_the_map_is_the_same_each_time_and_its_axes_are_fixed() -> None:
    points = np.random.default_rng(2).standard_normal((12, 5))
    wanted = cdist(points, points)
    first, again = head_map(wanted), head_map(wanted)
    assert first.coordinates.tobytes() == again.coordinates.tobytes()
    spread = first.coordinates.std(axis=0)
    assert spread[0] >= spread[1]
    farthest = np.abs(first.coordinates).argmax(axis=0)
    assert (first.coordinates[farthest, [0, 1]] > 0).all()
    assert np.allclose(first.coordinates.mean(axis=0), 0, atol=1e-6)


@pytest.mark.parametrize("n_heads", [1, 2, 3])
def test_few_heads_are_mapped_without_stress(n_heads: int) -> None:
    points = np.arange(2 * n_heads).reshape(n_heads, 2).astype(float)
    wanted = cdist(points, points)
    found = head_map(wanted)
    assert found.coordinates.shape == (n_heads, 2)
    assert found.stress == pytest.approx(0, abs=1e-5)
    assert np.allclose(cdist(found.coordinates, found.coordinates), wanted, atol=1e-5)


def test_heads_that_are_all_alike_lie_at_one_place() -> None:
    found = head_map(np.zeros((4, 4)))
    assert not found.coordinates.any()
    assert found.stress == 0
