import numpy as np

from attentionviz.projections import HeadVectors, nearness, project
from attentionviz.projections.attention_tsne import closest


def head(n_tokens: int) -> HeadVectors:
    """Return a head whose scores have three dimensions, as most heads have few that count."""
    rng = np.random.default_rng(5)
    mixing = rng.standard_normal((3, 16))
    queries, keys = rng.standard_normal((2, n_tokens, 3)) @ mixing
    return HeadVectors.of(queries, keys, 0.25)


def recall_at_10(vectors: HeadVectors, coordinates: np.ndarray) -> float:
    n = vectors.n_tokens
    strongest = np.argsort(-(vectors.queries @ vectors.keys.T), axis=1)[:, :10]
    near = np.argsort(-nearness("attention-tsne", coordinates[:n], coordinates[n:]), axis=1)[:, :10]
    return float(np.mean([len(set(a) & set(b)) / 10 for a, b in zip(strongest, near, strict=True)]))


def test_a_map_fitted_on_half_of_the_tokens_is_nearly_as_true_as_the_whole() -> None:
    vectors = head(500)
    whole = project("attention-tsne", vectors, dims=2, seed=0)
    half = project("attention-tsne", vectors, dims=2, seed=0, fit_points=500)
    assert half.details["n_fitted_points"] == 500
    assert recall_at_10(vectors, whole.coordinates) > 0.5
    assert recall_at_10(vectors, half.coordinates) > 0.7 * recall_at_10(vectors, whole.coordinates)


def test_the_closest_vector_is_found_in_chunks_as_in_one() -> None:
    points, others = np.random.default_rng(0).standard_normal((2, 2500, 4)).astype(np.float32)
    distance = np.linalg.norm(points[1030:1040, None] - others[None], axis=2)
    assert (closest(points, others)[1030:1040] == distance.argmin(axis=1)).all()
