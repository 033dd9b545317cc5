"""The unit of work of a capture: the vectors of one batch, by a model that a process keeps."""

from dataclasses import dataclass, replace
from pathlib import Path

from attentionviz import models
from attentionviz.errors import BuildError
from attentionviz.pipeline.bad_sequences import BadBatch, captured_or_bad
from attentionviz.pipeline.request import GB, BuildRequest
from attentionviz.pipeline.shards import write_shard
from attentionviz.store.writer import FileRecord

_loaded: dict[tuple[BuildRequest, str], models.LoadedModel] = {}


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


@dataclass(frozen=True)
class CaptureResult:
    """The result of a batch: its files, or the vectors for which it was refused."""

    shard_idx: int
    n_tokens: int
    records: tuple[FileRecord, ...]
    bad: BadBatch | None = None


def run_capture(job: CaptureJob, shard_idx: int, batch: models.Batch) -> CaptureResult:
    """Capture one batch and write its shard.

    Raises
    ------
    BuildError
        If the model of this process is not that of the builder.
    """
    found = captured_or_bad(_model(job), batch, job.request.precision)
    if isinstance(found, BadBatch):
        return CaptureResult(shard_idx, batch.n_tokens, (), found)
    records = write_shard(job.target, shard_idx, found, job.request.precision)
    return CaptureResult(shard_idx, batch.n_tokens, tuple(records))


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
