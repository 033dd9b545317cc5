"""Benchmark of the steps of a build on this machine, with a part of the corpus."""

import itertools
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from threadpoolctl import threadpool_limits

from attentionviz.core.methods import METHOD_FACTS
from attentionviz.measures.fidelity import TokenPositions, measure, prepare
from attentionviz.pipeline.columns import TokenTable
from attentionviz.pipeline.corpus import TextCorpus, open_image
from attentionviz.pipeline.image_files import encode_image
from attentionviz.pipeline.plan import BuildPlan
from attentionviz.pipeline.sources import Source, corpus_of
from attentionviz.projections import HeadVectors, Projection, project
from attentionviz.store.token_files import n_bytes

if TYPE_CHECKING:
    from attentionviz.models import Batch, LoadedModel

T = TypeVar("T")
N_TOKENS = 500
N_IMAGES = 4
QUICK_METHOD, SLOW_METHOD = "pca", "attention-tsne"


class Calibration(NamedTuple):
    """Measured times and sizes; seconds are of one core.

    Attributes
    ----------
    n_tokens : int
        Tokens of the head whose maps were timed.
    capture : float
        Seconds to capture one token.
    prepare, measure : float
        Seconds to measure the fidelity of that head's maps: once per unit, and once per map.
    quick, slow : float
        Seconds for one map of PCA and of attention t-SNE; `slow` is 0 if no slow map is requested.
    compile : float
        Extra seconds for the first slow map of a process, which compiles.
    image : float
        Seconds to store one image; 0 for text.
    token_bytes, image_bytes : float
        Size of one token in the files of tokens and sequences, and of one image with its thumbnail.
    """

    n_tokens: int
    capture: float
    prepare: float
    measure: float
    quick: float
    slow: float
    compile: float
    image: float
    token_bytes: float
    image_bytes: float


def calibrate(plan: BuildPlan, model: "LoadedModel", source: Source) -> Calibration:
    """Run every step of a build on a few sequences and return times and sizes.

    Parameters
    ----------
    plan : BuildPlan
    model : LoadedModel
    source : Source
        Its first sequences are captured, about `N_TOKENS` tokens.
    """
    # Imports torch.
    from attentionviz.pipeline.bad_sequences import capture, only_finite

    totals = itertools.accumulate(plan.lengths)
    n_sequences = min(1 + sum(1 for total in totals if total < N_TOKENS), len(plan.lengths))
    if plan.request.skip_bad_sequences:
        source = only_finite(source, n_sequences)
    batches = list(source.batches(n_sequences))
    sequences = range(len(batches[0].lengths))
    captured, seconds = _timed(lambda: capture(plan, source, batches[0], sequences))
    heads = model.heads
    head = heads[0 if model.has_two_texts else len(heads) // 2]
    rule = model.rules[head.layer]
    spans = batches[0].spans(rule)
    tokens = spans.queries[:N_TOKENS]
    n = len(tokens)
    queries, keys = captured.vectors(head)
    vectors = HeadVectors.of(queries[tokens], keys[tokens], rule.scaling)
    found = TokenPositions.of(spans, rule)
    positions = found._replace(sequence_index=found.sequence_index[:n], position=found.position[:n])
    image, image_bytes = _images(model, source)
    return Calibration(
        n_tokens=n,
        capture=seconds / captured.queries.shape[2],
        image=image,
        token_bytes=_token_bytes(source, batches),
        image_bytes=image_bytes,
        **_maps(plan, vectors, positions),
    )


def _maps(plan: BuildPlan, vectors: HeadVectors, positions: TokenPositions) -> dict[str, float]:
    """Return the seconds to compute and measure one quick and one slow map."""
    is_slow = any(METHOD_FACTS[name].relative_cost > 1 for name in plan.request.methods)
    with threadpool_limits(1):
        _project(QUICK_METHOD, vectors)  # imports are not timed
        projection, quick = _timed(lambda: _project(QUICK_METHOD, vectors))
        reference, prepare_seconds = _timed(lambda: prepare(vectors, positions, 0))
        _, measure_seconds = _timed(
            lambda: measure(reference, projection.coordinates, QUICK_METHOD)
        )
        first = slow = 0.0
        if is_slow:
            _, first = _timed(lambda: _project(SLOW_METHOD, vectors))
            _, slow = _timed(lambda: _project(SLOW_METHOD, vectors))
    return {
        "prepare": prepare_seconds,
        "measure": measure_seconds,
        "quick": quick,
        "slow": slow,
        "compile": max(0.0, first - slow),
    }


def _project(method: str, vectors: HeadVectors) -> Projection:
    return project(method, vectors, dims=2, seed=0)


def _token_bytes(source: Source, batches: list["Batch"]) -> float:
    table = TokenTable(source.model.modality)
    for batch in batches:
        table.add(batch)
    return n_bytes(corpus_of(source, table).files()) / table.n_tokens


def _images(model: "LoadedModel", source: Source) -> tuple[float, float]:
    """Return mean seconds and bytes to store one image; 0 for text."""
    if isinstance(source.corpus, TextCorpus):
        return 0.0, 0.0
    paths = source.corpus.paths[:N_IMAGES]
    files, seconds = _timed(
        lambda: [encode_image(model.visible_image(open_image(path))) for path in paths]
    )
    n_bytes = sum(len(content) for pair in files for content in pair)
    return seconds / len(paths), n_bytes / len(paths)


def _timed(run: Callable[[], T]) -> tuple[T, float]:
    """Return the result, and the geometric mean of wall time and CPU time in seconds.

    Other load on the machine may end before the build or last as long; the mean allows for both.
    """
    wall, cpu = time.perf_counter(), time.process_time()
    result = run()
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    return result, (wall * min(wall, cpu)) ** 0.5
