"""Fidelity and cost of maps by the size of a corpus that the model was not trained on."""

import ast
import random
import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
import torch
from scipy.spatial import cKDTree
from scipy.stats import spearmanr
from scripts.benchmarks.measures import capture
from scripts.benchmarks.timing import cpu_seconds

from attentionviz import models, projections
from attentionviz.core.types import MapName
from attentionviz.measures.fidelity import recall
from attentionviz.measures.trustworthiness import trustworthiness, vector_space
from attentionviz.projections import HeadVectors
from attentionviz.projections.neighbours import nearest, unit_vectors

MODEL = "demo-gpt2"
HEADS = ((0, 1), (1, 1), (2, 1), (3, 1))
MAPS = tuple(map(MapName.parse, ("attention-tsne-2d", "attention-tsne-3d", "tsne-2d", "umap-2d")))
MAX_TOKENS = 100_000
"""Larger sizes are left out here."""
N_NEW = 1000
"""Tokens that are placed into a finished map."""
N_PAIRS = 20_000
N_NEAR = 15


def prose() -> list[str]:
    """Return the sentences of all docstrings of PyTorch, in a seeded order.

    The text stays the same between versions of this project, and the model was not trained on it.
    """
    folder = Path(torch.__file__).parent
    found = {
        sentence
        for path in sorted(folder.rglob("*.py"))
        if "testing" not in path.parts  # has syntax of later Python versions
        for text in docstrings(ast.parse(path.read_text(encoding="utf-8")))
        for sentence in sentences_of(text)
    }
    in_order = sorted(found)
    random.Random(0).shuffle(in_order)  # noqa: S311 - a benchmark, no secret
    return in_order


def docstrings(module: ast.Module) -> Iterator[str]:
    """Yield the docstrings of a module and of what it defines."""
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef)
    for node in ast.walk(module):
        if isinstance(node, documented) and (text := ast.get_docstring(node)):
            yield text


def sentences_of(text: str) -> Iterator[str]:
    """Yield the sentences of a text, without tables, headings and lines of code."""
    for paragraph in re.split(r"\n\s*\n", text):
        for sentence in re.split(r"(?<=[.!?:;])\s+", " ".join(paragraph.split())):
            n_letters = sum(c.isalpha() or c == " " for c in sentence)
            if len(sentence) > 40 and n_letters > 0.8 * len(sentence):
                yield sentence[:400]


def measure(local_models: Path, sizes: tuple[int, ...]) -> dict[str, dict[str, dict[str, float]]]:
    """Return means over some heads of fidelity and CPU seconds, by map and number of tokens."""
    sizes = tuple(n for n in sizes if n <= MAX_TOKENS) or (MAX_TOKENS,)
    found = capture(
        models.load(MODEL, device="cpu", local_models=local_models), prose(), max(sizes) + N_NEW
    )
    heads = [
        HeadVectors.of(found.queries[head], found.keys[head], found.rules[head[0]]["scaling"])
        for head in HEADS
    ]
    result: dict[str, dict[str, dict[str, float]]] = {}
    for name in MAPS:
        projections.project(
            name.method, heads[0].subset(np.arange(200)), dims=2, seed=0
        )  # compiles
        result[str(name)] = {}
        for n in sizes:
            each = [_of_head(name, head, n) for head in heads]
            figures = {key: float(np.mean([one[key] for one in each])) for key in each[0]}
            result[str(name)][str(n)] = figures
    return result


def _of_head(name: MapName, head: HeadVectors, n: int) -> dict[str, float]:
    """Return figures of a map of the first tokens of a head.

    ``rank_correlation`` is that of the scores and the nearness of random pairs of a query and a key
    of the whole corpus, ``neighbours_kept`` the share of the 15 nearest vectors of a point among
    its 15 nearest points, ``new_recall_at_10`` that of queries of tokens that were placed into the
    finished map.
    """
    vectors, drawn = head.subset(np.arange(n)), []
    draw = partial(projections.project, name.method, vectors, dims=name.dims, seed=0)
    seconds = cpu_seconds(lambda: drawn.append(draw().coordinates), 1)
    points = drawn[0]
    queries, keys = np.split(points, 2)
    pairs = np.random.default_rng(0).integers(0, n, (2, N_PAIRS))
    scores = (vectors.queries[pairs[0]] * vectors.keys[pairs[1]]).sum(axis=1)
    distances = np.linalg.norm(queries[pairs[0]] - keys[pairs[1]], axis=1)
    made = projections.placer(name.method, vectors, points, step=1.0, seed=0, parameters={})
    new = head.subset(np.arange(n, n + N_NEW))
    placed = made.place(vectors.with_same_alignment(new.queries, new.keys))[:N_NEW]
    of_new = HeadVectors.of(new.queries, vectors.keys, vectors.scaling)
    return {
        "recall_at_10": recall(vectors, points, name.method, 10),
        "recall_at_100": recall(vectors, points, name.method, 100),
        "new_recall_at_10": recall(of_new, np.concatenate([placed, keys]), name.method, 10),
        "rank_correlation": float(spearmanr(scores, -distances)[0]),
        "trustworthiness": trustworthiness(vector_space(vectors.aligned.points(), 0), points),
        "neighbours_kept": _neighbours_kept(vectors, points),
        "cpu_seconds": seconds,
    }


def _neighbours_kept(vectors: HeadVectors, points: np.ndarray) -> float:
    among = unit_vectors(vectors.aligned.points())
    rows = np.random.default_rng(0).choice(len(among), min(len(among), 1000), replace=False)
    near = cKDTree(points).query(points[rows], k=N_NEAR + 1)[1][:, 1:]
    true = nearest(among[rows], among, N_NEAR + 1).indices  # of which one is the point itself
    return float(np.mean([np.isin(a, b).mean() for a, b in zip(near, true, strict=True)]))
