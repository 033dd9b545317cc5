"""Cache of datasets and models that tests build, between runs, keyed by a hash of their inputs."""

import hashlib
import os
import shutil
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path

from filelock import FileLock

ROOT = Path(__file__).resolve().parents[2]
CACHE = ROOT / "build" / "test_datasets"
INPUTS = (
    *(
        f"backend/attentionviz/{part}"
        for part in ("core", "measures", "models", "pipeline", "projections", "store")
    ),
    "backend/attentionviz/errors.py",
    "tests/conftest.py",
    "tests/support",
    "data/corpora",
    "data/models",
    "requirements.txt",
    "requirements-models.txt",
    "pyproject.toml",  # the version of the package, which a manifest names
)
MAX_UNUSED_SECONDS = 24 * 3600


@cache
def cache_folder(parent: Path = CACHE) -> Path:
    """Return the cache folder for the current code; folders unused for a day are removed."""
    folder = parent / code_digest(ROOT, INPUTS)[:16]
    folder.mkdir(parents=True, exist_ok=True)
    os.utime(folder)
    for other in parent.iterdir():
        if time.time() - other.stat().st_mtime > MAX_UNUSED_SECONDS:
            shutil.rmtree(other, ignore_errors=True)
    return folder


def code_digest(root: Path, inputs: tuple[str, ...]) -> str:
    """Return a hash of the names and contents of files, and of all files in folders."""
    digest = hashlib.sha256()
    for name in inputs:
        found = sorted((root / name).rglob("*")) if (root / name).is_dir() else [root / name]
        for path in found:
            if not path.is_file() or path.suffix == ".pyc":
                continue
            content = hashlib.sha256(path.read_bytes()).hexdigest()
            digest.update(f"{path.relative_to(root)} {content}\n".encode())
    return digest.hexdigest()


def cached_folder(name: str, make: Callable[[Path], object], folder: Path | None = None) -> Path:
    """Return a cached folder, written by the first process while others wait.

    Parameters
    ----------
    name : str
    make : callable
        Called with an empty folder to fill.
    folder : Path or None
        Of the cache; None for `cache_folder`.
    """
    path = (folder or cache_folder()) / name
    if not path.exists():
        with FileLock(path.with_name(f"{name}.lock")):
            if not path.exists():
                unfinished = path.with_name(f"{name}.unfinished")
                shutil.rmtree(unfinished, ignore_errors=True)
                unfinished.mkdir()
                make(unfinished)
                unfinished.rename(path)
    return path
