from pathlib import Path

import numpy as np
import pytest
from scipy.stats import spearmanr
from tests.conftest import kept_dataset

from attentionviz.projections import HeadVectors, nearness, project
from attentionviz.projections.attention_placing import (
    LikenessPlacer,
    closest,
    place_by_likeness,
)
from attentionviz.projections.attention_tsne import DEFAULTS

ROOT = Path(__file__).parents[2]


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


def test_a_map_fitted_on_a_quarter_of_the_tokens_has_nearly_the_same_recall() -> None:
    vectors = head(800)
    whole = project("attention-tsne", vectors, dims=2, seed=0)
    part = project("attention-tsne", vectors, dims=2, seed=0, fit_points=400)
    assert part.details["n_fitted_points"] == 400
    assert recall_at_10(vectors, whole.coordinates) > 0.5
    assert recall_at_10(vectors, part.coordinates) > 0.9 * recall_at_10(vectors, whole.coordinates)


def test_chunked_search_finds_the_same_closest_vector() -> None:
    points, others = np.random.default_rng(0).standard_normal((2, 2500, 4)).astype(np.float32)
    distance = np.linalg.norm(points[1030:1040, None] - others[None], axis=2)
    assert (closest(points, others)[1030:1040] == distance.argmin(axis=1)).all()


def test_other_queries_are_placed_better_than_by_similarity() -> None:
    vectors = head(600)
    sample, rest = vectors.subset(np.arange(300)), vectors.subset(np.arange(300, 600))
    fitted = project("attention-tsne", sample, dims=2, seed=0).coordinates
    strongest = np.argsort(-(rest.queries @ sample.keys.T), axis=1)[:, :10]

    def recall(placed: np.ndarray) -> float:
        near = np.argsort(-nearness("attention-tsne", placed[:300], fitted[300:]), axis=1)[:, :10]
        shared = [len(set(a) & set(b)) / 10 for a, b in zip(strongest, near, strict=True)]
        return float(np.mean(shared))

    by_likeness = place_by_likeness(rest, sample, fitted)
    placed = LikenessPlacer(sample, fitted, seed=0, settings=DEFAULTS)(rest)
    assert recall(placed) > recall(by_likeness) + 0.05
    assert np.array_equal(placed[300:], by_likeness[300:])


def test_sharpening_and_placing_bring_the_strongest_keys_near() -> None:
    vectors = head(300)
    whole = project("attention-tsne", vectors, dims=2, seed=0)
    unsharpened = project("attention-tsne", vectors, dims=2, seed=0, sharpening_iterations=0)
    assert recall_at_10(vectors, whole.coordinates) > recall_at_10(vectors, unsharpened.coordinates)


def test_the_plain_softmax_preserves_the_order_of_far_keys() -> None:
    # Queries that share a direction, as those of real heads do, agree on which keys are strong.
    queries, keys = np.random.default_rng(5).standard_normal((2, 300, 8))
    queries[:, 0] += 4
    scores = queries @ keys.T

    def order(weight: float) -> float:
        vectors = HeadVectors.of(queries, keys, 0.1)
        drawn = project("attention-tsne", vectors, dims=2, seed=0, softmax_weight=weight)
        near = nearness("attention-tsne", drawn.coordinates[:300], drawn.coordinates[300:])
        return float(np.mean([spearmanr(a, b)[0] for a, b in zip(scores, near, strict=True)]))

    assert order(0.5) > order(0.0) + 0.05


@pytest.mark.slow
@pytest.mark.parametrize(
    ("model", "corpus", "earlier"),
    [
        # Means over all heads of a map that descends on calibrated affinities and stops there.
        ("demo-gpt2", {"text": "sentences.csv"}, (0.58, 0.40)),
        ("demo-vit", {"images": "images/demo"}, (0.68, 0.56)),
    ],
)
def test_sharpening_improves_the_recall_of_real_heads(
    model: str, corpus: dict[str, str], earlier: tuple[float, float]
) -> None:
    from attentionviz.store.schema import parse_manifest

    dataset = kept_dataset(
        f"{model}-attention",
        model=model,
        methods=("attention-tsne",),
        dims=(2,),
        max_tokens=1000,
        local_models=ROOT / "data" / "models",
        **{kind: ROOT / "data" / "corpora" / path for kind, path in corpus.items()},
    )
    manifest = parse_manifest((dataset.folder / "manifest.json").read_bytes())
    fidelity = manifest["fidelity"]["attention-tsne-2d"]
    recall, rank_correlation = earlier
    assert fidelity["recall_at_10"] > recall + 0.07
    assert fidelity["rank_correlation"] > rank_correlation
