"""The scores of one head as a unit of work; and units of any kind, as workers run them."""

import functools
import json
import time
import unicodedata
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from attentionviz.core.characters import characters_of
from attentionviz.core.rule import head_rule
from attentionviz.core.types import HeadId, MapName, Modality
from attentionviz.errors import BuildError
from attentionviz.measures.head_scores import (
    HeadAttention,
    ImageTextTokens,
    PatchTokens,
    TextTokens,
    score_head,
)
from attentionviz.pipeline.units import (
    MapJob,
    UnitResult,
    read_array,
    read_vectors,
    run_unit,
    words,
)
from attentionviz.store import layout
from attentionviz.store.columns import Sequences
from attentionviz.store.schema import canonical_json
from attentionviz.store.writer import write_bytes

SCORES = "scores"
Work = tuple[MapName, ...] | Literal["scores"]


def run_work(job: MapJob, head: HeadId, work: Work) -> UnitResult:
    """Run one unit: some maps of a head, or its scores.

    Workers import this module, so that they load neither torch nor what reads a corpus.
    """
    return run_scores(job, head) if isinstance(work, str) else run_unit(job, head, work)


def run_scores(job: MapJob, head: HeadId) -> UnitResult:
    """Compute the scores of one head over the whole corpus and write them.

    Parameters
    ----------
    job : MapJob
    head : HeadId

    Raises
    ------
    BuildError
        If its attention is not finite; names layer and head.
    """
    started = time.perf_counter()
    manifest = job.manifest
    with threadpool_limits(1):  # the same bytes on any number of cores
        tokens = corpus_tokens(job.folder, manifest["model"]["modality"])
        pairs = corpus_pairs(job.folder)
        attention = HeadAttention(
            *read_vectors(job.folder, head, manifest),
            np.asarray(job.lengths),
            head_rule(manifest, head),
            Sequences.of(job.lengths, job.n_source).n_source,
        )
        try:
            found = score_head(attention, tokens, pairs)
        except BuildError as error:
            raise BuildError(f"{words(head)}: {error}") from error
    every = {**found.scores, **_probe(job.folder)[head.folder]}
    scores = {name: every[name] for name in manifest["scores"]}
    content = canonical_json({"scores": scores, "profile": found.profile})
    record = write_bytes(job.target, layout.scores_path(head), content)
    return UnitResult((record,), seconds=((SCORES, time.perf_counter() - started),))


def _probe(folder: Path) -> dict[str, Any]:
    heads: dict[str, Any] = json.loads((folder / layout.PROBE).read_bytes())["heads"]
    return heads


@functools.lru_cache(maxsize=1)
def corpus_tokens(folder: Path, modality: Modality) -> TextTokens | PatchTokens | ImageTextTokens:
    """Return the token columns that scores read; cached, since they are the same for all heads.

    Parameters
    ----------
    folder : Path
        Of the build: its token files never change.
    modality : str
    """
    vocabulary = _vocabulary(folder)
    codes = read_array(folder / layout.CODES)
    kinds = np.array(vocabulary["token_type"])[codes]
    if modality == "image":
        return _patches(folder, kinds)
    words = _words(vocabulary, codes, kinds)
    if modality == "image-text":
        return ImageTextTokens(**words._asdict(), **_patches(folder, kinds)._asdict())
    return words


def _vocabulary(folder: Path) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = json.loads((folder / layout.VOCABULARY).read_bytes())
    return found


def _patches(folder: Path, kinds: NDArray[np.str_]) -> PatchTokens:
    columns = {
        name: read_array(folder / layout.patch_column_path(name)).astype(np.float64)
        for name in layout.PATCH_COLUMNS
    }
    is_patch = kinds == "patch"
    for name in ("row", "column"):
        columns[name][~is_patch] = np.nan
    return PatchTokens(is_class=kinds == "class", is_patch=is_patch, **columns)


def _words(
    vocabulary: dict[str, list[Any]], codes: NDArray[np.int32], kinds: NDArray[np.str_]
) -> TextTokens:
    is_mark = np.array([is_punctuation(text) for text in vocabulary["text"]])
    return TextTokens.of(
        np.array(vocabulary["token_id"], dtype=np.int64)[codes],
        is_special=kinds == "special",
        is_punctuation=(kinds == "text") & is_mark[codes],
    )


@functools.lru_cache(maxsize=1)
def corpus_pairs(folder: Path) -> NDArray[np.int64] | None:
    """Return the labelled pairs of a build, shape (n_pairs, 2); None for a corpus without them."""
    path = folder / layout.LABELLED_PAIRS
    return read_array(path)[:, :2].astype(np.int64) if path.exists() else None


def is_punctuation(text: str) -> bool:
    """Return whether a token has only Unicode punctuation, symbols and white space."""
    return all(
        unicodedata.category(character)[0] in "PS" or character.isspace()
        for character in characters_of(text).characters
    )
