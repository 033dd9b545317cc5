"""A data folder of several gigabytes and many datasets, written in under a minute.

One large dataset is written; others share its files by hard links under a manifest of their own,
so that the server sees, hashes and serves them as datasets of their own.
"""

import hashlib
import json
import os
from pathlib import Path

from tests.support.fake_dataset import FakeSpec, canonical_json, write_fake_dataset

from attentionviz.store.file_table import read_file_table

LARGE = FakeSpec(
    "large-0",
    n_layers=12,
    n_heads=12,
    n_tokens=17_000,
    d_head=64,
    maps=("biplot-2d", "tsne-2d", "umap-3d"),
)
N_LARGE = 4
N_SMALL = 46


def write_large_folder(data_dir: Path) -> int:
    """Fill a data folder with 50 datasets, 4 of them large; return the bytes of all files."""
    first = write_fake_dataset(data_dir, LARGE)
    for i in range(1, N_LARGE):
        copy_linked(first, f"large-{i}")
    for i in range(N_SMALL):
        modality = "image" if i % 4 == 0 else "text"
        maps = ("biplot-2d", "pca-2d", "tsne-3d")
        spec = FakeSpec(f"small-{i:02d}", modality=modality, n_tokens=400, maps=maps, seed=i)
        write_fake_dataset(data_dir, spec)
    return sum(path.stat().st_size for path in data_dir.rglob("*") if path.is_file())


def copy_linked(folder: Path, dataset_id: str) -> Path:
    """Publish a dataset under another id, with hard links to the files of the first."""
    manifest = json.loads((folder / "manifest.json").read_bytes()) | {"id": dataset_id}
    content = canonical_json(manifest)
    version = hashlib.sha256(content).hexdigest()[:12]
    target = folder.parent / f"{dataset_id}@{version}"
    for name in ("files.npy", *read_file_table(folder, manifest)):
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        os.link(folder / name, target / name)
    (target / "manifest.json").write_bytes(content)
    (folder.parent / f"{dataset_id}.current").write_text(target.name + "\n")
    return target
