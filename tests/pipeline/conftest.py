"""A small build, and an installation that differs from this one, for a worker of a cluster."""

import shutil
from pathlib import Path

import pytest

import attentionviz
from attentionviz.pipeline.request import BuildRequest

OTHER = ("numpy", "openTSNE", "umap-learn")
PYTHON = "import platform\nplatform.python_version = lambda: '3.0.0'\n"


@pytest.fixture
def other_versions(tmp_path: Path) -> Path:
    """Return a folder of modules: a changed attentionviz, and metadata of other libraries."""
    folder = tmp_path / "other"
    shutil.copytree(Path(attentionviz.__file__).parent, folder / "attentionviz")
    with (folder / "attentionviz" / "core" / "rule.py").open("a") as file:
        file.write("# changed\n")
    for name in OTHER:
        place = folder / f"{name.replace('-', '_')}-0.0.1.dist-info"
        place.mkdir()
        (place / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 0.0.1\n")
    (folder / "sitecustomize.py").write_text(PYTHON)
    return folder


@pytest.fixture
def request_(tiny_bert: Path, tiny_text: Path, tmp_path: Path) -> BuildRequest:
    """Return the request of a build of a few seconds, in this process."""
    return BuildRequest(
        model=str(tiny_bert),
        output=tmp_path,
        text=tiny_text,
        dataset_id="small",
        methods=("pca",),
        dims=(2,),
        n_workers=1,
        device="cpu",
    )
