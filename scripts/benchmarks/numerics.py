"""CPU seconds of one map of one head, ours and as the original made them, on real vectors."""

import random
import warnings
from pathlib import Path

import numpy as np
from scripts.benchmarks.timing import cpu_seconds

from attentionviz import models, projections
from attentionviz.core.types import METHODS
from attentionviz.projections import HeadVectors

HEAD = (3, 5)  # any head of the middle of the model serves; all are measured on the same one


def real_vectors(sentences: list[str], local_models: Path, n_tokens: int) -> HeadVectors:
    """Return one head's vectors for n_tokens tokens of the embedded BERT-type model.

    More tokens than the corpus has come from its sentences joined in seeded random pairs, whose
    tokens have other contexts and so other vectors.
    """
    model = models.load("demo-bert", device="cpu", local_models=local_models)
    texts, draw = list(sentences), random.Random(0)  # noqa: S311 - a benchmark, no secret
    while sum(len(t.split()) for t in texts) < n_tokens:
        texts.append(" ".join(draw.sample(sentences, 2)))
    queries, keys = [], []
    for batch in model.text_batches(texts):
        captured = models.capture_batch(model, batch)
        queries.append(captured.queries[HEAD].copy())
        keys.append(captured.keys[HEAD].copy())
        if sum(map(len, queries)) >= n_tokens:
            break
    return HeadVectors.of(
        np.concatenate(queries)[:n_tokens],
        np.concatenate(keys)[:n_tokens],
        model.rules[HEAD[0]].scaling,
    )


def one_map(method: str, vectors: HeadVectors, dims: int) -> None:
    """Make one map as a build does, the search for neighbours included."""
    neighbours = None
    if projections.needs_neighbours(method):
        neighbours = projections.find_neighbours(vectors)
    projections.project(method, vectors, dims=dims, seed=0, neighbours=neighbours)


def original_tsne(vectors: HeadVectors) -> None:
    """t-SNE with the original's settings: scikit-learn, perplexity 50, 300 iterations, cosine."""
    from sklearn.manifold import TSNE

    points = np.concatenate([vectors.aligned.queries, vectors.aligned.keys])
    TSNE(perplexity=50, max_iter=300, metric="cosine", random_state=0).fit_transform(points)


def original_umap(vectors: HeadVectors) -> None:
    """UMAP with umap-learn's defaults and cosine distance."""
    import umap

    points = np.concatenate([vectors.aligned.queries, vectors.aligned.keys])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        umap.UMAP(metric="cosine", random_state=0).fit_transform(points)


def measure(sentences: list[str], local_models: Path, sizes: list[int]) -> dict[str, object]:
    """Return CPU seconds per head by method and number of points."""
    vectors = real_vectors(sentences, local_models, max(sizes) // 2)
    tokens = np.arange(vectors.n_tokens)
    seconds: dict[str, dict[str, float]] = {}
    small = vectors.subset(tokens[:200])
    # Above 4,096 points umap-learn compiles another search for neighbours; not timed either.
    middling = vectors.subset(tokens[:2200])
    for n_points in sizes:
        part = vectors.subset(tokens[: n_points // 2])
        repeats = 3 if n_points <= 1000 else 1  # minutes a run above
        for method in METHODS:
            for dims in (2, 3):
                one_map(method, small, dims)  # compiled once, not timed
                spent = cpu_seconds(lambda m=method, d=dims, p=part: one_map(m, p, d), repeats)
                seconds.setdefault(f"{method}-{dims}d", {})[str(n_points)] = spent
        for name, call in (("original t-SNE", original_tsne), ("original UMAP", original_umap)):
            call(small if n_points <= 4096 else middling)
            spent = cpu_seconds(lambda c=call, p=part: c(p), repeats)
            seconds.setdefault(name, {})[str(n_points)] = spent
    return {"cpu_seconds_per_head": seconds, "points": sizes}
