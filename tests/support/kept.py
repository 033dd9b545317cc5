"""What takes seconds to make is made once and kept between runs, named by a hash of its code."""

import hashlib
import os
import shutil
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path

from filelock import FileLock

ROOT = Path(__file__).resolve().parents[2]
KEPT = ROOT / "build" / "test_datasets"
MADE_BY = (
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
UNUSED_SECONDS = 24 * 3600


@cache
def folder_of_code(parent: Path = KEPT) -> Path:
    """Return the folder of this code; folders of other code go when none used them for a day."""
    folder = parent / code_digest(ROOT, MADE_BY)[:16]
    folder.mkdir(parents=True, exist_ok=True)
    os.utime(folder)
    for other in parent.iterdir():
        if time.time() - other.stat().st_mtime > UNUSED_SECONDS:
            shutil.rmtree(other, ignore_errors=True)
    return folder


def code_digest(root: Path, made_by: tuple[str, ...]) -> str:
    """Return a hash of the names and contents of some files and of all files in some folders."""
    digest = hashlib.sha256()
    for name in made_by:
        found = sorted((root / name).rglob("*")) if (root / name).is_dir() else [root / name]
        for path in found:
            if not path.is_file() or path.suffix == ".pyc":
                continue
            content = hashlib.sha256(path.read_bytes()).hexdigest()
            digest.update(f"{path.relative_to(root)} {content}\n".encode())
    return digest.hexdigest()


def kept(name: str, make: Callable[[Path], object], folder: Path | None = None) -> Path:
    """Return a kept folder, made by the first process that asks while others wait.

    Parameters
    ----------
    name : str
    make : callable
        Fills the empty folder that it gets, which is renamed afterwards.
    folder : Path or None
        None: that of this code.
    """
    place = (folder or folder_of_code()) / name
    if not place.exists():
        with FileLock(place.with_name(f"{name}.lock")):
            if not place.exists():
                unfinished = place.with_name(f"{name}.unfinished")
                shutil.rmtree(unfinished, ignore_errors=True)
                unfinished.mkdir()
                make(unfinished)
                unfinished.rename(place)
    return place
