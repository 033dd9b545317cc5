"""Datasets whose every text is hostile: tokens, sentences, columns, file names, model, corpus."""

import json
from itertools import cycle, islice
from pathlib import Path

from tests.support.fake_corpus import token_files_of
from tests.support.fake_dataset import (
    FakeSpec,
    facts_of_heads,
    republish,
    stored_tokens,
    write_fake_dataset,
)
from tests.support.hostile_strings import STRINGS

from attentionviz.store.head_facts import HeadFiles

TEXT = FakeSpec("hostile", n_layers=2, n_heads=3, n_tokens=160, maps=("pca-2d", "biplot-2d"))
IMAGE = FakeSpec(
    "hostile-pictures", modality="image", n_layers=2, n_heads=3, n_tokens=150, maps=("pca-2d",)
)
COLUMNS = ("__proto__", "<img src=x onerror=pwned=1>", "=cmd|' /C calc'!A0", "\x1b[31m\u202ecolumn")


def write_hostile_datasets(data_dir: Path) -> None:
    """Write a dataset of sentences and one of images, with valid hashes."""
    for spec in (TEXT, IMAGE):
        folder = write_fake_dataset(data_dir, spec)
        tokens = stored_tokens(folder)
        manifest = json.loads((folder / "manifest.json").read_bytes())
        strings = cycle(STRINGS)
        if spec is TEXT:
            tokens["text"] = list(islice(strings, len(tokens["text"])))
            tokens["token_type"] = ["text"] * len(tokens["text"])
        sequences = tokens["sequences"]
        n = len(sequences["text"])
        sequences["text"] = [" ".join(islice(strings, 9)) for _ in range(n)]
        sequences["columns"] = {name: list(islice(strings, n)) for name in COLUMNS}
        texts = iter(STRINGS)
        model = manifest["model"]
        for key in ("name", "source", "revision", "family", "architecture", "license"):
            model[key] = next(texts)
        corpus = manifest["corpus"] | {"columns": list(COLUMNS)}
        for key in ("name", "source", "license"):
            corpus[key] = next(texts)
        left_out = [
            {**part, "examples": list(STRINGS[:5])} for part in corpus["account"]["left_out"]
        ]
        corpus["account"] |= {"left_out": left_out, "notes": list(STRINGS)}
        facts = {
            "model": model,
            "corpus": corpus,
            "attentionviz_version": next(texts),
            "bias_terms": list(STRINGS),
            "library_versions": dict.fromkeys(("numpy", "torch"), next(texts)),
            "alignment": {"scale": next(texts)},
            "probe": manifest["probe"] | {"reason": next(texts)},
            "prefix_probe": manifest["prefix_probe"] | {"start": list(STRINGS)},
        }
        maps = manifest["maps"]
        for one in maps.values():
            one["parameters"] = {text: text for text in STRINGS}
        changed = token_files_of(tokens, corpus["columns"])
        heads = facts_of_heads(folder)
        for i, head in enumerate(heads):
            for one in head["maps"].values():
                one["fallback"] = STRINGS[i]
                one["details"] = {text: text for text in STRINGS[:5]}
        changed |= HeadFiles.of(manifest, heads).contents()
        republish(folder, changed, maps=maps, **facts)
