"""CPU seconds of a head: its scores, and one map, ours and as the original made them."""

import random
import warnings
from pathlib import Path
from typing import NamedTuple

import numpy as np
from scripts.benchmarks import measures
from scripts.benchmarks.timing import cpu_seconds

from attentionviz import models, projections
from attentionviz.core.rule import HeadRule
from attentionviz.core.types import METHODS, HeadId
from attentionviz.measures.head_scores import HeadAttention, TextTokens, score_head
from attentionviz.projections import HeadVectors

HEAD = (3, 5)  # any head of the middle of the model serves; all are measured on the same one


class RealHead(NamedTuple):
    """One head of a real model over a corpus: vectors, tokens and lengths of its sequences."""

    vectors: HeadVectors
    tokens: TextTokens
    lengths: np.ndarray

    def first(self, n_tokens: int) -> "RealHead":
        """Return the same for the first tokens only; the last sequence may be cut."""
        ends = np.minimum(np.cumsum(self.lengths), n_tokens)
        lengths = np.diff(ends, prepend=0)
        tokens = TextTokens._make(column[:n_tokens] for column in self.tokens)
        part = self.vectors.subset(np.arange(n_tokens))
        return RealHead(part, tokens, lengths[lengths > 0])


def enough_texts(sentences: list[str], n_tokens: int) -> list[str]:
    """Return the sentences, and after them seeded random pairs of them, of n_tokens words."""
    texts, draw = list(sentences), random.Random(0)  # noqa: S311 - a benchmark, no secret
    while sum(len(t.split()) for t in texts) < n_tokens:
        texts.append(" ".join(draw.sample(sentences, 2)))
    return texts


def real_head(sentences: list[str], local_models: Path, n_tokens: int) -> RealHead:
    """Return one head for n_tokens tokens of the embedded BERT-type model.

    More tokens than the corpus has come from its sentences joined in seeded random pairs, whose
    tokens have other contexts and so other vectors.
    """
    model = models.load("demo-bert", device="cpu", local_models=local_models)
    texts = enough_texts(sentences, n_tokens)
    queries, keys, lengths, kinds, ids = [], [], [], [], []
    for batch in model.text_batches(texts):
        captured = models.capture_batch(model, batch)
        queries.append(captured.queries[HEAD].copy())
        keys.append(captured.keys[HEAD].copy())
        lengths += batch.lengths
        kinds += batch.tokens.token_type
        ids += batch.tokens.token_id
        if sum(map(len, queries)) >= n_tokens:
            break
    vectors = HeadVectors.of(
        np.concatenate(queries), np.concatenate(keys), model.rules[HEAD[0]].scaling
    )
    is_special = np.array(kinds) == "special"
    is_punctuation = ~is_special & (np.arange(len(ids)) % 9 == 0)
    tokens = TextTokens.of(np.array(ids), is_special=is_special, is_punctuation=is_punctuation)
    return RealHead(vectors, tokens, np.array(lengths)).first(n_tokens)


def all_scores(head: RealHead) -> None:
    """Compute every score of text but those of the probe, as a build does."""
    vectors = head.vectors
    score_head(
        HeadAttention(
            vectors.queries, vectors.keys, head.lengths, HeadRule(vectors.scaling, False)
        ),
        head.tokens,
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


def scores_seconds(head: RealHead, sizes: list[int]) -> dict[str, float]:
    """Return CPU seconds of all scores of one head by number of points."""
    all_scores(head.first(200))  # what is imported late is not timed
    return {str(n): cpu_seconds(lambda n=n: all_scores(head.first(n // 2)), 3) for n in sizes}


def measures_seconds(
    sentences: list[str], local_models: Path, sizes: list[int]
) -> dict[str, dict[str, float]]:
    """Return CPU seconds per head of fidelity and similarity, by number of points."""
    model = models.load("demo-bert", device="cpu", local_models=local_models)
    n_tokens = max(sizes) // 2
    found = measures.capture(model, enough_texts(sentences, n_tokens), n_tokens)
    return measures.seconds(found, HeadId(*HEAD), sizes)


def measure(sentences: list[str], local_models: Path, sizes: list[int]) -> dict[str, object]:
    """Return CPU seconds per head by method and number of points."""
    whole = real_head(sentences, local_models, max(sizes) // 2)
    vectors = whole.vectors
    tokens = np.arange(vectors.n_tokens)
    seconds: dict[str, dict[str, float]] = {"all scores": scores_seconds(whole, sizes)}
    seconds |= measures_seconds(sentences, local_models, sizes)
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
