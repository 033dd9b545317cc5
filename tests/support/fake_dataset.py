"""Write synthetic datasets straight in the published format: fast, seeded, with correct hashes.

``python -m tests.support.fake_dataset OUT --layers 12 --heads 12 --tokens 2000 [--image]
[--building]`` fills the data directory OUT. The maps are random but plausible: clusters that
follow the token, one cloud for queries and one for keys. The numbers mean nothing.
"""

import argparse
import hashlib
import io
import json
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from tests.support.fake_corpus import (
    FakeCorpus,
    cut_again,
    image_corpus,
    image_text_corpus,
    text_corpus,
    token_files_of,
    with_pairs,
    with_targets,
)
from tests.support.fake_maps import fake_maps, mean_fidelity, pack_grid
from tests.support.fake_scores import fake_scores
from tests.support.fake_similarity import fake_similarity, similarity_facts
from tests.support.fake_spec import ALL_MAPS, FakeSpec, build_key, fake_manifest, is_kept

from attentionviz.core.heads import by_layer, heads_of
from attentionviz.core.types import HeadId
from attentionviz.store.file_table import FileTable, read_file_table
from attentionviz.store.grid import byte_norms
from attentionviz.store.head_facts import HeadFiles
from attentionviz.store.layout import head_fact_files, token_files
from attentionviz.store.reader import DatasetLibrary
from attentionviz.store.schema import FORMER_VERSIONS, parse_manifest
from attentionviz.store.writer import FileRecord, write_array

# What the facts of every map in a staging folder repeat of its head.
HEAD_FACTS = ("alignment_scale", "vector_rank_correlation")


class Folder:
    """A dataset folder being filled; remembers what ``manifest["files"]`` says of each file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.files: dict[str, dict[str, Any]] = {}

    def write(self, name: str, content: bytes, **facts: Any) -> None:
        """Write one file and remember its size and hash."""
        target = self.path / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
        digest = hashlib.sha256(content).hexdigest()
        self.files[name] = {"bytes": len(content), "sha256": digest, **facts}

    def write_array(self, name: str, array: np.ndarray) -> None:
        """Write one .npy file."""
        self.write(name, npy_bytes(array), dtype=array.dtype.name, shape=list(array.shape))

    def write_all(self, contents: dict[str, np.ndarray | bytes]) -> None:
        """Write arrays and other files."""
        for name, content in contents.items():
            is_array = isinstance(content, np.ndarray)
            (self.write_array if is_array else self.write)(name, content)

    def write_json(self, name: str, content: Any) -> None:
        """Write one JSON file."""
        self.write(name, canonical_json(content))


def canonical_json(content: Any) -> bytes:
    """Return JSON bytes that are the same for the same content."""
    text = json.dumps(content, sort_keys=True, indent=1, ensure_ascii=False, allow_nan=False)
    return (text + "\n").encode()


def write_fake_dataset(data_dir: Path, spec: FakeSpec | None = None) -> Path:
    """Write a complete dataset and its ``.current`` file; return the dataset's folder."""
    spec = spec or FakeSpec()
    folder = Folder(data_dir / ".staging" / f"{spec.dataset_id}-{build_key(spec)}")
    corpus = make_corpus(spec)
    facts = write_capture(folder, spec, corpus)
    grids: dict[str, list[np.ndarray]] = {name: [] for name in spec.maps}
    for head_id, name, coordinates, map_facts in fake_maps(spec, corpus):
        folder.write_array(f"{head_id.folder}/{name}.npy", coordinates)
        facts["heads"][head_id]["maps"][name] = map_facts
        grids[name].append(coordinates[facts["grid_points"]])
    for name, arrays in grids.items():
        folder.write_array(f"grid/{name}.npy", pack_grid(by_layer(facts["manifest"], arrays)))
    if spec.is_earlier:
        for facts_of_map in (m for head in facts["heads"].values() for m in head["maps"].values()):
            del facts_of_map["fidelity"]["recall_at_100"]
    heads = [
        {**head, **scored}
        for head, scored in zip(facts["heads"].values(), fake_scores(spec), strict=True)
    ]
    if spec.is_earlier:
        folder.write_json("heads.json", {"heads": heads})
    else:
        folder.write_all(HeadFiles.of(facts["manifest"], heads).contents())
    for name, array in fake_similarity(spec).items():
        folder.write_array(name, array)
    manifest = {**facts["manifest"], "fidelity": mean_fidelity(facts["heads"], spec.maps)}
    manifest["similarity"] = similarity_facts(spec)
    records = {name: FileRecord.of(name, facts) for name, facts in folder.files.items()}
    content = write_manifest(folder.path, manifest, records, manifest)
    version = hashlib.sha256(content).hexdigest()[:12]
    final = data_dir / f"{spec.dataset_id}@{version}"
    folder.path.rename(final)
    (data_dir / f"{spec.dataset_id}.current").write_text(final.name + "\n")
    return final


def write_fake_building(
    data_dir: Path, spec: FakeSpec | None = None, *, n_units_done: int | None = None
) -> Path:
    """Write a staging folder whose first units (one head and map each) are done; return it.

    One unfinished file lies beside the finished ones, without its journal line; by default two
    maps of every head and half of a third are done.
    """
    spec = spec or FakeSpec()
    folder = Folder(data_dir / ".staging" / f"{spec.dataset_id}-{build_key(spec)}")
    corpus = make_corpus(spec)
    facts = write_capture(folder, spec, corpus)
    n_heads_total = len(spec.head_ids)
    n_done = n_units_done if n_units_done is not None else 2 * n_heads_total + n_heads_total // 2
    units = sorted(fake_maps(spec, corpus), key=lambda unit: spec.maps.index(unit[1]))
    for head_id, name, coordinates, map_facts in units[:n_done]:
        folder.write_array(f"{head_id.folder}/{name}.npy", coordinates)
        shared = {key: facts["heads"][head_id][key] for key in HEAD_FACTS}
        folder.write_json(f"{head_id.folder}/{name}.json", {**map_facts, **shared})
    scored_heads = spec.head_ids[: n_scored(spec, n_done)]
    for head_id, scored in zip(scored_heads, fake_scores(spec), strict=False):
        folder.write_json(f"{head_id.folder}/scores.json", scored)
    for head_id, name, coordinates, _ in units[n_done : n_done + 1]:
        half = coordinates.tobytes()[: coordinates.nbytes // 2]
        (folder.path / head_id.folder / f"{name}.npy").write_bytes(half)
    lines = [json.dumps({"path": name, **known}) for name, known in folder.files.items()]
    (folder.path / "journal.jsonl").write_text("\n".join(lines) + "\n")
    (folder.path / "manifest.partial.json").write_bytes(canonical_json(facts["manifest"]))
    progress = {
        "phase": "maps",
        "message": f"{n_done} of {len(units)} maps are finished",
        "n_units_done": n_done,
        "n_units": len(units),
        "remaining_seconds": 12.5,
        "heartbeat_utc": "9999-01-01T00:00:00Z",  # a builder that lives as long as the test
    }
    (folder.path / "progress.json").write_bytes(canonical_json(progress))
    return folder.path


def n_scored(spec: FakeSpec, n_units_done: int) -> int:
    """Return the number of heads with scores, which come after the first map of every head."""
    return max(0, n_units_done - len(spec.head_ids))


def write_manifest(
    folder: Path,
    manifest: dict[str, Any],
    records: dict[str, FileRecord],
    of_files: dict[str, Any],
    change: Callable[[np.ndarray, list[str]], np.ndarray] | None = None,
) -> bytes:
    """Write the manifest and, in the current format, the table of files; return the manifest.

    The files are those of the manifest `of_files`, whose counts are true. `change` returns other
    rows for the files of these names, in a table that lies.
    """
    files: dict[str, Any] = {name: record.facts() for name, record in records.items()}
    (folder / "files.npy").unlink(missing_ok=True)
    if manifest["schema_version"] not in FORMER_VERSIONS:
        table = FileTable.of(of_files, records)
        rows = table.rows if change is None else change(table.rows.copy(), list(table))
        files = write_array(folder, "files.npy", rows).facts()
    content = canonical_json({**manifest, "files": files})
    (folder / "manifest.json").write_bytes(content)
    return content


def republish(
    folder: Path,
    changed: dict[str, bytes | np.ndarray | None],
    rows: Callable[[np.ndarray, list[str]], np.ndarray] | None = None,
    **manifest: Any,
) -> Path:
    """Publish a dataset again with other files or facts, and hashes that fit them.

    This is what somebody does who hands out a dataset that lies. Dtypes and shapes in the manifest
    stay for files given as bytes, apart from what `manifest` replaces; None removes a file. `rows`
    changes the table of files, as in `write_manifest`.
    """
    before = (folder / "manifest.json").read_bytes()
    found, parsed = json.loads(before), parse_manifest(before)
    records = dict(read_file_table(folder, parsed))
    for name, content in changed.items():
        record = records.pop(name, FileRecord(name, "", 0))
        if content is None:
            (folder / name).unlink()
            if not any((folder / name).parent.iterdir()):
                (folder / name).parent.rmdir()
            continue
        if isinstance(content, np.ndarray):
            record = replace(record, dtype=content.dtype.name, shape=content.shape)
            content = npy_bytes(content)
        (folder / name).write_bytes(content)
        digest = hashlib.sha256(content).hexdigest()
        records[name] = replace(record, n_bytes=len(content), sha256=digest)
    content = write_manifest(folder, found | manifest, records, parsed, rows)
    if "files" in manifest:
        content = canonical_json(json.loads(content) | {"files": manifest["files"]})
        (folder / "manifest.json").write_bytes(content)
    dataset_id = folder.name.partition("@")[0]
    final = folder.with_name(f"{dataset_id}@{hashlib.sha256(content).hexdigest()[:12]}")
    folder.rename(final)
    (folder.parent / f"{dataset_id}.current").write_text(final.name + "\n")
    return final


def stored_tokens(folder: Path) -> dict[str, Any]:
    """Return all tokens and sequences of a published dataset, as the API returns them."""
    dataset_id, version = folder.name.split("@")
    return DatasetLibrary(folder.parent).open_dataset(dataset_id, version).tokens.document()


def with_tokens(folder: Path, tokens: dict[str, Any], **manifest: Any) -> Path:
    """Publish a dataset again with other tokens and sequences, as `stored_tokens` returns them."""
    corpus = manifest.get("corpus") or json.loads((folder / "manifest.json").read_bytes())["corpus"]
    return republish(folder, token_files_of(tokens, corpus["columns"]), **manifest)


def as_former(folder: Path, tokens: dict[str, Any] | None = None, version: int = 3) -> Path:
    """Publish a dataset again in a former format, with these tokens or its own."""
    content = canonical_json(tokens or stored_tokens(folder))
    manifest = json.loads((folder / "manifest.json").read_bytes())
    removed = dict.fromkeys([*token_files(manifest), *head_fact_files(manifest)])
    heads = canonical_json({"heads": facts_of_heads(folder)})
    changed = {**removed, "tokens.json": content, "heads.json": heads}
    return republish(folder, changed, schema_version=version)


def facts_of_heads(folder: Path) -> list[dict[str, Any]]:
    """Return all facts of every head of a published dataset, layer by layer."""
    dataset_id, version = folder.name.split("@")
    reader = DatasetLibrary(folder.parent).open_dataset(dataset_id, version)
    return [reader.head(head) for head in heads_of(reader.manifest)]


def npy_bytes(array: np.ndarray) -> bytes:
    """Return the bytes of an .npy file."""
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, np.ascontiguousarray(array), (1, 0), allow_pickle=False)
    return buffer.getvalue()


def make_corpus(spec: FakeSpec) -> FakeCorpus:
    """Return the synthetic sentences or images of this dataset."""
    if spec.modality == "text":
        corpus = text_corpus(spec.n_tokens, seed=spec.seed, lengths=spec.sentence_lengths)
        corpus = cut_again(corpus) if spec.is_cut else corpus
        corpus = with_targets(corpus) if spec.has_two_texts else corpus
        return with_pairs(corpus) if spec.has_pairs else corpus
    grid = (spec.patch_rows, spec.patch_columns)
    if spec.modality == "image-text":
        return image_text_corpus(spec.n_tokens, seed=spec.seed, grid=grid)
    return image_corpus(spec.n_tokens, seed=spec.seed, grid=grid, n_registers=spec.n_registers)


def write_capture(folder: Folder, spec: FakeSpec, corpus: FakeCorpus) -> dict[str, Any]:
    """Write all files of the capture; return the partial manifest and the heads."""
    rng = np.random.default_rng(spec.seed)
    if spec.is_earlier:
        folder.write_json("tokens.json", corpus.tokens)
    else:
        folder.write_all(corpus.files())
    grid_tokens = choose_grid_tokens(spec, corpus)
    folder.write_array("grid/tokens.npy", grid_tokens)
    grid_points = np.concatenate([grid_tokens, corpus.n_tokens + grid_tokens])
    heads, grid_norms = {}, []
    for head_id in spec.head_ids:
        norms = write_vectors(folder, spec, corpus, head_id, rng)
        spans = spec.rules[head_id.layer].spans(*corpus.sequences)
        grid_norms.append(byte_norms(norms, spans=spans)[grid_points])
        heads[head_id] = {
            "layer": head_id.layer,
            "head": head_id.head,
            "alignment_scale": round(float(rng.uniform(0.5, 2.0)), 6),
            "vector_rank_correlation": round(float(rng.uniform(0.6, 0.95)), 6),
            "maps": {},
        }
    if spec.kept_sequences is not None:
        drop_vectors(folder, spec, corpus)
    for name, content in corpus.pictures.items():
        folder.write(name, content)
    if corpus.patches is not None:
        folder.write_array("images/patches.npy", corpus.patches)
    manifest = fake_manifest(spec, corpus, len(grid_tokens))
    folder.write_array("grid/norms.npy", by_layer(manifest, grid_norms))
    return {"manifest": manifest, "heads": heads, "grid_points": grid_points}


def drop_vectors(folder: Folder, spec: FakeSpec, corpus: FakeCorpus) -> None:
    """Keep the vectors of some sequences only, or of none."""
    tokens = np.flatnonzero(np.repeat(is_kept(spec, corpus), corpus.sequences.length))
    for name in [name for name in folder.files if name.endswith(("queries.npy", "keys.npy"))]:
        whole = np.load(folder.path / name, allow_pickle=False)
        if spec.kept_sequences:
            folder.write_array(name, whole[tokens])
        else:
            (folder.path / name).unlink()
            del folder.files[name]
    if spec.kept_sequences:
        folder.write_array("vector_tokens.npy", tokens.astype(np.int32))


def write_vectors(
    folder: Folder,
    spec: FakeSpec,
    corpus: FakeCorpus,
    head_id: HeadId,
    rng: np.random.Generator,
) -> np.ndarray:
    """Write queries, keys and norms of one head; return the norms, float32 (n_tokens, 4)."""
    shape = (corpus.n_tokens, spec.d_head)
    spans = spec.rules[head_id.layer].spans(*corpus.sequences)
    queries = rng.standard_normal(shape, dtype=np.float32)
    queries[~spans.has_query(corpus.n_tokens)] = 0
    folder.write_array(f"{head_id.folder}/queries.npy", queries.astype(spec.precision))
    owner = spec.key_owner(head_id)
    if owner == head_id:
        keys = rng.standard_normal(shape, dtype=np.float32) * 1.5
        keys[~spans.has_key(corpus.n_tokens)] = 0
        folder.write_array(f"{head_id.folder}/keys.npy", keys.astype(spec.precision))
    else:
        path = folder.path / owner.folder / "keys.npy"
        keys = np.load(path, allow_pickle=False).astype(np.float32)
    norms = np.empty((corpus.n_tokens, 4), dtype=np.float32)
    norms[:, 0] = np.linalg.norm(queries, axis=1)
    norms[:, 1] = np.linalg.norm(keys, axis=1)
    norms[:, 2:] = rng.uniform(0.1, 3.0, (corpus.n_tokens, 2))
    norms[~spans.has_key(corpus.n_tokens), 2:] = 0
    folder.write_array(f"{head_id.folder}/norms.npy", norms)
    return norms


def choose_grid_tokens(spec: FakeSpec, corpus: FakeCorpus) -> np.ndarray:
    """Return the sorted tokens that the grid draws: whole sequences up to the budget."""
    budget = spec.grid_points // (2 * len(spec.head_ids))
    chosen: list[np.ndarray] = []
    for index in np.random.default_rng(spec.seed).permutation(len(corpus.lengths)):
        length = corpus.lengths[index]
        if chosen and sum(map(len, chosen)) + length > budget:
            break
        chosen.append(np.arange(corpus.starts[index], corpus.starts[index] + length))
    return np.sort(np.concatenate(chosen)).astype(np.int32)


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path, help="the data directory to fill")
    parser.add_argument("--id", default=None)
    parser.add_argument("--layers", type=int, default=12)
    parser.add_argument("--heads", type=int, default=12)
    parser.add_argument("--tokens", type=int, default=2000)
    parser.add_argument("--d-head", type=int, default=64)
    parser.add_argument("--maps", default=",".join(ALL_MAPS), help="such as biplot-2d,pca-2d")
    parser.add_argument("--grid-points", type=int, default=600_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--causal", action="store_true")
    parser.add_argument("--image", action="store_true")
    parser.add_argument("--image-text", action="store_true")
    parser.add_argument("--two-texts", action="store_true", help="three layers or a multiple")
    parser.add_argument("--building", action="store_true")
    args = parser.parse_args()
    modality = "image-text" if args.image_text else "image" if args.image else "text"
    spec = FakeSpec(
        dataset_id=args.id or f"fake-{modality}",
        modality=modality,
        n_layers=args.layers,
        n_heads=args.heads,
        n_tokens=args.tokens,
        d_head=args.d_head,
        maps=tuple(args.maps.split(",")),
        grid_points=args.grid_points,
        seed=args.seed,
        is_causal=args.causal,
        has_two_texts=args.two_texts,
    )
    write = write_fake_building if args.building else write_fake_dataset
    sys.stdout.write(f"{write(args.out, spec)}\n")


if __name__ == "__main__":
    main()
