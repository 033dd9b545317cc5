"""Registers an additional projection and head score, as in the recipes of CONTRIBUTING.md.

A pytest plugin: ``-p tests.support.extension_plugin`` registers them before the tables are read.
"""

import sys
from functools import partial
from types import ModuleType
from typing import Any

from attentionviz.core.methods import METHOD_FACTS, MethodFacts

METHOD, SCORE = "invented-axes", "invented_share"

METHOD_FACTS[METHOD] = MethodFacts("Invented axes", "Near means nothing.", nearness="product")

# Other modules read the table of methods when they are imported.
from attentionviz.core.scores import ALL_SCORES, SCORE_FACTS, ScoreFacts  # noqa: E402

SCORE_FACTS[SCORE] = ALL_SCORES[SCORE] = ScoreFacts(
    "Invented share", "How much goes to even tokens.", "mean of Σ A[i, j] over even j", "ours"
)

import numpy as np  # noqa: E402

from attentionviz.measures.head_scores.corpus import Rows  # noqa: E402
from attentionviz.measures.head_scores.registry import Sums, mass, measures  # noqa: E402
from attentionviz.projections.vectors import Floats, HeadVectors, Projection  # noqa: E402


def _place(new: HeadVectors, dims: int) -> Floats:
    points = np.concatenate([new.queries, new.keys])
    padded = np.zeros((len(points), dims), dtype=np.float32)
    padded[:, : points.shape[1]] = points[:, :dims]
    return padded


def project(vectors: HeadVectors, *, dims: int, **settings: Any) -> Projection:
    """Return the first axes of the vectors."""
    return Projection(_place(vectors, dims), {})


def placer(vectors: HeadVectors, drawn: Floats, *, dims: int, **settings: Any) -> Any:
    """Return what gives other vectors their first axes."""
    return partial(_place, dims=dims)


module: Any = ModuleType("attentionviz.projections.invented_axes")
module.DEFAULTS, module.PLACES_EXACTLY = {}, True
module.project, module.placer = project, placer
sys.modules[module.__name__] = module


@measures(SCORE)
def invented_share(rows: Rows) -> Sums:
    """Sum the mass on tokens with an even id."""
    return mass(rows, (rows.tokens.token_id % 2 == 0)[:, None, :])
