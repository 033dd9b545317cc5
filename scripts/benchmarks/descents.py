"""t-SNE of one head by this project and by openTSNE: same affinities, start and schedule."""

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from openTSNE import TSNEEmbedding
from openTSNE.affinity import PrecomputedAffinities
from scipy.sparse import csr_matrix
from scripts.benchmarks.measures import capture
from scripts.benchmarks.scale import MODEL, prose
from scripts.benchmarks.timing import cpu_seconds

from attentionviz import models
from attentionviz.projections import HeadVectors, find_neighbours, pca, tsne
from attentionviz.projections.affinities import row_affinities
from attentionviz.projections.descent import START_WIDTH, descend

HEAD = (2, 1)
N_POINTS = (5_000, 20_000, 100_000)
# Barnes-Hut takes minutes for more.
MAX_BARNES_HUT = 20_000


def measure(local_models: Path) -> dict[str, dict[str, dict[str, float]]]:
    """Return CPU seconds and divergence of each way, by number of points."""
    model = models.load(MODEL, device="cpu", local_models=local_models)
    found = capture(model, prose(), max(N_POINTS) // 2)
    vectors = HeadVectors.of(found.queries[HEAD], found.keys[HEAD], found.rules[HEAD[0]]["scaling"])
    _of_part(vectors.subset(np.arange(150)))  # compiles
    return {str(n): _of_part(vectors.subset(np.arange(n // 2))) for n in N_POINTS}


def _of_part(vectors: HeadVectors) -> dict[str, dict[str, float]]:
    settings, n = tsne.DEFAULTS, vectors.n_points
    rows = row_affinities(*find_neighbours(vectors), settings["perplexity"], n)
    affinities = csr_matrix((rows + rows.T) / (2 * n))
    start = pca.project(vectors, dims=2, seed=0, neighbours=None, **pca.DEFAULTS).coordinates
    ways = {"ours": partial(_ours, start, affinities, settings)}
    ways["openTSNE, FFT"] = partial(_opentsne, start, affinities, settings, "fft")
    if n <= MAX_BARNES_HUT:
        ways["openTSNE, Barnes-Hut"] = partial(_opentsne, start, affinities, settings, "bh")
    result = {}
    for name, way in ways.items():
        divergences: list[float] = []
        seconds = cpu_seconds(lambda way=way, into=divergences: into.append(way()), 1)
        result[name] = {"cpu_seconds": seconds, "divergence": divergences[0]}
    return result


def _ours(start: np.ndarray, affinities: csr_matrix, settings: dict[str, Any]) -> float:
    return descend(start, affinities, tsne.joint_objective, settings)[1]


def _opentsne(
    start: np.ndarray, affinities: csr_matrix, settings: dict[str, Any], method: str
) -> float:
    first = start.astype(np.float64) * (START_WIDTH / float(np.std(start[:, 0])))
    p = PrecomputedAffinities(affinities.astype(np.float64), normalize=False)
    drawn = TSNEEmbedding(first, p, negative_gradient_method=method, n_jobs=1)
    for prefix, exaggeration in (("early_", settings["early_exaggeration"]), ("", 1.0)):
        n_iterations, momentum = settings[f"{prefix}iterations"], settings[f"{prefix}momentum"]
        drawn.optimize(n_iterations, exaggeration=exaggeration, momentum=momentum, inplace=True)
    return float(drawn.kl_divergence)
