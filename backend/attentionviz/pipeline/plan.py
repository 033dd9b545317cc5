"""The plan of a build: sequences, maps with parameters, folder, key."""

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from attentionviz import __version__
from attentionviz.core.heads import heads_of, largest_sizes
from attentionviz.core.scores import scores_of
from attentionviz.core.types import MapName
from attentionviz.pipeline.corpora.account import Account
from attentionviz.pipeline.corpus import TextCorpus
from attentionviz.pipeline.libraries import library_versions
from attentionviz.pipeline.request import DEVICES, BuildRequest, default_id
from attentionviz.pipeline.sources import MAX_TARGET, Source, Taken, n_available
from attentionviz.pipeline.token_pairs import pair_facts
from attentionviz.projections import GPU_METHODS, defaults
from attentionviz.store import layout
from attentionviz.store.columns import Sequences
from attentionviz.store.kept_vectors import keep_facts, kept_tokens, lost_without_vectors
from attentionviz.store.schema import SCHEMA_VERSION, canonical_json

if TYPE_CHECKING:
    from attentionviz.models import LoadedModel

TRANSLATION = "keys' mean onto queries' mean, after scaling"


@dataclass(frozen=True)
class BuildPlan:
    """The plan of a build.

    Attributes
    ----------
    request : BuildRequest
    dataset_id : str
    lengths : tuple of int
        Number of tokens of every sequence taken.
    account : Account
        Counts of the corpus: read, taken, cut and left out.
    facts : mapping
        Entries of the manifest that are known before the capture.
    build_key : str
        12 hexadecimal digits of a hash of everything that determines the dataset's bytes; the
        same command resumes a build with the same key only.
    n_source : tuple of int or None
        Number of source tokens of every sequence; None unless the model has encoder and decoder.
    device : str
        Where the model runs and maps are computed.
    keys_elsewhere : mapping
        The keys that the build would have on other devices, to these.
    """

    request: BuildRequest
    dataset_id: str
    lengths: tuple[int, ...]
    account: Account
    facts: Mapping[str, Any]
    build_key: str
    n_source: tuple[int, ...] | None = None
    device: str = "cpu"
    keys_elsewhere: Mapping[str, str] = field(default_factory=dict)

    @property
    def sequences(self) -> Sequences:
        """Return start and length of every sequence taken."""
        return Sequences.of(self.lengths, self.n_source)

    @property
    def folder(self) -> Path:
        """Staging folder of the build."""
        return layout.staging_folder(self.request.output, self.dataset_id, self.build_key)

    @property
    def n_tokens(self) -> int:
        """Number of tokens of all sequences taken."""
        return sum(self.lengths)

    def corpus_summary(self) -> str:
        """Return a one-line summary of the corpus: counts read, taken and left out, and tokens."""
        return f"{self.request.corpus_file}: {self.account.summary()}; {self.n_tokens:,} tokens"

    @property
    def sampled_tokens(self) -> NDArray[np.int32] | None:
        """Tokens whose queries and keys a dataset with a sample has, ascending; else None."""
        request, n_heads = self.request, len(heads_of(self.facts))
        if request.keep_vectors != "sample":
            return None
        return kept_tokens(request.keep_vectors, self.lengths, n_heads, request.seed)

    def begun_elsewhere(self) -> str | None:
        """Return why an unfinished build of the same dataset is not resumed, or None."""
        request = self.request
        for key, device in self.keys_elsewhere.items():
            folder = layout.staging_folder(request.output, self.dataset_id, key)
            if folder.is_dir():
                return (
                    f"an unfinished build of {self.dataset_id} began on {device}; this one is on "
                    f"{self.device} and starts anew, since devices round differently; to resume "
                    f"the other, use --device {device.partition(':')[0]} where there is one"
                )
        return None

    def lost_without_vectors(self) -> str | None:
        """Return what the dataset cannot show because of ``--keep-vectors``, or None."""
        lost = lost_without_vectors(self.facts)
        return lost and f"--keep-vectors {self.request.keep_vectors}: {lost}"

    def with_sequences(self, taken: Taken) -> "BuildPlan":
        """Return the same build with fewer sequences and the same build key."""
        counts = {"n_sequences": len(taken.lengths), "n_tokens": sum(taken.lengths)}
        corpus = {**self.facts["corpus"], "account": taken.account.facts()}
        request, n_heads = self.request, len(heads_of(self.facts))
        kept = keep_facts(request.keep_vectors, taken.lengths, n_heads, request.seed)
        return replace(
            self,
            lengths=tuple(taken.lengths),
            n_source=taken.n_source,
            account=taken.account,
            facts={**self.facts, **counts, "corpus": corpus, "keep_vectors": kept},
        )


def make_plan(
    request: BuildRequest,
    model: "LoadedModel",
    source: Source,
    taken: Taken,
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
    pairs = corpus.pairs if isinstance(corpus, TextCorpus) else None
    dataset_id = request.dataset_id or default_id(model.description["name"], corpus.name)
    layout.require_dataset_id(dataset_id)
    sizes = largest_sizes(model.layers)
    facts = {
        "schema_version": SCHEMA_VERSION,
        "id": dataset_id,
        "attentionviz_version": __version__,
        "model": dict(model.description),
        "n_layers": model.n_layers,
        **sizes,
        "n_sequences": len(lengths),
        "n_tokens": sum(lengths),
        "layers": [
            {**rule.facts(), **heads.facts(sizes)}
            for rule, heads in zip(model.rules, model.layers, strict=True)
        ],
        "bias_terms": list(model.bias_terms),
        "corpus": {
            **{name: getattr(corpus, name) for name in ("name", "source", "license", "sha256")},
            "columns": sorted(corpus.columns),
            "n_sequences": n_available(corpus),
            "account": taken.account.facts(),
            **({"pairs": pair_facts(pairs)} if pairs else {}),
            **({"target": _target_facts(request)} if taken.n_source else {}),
        },
        "patch_grid": asdict(model.patch_grid) if model.patch_grid else None,
        "precision": request.precision,
        "keep_vectors": keep_facts(request.keep_vectors, lengths, len(model.heads), request.seed),
        "seed": request.seed,
        "alignment": {"scale": request.alignment, "translation": TRANSLATION},
        "maps": _maps(request, None),
        "scores": list(
            scores_of(
                model.bias_terms,
                has_pairs=pairs is not None,
                modality=model.modality,
                has_two_texts=taken.n_source is not None,
            )
        ),
        "library_versions": library_versions(),
    }

    def build_key(device: str) -> str:
        determines_bytes = {
            **facts,
            "maps": _maps(request, _map_device(request, device)),
            "model_settings": model.settings_sha256,
            # Also if no sequence is bad, since batches captured without the option may have one.
            "skip_bad_sequences": request.skip_bad_sequences,
            # GPU and CPU round differently.
            "device": device,
        }
        digest = hashlib.sha256(canonical_json(determines_bytes)).hexdigest()
        return digest[: layout.N_VERSION_DIGITS]

    device = _device(model)
    return BuildPlan(
        request,
        dataset_id,
        tuple(lengths),
        taken.account,
        {**facts, "maps": _maps(request, _map_device(request, device))},
        build_key(device),
        taken.n_source,
        device,
        {build_key(other): other for other in DEVICES[1:] if other != device},
    )


def _device(model: "LoadedModel") -> str:
    """Return where the model runs: in this process, or in those of workers."""
    return str(model.device)


def _map_device(request: BuildRequest, device: str) -> str | None:
    """Return the GPU that computes maps; None for the CPU.

    It is that of the capture, but Apple's only if it is asked for by name.
    """
    kind = device.partition(":")[0]
    return kind if kind == "cuda" or kind == request.device == "mps" else None


def _target_facts(request: BuildRequest) -> dict[str, Any]:
    """Return where the target texts are from."""
    max_length = None if request.target else request.max_target or MAX_TARGET
    return {"column": request.target, "max_length": max_length}


def _maps(request: BuildRequest, device: str | None) -> dict[str, Any]:
    names = [name for group in request.task_groups() for name in group]
    return {str(name): _map_facts(name, device) for name in names}


def _map_facts(name: MapName, device: str | None) -> dict[str, Any]:
    on_device = {"device": device} if device and name.method in GPU_METHODS else {}
    return {
        **on_device,
        "method": name.method,
        "dims": name.dims,
        "parameters": defaults(name.method, name.dims),
    }
