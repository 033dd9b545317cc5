"""The units of work that need the model, which a process loads once and keeps.

On a cluster only workers load it; the builder has what a worker tells of it.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, NamedTuple

from attentionviz import models
from attentionviz.errors import BuildError
from attentionviz.pipeline.engine import Engine, Function, LocalEngine, Unit
from attentionviz.pipeline.probing import probe_heads
from attentionviz.pipeline.request import GB, BuildRequest
from attentionviz.pipeline.result import Result
from attentionviz.pipeline.shards import MAX_FLOAT16, write_shard
from attentionviz.store import layout
from attentionviz.store.schema import canonical_json
from attentionviz.store.writer import write_bytes

_loaded: dict[tuple[BuildRequest, str], models.LoadedModel] = {}


class BadBatch(NamedTuple):
    """A batch that cannot be stored.

    Attributes
    ----------
    vectors : list of BadVector
        The first one of each such sequence.
    is_too_large : bool
        Whether they are finite, but exceed the range of float16.
    n_sequences : int
        Of the batch.
    """

    vectors: list[models.BadVector]
    is_too_large: bool
    n_sequences: int


@dataclass(frozen=True)
class CaptureJob:
    """Inputs shared by all batches of a capture.

    Attributes
    ----------
    request : BuildRequest
        With the device on which workers run the model.
    identity : str
        Of the builder's model, from `identity_of`.
    n_threads : int
        Threads of a forward pass, which affect its rounding.
    target : Path
        Folder for finished files.
    """

    request: BuildRequest
    identity: str
    n_threads: int
    target: Path

    def writing_to(self, folder: Path) -> "CaptureJob":
        """Return the same job with another folder for finished files."""
        return replace(self, target=folder)


@dataclass(frozen=True, kw_only=True)
class CaptureResult(Result):
    """The result of a batch: its files, or the vectors for which it was refused."""

    shard_idx: int
    n_tokens: int
    bad: BadBatch | None = None


def captured_or_bad(
    model: models.LoadedModel, batch: models.Batch, precision: str
) -> models.CapturedBatch | BadBatch:
    """Return the vectors of a batch, or which of them cannot be stored in a precision."""
    try:
        captured = capture(model, batch)
    except models.NotFiniteError as error:
        return BadBatch(error.vectors, False, len(batch.lengths))
    if precision == "float16" and (large := captured.bad_vectors(batch, MAX_FLOAT16)):
        return BadBatch(large, True, len(batch.lengths))
    return captured


def capture(model: models.LoadedModel, batch: models.Batch) -> models.CapturedBatch:
    """Return the vectors of a batch; NotFiniteError if some are not finite."""
    name = model.description["name"]
    with models.step(f"capturing queries and keys of {name}", BuildError):
        return models.capture_batch(model, batch)


def bad_vectors(model: models.LoadedModel, batch: models.Batch) -> list[models.BadVector]:
    """Return the first vector that is not finite of each such sequence of a batch."""
    try:
        capture(model, batch)
    except models.NotFiniteError as error:
        return error.vectors
    return []


def run_capture(job: CaptureJob, shard_idx: int, batch: models.Batch) -> CaptureResult:
    """Capture one batch and write its shard.

    Raises
    ------
    BuildError
        If the model of this process is not that of the builder.
    """
    found = captured_or_bad(_model(job), batch, job.request.precision)
    if isinstance(found, BadBatch):
        return CaptureResult(shard_idx=shard_idx, n_tokens=batch.n_tokens, bad=found)
    records = write_shard(job.target, shard_idx, found, job.request.precision)
    return CaptureResult(tuple(records), shard_idx=shard_idx, n_tokens=batch.n_tokens)


@dataclass(frozen=True, kw_only=True)
class ScanResult(Result):
    """The result of a check of a batch: the first bad vector of each bad sequence."""

    start: int
    n_sequences: int
    vectors: list[models.BadVector]


def run_scan(job: CaptureJob, start: int, batch: models.Batch) -> ScanResult:
    """Look for vectors of a batch that are not finite; its first sequence is `start`."""
    found = bad_vectors(_model(job), batch)
    return ScanResult(start=start, n_sequences=len(batch.lengths), vectors=found)


def run_probe(job: CaptureJob) -> Result:
    """Write the scores of all heads on repeated random tokens."""
    model = _model(job)
    with models.step(f"running {model.description['name']} on repeated tokens", BuildError):
        scores = probe_heads(model, job.request.seed)
    return Result((write_bytes(job.target, layout.PROBE, canonical_json(scores)),))


def check_batch(job: CaptureJob, batch: models.Batch) -> models.AttentionCheck | BadBatch:
    """Compare the attention of the stored vectors of a batch with that of the model."""
    model, precision = _model(job), job.request.precision
    found = captured_or_bad(model, batch, precision)
    if isinstance(found, BadBatch):
        return found
    stored = replace(
        found, queries=found.queries.astype(precision), keys=found.keys.astype(precision)
    )
    with models.step(f"checking the attention of {model.description['name']}", BuildError):
        return models.check_attention(model, batch, stored)


def generate(job: CaptureJob, texts: Sequence[Any], max_length: int) -> list[list[int]]:
    """Return the target texts that the model generates; see `LoadedModel.generate`."""
    return _model(job).generate(texts, max_length)


def describe_model(request: BuildRequest, n_threads: int) -> models.LoadedModel:
    """Load a model, keep it for the units of a job, and return it without its weights."""
    models.use_threads(n_threads)
    forget_models()
    model = load_model(request)
    _loaded[request, identity_of(model)] = model
    return model.without_weights()


class ModelWork:
    """Runs what needs the model: in this process, or on the workers of a cluster.

    Parameters
    ----------
    request : BuildRequest
    model : LoadedModel
        Without weights if workers run it.
    engine : Engine
    folder : Path
        For finished files.
    """

    def __init__(
        self, request: BuildRequest, model: models.LoadedModel, engine: Engine, folder: Path
    ) -> None:
        self._engine = engine if engine.is_remote else LocalEngine(1)
        request = _request_of_workers(request, engine) if engine.is_remote else request
        self._job = CaptureJob(request, identity_of(model), models.n_threads(), folder)
        if not engine.is_remote:
            keep_model(self._job, model)

    def run(self, function: Function, units: Iterable[Unit]) -> Iterator[Any]:
        """Run units; see `Engine.run`."""
        return self._engine.run(function, self._job, units, on_device=True)

    def call(self, name: str, function: Function, *arguments: Any) -> Any:
        """Return what a function returns of the job and the arguments; see `Engine.call`."""
        return self._engine.call(name, function, self._job, *arguments)

    def forget(self) -> None:
        """Free the model where it was loaded by units."""
        self._engine.on_every_worker(forget_models)


def model_of(request: BuildRequest, engine: Engine) -> models.LoadedModel:
    """Return the model of a request; without weights if the workers of a cluster run it.

    Raises
    ------
    AppError
        If it cannot be used.
    """
    if not engine.is_remote:
        return load_model(request)
    of_workers = _request_of_workers(request, engine)
    n_threads = models.n_threads()
    described = engine.call("loading the model", describe_model, of_workers, n_threads)
    facts = {field.name: getattr(described, field.name) for field in fields(described)}
    return ModelOfWorkers(**facts, request=of_workers, engine=engine)


@dataclass(frozen=True, kw_only=True)
class ModelOfWorkers(models.LoadedModel):
    """A model whose weights only workers have."""

    request: BuildRequest
    engine: Engine

    def generate(self, texts: Sequence[Any], max_length: int) -> list[list[int]]:
        """Have a worker generate target texts."""
        job = CaptureJob(self.request, identity_of(self), models.n_threads(), Path())
        name = "generation of target texts"
        found: list[list[int]] = self.engine.call(name, generate, job, texts, max_length)
        return found


def _request_of_workers(request: BuildRequest, engine: Engine) -> BuildRequest:
    if Path(request.model).is_dir():
        request = replace(request, model=str(Path(request.model).absolute()))
    return replace(request, device=engine.device or request.device)


def load_model(request: BuildRequest) -> models.LoadedModel:
    """Return the model of a request; AppError if it cannot be used."""
    limit = None if request.max_memory is None else int(request.max_memory * GB)
    model = models.load(
        request.model,
        device=request.device,
        local_models=request.local_models,
        max_length=request.max_length,
        dtype=request.dtype,
        placement=None if request.device_map is None else models.Placement(limit),
        part=request.part,
    )
    return model if request.layers is None else model.only(request.layers)


def identity_of(model: models.LoadedModel) -> str:
    """Return hashes of weights and settings, the same on all machines."""
    return f"{model.description['weights_sha256']} {model.settings_sha256}"


def keep_model(job: CaptureJob, model: models.LoadedModel) -> None:
    """Use this model for the units of a job in this process."""
    _loaded[job.request, job.identity] = model


def forget_models() -> None:
    """Free the models that units have loaded."""
    _loaded.clear()


def _model(job: CaptureJob) -> models.LoadedModel:
    key = job.request, job.identity
    if key not in _loaded:
        forget_models()
        models.use_threads(job.n_threads)
        model = load_model(job.request)
        if identity_of(model) != job.identity:
            raise BuildError(
                f"{job.request.model} has other weights or settings on this worker than where the "
                "build was started; all machines need the same files"
            )
        _loaded[key] = model
    return _loaded[key]
