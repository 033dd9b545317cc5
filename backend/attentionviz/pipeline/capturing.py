"""Capture of the vectors of every head, with one batch in memory at a time."""

import json
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from attentionviz import models
from attentionviz.core.heads import by_layer
from attentionviz.core.rule import attention_formula
from attentionviz.errors import BuildError, DamagedDatasetError
from attentionviz.pipeline.bad_sequences import refusal
from attentionviz.pipeline.capture_units import (
    BadBatch,
    ModelWork,
    check_batch,
    run_capture,
    run_probe,
)
from attentionviz.pipeline.columns import TokenTable
from attentionviz.pipeline.corpus import TextCorpus
from attentionviz.pipeline.engine import Unit
from attentionviz.pipeline.image_files import write_image_files
from attentionviz.pipeline.plan import BuildPlan
from attentionviz.pipeline.progress import Progress
from attentionviz.pipeline.shards import (
    Shards,
    assemble_heads,
    captured_paths,
    shard_paths,
)
from attentionviz.pipeline.sources import Source, corpus_of, token_pairs_of
from attentionviz.pipeline.token_pairs import TokenPairs
from attentionviz.store import layout
from attentionviz.store.checked_files import MAX_JSON_BYTES
from attentionviz.store.grid import byte_norms, choose_grid_tokens, grid_points
from attentionviz.store.journal import Journal
from attentionviz.store.schema import canonical_json, parse_manifest
from attentionviz.store.writer import write_array, write_bytes


class Capture:
    """The part of a build that needs the model: capture, checks, tokens, images and probes.

    Parameters
    ----------
    plan : BuildPlan
    model : LoadedModel
    source : Source
    journal : Journal
        Finished files are skipped, and new ones added.
    progress : Progress
    work : ModelWork
    """

    def __init__(
        self,
        plan: BuildPlan,
        model: models.LoadedModel,
        source: Source,
        journal: Journal,
        progress: Progress,
        work: ModelWork,
    ) -> None:
        self.plan = plan
        self.model = model
        self.source = source
        self.journal = journal
        self.progress = progress
        self.work = work
        self.folder = plan.folder

    def run(self) -> dict[str, Any]:
        """Capture, check and write all missing files; return the partial manifest."""
        check = self.check_attention()
        table, patches, n_shards = self.capture_batches()
        shards = Shards(self.folder, n_shards)
        kept = self.plan.sampled_tokens
        for head in assemble_heads(self.folder, self.journal, shards, self.plan.facts, kept):
            self.progress.update(message=f"storing the vectors of {head.folder}")
        if kept is not None:
            self.journal.add(write_array(self.folder, layout.VECTOR_TOKENS, kept))
        if patches is not None:
            self.journal.add(write_array(self.folder, layout.PATCHES, patches))
        self.write_images()
        pairs = token_pairs_of(self.source, table)
        self.write_tokens(table, pairs)
        grid_tokens = self.write_grid()
        probes = self.write_probe()
        corpus = self.plan.facts["corpus"]
        manifest = {
            **self.plan.facts,
            "corpus": {
                **corpus,
                "n_sequences_cut": table.n_cut,
                **({"pairs": {**corpus["pairs"], **pairs.facts()}} if pairs else {}),
            },
            "grid": {"n_tokens": len(grid_tokens), "n_points": 2 * len(grid_tokens)},
            "attention_check": check._asdict(),
            **probes,
            "build_key": self.plan.build_key,
        }
        content = canonical_json(manifest)
        _require_valid(content)
        self.journal.add(write_bytes(self.folder, layout.PARTIAL_MANIFEST, content))
        shards.remove()
        return manifest

    def write_tokens(self, table: TokenTable, pairs: TokenPairs | None) -> None:
        """Write tokens and sequences; BuildError if a file would be too large to serve."""
        if pairs is not None:
            self.progress.log(pairs.summary())
        corpus = corpus_of(self.source, table, pairs.columns() if pairs else None)
        for path, content in corpus.files().items():
            if isinstance(content, np.ndarray):
                self.journal.add(write_array(self.folder, path, content))
                continue
            if path.endswith(".json") and len(content) > MAX_JSON_BYTES:
                raise BuildError(
                    f"{path} takes {len(content) / 2**20:.0f} MiB, at most "
                    f"{MAX_JSON_BYTES // 2**20} are allowed; take fewer tokens with --max-tokens, "
                    "or leave out columns of the corpus"
                )
            self.journal.add(write_bytes(self.folder, path, content))

    def check_attention(self) -> models.AttentionCheck:
        """Check on a sample that attention is as the rules say; see `check_attention`."""
        self.progress.announce("capture", "checking queries and keys against the model's attention")
        sample = self.source.sample(self.plan.lengths, self.plan.request.seed)
        found = self.work.call("check of attention", check_batch, sample.batch)
        if isinstance(found, BadBatch):
            raise refusal(self.plan, self.source, found, sample.sequences)
        check: models.AttentionCheck = found
        self.progress.log(
            f"attention is {attention_formula(self.model.bias_terms)}: largest difference from the "
            f"model {check.exact_max_abs_error:.1e} in float64, {check.max_abs_error:.1e} as stored"
        )
        return check

    def capture_batches(self) -> tuple[TokenTable, NDArray[np.uint8] | None, int]:
        """Write the missing shards.

        Returns
        -------
        table : TokenTable
            Columns of all tokens.
        patches : ndarray of uint8, shape (n_tokens, 8, 8, 3), or None
            Pixels of the patches; None for text.
        n_shards : int
            Number of batches. No shard is written if the vectors of all heads are assembled.
        """
        lengths, n_tokens = self.plan.lengths, self.plan.n_tokens
        self.progress.announce("capture", f"capturing {len(lengths):,} sequences")
        needs_shards = not self.journal.has_all(self.vector_paths())
        table = TokenTable(self.model.modality)
        sprites = []
        shards: list[range] = []  # sequences of each
        n_captured = 0

        def missing() -> Iterator[Unit]:
            nonlocal n_captured
            for batch in self.source.batches(len(lengths)):
                index = len(shards)
                start = shards[-1].stop if shards else 0
                shards.append(range(start, start + len(batch.lengths)))
                table.add(batch)
                if batch.sprites is not None:
                    sprites.append(batch.sprites)
                paths = tuple(shard_paths(index).values())
                if needs_shards and not self.journal.has_all(paths):
                    yield Unit(f"capture of batch {index}", (index, batch), paths)
                else:
                    n_captured += batch.n_tokens

        for result in self.work.run(run_capture, missing()):
            if result.bad is not None:
                raise refusal(self.plan, self.source, result.bad, shards[result.shard_idx])
            self.journal.add(*result.records)
            n_captured += result.n_tokens
            self.progress.update(message=f"captured {n_captured:,} of {n_tokens:,} tokens")
        if table.n_cut:
            self.progress.log(cut_message(table))
        return table, np.concatenate(sprites) if sprites else None, len(shards)

    def vector_paths(self) -> set[str]:
        """Return the relative paths of queries, keys and norms of all heads, of all tokens."""
        norms = {layout.norms_path(head) for head in self.model.heads}
        return norms | captured_paths(self.plan.facts)

    def write_probe(self) -> dict[str, Any]:
        """Write the scores of heads on repeated random tokens; return the facts of both probes."""
        if layout.PROBE not in self.journal:
            self.progress.update(message="scoring all heads on repeated random tokens")
            for result in self.work.run(run_probe, [Unit("probes", (), (layout.PROBE,))]):
                self.journal.add(*result.records)
        facts: dict[str, Any] = json.loads((self.folder / layout.PROBE).read_bytes())["facts"]
        return facts

    def write_images(self) -> None:
        """Write the images that the page shows; nothing for text."""
        if isinstance(self.source.corpus, TextCorpus):
            return
        paths = self.source.corpus.paths[: len(self.plan.lengths)]
        for image_idx in write_image_files(self.folder, self.journal, self.model, paths):
            self.progress.update(message=f"storing image {image_idx + 1:,} of {len(paths):,}")

    def write_grid(self) -> NDArray[np.int32]:
        """Choose the tokens of the grid sample, write them and their norms, and return them."""
        heads = self.model.heads
        seed = self.plan.request.seed
        tokens = choose_grid_tokens(self.plan.lengths, len(heads), seed)
        points = grid_points(tokens, self.plan.n_tokens)
        norms = np.empty((len(heads), len(points)), dtype=np.uint8)
        for i, head in enumerate(heads):
            path = self.folder / layout.norms_path(head)
            spans = self.model.rules[head.layer].spans(*self.plan.sequences)
            norms[i] = byte_norms(np.load(path, allow_pickle=False), spans=spans)[points]
        self.journal.add(
            write_array(self.folder, layout.GRID_TOKENS, tokens),
            write_array(self.folder, layout.GRID_NORMS, by_layer(self.plan.facts, norms)),
        )
        return tokens


def cut_message(table: TokenTable) -> str:
    """Return the message on sequences that were longer than the model's maximum."""
    subject = "1 sequence is" if table.n_cut == 1 else f"{table.n_cut:,} sequences are"
    verb = "was" if table.n_cut == 1 else "were"
    return (
        f"{subject} longer than the model can read and {verb} cut: "
        f"{table.n_tokens_cut:,} tokens are left out"
    )


def _require_valid(content: bytes) -> None:
    """Raise BuildError before hours of computing maps if the server would refuse the manifest."""
    try:
        parse_manifest(content, is_partial=True)
    except DamagedDatasetError as error:
        raise BuildError(f"the manifest of this dataset would be invalid: {error}") from error
