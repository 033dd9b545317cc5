"""Builds the page before the first test that may request it, as `make page` does."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FRONTEND = ROOT / "frontend"
SCRIPT = ROOT / "scripts" / "build_page.mjs"
STAMP = FRONTEND / "dist" / "builds.json"


def build_page() -> None:
    """Build the page unless it is newer than all its sources.

    Raises
    ------
    OSError, subprocess.CalledProcessError
        Without Node, or when the page cannot be built.
    """
    if STAMP.exists() and STAMP.stat().st_mtime_ns >= max(_times()):
        return
    # Where there was no Node, make has put one beside Python.
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    subprocess.run(["node", str(SCRIPT)], check=True, env={**os.environ, "PATH": path})


def _times() -> Iterator[int]:
    sources = [FRONTEND / name for name in ("css", "js", "index.html", "login.html")]
    for path in (*sources, SCRIPT, ROOT / "package-lock.json"):
        yield path.stat().st_mtime_ns
        yield from (below.stat().st_mtime_ns for below in path.rglob("*"))
