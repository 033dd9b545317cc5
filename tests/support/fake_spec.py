"""Specification of a synthetic dataset, and its manifest."""

import hashlib
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from tests.support.fake_corpus import IMAGE_START, FakeCorpus

from attentionviz.core.heads import (
    NO_ATTENTION,
    LayerHeads,
    iterate_heads,
    largest_sizes,
    without_heads,
)
from attentionviz.core.rule import NO_RULE, LayerRule, OffsetBias, Part
from attentionviz.core.scores import ALL_SCORES, ScoreFacts, scores_of
from attentionviz.core.types import DIMS, METHODS, HeadId, MapName
from attentionviz.store.schema import SCHEMA_VERSION

SINCE_0_4 = (
    *("attention_entropy", "mean_distance", "variance_of_distance", "prefix_matching"),
    *("norm_ratio", "sink_mass", "variance_beyond_qk", "precision_at_l"),
)
PARTS: tuple[Part, ...] = ("encoder", "decoder", "cross")
ALL_MAPS = tuple(str(MapName(method, dims)) for dims in DIMS for method in METHODS)


@dataclass(frozen=True)
class FakeSpec:
    """Specification of a synthetic dataset."""

    dataset_id: str = "fake-text"
    modality: str = "text"
    n_layers: int = 2
    n_heads: int = 2
    n_tokens: int = 60
    d_head: int = 8
    n_key_heads: int | None = None
    own_heads: tuple[int, ...] | None = None  # heads of each layer, 0 for none; each has own keys
    maps: tuple[str, ...] = ALL_MAPS
    is_causal: bool = False
    max_distance: int | None = None
    precision: str = "float32"
    grid_points: int = 600_000
    seed: int = 0
    note: str = "0.1.0"
    sentence_lengths: tuple[int, int] = (7, 40)
    patch_rows: int = 7
    patch_columns: int = 7
    n_registers: int = 0
    n_far: int = 0
    has_shapes: bool = (
        False  # spirals, bands and rings beside clusters, and heads that do one thing
    )
    is_cut: bool = False  # the same sentences in other tokens: without marks, long words in two
    has_terms: bool = False  # scores with a soft cap, a bias by offset and, in layer 0, a sink
    has_block: bool = False  # patches of an image and a text see each other both ways
    # encoder, decoder and cross heads in thirds of the layers, and a target text of each sentence
    has_two_texts: bool = False
    has_pairs: bool = False  # labelled pairs of text tokens six positions apart
    is_earlier: bool = False  # format 2, with the scores of 0.3.1
    # sequences with stored vectors, the second and so on; 0: none are stored, None: all
    kept_sequences: int | None = None

    @property
    def head_ids(self) -> list[HeadId]:
        """Return every head, layer by layer."""
        return list(iterate_heads(self.layers))

    @property
    def layers(self) -> list[LayerHeads]:
        """Return the heads of each layer."""
        if self.own_heads is None:
            n_key_heads = self.n_key_heads or self.n_heads
            return [LayerHeads(self.n_heads, n_key_heads, self.d_head)] * self.n_layers
        return [
            LayerHeads(n, n, self.d_head) if n else without_heads(NO_ATTENTION)
            for n in self.own_heads
        ]

    @property
    def rules(self) -> list[LayerRule]:
        """Return the rule of each layer."""
        return [fake_rule(self, layer) for layer in range(self.n_layers)]

    @property
    def terms(self) -> list[str]:
        """Return what attention has besides q·k."""
        return list(dict.fromkeys(term for rule in self.rules for term in rule.terms))

    @property
    def scores(self) -> dict[str, ScoreFacts]:
        """Return the scores that a build of its time computes."""
        if not self.is_earlier:
            return scores_of(
                self.terms,
                has_pairs=self.has_pairs,
                modality=self.modality,
                has_two_texts=self.has_two_texts,
            )
        return {name: facts for name, facts in ALL_SCORES.items() if name not in SINCE_0_4}

    def key_owner(self, head_id: HeadId) -> HeadId:
        """Return the head whose folder holds the keys of this one."""
        heads = self.layers[head_id.layer]
        group = heads.n_heads // heads.n_key_heads
        return HeadId(head_id.layer, head_id.head // group * group)


def build_key(spec: FakeSpec) -> str:
    """Return 12 hex digits that stand for all settings."""
    return hashlib.sha256(repr(spec).encode()).hexdigest()[:12]


def fake_rule(spec: FakeSpec, layer: int) -> LayerRule:
    """Return the rule of a layer."""
    rule = LayerRule(float(spec.d_head) ** -0.5, spec.is_causal, spec.max_distance)
    if spec.has_block:
        end = IMAGE_START + spec.patch_rows * spec.patch_columns
        return replace(rule, block=(IMAGE_START, end))
    if spec.has_two_texts:
        part = PARTS[3 * layer // spec.n_layers]
        rule = replace(rule, part=part, is_causal=part == "decoder")
    if not spec.has_terms:
        return rule
    n_heads = spec.layers[layer].n_heads
    if n_heads == 0:
        return NO_RULE
    slopes = [0.25 / 2**head for head in range(n_heads)]
    bias = OffsetBias((-64, 0, 3), tuple((-64 * slope, 0.0, -slope) for slope in slopes))
    sinks = tuple(0.5 - head for head in range(n_heads)) if layer == 0 else None
    return replace(rule, softcap=2.0, bias=bias, sinks=sinks)


def is_kept(spec: FakeSpec, corpus: FakeCorpus) -> np.ndarray:
    """Return which sequences have stored vectors, bool (n_sequences,)."""
    number = np.arange(len(corpus.lengths))
    if spec.kept_sequences is None:
        return number >= 0
    return (number >= 1) & (number <= spec.kept_sequences)


def fake_manifest(spec: FakeSpec, corpus: FakeCorpus, n_grid_tokens: int) -> dict[str, Any]:
    """Return the manifest without ``files`` and ``fidelity``."""
    is_text = spec.modality == "text"
    probe = {"n_sequences": 16, "period": 32, "reason": None}
    prefix_probe = {"n_sequences": 10, "period": 25, "n_repeats": 4, "start": ["[CLS]"]}
    if not is_text:
        reason = "image models have no tokens to repeat"
        probe = {"n_sequences": 0, "period": 0, "reason": reason}
        prefix_probe = {"n_sequences": 0, "period": 0, "n_repeats": 0, "start": []}
    family = {"image": "vit", "image-text": "llava"}.get(spec.modality)
    family = family or ("gpt2" if spec.is_causal else "bert")
    family = "t5" if spec.has_two_texts else family
    architectures = {"bert": "Bert", "gpt2": "GPT2", "vit": "ViT", "llava": "Llava", "t5": "T5"}
    manifest = {
        "schema_version": SCHEMA_VERSION,
        "id": spec.dataset_id,
        "attentionviz_version": spec.note,
        "model": {
            "name": f"synthetic-{family}",
            "source": "synthetic",
            "revision": None,
            "weights_sha256": hashlib.sha256(b"no weights").hexdigest(),
            "family": family,
            "architecture": f"{architectures[family]}Model",
            "modality": spec.modality,
            "license": "MIT",
        },
        "n_layers": spec.n_layers,
        "n_heads": spec.n_heads,
        "n_key_heads": spec.n_key_heads or spec.n_heads,
        "d_head": spec.d_head,
        "n_sequences": len(corpus.lengths),
        "n_tokens": corpus.n_tokens,
        "layers": [
            {**rule.facts(), **heads.facts(largest_sizes(spec.layers))}
            for rule, heads in zip(spec.rules, spec.layers, strict=True)
        ],
        "bias_terms": spec.terms,
        "corpus": dict(corpus.facts),
        "patch_grid": corpus.patch_grid,
        "precision": spec.precision,
        "keep_vectors": {
            "choice": {None: "all", 0: "none"}.get(spec.kept_sequences, "sample"),
            "n_sequences": int(is_kept(spec, corpus).sum()),
            "n_tokens": int(corpus.sequences.length[is_kept(spec, corpus)].sum()),
        },
        "seed": spec.seed,
        "alignment": {"scale": "norm ratio"},
        "maps": {
            name: {
                "method": MapName.parse(name).method,
                "dims": MapName.parse(name).dims,
                "parameters": {"seed": spec.seed},
            }
            for name in spec.maps
        },  # fmt: skip
        "scores": list(spec.scores),
        "probe": probe,
        "prefix_probe": {**prefix_probe, "reason": probe["reason"]},
        "grid": {"n_tokens": n_grid_tokens, "n_points": 2 * n_grid_tokens},
        "attention_check": {
            "exact_max_abs_error": 0.0,
            "exact_tolerance": 1e-09,
            "exact_n_sequences": 1,
            "max_abs_error": 0.0,
            "worst_layer": 0,
            "worst_head": 0,
            "n_sequences": 1,
        },
        "build_key": build_key(spec),
        "library_versions": {"numpy": np.__version__},
    }
    if spec.is_earlier:
        del manifest["prefix_probe"], manifest["corpus"]["account"], manifest["keep_vectors"]
        kept = {"max_abs_error": 0.0, "tolerance": 1e-05, "n_sequences": 1}
        manifest |= {"schema_version": 2, "attention_check": kept}
    return manifest
