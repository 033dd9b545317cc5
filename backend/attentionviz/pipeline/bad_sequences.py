"""Detection of sequences whose vectors are not finite; they are reported or left out."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from attentionviz import models
from attentionviz.errors import BuildError
from attentionviz.pipeline.capture_units import (
    BadBatch,
    ModelWork,
    ScanResult,
    bad_vectors,
    captured_or_bad,
    run_scan,
)
from attentionviz.pipeline.corpus import TextCorpus
from attentionviz.pipeline.engine import Unit
from attentionviz.pipeline.plan import BuildPlan
from attentionviz.pipeline.progress import Progress
from attentionviz.pipeline.shards import MAX_FLOAT16
from attentionviz.pipeline.sources import Source, select_sequences, take_sequences
from attentionviz.store import layout
from attentionviz.store.journal import Journal
from attentionviz.store.schema import canonical_json
from attentionviz.store.writer import write_bytes

SCAN_FILE = f"{layout.CAPTURE_FOLDER}/bad-sequences.json"
REASON = "not finite"
MAX_EXCERPT = 40
ADVICE = "correct or remove the sequence, or leave out all such sequences with --skip-bad-sequences"
DAMAGED = "the weights of the model may be damaged"


def capture(
    plan: BuildPlan, source: Source, batch: models.Batch, sequences: Sequence[int]
) -> models.CapturedBatch:
    """Return the vectors of a batch, checked to be finite and storable.

    Parameters
    ----------
    plan : BuildPlan
    source : Source
    batch : Batch
    sequences : sequence of int
        Indices of the sequences of the batch in the source.

    Raises
    ------
    BuildError
        If a vector is not finite or exceeds the range of float16; names sequence, token, layer
        and head of the first.
    """
    found = captured_or_bad(source.model, batch, plan.request.precision)
    if isinstance(found, BadBatch):
        raise refusal(plan, source, found, sequences)
    return found


def refusal(plan: BuildPlan, source: Source, bad: BadBatch, sequences: Sequence[int]) -> BuildError:
    """Return the error of a bad batch, as `capture` raises it."""
    first = bad.vectors[0]
    place = f"{_location(plan, source, sequences[first.sequence_idx], first)}: its {first.kind}"
    if bad.is_too_large:
        return BuildError(
            f"{place} has the number {first.largest:.6g}, above {MAX_FLOAT16:g}, the largest of "
            "float16; build with --precision float32"
        )
    is_all = len(bad.vectors) == bad.n_sequences > 1
    advice = f"; so are all {bad.n_sequences} sequences of its batch; {DAMAGED}"
    return BuildError(f"{place} is not a finite number{advice if is_all else '; ' + ADVICE}")


def leave_out(
    plan: BuildPlan, source: Source, journal: Journal, progress: Progress, work: ModelWork
) -> tuple[BuildPlan, Source]:
    """Return the plan and the source without the sequences whose vectors are not finite.

    All sequences run through the model once before the capture. The scan is saved in the build
    folder when all batches up to one are finished, so that it can resume there.

    Raises
    ------
    BuildError
        If no sequence is left.
    """
    n = len(plan.lengths)
    scan = _scan(plan, source, journal, progress, work)
    bad = set(scan["bad"])
    if len(bad) == n:
        every = "the only sequence is bad" if n == 1 else f"all {n:,} sequences are bad, such as"
        raise BuildError(f"{every} {scan['example']}: not a finite number; {DAMAGED}")
    if not bad:
        progress.log(plan.corpus_summary())
        return plan, source
    kept = select_sequences(source, [i for i in range(n) if i not in bad])
    taken = take_sequences(kept, None)
    locations = (source.corpus.locations[i] for i in sorted(bad))
    account = plan.account.leave_out(REASON, locations)
    account = replace(account, n_cut=taken.account.n_cut)
    reduced = plan.with_sequences(taken._replace(account=account))
    progress.log(f"left out, since not finite: {scan['example']}{_more(len(bad) - 1)}")
    progress.log(reduced.corpus_summary())
    return reduced, kept


def only_finite(source: Source, n_sequences: int) -> Source:
    """Return the finite sequences among the first `n_sequences`; all of them if none is finite."""
    is_good: list[bool] = []
    for batch in source.batches(n_sequences):
        bad = {vector.sequence_idx for vector in bad_vectors(source.model, batch)}
        is_good += [i not in bad for i in range(len(batch.lengths))]
    finite = [i for i, good in enumerate(is_good) if good]
    return select_sequences(source, finite or range(len(is_good)))


def _more(n: int) -> str:
    return f", and {n:,} more" if n else ""


def _scan(
    plan: BuildPlan, source: Source, journal: Journal, progress: Progress, work: ModelWork
) -> dict[str, Any]:
    """Check all sequences, resuming a saved scan; return the bad ones and the first as text."""
    n = len(plan.lengths)
    scan: dict[str, Any] = {"n_sequences": 0, "bad": [], "example": None}
    if SCAN_FILE in journal:
        scan = json.loads((plan.folder / SCAN_FILE).read_bytes())
    if scan["n_sequences"] == n:
        return scan
    progress.announce("capture", f"checking {n:,} sequences for numbers that are not finite")
    finished: dict[int, ScanResult] = {}  # by the first sequence; saved in their order

    def unchecked(n_checked: int) -> Iterator[Unit]:
        start = 0
        for batch in source.batches(n):
            if start >= n_checked:
                yield Unit(f"check of sequence {start + 1} and others", (start, batch), ())
            start += len(batch.lengths)

    for result in work.run(run_scan, unchecked(scan["n_sequences"])):
        finished[result.start] = result
        while (start := scan["n_sequences"]) in finished:
            one = finished.pop(start)
            for vector in one.vectors:
                sequence = start + vector.sequence_idx
                scan["example"] = scan["example"] or _location(plan, source, sequence, vector)
                scan["bad"].append(sequence)
            scan["n_sequences"] = start + one.n_sequences
            journal.add(write_bytes(plan.folder, SCAN_FILE, canonical_json(scan)))
        progress.update(message=f"checked {scan['n_sequences']:,} of {n:,} sequences")
    return scan


def _location(plan: BuildPlan, source: Source, sequence: int, vector: models.BadVector) -> str:
    """Return "sequence 17 (line 18 of a.csv: 'The …'), token 5 ' foo', layer 3, head 2"."""
    corpus = source.corpus
    if not isinstance(corpus, TextCorpus):
        item = f"image {sequence + 1} ({corpus.locations[sequence]})"
    else:
        text = corpus.sequences[sequence]
        excerpt = text if len(text) <= MAX_EXCERPT else text[:MAX_EXCERPT].rstrip() + " …"
        location = f"{corpus.locations[sequence]} of {plan.request.corpus_file}"
        item = f"sequence {sequence + 1} ({location}: {excerpt!r})"
    return f"{item}, {vector.location()}"
