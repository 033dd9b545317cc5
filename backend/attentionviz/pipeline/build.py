"""A build from request to published dataset, resumable at every file."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attentionviz.errors import InvalidRequestError
from attentionviz.pipeline.corpus import (
    ImageCorpus,
    TextCorpus,
    read_image_corpus,
    read_text_corpus,
)
from attentionviz.pipeline.drawing import draw_maps
from attentionviz.pipeline.plan import BuildPlan, make_plan
from attentionviz.pipeline.progress import Progress, Say
from attentionviz.pipeline.publish import (
    find_built,
    finish_publishing,
    point_to,
    publish,
    write_grids,
    write_heads,
)
from attentionviz.pipeline.request import BuildRequest
from attentionviz.pipeline.similarity import write_similarity
from attentionviz.pipeline.sources import Source, only, source_of, take_sequences
from attentionviz.store import layout
from attentionviz.store.folders import read_pointer
from attentionviz.store.journal import Journal
from attentionviz.store.lock import dataset_lock
from attentionviz.store.writer import remove_others

if TYPE_CHECKING:
    from attentionviz.models import LoadedModel


@dataclass(frozen=True)
class BuildResult:
    """A published dataset.

    Attributes
    ----------
    dataset_id, version : str
    folder : Path
    was_there : bool
        Whether it had been built before, so that nothing was done.
    """

    dataset_id: str
    version: str
    folder: Path
    was_there: bool = False


def build(request: BuildRequest, say: Say = lambda _: None) -> BuildResult:
    """Build a dataset, or go on with it, or find that it is there.

    Parameters
    ----------
    request : BuildRequest
    say : callable
        Gets one sentence at a time on what is going on.

    Returns
    -------
    BuildResult

    Raises
    ------
    AppError
        With one sentence on what is wrong: the corpus, the model, a lock, a full disk. What was
        finished stays, and the same request goes on from there.
    """
    plan, model, source = prepare(request, say)
    if not request.skip_bad_sequences:  # else it is said once it is known
        say(plan.corpus_words())
    with dataset_lock(request.output, plan.dataset_id):
        shown = read_pointer(request.output, plan.dataset_id)
        built = find_built(request.output, plan.dataset_id, plan.build_key)
        built = built or finish_publishing(plan.folder, request.output)
        if built is not None:
            result = _result(built, was_there=True)
            point_to(request.output, plan.dataset_id, result.version)
            return result
        result = _result(_build(plan, model, source, say))
        if shown not in (None, result.version):
            say(
                f"{plan.dataset_id} showed version {shown} until now, which stays on the disk; "
                "with --id another name, both are listed"
            )
        return result


def prepare(request: BuildRequest, say: Say) -> tuple[BuildPlan, "LoadedModel", Source]:
    """Read the corpus, load the model and decide the build; nothing is written.

    Raises
    ------
    AppError
        With one sentence on what is wrong with the corpus, the model, or both together.
    """
    from attentionviz import models  # imports torch, which takes seconds

    corpus = _read_corpus(request)
    for note in corpus.account.notes:
        say(f"{request.corpus_file}: {note}")
    say(f"loading {models.meaning(request.model)}")
    model = models.load(request.model, device=request.device, local_models=request.local_models)
    for note in model.notes:
        say(note)
    source = source_of(model, corpus)
    taken = take_sequences(source, request.max_tokens)
    plan = make_plan(request, model, source, taken)
    if taken.sequences != list(range(len(taken.sequences))):
        source = only(source, taken.sequences)
    return plan, model, source


def _read_corpus(request: BuildRequest) -> TextCorpus | ImageCorpus:
    if request.images is not None:
        return read_image_corpus(request.images)
    if request.text is not None:
        return read_text_corpus(request.text, text_column=request.text_column)
    raise InvalidRequestError("a build needs a corpus: text or images")


def _build(plan: BuildPlan, model: Any, source: Source, say: Say) -> Path:
    folder = plan.folder
    folder.mkdir(parents=True, exist_ok=True)
    with Progress(folder, say) as progress:
        journal = Journal(folder)
        try:
            keep = {*journal.paths(), layout.JOURNAL, layout.PROGRESS}
            remove_others(folder, keep)  # whatever a killed process left half done
            if plan.request.skip_bad_sequences:
                from attentionviz.pipeline.bad_sequences import leave_out  # imports torch

                plan, source = leave_out(plan, source, journal, progress)
            manifest = finished_capture(folder, journal)
            if manifest is None:
                from attentionviz.pipeline.capturing import Capture  # imports torch

                manifest = Capture(plan, model, source, journal, progress).run()
            draw_maps(plan, manifest, journal, progress)
            progress.announce("publish", "writing the grid and the manifest")
            write_grids(folder, manifest, journal)
            measured = {"fidelity": write_heads(folder, manifest, journal)}
            measured["similarity"] = write_similarity(
                folder, manifest, plan.lengths, journal, progress
            )
            progress.close()  # its file goes, too
            return publish(folder, plan.request.output, {**manifest, **measured}, journal)
        finally:
            journal.close()


def finished_capture(folder: Path, journal: Journal) -> dict[str, Any] | None:
    """Return the partial manifest if everything before the maps is finished, else None."""
    if layout.PARTIAL_MANIFEST not in journal:
        return None
    manifest: dict[str, Any] = json.loads((folder / layout.PARTIAL_MANIFEST).read_bytes())
    last = {layout.HEADS, *layout.SIMILARITY_FILES}
    base = layout.expected_files({**manifest, "maps": {}}).keys() - last
    return manifest if journal.has_all({*base, layout.PROBE}) else None


def _result(folder: Path, *, was_there: bool = False) -> BuildResult:
    parsed = layout.parse_version_name(folder.name)
    dataset_id, version = parsed or ("", "")
    return BuildResult(dataset_id, version, folder, was_there)
