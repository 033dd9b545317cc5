"""Other tokens in a finished map: exact where a method maps vectors, else near their like."""

from importlib import import_module

import numpy as np
import pytest

from attentionviz.core.methods import METHOD_FACTS
from attentionviz.projections import (
    MODULES,
    HeadVectors,
    defaults,
    dequantise,
    find_neighbours,
    needs_neighbours,
    placer,
    project,
    quantise,
)

EXACT = [name for name in MODULES if getattr(import_module(MODULES[name]), "PLACES_EXACTLY", False)]
N_TOKENS, D_HEAD = 120, 12
MAPS = [(method, dims) for method in METHOD_FACTS for dims in (2, 3)]


def vectors_of(n_tokens: int, seed: int = 0, dtype: str = "float32") -> HeadVectors:
    """Return a head of groups, with a key that is unlike the queries in length and mean."""
    rng = np.random.default_rng(seed)
    centres = 3 * rng.standard_normal((6, D_HEAD))
    group = rng.integers(0, 6, n_tokens)
    queries = centres[group] + rng.standard_normal((n_tokens, D_HEAD))
    keys = 2 * centres[group] + rng.standard_normal((n_tokens, D_HEAD)) + 5
    stored = (part.astype(dtype).astype("float32") for part in (queries, keys))
    return HeadVectors.of(*stored, 0.3)


def drawn_map(
    vectors: HeadVectors, method: str, dims: int, **parameters: object
) -> tuple[np.ndarray, float]:
    """Return a map as it is stored, in whole steps, and the width of a step."""
    made = project(method, vectors, dims=dims, seed=0, **parameters)
    steps, offset, scale = quantise(made.coordinates)
    return dequantise(steps, offset, scale), scale


def made_placer(vectors: HeadVectors, method: str, drawn: np.ndarray, step: float, **changed):
    parameters = {**defaults(method, drawn.shape[1]), **changed}
    return placer(method, vectors, drawn, step=step, seed=0, parameters=parameters)


def distances(placed: np.ndarray, drawn: np.ndarray) -> np.ndarray:
    """Return how far points lie from where they are drawn, as a share of the map's width."""
    return np.linalg.norm(placed - drawn, axis=1) / np.ptp(drawn, axis=0).max()


@pytest.mark.parametrize(("method", "dims"), [m for m in MAPS if m[0] in EXACT])
@pytest.mark.parametrize("dtype", ["float32", "float16"])
def test_an_exact_method_places_corpus_tokens_on_their_points(
    method: str, dims: int, dtype: str
) -> None:
    vectors = vectors_of(N_TOKENS, dtype=dtype)
    drawn, step = drawn_map(vectors, method, dims)
    made = made_placer(vectors, method, drawn, step)
    assert made.is_exact
    placed = made.place(vectors.with_same_alignment(vectors.queries, vectors.keys))
    assert np.abs(placed - drawn).max() <= 0.51 * step


@pytest.mark.parametrize("dims", [2, 3])
def test_a_new_query_in_a_biplot_has_the_projected_scores(dims: int) -> None:
    vectors = vectors_of(N_TOKENS)
    drawn, step = drawn_map(vectors, "biplot", dims)
    made = made_placer(vectors, "biplot", drawn, step)
    new = vectors.with_same_alignment(*np.split(vectors_of(10, seed=9).aligned.points(), 2))
    queries, keys = np.split(made.place(new).astype(np.float64), 2)
    q, k = (drawn[:N_TOKENS].astype(np.float64), drawn[N_TOKENS:].astype(np.float64))
    centred = vectors.keys - vectors.keys.mean(axis=0)
    scores = vectors.scaling * new.queries @ centred.T
    # The best place of a query among fixed keys is that of least squares, and likewise of a key.
    best = np.linalg.lstsq(k, scores.T, rcond=None)[0].T
    assert np.allclose(queries, best, atol=5 * step)
    scores = vectors.scaling * (new.keys - vectors.keys.mean(axis=0)) @ vectors.queries.T
    best = np.linalg.lstsq(q, scores.T, rcond=None)[0].T
    assert np.allclose(keys, best, atol=5 * step)


@pytest.mark.parametrize(("method", "dims"), [m for m in MAPS if m[0] not in EXACT])
def test_tokens_of_the_corpus_are_placed_on_or_near_their_points(method: str, dims: int) -> None:
    vectors = vectors_of(N_TOKENS)
    drawn, step = drawn_map(vectors, method, dims)
    made = made_placer(vectors, method, drawn, step)
    assert not made.is_exact
    far = distances(made.place(vectors.with_same_alignment(vectors.queries, vectors.keys)), drawn)
    assert np.median(far) <= 1e-6
    assert np.mean(far < 0.1) > 0.8


@pytest.mark.parametrize(("method", "dims"), MAPS)
def test_tokens_similar_to_the_corpus_are_placed_near_it(method: str, dims: int) -> None:
    vectors = vectors_of(N_TOKENS)
    drawn, step = drawn_map(vectors, method, dims)
    made = made_placer(vectors, method, drawn, step)
    rng = np.random.default_rng(3)
    noise = [0.05 * rng.standard_normal((N_TOKENS, D_HEAD)) for _ in range(2)]
    new = vectors.with_same_alignment(
        (vectors.queries + noise[0]).astype(np.float32),
        (vectors.keys + noise[1]).astype(np.float32),
    )
    assert np.median(distances(made.place(new), drawn)) < 0.05


@pytest.mark.parametrize("method", ["tsne", "umap"])
def test_placing_into_a_sampled_map_uses_only_fitted_tokens(method: str) -> None:
    vectors = vectors_of(N_TOKENS)
    sampled = {"fit_points": N_TOKENS, "refined_points": 0}
    drawn, step = drawn_map(vectors, method, 2, **sampled)
    made = made_placer(vectors, method, drawn, step, **sampled)
    # What the build placed itself is placed there again: the same code on the same sample.
    far = distances(made.place(vectors), drawn)
    chosen = np.sort(np.random.default_rng(0).permutation(N_TOKENS)[: N_TOKENS // 2])
    others = np.setdiff1d(np.arange(N_TOKENS), chosen)
    rest = np.concatenate([others, others + N_TOKENS])
    assert np.mean(far[rest] <= 1e-4) > 0.95


@pytest.mark.parametrize("method", ["tsne", "umap"])
def test_placing_into_a_refined_map_uses_all_tokens(method: str) -> None:
    vectors = vectors_of(N_TOKENS)
    drawn, step = drawn_map(vectors, method, 2, fit_points=N_TOKENS)
    made = made_placer(vectors, method, drawn, step, fit_points=N_TOKENS)
    far = distances(made.place(vectors), drawn)
    assert np.mean(far <= 1e-4) == 1.0


@pytest.mark.parametrize(("method", "dims"), MAPS)
@pytest.mark.parametrize("n_tokens", [1, 2, 3, 4, 5, 12])
def test_placing_works_in_maps_of_few_tokens(method: str, dims: int, n_tokens: int) -> None:
    vectors = vectors_of(n_tokens)
    drawn, step = drawn_map(vectors, method, dims)
    made = made_placer(vectors, method, drawn, step)
    new = vectors.with_same_alignment(*np.split(vectors_of(7, seed=1).aligned.points(), 2))
    placed = made.place(new)
    assert placed.shape == (14, dims)
    assert placed.dtype == np.float32
    assert np.isfinite(placed).all()


@pytest.mark.parametrize(("method", "dims"), MAPS)
def test_identical_vectors_are_placed_at_one_point(method: str, dims: int) -> None:
    same = np.ones((20, D_HEAD), dtype=np.float32)
    vectors = HeadVectors.of(same, same, 1.0)
    drawn, step = drawn_map(vectors, method, dims)
    made = made_placer(vectors, method, drawn, step)
    assert np.array_equal(made.place(vectors.subset(np.arange(3))), drawn[:6])


@pytest.mark.parametrize("method", EXACT)
def test_a_map_with_other_axes_is_placed_by_neighbours_and_reported_inexact(method: str) -> None:
    vectors = vectors_of(N_TOKENS)
    drawn, step = drawn_map(vectors, method, 2)
    turned = np.ascontiguousarray(drawn[:, ::-1])
    made = made_placer(vectors, method, turned, step)
    assert not made.is_exact
    assert np.median(distances(made.place(vectors), turned)) <= 1e-6


def test_rank_deficient_vectors_have_zero_on_missing_axes() -> None:
    vectors = vectors_of(N_TOKENS)
    flat = HeadVectors.of(
        vectors.queries * (np.arange(D_HEAD) < 2), vectors.keys * (np.arange(D_HEAD) < 2), 0.3
    )
    for method in ("biplot", "pca"):  # their axes are in the order of their strength
        drawn, step = drawn_map(flat, method, 3)
        made = made_placer(flat, method, drawn, step)
        assert made.is_exact
        placed = made.place(flat.with_same_alignment(vectors.queries, vectors.keys))
        assert np.abs(placed[:, 2]).max() <= step


def test_new_vectors_get_the_alignment_of_the_corpus() -> None:
    vectors = vectors_of(N_TOKENS)
    again = vectors.with_same_alignment(vectors.queries, vectors.keys)
    assert np.allclose(again.aligned.points(), vectors.aligned.points(), atol=1e-5)
    one = vectors.with_same_alignment(vectors.queries[5:6], vectors.keys[5:6])
    assert np.allclose(one.aligned.keys[0], vectors.aligned.keys[5], atol=1e-5)


def test_a_placement_does_not_depend_on_other_placed_tokens() -> None:
    vectors = vectors_of(N_TOKENS)
    for method in METHOD_FACTS:
        drawn, step = drawn_map(vectors, method, 2, **_shared(method, vectors))
        made = made_placer(vectors, method, drawn, step)
        both = made.place(vectors.subset(np.array([3, 70])))
        alone = made.place(vectors.subset(np.array([70])))
        assert np.allclose(both[[1, 3]], alone, atol=2 * step)


def _shared(method: str, vectors: HeadVectors) -> dict[str, object]:
    return {"neighbours": find_neighbours(vectors)} if needs_neighbours(method) else {}
