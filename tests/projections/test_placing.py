"""Places of queries against trying every candidate, and against what can be seen by eye."""

import numpy as np
import pytest

from attentionviz.projections.placing import QueryCandidates, candidate_positions, place_queries


def cloud(n_points: int, dims: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((n_points, dims)).astype(np.float32)


def n_near(places: np.ndarray, keys: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Return how many of the targets, one row a place, are among as many nearest keys."""
    distance = np.linalg.norm(places[:, None] - keys[None], axis=2)
    near = np.argsort(distance, axis=1)[:, : targets.shape[1]]
    return np.array([len(set(a) & set(b)) for a, b in zip(near, targets, strict=True)])


@pytest.mark.parametrize("dims", [2, 3])
def test_every_query_gets_the_best_candidate_and_ties_the_nearest(dims: int) -> None:
    queries, keys = cloud(40, dims, 0), cloud(50, dims, 1)
    targets = np.argsort(np.random.default_rng(2).uniform(size=(40, 50)), axis=1)[:, :6]
    candidates = candidate_positions(queries, keys, 3, seed=0)
    placed = place_queries(queries, keys, targets, candidates)
    for query, wanted, place in zip(queries, targets, placed, strict=True):
        held = n_near(candidates, keys, np.tile(wanted, (len(candidates), 1)))
        best = candidates[held == held.max()]
        nearest = best[np.linalg.norm(best - query, axis=1).argmin()]
        assert np.array_equal(place, nearest)


def test_a_query_moves_to_the_cluster_of_its_keys() -> None:
    left, right = cloud(12, 2, 0) - [50, 0], cloud(12, 2, 1) + [50, 0]
    keys = np.concatenate([left, right]).astype(np.float32)
    queries = np.array([[-50, 0], [50, 0]], dtype=np.float32)
    targets = np.array([np.arange(12, 24), np.arange(12, 24)])
    placed = place_queries(queries, keys, targets, candidate_positions(queries, keys, 4, seed=0))
    assert placed[0, 0] > 40
    assert np.array_equal(placed[1], queries[1])  # nothing is better than where it is


def test_candidates_do_not_grow_with_the_queries_that_share_their_keys() -> None:
    rng = np.random.default_rng(0)
    keys = rng.uniform(size=(50, 2)).astype(np.float32)
    sizes = []
    for n_queries in (10_000, 20_000):  # all near the key 0
        queries = keys[:1] + 1e-3 * rng.standard_normal((n_queries, 2)).astype(np.float32)
        candidates = QueryCandidates(keys, candidate_positions(queries, keys, 5, seed=0), 10)
        sizes.append(candidates.n_bytes)
        targets = np.argsort(np.linalg.norm(keys - keys[0], axis=1))[None, :10]
        placed = candidates.best(queries[:5], np.repeat(targets, 5, axis=0))
        assert np.abs(placed - keys[0]).max() < 0.01
    assert sizes[0] == sizes[1]


def test_with_all_keys_in_one_place_queries_stay_finite() -> None:
    queries, keys = cloud(30, 2, 0), np.ones((30, 2), dtype=np.float32)
    targets = np.tile(np.arange(10), (30, 1))
    candidates = candidate_positions(queries, keys, 2, seed=0)
    assert np.isfinite(place_queries(queries, keys, targets, candidates)).all()


@pytest.mark.parametrize("dims", [2, 3])
def test_candidates_surround_the_keys_within_ten_neighbours(dims: int) -> None:
    queries, keys = cloud(30, dims, 0), cloud(30, dims, 1)
    candidates = candidate_positions(queries, keys, 200, seed=4)
    assert np.array_equal(candidates[:60], np.concatenate([queries, keys]))
    tenth = np.sort(np.linalg.norm(keys[:, None] - keys[None], axis=2), axis=1)[:, 10]
    far = np.linalg.norm(candidates[60:].reshape(200, 30, dims) - keys, axis=2) / tenth
    assert far.max() <= 1 + 1e-4
    # Even over the disc or ball: half of it lies beyond this part of its radius.
    assert np.mean(far > 0.5 ** (1 / dims)) == pytest.approx(0.5, abs=0.03)
    assert np.array_equal(candidates, candidate_positions(queries, keys, 200, seed=4))
    assert not np.array_equal(candidates, candidate_positions(queries, keys, 200, seed=5))
