"""A build from request to published dataset, resumable at every file."""

import gc
import json
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attentionviz.errors import BuildError, InvalidRequestError
from attentionviz.pipeline.corpus import (
    Corpus,
    ImageCorpus,
    TextCorpus,
    image_text_corpus,
    read_audio_corpus,
    read_image_corpus,
    read_text_corpus,
)
from attentionviz.pipeline.engine import Engine, LocalEngine
from attentionviz.pipeline.map_computation import compute_maps, map_job
from attentionviz.pipeline.plan import BuildPlan, make_plan
from attentionviz.pipeline.progress import Log, Progress
from attentionviz.pipeline.publish import (
    find_existing,
    finish_publishing,
    publish,
    set_current_version,
    write_grids,
    write_heads,
)
from attentionviz.pipeline.request import BuildRequest
from attentionviz.pipeline.shards import captured_paths
from attentionviz.pipeline.similarity import write_similarity
from attentionviz.pipeline.sources import (
    MAX_TARGET,
    Source,
    select_sequences,
    separate_letters,
    source_of,
    take_sequences,
)
from attentionviz.store import layout
from attentionviz.store.folders import read_pointer
from attentionviz.store.incoming import close_sessions
from attentionviz.store.journal import Journal
from attentionviz.store.lock import BuildLock, dataset_lock
from attentionviz.store.writer import remove_unlisted

if TYPE_CHECKING:
    from attentionviz.models import LoadedModel


@dataclass(frozen=True)
class BuildResult:
    """A published dataset.

    Attributes
    ----------
    dataset_id, version : str
    folder : Path
    already_built : bool
        Whether the same dataset existed before, so that nothing was built.
    """

    dataset_id: str
    version: str
    folder: Path
    already_built: bool = False


def build(request: BuildRequest, log: Log = lambda _: None) -> BuildResult:
    """Build a dataset, resume its build, or return it if it exists.

    Parameters
    ----------
    request : BuildRequest
    log : callable
        Called with one-sentence progress messages.

    Returns
    -------
    BuildResult

    Raises
    ------
    AppError
        Describes the problem with corpus, model, lock or disk in one sentence. Finished files
        stay, and the same request resumes from them.
    """
    if request.uses_cluster:  # workers have working folders of their own
        request = replace(request, output=request.output.absolute())
    with open_engine(request, log) as engine:
        return _build_with(engine, request, log)


def _build_with(engine: Engine, request: BuildRequest, log: Log) -> BuildResult:
    plan, *captured_from = prepare(request, log, engine)
    if not request.skip_bad_sequences:  # else logged after bad sequences are left out
        log(plan.corpus_summary())
    if lost := plan.lost_without_vectors():
        log(lost)
    if not plan.folder.is_dir() and (reason := plan.begun_elsewhere()):
        log(reason)
    with dataset_lock(request.output, plan.dataset_id, log) as lock:
        previous = read_pointer(request.output, plan.dataset_id)
        built = find_existing(request.output, plan.dataset_id, plan.build_key)
        built = built or finish_publishing(plan.folder, request.output)
        if built is not None:
            result = _result(built, already_built=True)
            set_current_version(request.output, plan.dataset_id, result.version)
            return result
        result = _result(_build(plan, captured_from, lock, engine, log))
        if previous not in (None, result.version):
            log(
                f"this replaces version {previous} of {plan.dataset_id}, which stays on disk; to "
                "list both, build with another --id"
            )
        return result


@contextmanager
def open_engine(request: BuildRequest, log: Log) -> Iterator[Engine]:
    """Connect to the workers of a build for the duration of a ``with`` block.

    Parameters
    ----------
    request : BuildRequest
    log : callable
        Gets messages on the workers.

    Raises
    ------
    AppError
        If a cluster is asked for and cannot be used.
    """
    if not request.uses_cluster:
        yield LocalEngine(request.n_workers)
        return
    with _cluster(request, log) as engine:
        yield engine


def _cluster(request: BuildRequest, log: Log) -> AbstractContextManager[Engine]:
    try:
        from attentionviz.pipeline.cluster.engine import connect
    except ModuleNotFoundError as error:
        if error.name not in ("dask", "distributed"):
            raise
        raise BuildError(
            "--scheduler needs Dask, which is not installed; install it here and for all workers "
            "with: pip install 'attentionviz[cluster]'"
        ) from error
    return connect(request, log)


def prepare(
    request: BuildRequest, log: Log, engine: Engine | None = None
) -> tuple[BuildPlan, "LoadedModel", Source]:
    """Read the corpus, load the model and plan the build; nothing is written.

    Parameters
    ----------
    request : BuildRequest
    log : callable
    engine : Engine or None
        Whose workers load the model if they are of a cluster; None: this process loads it.

    Raises
    ------
    AppError
        If the corpus or the model cannot be used, or do not match.
    """
    from attentionviz import models  # imports torch, which takes seconds
    from attentionviz.pipeline.capture_units import model_of

    corpus: Corpus = _read_corpus(request)
    for note in corpus.account.notes:
        log(f"{request.corpus_file}: {note}")
    log(f"loading {models.meaning(request.model)}")
    model = model_of(request, engine or LocalEngine(1))
    for note in model.notes:
        log(note)
    if isinstance(corpus, TextCorpus) and model.modality == "text":
        n_notes = len(corpus.account.notes)
        corpus = separate_letters(model, corpus)
        for note in corpus.account.notes[n_notes:]:
            log(f"{request.corpus_file}: {note}")
    reads_pairs = model.modality == "image-text" and request.audio is None
    if reads_pairs and isinstance(corpus, TextCorpus | ImageCorpus):
        file = request.text or request.images or Path()
        corpus = image_text_corpus(corpus, file, request.text_column)
    source = source_of(model, corpus, request.max_target or MAX_TARGET)
    if model.has_two_texts and request.target is None:
        log(f"generating target texts of up to {request.max_target or MAX_TARGET} tokens")
    taken = take_sequences(source, request.max_tokens)
    plan = make_plan(request, model, source, taken)
    if taken.sequences != list(range(len(taken.sequences))):
        source = select_sequences(source, taken.sequences)
    return plan, model, source


def _read_corpus(request: BuildRequest) -> TextCorpus | ImageCorpus:
    if request.images is not None:
        return read_image_corpus(request.images)
    if request.text is not None:
        return read_text_corpus(request.text, request.text_column, request.pairs, request.target)
    if request.audio is not None:
        return read_audio_corpus(request.audio, request.target)
    raise InvalidRequestError("a build needs a corpus: --text FILE, --images or --audio FOLDER")


def _build(
    plan: BuildPlan, captured_from: list[Any], lock: BuildLock, engine: Engine, log: Log
) -> Path:
    """Capture from the model and the source of a list, which is emptied, and publish the rest."""
    folder = plan.folder
    folder.mkdir(parents=True, exist_ok=True)
    with Progress(folder, log, engine.cluster) as progress:
        journal = Journal(folder, lock.require_held)
        try:
            close_sessions(folder)
            keep = {*journal.paths(), layout.JOURNAL, layout.PROGRESS}
            remove_unlisted(folder, keep)  # partial files of a killed process
            with engine.in_folder(folder):
                plan, manifest = _capture(plan, captured_from, journal, progress, engine)
                gc.collect()  # the weights are not needed while maps are computed
                job = map_job(plan, manifest)
                compute_maps(plan, manifest, journal, progress, engine)
                progress.announce("publish", "writing the grid and the manifest")
                write_grids(job, journal, engine)
                measured = {"fidelity": write_heads(folder, manifest, journal)}
                measured["similarity"] = write_similarity(job, journal, progress, engine)
            progress.close()  # publishing removes its file
            return publish(folder, plan.request.output, {**manifest, **measured}, journal)
        finally:
            journal.close()


def _capture(
    plan: BuildPlan,
    captured_from: list[Any],
    journal: Journal,
    progress: Progress,
    engine: Engine,
) -> tuple[BuildPlan, dict[str, Any]]:
    """Return the plan without bad sequences, and the partial manifest; capture what is missing."""
    from attentionviz.pipeline.bad_sequences import leave_out  # these import torch
    from attentionviz.pipeline.capture_units import ModelWork
    from attentionviz.pipeline.capturing import Capture

    model, source = captured_from
    captured_from.clear()
    work = ModelWork(plan.request, model, engine, plan.folder)
    try:
        if plan.request.skip_bad_sequences:
            plan, source = leave_out(plan, source, journal, progress, work)
        manifest = finished_capture(plan.folder, journal)
        if manifest is None:
            manifest = Capture(plan, model, source, journal, progress, work).run()
    finally:
        work.forget()
    return plan, manifest


def finished_capture(folder: Path, journal: Journal) -> dict[str, Any] | None:
    """Return the partial manifest if the capture is complete, else None."""
    if layout.PARTIAL_MANIFEST not in journal:
        return None
    manifest: dict[str, Any] = json.loads((folder / layout.PARTIAL_MANIFEST).read_bytes())
    last = {*layout.head_fact_files(manifest), *layout.similarity_files(manifest)}
    base = layout.expected_files({**manifest, "maps": {}}).keys() - last | captured_paths(manifest)
    return manifest if journal.has_all({*base, layout.PROBE}) else None


def _result(folder: Path, *, already_built: bool = False) -> BuildResult:
    parsed = layout.parse_version_name(folder.name)
    dataset_id, version = parsed or ("", "")
    return BuildResult(dataset_id, version, folder, already_built)
