"""Speed of this machine at the steps of a build, each measured on a part of the corpus."""

import itertools
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple, TypeVar

import numpy as np
from threadpoolctl import threadpool_limits

from attentionviz.core.methods import METHOD_FACTS
from attentionviz.measures.fidelity import Places, measure, prepare
from attentionviz.pipeline.columns import TokenTable
from attentionviz.pipeline.image_files import encoded
from attentionviz.pipeline.plan import BuildPlan
from attentionviz.pipeline.sources import ImageSource, Source, open_image, tokens_document
from attentionviz.projections import HeadVectors, Projection, project
from attentionviz.store.schema import canonical_json

if TYPE_CHECKING:
    from attentionviz.models import Batch, LoadedModel

T = TypeVar("T")
N_TOKENS = 500
N_PICTURES = 4
QUICK, SLOW = "pca", "attention-tsne"


class Calibration(NamedTuple):
    """What was measured; seconds are of one core.

    Attributes
    ----------
    n_tokens : int
        Of the head that was drawn.
    capture : float
        Seconds to capture one token.
    prepare, measure : float
        Seconds to measure maps of that head: once a unit, and once a map.
    quick, slow : float
        Seconds of one map of PCA and of attention t-SNE; the latter 0 where no slow map is asked.
    compile : float
        Seconds that the first slow map of a process takes longer.
    image : float
        Seconds to store one image.
    token_bytes, image_bytes : float
        Bytes of one token in ``tokens.json``, and of one image with its thumbnail.
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
    """Do a little of every step of a build and return what it took.

    Parameters
    ----------
    plan : BuildPlan
    model : LoadedModel
    source : Source
        Its first sequences are captured, about 500 tokens.
    """
    # Imports torch.
    from attentionviz.pipeline.bad_sequences import capture, finite_part

    totals = itertools.accumulate(plan.lengths)
    n_sequences = min(1 + sum(1 for total in totals if total < N_TOKENS), len(plan.lengths))
    if plan.request.skip_bad_sequences:
        source = finite_part(source, n_sequences)
    batches = list(source.batches(n_sequences))
    sequences = range(len(batches[0].lengths))
    captured, seconds = _timed(lambda: capture(plan, source, batches[0], sequences))
    layer = model.n_layers // 2
    n = min(N_TOKENS, captured.queries.shape[2])
    vectors = HeadVectors.of(
        captured.queries[layer, 0, :n], captured.keys[layer, 0, :n], model.rules[layer].scaling
    )
    image, image_bytes = _images(model, source)
    return Calibration(
        n_tokens=n,
        capture=seconds / captured.queries.shape[2],
        image=image,
        token_bytes=_token_bytes(source, batches),
        image_bytes=image_bytes,
        **_maps(plan, vectors, _places(model, batches[0], layer, n)),
    )


def _maps(plan: BuildPlan, vectors: HeadVectors, places: Places) -> dict[str, float]:
    """Return the seconds of one quick and one slow map, drawn and measured."""
    is_slow = any(METHOD_FACTS[name].relative_cost > 1 for name in plan.request.methods)
    with threadpool_limits(1):
        _draw(QUICK, vectors)  # imports what it needs
        drawn, quick = _timed(lambda: _draw(QUICK, vectors))
        reference, prepare_seconds = _timed(lambda: prepare(vectors, places, 0))
        _, measure_seconds = _timed(lambda: measure(reference, drawn.coordinates, QUICK))
        first = slow = 0.0
        if is_slow:
            _, first = _timed(lambda: _draw(SLOW, vectors))
            _, slow = _timed(lambda: _draw(SLOW, vectors))
    return {
        "prepare": prepare_seconds,
        "measure": measure_seconds,
        "quick": quick,
        "slow": slow,
        "compile": max(0.0, first - slow),
    }


def _draw(method: str, vectors: HeadVectors) -> Projection:
    return project(method, vectors, dims=2, seed=0)


def _places(model: "LoadedModel", batch: "Batch", layer: int, n: int) -> Places:
    rule = model.rules[layer]
    lengths = np.asarray(batch.lengths)
    start = np.repeat(np.cumsum(lengths) - lengths, lengths)
    return Places(
        sequence_index=np.repeat(np.arange(len(lengths)), lengths)[:n],
        position=(np.arange(len(start)) - start)[:n],
        is_causal=rule.is_causal,
        max_distance=rule.max_distance,
    )


def _token_bytes(source: Source, batches: list["Batch"]) -> float:
    table = TokenTable(isinstance(source, ImageSource))
    for batch in batches:
        table.add(batch)
    return len(canonical_json(tokens_document(source, table), is_compact=True)) / table.n_tokens


def _images(model: "LoadedModel", source: Source) -> tuple[float, float]:
    """Return seconds and bytes of one image, the mean of a few; 0 for text."""
    if not isinstance(source, ImageSource):
        return 0.0, 0.0
    paths = source.corpus.paths[:N_PICTURES]
    files, seconds = _timed(
        lambda: [encoded(model.visible_image(open_image(path))) for path in paths]
    )
    n_bytes = sum(len(content) for pair in files for content in pair)
    return seconds / len(paths), n_bytes / len(paths)


def _timed(run: Callable[[], T]) -> tuple[T, float]:
    """Return what came out, and seconds between those of the processor and those of the clock.

    Where other work slows this moment down, some of it will last as long as a build, and some not.
    """
    wall, cpu = time.perf_counter(), time.process_time()
    found = run()
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    return found, (wall * min(wall, cpu)) ** 0.5
