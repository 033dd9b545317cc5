"""Sequences whose vectors are not finite: reported, or left out."""

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from attentionviz import models
from attentionviz.errors import BuildError
from attentionviz.pipeline.corpus import ImageCorpus
from attentionviz.pipeline.plan import BuildPlan
from attentionviz.pipeline.progress import Progress
from attentionviz.pipeline.shards import MAX_FLOAT16
from attentionviz.pipeline.sources import Source, only, take_sequences
from attentionviz.store import layout
from attentionviz.store.journal import Journal
from attentionviz.store.schema import canonical_json
from attentionviz.store.writer import write_bytes

FOUND = f"{layout.CAPTURE_FOLDER}/bad-sequences.json"
REASON = "not finite"
MAX_EXCERPT = 40
ADVICE = (
    "correct or remove the sequence, or leave out all that are like it with --skip-bad-sequences"
)
DAMAGED = "the weights of the model may be damaged"


def capture(
    plan: BuildPlan, source: Source, batch: models.Batch, sequences: Sequence[int]
) -> models.CapturedBatch:
    """Return the vectors of a batch; all of them can be stored.

    Parameters
    ----------
    plan : BuildPlan
    source : Source
    batch : Batch
    sequences : sequence of int
        Which of the source's sequences are in it.

    Raises
    ------
    BuildError
        Naming sequence, token, layer and head of the first vector that is not finite, or that
        float16 cannot hold.
    """
    try:
        captured = _run(source, batch)
    except models.NotFiniteError as error:
        first = error.vectors[0]
        is_all = len(error.vectors) == len(batch.lengths) > 1
        like_it = f", as are all {len(batch.lengths)} that were tried with it; {DAMAGED}"
        raise BuildError(
            f"{_place(plan, source, sequences[first.sequence_idx], first)}: its {first.kind} is "
            f"not a finite number{like_it if is_all else '; ' + ADVICE}"
        ) from error
    if plan.request.precision == "float16":
        for vector in captured.bad_vectors(batch, MAX_FLOAT16):
            raise BuildError(
                f"{_place(plan, source, sequences[vector.sequence_idx], vector)}: its "
                f"{vector.kind} has the number {vector.largest:.6g}, which float16 cannot store; "
                "build with --precision float32"
            )
    return captured


def leave_out(
    plan: BuildPlan, source: Source, journal: Journal, progress: Progress
) -> tuple[BuildPlan, Source]:
    """Return the plan and the source without sequences whose numbers are not finite.

    Every sequence runs through the model once for this, before anything else is built of it. How
    far that is, and what was found, lies in the folder of the build.

    Raises
    ------
    BuildError
        If none is left.
    """
    n = len(plan.lengths)
    found = _found(plan, source, journal, progress)
    bad = set(found["bad"])
    if len(bad) == n:
        every = "the only sequence is bad" if n == 1 else f"all {n:,} sequences are bad, such as"
        raise BuildError(f"{every} {found['example']}: not a finite number; {DAMAGED}")
    if not bad:
        progress.say(plan.corpus_words())
        return plan, source
    kept = only(source, [i for i in range(n) if i not in bad])
    taken = take_sequences(kept, None)
    places = (source.corpus.places[i] for i in sorted(bad))
    account = plan.account.leave_out(REASON, places)
    account = replace(account, n_cut=taken.account.n_cut)
    rest = plan.of(taken._replace(account=account))
    progress.say(f"left out, since not finite: {found['example']}{_more(len(bad) - 1)}")
    progress.say(rest.corpus_words())
    return rest, kept


def finite_part(source: Source, n_sequences: int) -> Source:
    """Return a source of those of the first sequences that are finite; of all if none is."""
    is_good: list[bool] = []
    for batch in source.batches(n_sequences):
        bad = {vector.sequence_idx for vector in _bad_vectors(source, batch)}
        is_good += [i not in bad for i in range(len(batch.lengths))]
    good = [i for i, one in enumerate(is_good) if one]
    return only(source, good or range(len(is_good)))


def _bad_vectors(source: Source, batch: models.Batch) -> list[models.BadVector]:
    try:
        _run(source, batch)
    except models.NotFiniteError as error:
        return error.vectors
    return []


def _run(source: Source, batch: models.Batch) -> models.CapturedBatch:
    name = source.model.description["name"]
    with models.step(f"capturing queries and keys of {name}", BuildError):
        return models.capture_batch(source.model, batch)


def _more(n: int) -> str:
    return f", and {n:,} more" if n else ""


def _found(plan: BuildPlan, source: Source, journal: Journal, progress: Progress) -> dict[str, Any]:
    """Return which sequences are bad, an example, and how many were looked at: all."""
    n = len(plan.lengths)
    found: dict[str, Any] = {"n_sequences": 0, "bad": [], "example": None}
    if FOUND in journal:
        found = json.loads((plan.folder / FOUND).read_bytes())
    if found["n_sequences"] == n:
        return found
    progress.announce("capture", f"looking for numbers that are not finite in {n:,} sequences")
    start = 0
    for batch in source.batches(n):
        stop = start + len(batch.lengths)
        if start >= found["n_sequences"]:
            for vector in _bad_vectors(source, batch):
                sequence = start + vector.sequence_idx
                found["example"] = found["example"] or _place(plan, source, sequence, vector)
                found["bad"].append(sequence)
            found["n_sequences"] = stop
            journal.add(write_bytes(plan.folder, FOUND, canonical_json(found)))
            progress.update(message=f"looked at {stop:,} of {n:,} sequences")
        start = stop
    return found


def _place(plan: BuildPlan, source: Source, sequence: int, vector: models.BadVector) -> str:
    """Return "sequence 17 (line 18 of a.csv: 'The …'), token 5 ' foo', layer 3, head 2"."""
    corpus = source.corpus
    if isinstance(corpus, ImageCorpus):
        words = f"image {sequence + 1} ({corpus.names[sequence]})"
    else:
        text = corpus.sequences[sequence]
        excerpt = text if len(text) <= MAX_EXCERPT else text[:MAX_EXCERPT].rstrip() + " …"
        place = f"{corpus.places[sequence]} of {plan.request.corpus_file}"
        words = f"sequence {sequence + 1} ({place}: {excerpt!r})"
    return f"{words}, {vector.place()}"
