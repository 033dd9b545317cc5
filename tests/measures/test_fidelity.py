"""Fidelity against independent, slower references."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import rankdata, spearmanr
from sklearn.manifold import trustworthiness as sklearn_trustworthiness

from attentionviz.core.methods import METHOD_FACTS
from attentionviz.core.rule import ScoreRule
from attentionviz.errors import ShapeError
from attentionviz.measures.fidelity import Reference, TokenPositions, measure, prepare
from attentionviz.measures.rank_correlation import rank_scores
from attentionviz.projections import HeadVectors, project


def random_head(n_tokens: int, seed: int = 0, d_head: int = 6) -> HeadVectors:
    queries, keys = np.random.default_rng(seed).standard_normal((2, n_tokens, d_head))
    return HeadVectors.of(queries + 0.5, 2 * keys, 0.4)


def places_of(
    lengths: list[int], *, is_causal: bool = False, max_distance: int | None = None
) -> TokenPositions:
    return TokenPositions(
        np.repeat(np.arange(len(lengths)), lengths),
        np.concatenate([np.arange(n) for n in lengths]),
        ScoreRule(1.0, is_causal, max_distance),
    )


def drawn_nearness(coordinates: np.ndarray, i: int, n: int, method: str) -> np.ndarray:
    query, keys = coordinates[i].astype(float), coordinates[n:].astype(float)
    if METHOD_FACTS[method].nearness == "product":
        return keys @ query
    return -np.sqrt(((keys - query) ** 2).sum(axis=1))


def slow_recall(vectors: HeadVectors, coordinates: np.ndarray, method: str, size: int) -> float:
    n, found = vectors.n_tokens, 0
    for i in range(n):
        strongest = np.argsort(-(vectors.keys @ vectors.queries[i]))[:size]
        nearest = np.argsort(-drawn_nearness(coordinates, i, n, method))[:size]
        found += len(set(strongest) & set(nearest))
    return found / (size * n)


def of_query(reference: Reference, query: int) -> Reference:
    """Return the reference with one query alone in the sample of the recall."""
    least = {n: scores[[query]] for n, scores in reference.least_scores.items()}
    return reference._replace(queries=np.array([query]), least_scores=least)


def test_keys_tied_with_the_tenth_strongest_count_as_well() -> None:
    # Every key four times, but for rounding: of the fourth best key only two could be "the" ten.
    rng = np.random.default_rng(5)
    queries, keys = rng.standard_normal((40, 6)), np.repeat(rng.standard_normal((10, 6)), 4, axis=0)
    keys *= 1 + 1e-7 * rng.standard_normal((40, 1))
    vectors = HeadVectors.of(queries, keys, 1.0)
    reference = prepare(vectors, places_of([40]), 0)
    scores = queries @ keys.T
    order = np.argsort(-scores, axis=1)
    # Draw each query on top of its twelve best keys, one query after the other on a line.
    shares = []
    for i in range(40):
        near = np.zeros(40)
        near[order[i, 2:12]] = 1.0
        drawn = np.zeros((80, 2), dtype=np.float32)
        drawn[:40, 0], drawn[40:, 0] = 1.0, near
        shares.append(measure(of_query(reference, i), drawn, "pca")["recall_at_10"])
    assert shares == [1.0] * 40
    drawn[40:, 0] = 0
    drawn[40 + order[0, 12:], 0] = 1.0  # all that are clearly weaker
    assert measure(of_query(reference, 0), drawn, "pca")["recall_at_10"] == 0.0


def slow_rank_correlation(
    vectors: HeadVectors, coordinates: np.ndarray, places: TokenPositions, method: str
) -> float:
    n, correlations = vectors.n_tokens, []
    for i in range(n):
        back = places.position[i] - places.position
        visible = places.sequence_index == places.sequence_index[i]
        if places.rule.is_causal:
            visible = visible & (back >= 0)
        if places.rule.max_distance is not None:
            visible = visible & (np.abs(back) <= places.rule.max_distance)
        if visible.sum() < 3:
            continue
        scores = (vectors.keys @ vectors.queries[i])[visible]
        near = drawn_nearness(coordinates, i, n, method)[visible]
        correlations.append(spearmanr(scores, near).statistic)
    return float(np.mean(correlations))


@settings(max_examples=20, deadline=None)
@given(
    lengths=st.lists(st.integers(1, 12), min_size=3, max_size=6),
    is_causal=st.booleans(),
    max_distance=st.none() | st.integers(2, 6),
    method=st.sampled_from(["biplot", "pca"]),
    seed=st.integers(0, 99),
)
def test_rank_correlation_is_scipys_mean_over_queries(
    lengths: list[int], is_causal: bool, max_distance: int | None, method: str, seed: int
) -> None:
    lengths = [*lengths, 7]
    vectors = random_head(sum(lengths), seed)
    places = places_of(lengths, is_causal=is_causal, max_distance=max_distance)
    coordinates = np.random.default_rng(seed).standard_normal((2 * sum(lengths), 2))
    found = measure(prepare(vectors, places, 0), coordinates, method)["rank_correlation"]
    expected = slow_rank_correlation(vectors, coordinates, places, method)
    assert found == pytest.approx(expected, abs=1e-12)


def test_ties_share_a_rank_as_in_scipy() -> None:
    vectors = random_head(20)
    places = places_of([20])
    coordinates = np.random.default_rng(0).integers(0, 3, (40, 2)).astype(np.float32)
    found = measure(prepare(vectors, places, 0), coordinates, "pca")["rank_correlation"]
    expected = slow_rank_correlation(vectors, coordinates, places, "pca")
    assert found == pytest.approx(expected, abs=1e-12)


def test_ranks_of_sequences_of_all_lengths_are_scipys() -> None:
    lengths = [1, 3, 9, 2, 15, 4, 64, 70]
    queries, keys = np.random.default_rng(2).integers(-2, 3, (2, sum(lengths), 3)).astype(float)
    ranked = rank_scores(queries, keys, places_of(lengths, is_causal=True), 0)
    found = {}
    for block in ranked:
        for sequence, row in zip(*np.nonzero(block.has_order), strict=True):
            visible = block.visible[sequence, row]
            found[int(block.queries[sequence, row])] = block.ranks[sequence, row, visible]
    starts = np.repeat(np.cumsum(lengths) - lengths, lengths)
    for query, start in enumerate(starts.tolist()):
        ranks = rankdata(keys[start : query + 1] @ queries[query])
        if len(ranks) < 3 or np.ptp(ranks) == 0:
            assert query not in found
        else:
            assert found[query] == pytest.approx(ranks - ranks.mean(), abs=1e-12)


@pytest.mark.parametrize("method", ["biplot", "pca"])
@pytest.mark.parametrize("dims", [2, 3])
def test_recall_counted_by_hand(method: str, dims: int) -> None:
    vectors = random_head(120)
    coordinates = project(method, vectors, dims=dims, seed=0).coordinates
    found = measure(prepare(vectors, places_of([80, 40]), 0), coordinates, method)
    for name, size in (("recall_at_10", 10), ("recall_at_100", 100)):
        assert found[name] == pytest.approx(slow_recall(vectors, coordinates, method, size))


@pytest.mark.parametrize(("n_tokens", "tolerance"), [(11, 1e-9), (90, 1e-9), (600, 0.005)])
def test_trustworthiness_is_scikit_learns(n_tokens: int, tolerance: float) -> None:
    vectors = random_head(n_tokens)
    coordinates = project("pca", vectors, dims=2, seed=0).coordinates
    found = measure(prepare(vectors, places_of([n_tokens]), 0), coordinates, "tsne")
    expected = sklearn_trustworthiness(
        vectors.aligned.points(), coordinates, n_neighbors=10, metric="cosine"
    )
    assert found["trustworthiness"] == pytest.approx(expected, abs=tolerance)


def test_a_map_that_equals_the_scores_is_perfect() -> None:
    vectors = random_head(30, d_head=3)
    points = np.concatenate([vectors.queries, vectors.keys])
    found = measure(prepare(vectors, places_of([10, 20]), 0), points, "biplot")
    assert (found["recall_at_10"], found["recall_at_100"]) == (1.0, None)  # of 30 keys
    assert found["rank_correlation"] == pytest.approx(1.0)


def test_an_inverted_map_has_a_negative_rank_correlation() -> None:
    vectors = random_head(30, d_head=3)
    points = np.concatenate([vectors.queries, -vectors.keys])
    found = measure(prepare(vectors, places_of([30]), 0), points, "biplot")
    assert found["rank_correlation"] == pytest.approx(-1.0)


def test_the_rank_correlation_of_vectors_is_by_cosine_distance() -> None:
    vectors = random_head(25)
    places = places_of([25])
    aligned = vectors.aligned.points()
    unit = aligned / np.linalg.norm(aligned, axis=1, keepdims=True)
    expected = slow_rank_correlation(vectors, unit, places, "pca")
    assert prepare(vectors, places, 0).vector_rank_correlation == pytest.approx(expected, abs=1e-3)


@pytest.mark.parametrize("n_tokens", [1, 2, 10])
def test_measures_undefined_for_few_tokens_are_none(n_tokens: int) -> None:
    vectors = random_head(n_tokens)
    reference = prepare(vectors, places_of([1] * n_tokens), 0)
    fidelity = measure(reference, np.zeros((2 * n_tokens, 2)), "pca")
    assert fidelity == dict.fromkeys(fidelity)
    assert reference.vector_rank_correlation is None


def test_queries_with_equal_scores_are_left_out() -> None:
    queries, keys = np.random.default_rng(0).standard_normal((2, 8, 4)).astype(np.float32)
    queries[:4] = 0
    points = np.concatenate([queries, keys])
    with_zeros = prepare(HeadVectors.of(queries, keys, 1.0), places_of([8]), 0)
    assert with_zeros.ranks[0].has_order.sum() == 4
    assert measure(with_zeros, points, "biplot")["rank_correlation"] == pytest.approx(1.0)


def test_a_map_with_all_points_in_one_place_has_no_rank_correlation() -> None:
    vectors = random_head(30)
    fidelity = measure(prepare(vectors, places_of([30]), 0), np.zeros((60, 2)), "pca")
    assert fidelity["rank_correlation"] == 0.0


def test_large_heads_are_measured_on_seeded_samples() -> None:
    vectors = random_head(2600)
    places = places_of([26] * 100)
    reference = prepare(vectors, places, 4)
    assert len(reference.queries) == 1000
    assert len(reference.space.points) == 2000
    assert sum(block.keys.size for block in reference.ranks) == 2002  # whole sequences
    again = prepare(vectors, places, 4)
    coordinates = project("biplot", vectors, dims=2, seed=0).coordinates
    assert measure(reference, coordinates, "biplot") == measure(again, coordinates, "biplot")


def test_a_very_long_sequence_is_measured_on_some_of_its_queries() -> None:
    reference = prepare(random_head(1500), places_of([1500]), 0)
    (sequence,) = reference.ranks
    assert sequence.queries.shape == (1, 500)
    assert sequence.keys.shape == (1, 1500)


def test_arrays_of_another_length_are_refused() -> None:
    vectors = random_head(12)
    with pytest.raises(ShapeError, match="sequence_index has shape"):
        prepare(vectors, places_of([11]), 0)
    with pytest.raises(ShapeError, match="coordinates has shape"):
        measure(prepare(vectors, places_of([12]), 0), np.zeros((23, 2)), "pca")


def test_fidelity_of_a_cross_head_is_over_its_queries_and_keys() -> None:
    # Two sequences: 7 source and 4 target tokens, then 9 and 6.
    rng = np.random.default_rng(3)
    queries, keys = rng.standard_normal((10, 6)), rng.standard_normal((16, 6))
    vectors = HeadVectors.of(queries, keys, 0.4)
    rule = ScoreRule(1.0, is_causal=False, part="cross")
    spans = rule.spans(np.array([0, 11]), np.array([11, 15]), np.array([7, 9]))
    reference = prepare(vectors, TokenPositions.of(spans, rule), 0)
    coordinates = rng.standard_normal((26, 2)).astype(np.float32)
    found = measure(reference, coordinates, "tsne")
    shares, correlations = [], []
    for i in range(10):
        near = drawn_nearness(coordinates, i, 10, "tsne")
        scores = vectors.keys @ vectors.queries[i]
        strongest, nearest = (set(np.argsort(-values)[:10]) for values in (scores, near))
        shares.append(len(strongest & nearest) / 10)
        own = slice(0, 7) if i < 4 else slice(7, 16)
        correlations.append(spearmanr(near[own], scores[own])[0])
    assert found["recall_at_10"] == pytest.approx(np.mean(shares))
    assert found["rank_correlation"] == pytest.approx(np.mean(correlations))


def test_memory_of_a_reference_does_not_hold_the_order_of_all_keys():
    rng = np.random.default_rng(0)
    n = 20_000
    queries, keys = rng.standard_normal((2, n, 4), dtype=np.float32)
    positions = TokenPositions(np.arange(n) // 20, np.arange(n) % 20, ScoreRule(1.0, False))
    vectors = HeadVectors.of(queries, keys, 1.0)
    tracemalloc.start()
    prepare(vectors, positions, 0)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1000 * n * 8 / 2  # of 1,000 queries
