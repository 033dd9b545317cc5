"""Fidelity and cost of attention-tsne by the size of a corpus: the English of this project."""

import ast
import random
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from scipy.stats import spearmanr
from scripts.benchmarks.measures import capture
from scripts.benchmarks.timing import cpu_seconds

from attentionviz import models, projections
from attentionviz.measures.fidelity import recall
from attentionviz.projections import HeadVectors

ROOT = Path(__file__).resolve().parents[2]
METHOD = "attention-tsne"
HEADS = ((0, 3), (2, 1), (3, 5), (5, 9))
MAX_TOKENS = 50_000
"""Of the text; larger sizes are left out here."""
N_PAIRS = 20_000


def prose() -> list[str]:
    """Return the sentences of all documents and docstrings, in a seeded order."""
    texts = [path.read_text(encoding="utf-8") for path in sorted(ROOT.glob("docs/*.md"))]
    texts += [path.read_text(encoding="utf-8") for path in sorted(ROOT.glob("*.md"))]
    for path in sorted((ROOT / "backend").rglob("*.py")):
        texts += docstrings(ast.parse(path.read_text(encoding="utf-8")))
    found = {sentence for text in texts for sentence in sentences_of(text)}
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


def measure(local_models: Path, sizes: tuple[int, ...]) -> dict[str, dict[str, float]]:
    """Return means over some heads of fidelity and CPU seconds, by number of tokens.

    ``rank_correlation`` is that of the scores and the nearness of random pairs of a query and a key
    of the whole corpus.
    """
    model = models.load("demo-bert", device="cpu", local_models=local_models)
    sizes = tuple(n for n in sizes if n <= MAX_TOKENS) or (MAX_TOKENS,)
    found = capture(model, prose(), max(sizes))
    heads = [
        HeadVectors.of(found.queries[layer, head], found.keys[layer, head], 1.0)
        for layer, head in HEADS
    ]
    projections.project(METHOD, heads[0].subset(np.arange(200)), dims=2, seed=0)  # compiles
    result = {}
    for n in sizes:
        each = [_of_head(head.subset(np.arange(min(n, head.n_tokens)))) for head in heads]
        names = each[0].keys()
        result[str(n)] = {name: float(np.mean([one[name] for one in each])) for name in names}
    return result


def _of_head(vectors: HeadVectors) -> dict[str, float]:
    drawn: list[np.ndarray] = []

    def draw() -> None:
        drawn.append(projections.project(METHOD, vectors, dims=2, seed=0).coordinates)

    seconds = cpu_seconds(draw, 1)
    queries, keys = np.split(drawn[0], 2)
    pairs = np.random.default_rng(0).integers(0, vectors.n_tokens, (2, N_PAIRS))
    scores = (vectors.queries[pairs[0]] * vectors.keys[pairs[1]]).sum(axis=1)
    distances = np.linalg.norm(queries[pairs[0]] - keys[pairs[1]], axis=1)
    return {
        "recall_at_10": recall(vectors, drawn[0], METHOD, 10),
        "recall_at_100": recall(vectors, drawn[0], METHOD, 100),
        "rank_correlation": float(spearmanr(scores, -distances)[0]),
        "cpu_seconds": seconds,
    }
