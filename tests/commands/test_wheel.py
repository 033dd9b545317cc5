"""The wheel: it works without a checkout, from any folder."""

import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from attentionviz.settings.installation import ROOT

MAX_BYTES = 15 * 10**6
REPORT = """
import json
from attentionviz.pipeline.demo import Demo
from attentionviz.settings import installation
from attentionviz.settings.settings import Settings

settings = Settings()
demo = Demo(installation.ROOT, settings.data_dir)
missing = [demo.request(one, n_workers=1) for one in demo.missing()]
print(json.dumps({
    "root": str(installation.ROOT),
    "data_dir": str(settings.data_dir),
    "page": (settings.frontend_dir / "index.html").is_file(),
    "inputs": [str(one.text or one.images) for one in missing],
    "models": [str(one.local_models / one.model) for one in missing],
}))
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel of a copy of the sources, and return a folder where it is installed."""
    source, target = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("target")
    for name in ("pyproject.toml", "setup.py", "MANIFEST.in", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    for name in ("backend", "data/models", "data/corpora", "frontend/dist"):
        ignored = shutil.ignore_patterns("*.egg-info", "__pycache__")
        shutil.copytree(ROOT / name, source / name, ignore=ignored)
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", source / "dist", source]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    (wheel,) = (source / "dist").glob("*.whl")
    assert wheel.stat().st_size < MAX_BYTES
    zipfile.ZipFile(wheel).extractall(target)
    return target


def test_an_installed_wheel_has_page_models_and_corpora_and_keeps_data_in_the_users_folder(
    installed: Path, tmp_path: Path
) -> None:
    environment = {**os.environ, "PYTHONPATH": str(installed), "XDG_DATA_HOME": str(tmp_path)}
    command = [sys.executable, "-c", REPORT]
    answer = subprocess.run(command, capture_output=True, env=environment, cwd=tmp_path, check=True)
    found = json.loads(answer.stdout)
    assert found["root"] == str(installed / "attentionviz" / "bundled")
    assert found["data_dir"] == str(tmp_path / "attentionviz" / "built")
    assert found["page"]
    assert len(found["inputs"]) >= 2
    for path in found["inputs"] + [m for m in found["models"] if not m.endswith("demo-bert")]:
        assert Path(path).exists()
        assert Path(path).is_relative_to(installed)


def test_a_wheel_is_not_built_without_the_page(tmp_path: Path) -> None:
    for name in ("pyproject.toml", "setup.py", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, tmp_path)
    (tmp_path / "backend" / "attentionviz").mkdir(parents=True)
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", tmp_path]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", check=False)
    assert done.returncode != 0
    assert "run make page" in done.stdout + done.stderr
