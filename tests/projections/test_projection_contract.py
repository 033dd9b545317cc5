"""What every registered projection promises."""

import hashlib
import subprocess
import sys
from importlib import import_module

import numpy as np
import pytest
from scipy.spatial import cKDTree

from attentionviz.core.types import DIMS, METHODS
from attentionviz.errors import BuildError, InvalidRequestError, MethodNotFoundError
from attentionviz.projections import (
    MODULES,
    HeadVectors,
    Projection,
    defaults,
    find_neighbours,
    needs_neighbours,
    placer,
    project,
)

MAPS = [(method, dims) for method in MODULES for dims in DIMS]
EVERY_MAP = pytest.mark.parametrize(("method", "dims"), MAPS)
EVERY_METHOD = pytest.mark.parametrize("method", list(MODULES))


def min_tokens(method: str) -> int:
    return getattr(import_module(MODULES[method]), "MIN_TOKENS", 1)


def random_head(n_tokens: int, seed: int = 0, d_head: int = 8) -> HeadVectors:
    queries, keys = np.random.default_rng(seed).standard_normal((2, n_tokens, d_head))
    return HeadVectors.of(queries + 1, 2 * keys, 0.35)


def digest(projection: Projection) -> str:
    return hashlib.sha256(projection.coordinates.tobytes()).hexdigest()


def check(projection: Projection, n_tokens: int, dims: int) -> None:
    assert projection.coordinates.shape == (2 * n_tokens, dims)
    assert projection.coordinates.dtype == np.float32
    assert np.isfinite(projection.coordinates).all()


def test_every_method_has_a_module() -> None:
    assert set(MODULES) == set(METHODS)


@EVERY_MAP
def test_a_map_has_a_point_for_every_query_and_key(method: str, dims: int) -> None:
    projection = project(method, random_head(60), dims=dims, seed=0)
    check(projection, 60, dims)
    assert (np.ptp(projection.coordinates, axis=0) > 0).all()


@EVERY_MAP
@pytest.mark.parametrize("fit_points", [None, 60])
def test_a_cross_head_has_as_many_points_as_it_has_queries_and_keys(
    method: str, dims: int, fit_points: int | None
) -> None:
    rng = np.random.default_rng(1)
    vectors = HeadVectors.of(rng.standard_normal((34, 8)), rng.standard_normal((53, 8)), 0.35)
    sampled = {"fit_points": fit_points} if "fit_points" in defaults(method, dims) else {}
    projection = project(method, vectors, dims=dims, seed=0, **(sampled if fit_points else {}))
    assert projection.coordinates.shape == (87, dims)
    assert (np.ptp(projection.coordinates, axis=0) > 0).all()
    made = placer(method, vectors, projection.coordinates, step=1.0, seed=0, parameters={})
    placed = made.place(vectors.subset(np.arange(3), np.arange(5)))
    assert placed.shape == (8, dims)


@EVERY_MAP
def test_shared_neighbours_change_nothing(method: str, dims: int) -> None:
    vectors = random_head(60)
    alone = project(method, vectors, dims=dims, seed=3)
    shared = project(method, vectors, dims=dims, seed=3, neighbours=find_neighbours(vectors))
    assert digest(alone) == digest(shared)


def test_the_same_seed_gives_the_same_bytes_in_another_process() -> None:
    code = (
        "from tests.projections.test_projection_contract import *\n"
        "for method, dims in MAPS:\n"
        "    print(digest(project(method, random_head(60), dims=dims, seed=5)))"
    )
    there = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=600
    )
    here = [digest(project(m, random_head(60), dims=dims, seed=5)) for m, dims in MAPS]
    assert there.stdout.split() == here


@EVERY_METHOD
def test_vectors_are_not_modified(method: str) -> None:
    vectors = random_head(30)
    before = [x.copy() for x in (vectors.queries, vectors.keys, *vectors.aligned[:2])]
    project(method, vectors, dims=2, seed=0)
    after = [vectors.queries, vectors.keys, *vectors.aligned[:2]]
    assert all(np.array_equal(x, y) for x, y in zip(before, after, strict=True))


@EVERY_MAP
@pytest.mark.parametrize("n_tokens", [1, 2, 3, 4, 5, 11])
def test_few_tokens_can_be_projected(method: str, dims: int, n_tokens: int) -> None:
    check(project(method, random_head(n_tokens), dims=dims, seed=0), n_tokens, dims)


@pytest.mark.parametrize("method", [m for m in MODULES if min_tokens(m) > 3])
def test_too_few_tokens_fall_back_to_pca_and_report_it(method: str) -> None:
    vectors = random_head(3)
    projection = project(method, vectors, dims=2, seed=0)
    assert projection.fallback == (
        f"3 tokens are too few for {method}: principal components are drawn"
    )
    assert digest(projection) == digest(project("pca", vectors, dims=2, seed=0))


@pytest.mark.parametrize("method", [m for m in MODULES if "perplexity" in defaults(m, 2)])
def test_a_reduced_perplexity_is_reported(method: str) -> None:
    fallback = project(method, random_head(12), dims=2, seed=0).fallback
    assert fallback is not None and f"instead of {defaults(method, 2)['perplexity']:g}" in fallback


@EVERY_METHOD
def test_enough_tokens_need_no_fallback(method: str) -> None:
    assert project(method, random_head(100), dims=2, seed=0).fallback is None


@EVERY_MAP
@pytest.mark.parametrize("n_tokens", [1, 3, 40])
def test_identical_vectors_are_drawn_at_zero_and_reported(
    method: str, dims: int, n_tokens: int
) -> None:
    queries = np.full((n_tokens, 8), 1 / 3, dtype=np.float32)
    keys = np.full((n_tokens, 8), -1 / 7, dtype=np.float32)
    projection = project(method, HeadVectors.of(queries, keys, 0.35), dims=dims, seed=0)
    check(projection, n_tokens, dims)
    assert (projection.coordinates == 0).all()
    assert projection.fallback is not None and "same" in projection.fallback


@EVERY_MAP
def test_many_copies_of_few_vectors_can_be_projected(method: str, dims: int) -> None:
    few = random_head(5)
    chosen = np.random.default_rng(0).integers(0, 5, 60)
    vectors = HeadVectors.of(few.queries[chosen], few.keys[chosen], 0.35)
    check(project(method, vectors, dims=dims, seed=0), 60, dims)


@EVERY_METHOD
def test_a_head_of_zero_keys_can_be_projected(method: str) -> None:
    queries = random_head(40).queries
    vectors = HeadVectors.of(queries, np.zeros_like(queries), 0.35)
    check(project(method, vectors, dims=2, seed=0), 40, 2)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("kind", ["query", "key"])
def test_vectors_that_are_not_finite_are_refused_by_name(kind: str, value: float) -> None:
    queries, keys = np.ones((2, 4, 3), dtype=np.float32)
    (queries if kind == "query" else keys)[2, 1] = value
    with pytest.raises(BuildError, match=f"the {kind} vectors of 1 of 4 tokens .* token 2"):
        HeadVectors.of(queries, keys, 1.0)


@EVERY_METHOD
def test_every_parameter_is_among_the_defaults(method: str) -> None:
    with pytest.raises(InvalidRequestError, match="no parameter 'colour'"):
        project(method, random_head(5), dims=2, seed=0, colour=1)
    project(method, random_head(30), dims=2, seed=0, **defaults(method, 2))


def test_unknown_methods_and_dimensions_are_refused() -> None:
    with pytest.raises(MethodNotFoundError, match="unknown projection method 'mds'; known are"):
        project("mds", random_head(5), dims=2, seed=0)
    with pytest.raises(InvalidRequestError, match="dims is 4, expected 2 or 3"):
        project("pca", random_head(5), dims=4, seed=0)


@pytest.mark.parametrize("method", [m for m in MODULES if "fit_points" in defaults(m, 2)])
def test_tokens_outside_of_the_sample_are_placed_near_their_neighbours(method: str) -> None:
    # Three groups far apart: whoever is placed must land in the group it belongs to.
    rng = np.random.default_rng(0)
    group = rng.integers(0, 3, 150)
    centres = 9 * np.eye(3, 8)
    queries, keys = centres[group] + rng.standard_normal((2, 150, 8))
    vectors = HeadVectors.of(queries, keys, 0.35)
    projection = project(method, vectors, dims=2, seed=1, fit_points=120)
    check(projection, 150, 2)
    assert projection.details["n_fitted_points"] == 120
    middles = np.stack([np.median(projection.coordinates[:150][group == g], 0) for g in range(3)])
    distance = np.linalg.norm(projection.coordinates[:150, None] - middles[None], axis=2)
    assert (distance.argmin(axis=1) == group).mean() > 0.95


@pytest.mark.parametrize(("method", "dims"), [("tsne", 2), ("umap", 2), ("umap", 3)])
def test_refining_all_points_keeps_more_neighbours_than_placing_them(
    method: str, dims: int
) -> None:
    vectors = random_head(400)

    def kept(refined_points: int) -> float:
        sampled = {"fit_points": 200, "refined_points": refined_points}
        drawn = project(method, vectors, dims=dims, seed=0, **sampled).coordinates
        near = cKDTree(drawn).query(drawn, k=11)[1][:, 1:]
        true = find_neighbours(vectors, 10).indices
        return float(np.mean([np.isin(a, b).mean() for a, b in zip(near, true, strict=True)]))

    assert kept(800) > 1.2 * kept(0)


def test_a_sampled_head_shares_no_neighbours() -> None:
    assert needs_neighbours("tsne", 10_000)
    assert not needs_neighbours("tsne", 10_001)
    assert not needs_neighbours("pca", 100)
