"""The plan of a build: sequences, maps with parameters, folder, key."""

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attentionviz import __version__
from attentionviz.core.scores import SCORE_FACTS
from attentionviz.core.types import MapName
from attentionviz.pipeline.corpora.account import Account
from attentionviz.pipeline.libraries import library_versions
from attentionviz.pipeline.request import BuildRequest, default_id
from attentionviz.pipeline.sources import Source, Taken, n_available
from attentionviz.projections import defaults
from attentionviz.store import layout
from attentionviz.store.schema import SCHEMA_VERSION, canonical_json

if TYPE_CHECKING:
    from attentionviz.models import LoadedModel

TRANSLATION = "keys' mean onto queries' mean, after scaling"


@dataclass(frozen=True)
class BuildPlan:
    """A build, decided.

    Attributes
    ----------
    request : BuildRequest
    dataset_id : str
    lengths : tuple of int
        Tokens of every sequence that is taken.
    account : Account
        What became of everything in the corpus.
    facts : mapping
        Entries of the manifest that are known before the capture.
    build_key : str
        12 hexadecimal digits of a hash of everything that decides the dataset's bytes, so that
        the same command finds its unfinished work, and no other.
    """

    request: BuildRequest
    dataset_id: str
    lengths: tuple[int, ...]
    account: Account
    facts: Mapping[str, Any]
    build_key: str

    @property
    def folder(self) -> Path:
        """Folder of the unfinished dataset."""
        return layout.staging_folder(self.request.output, self.dataset_id, self.build_key)

    @property
    def n_tokens(self) -> int:
        """Tokens of all sequences that are taken."""
        return sum(self.lengths)

    def corpus_words(self) -> str:
        """Return the sentence on what becomes of the corpus."""
        return f"{self.request.corpus_file}: {self.account.words()}; {self.n_tokens:,} tokens"

    def of(self, taken: Taken) -> "BuildPlan":
        """Return the same build of fewer sequences, in the same folder."""
        counts = {"n_sequences": len(taken.lengths), "n_tokens": sum(taken.lengths)}
        corpus = {**self.facts["corpus"], "account": taken.account.facts()}
        return replace(
            self,
            lengths=tuple(taken.lengths),
            account=taken.account,
            facts={**self.facts, **counts, "corpus": corpus},
        )


def make_plan(
    request: BuildRequest, model: "LoadedModel", source: Source, taken: Taken
) -> BuildPlan:
    """Return the plan of a build.

    Parameters
    ----------
    request : BuildRequest
    model : LoadedModel
    source : Source
    taken : Taken
        From `take_sequences`.
    """
    corpus, lengths = source.corpus, taken.lengths
    dataset_id = request.dataset_id or default_id(model.description["name"], corpus.name)
    layout.require_dataset_id(dataset_id)
    facts = {
        "schema_version": SCHEMA_VERSION,
        "id": dataset_id,
        "attentionviz_version": __version__,
        "model": dict(model.description),
        **{name: getattr(model, name) for name in ("n_layers", "n_heads", "n_key_heads", "d_head")},
        "n_sequences": len(lengths),
        "n_tokens": sum(lengths),
        "layers": [
            {name: getattr(rule, name) for name in ("scaling", "is_causal", "max_distance")}
            for rule in model.rules
        ],
        "bias_terms": list(model.bias_terms),
        "corpus": {
            **{name: getattr(corpus, name) for name in ("name", "source", "license", "sha256")},
            "columns": sorted(corpus.columns),
            "n_sequences": n_available(corpus),
            "account": taken.account.facts(),
        },
        "patch_grid": asdict(model.patch_grid) if model.patch_grid else None,
        "precision": request.precision,
        "seed": request.seed,
        "alignment": {"scale": request.alignment, "translation": TRANSLATION},
        "maps": _maps(request),
        "scores": list(SCORE_FACTS),
        "library_versions": library_versions(),
    }
    decides = {
        **facts,
        "model_settings": model.settings_sha256,
        # Also where none is bad: batches that were captured without asking may hold one.
        "skip_bad_sequences": request.skip_bad_sequences,
        "device": str(model.device),  # a GPU rounds otherwise than a CPU: no build mixes the two
    }
    build_key = hashlib.sha256(canonical_json(decides)).hexdigest()[: layout.N_VERSION_DIGITS]
    return BuildPlan(request, dataset_id, tuple(lengths), taken.account, facts, build_key)


def _maps(request: BuildRequest) -> dict[str, Any]:
    names = [name for group in request.task_groups() for name in group]
    return {str(name): _map_facts(name) for name in names}


def _map_facts(name: MapName) -> dict[str, Any]:
    return {
        "method": name.method,
        "dims": name.dims,
        "parameters": defaults(name.method, name.dims),
    }
