"""Runs a harness of builds in its own process, and compares its reports with a complete build."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
Report = dict[str, Any]


def named_failpoints() -> tuple[str, ...]:
    """Return the names of all failpoints of the writer and the pipeline."""
    package = ROOT / "backend" / "attentionviz"
    files = [*package.glob("store/*.py"), *package.glob("pipeline/**/*.py")]
    found = {name for path in files for name in re.findall(r'failpoint\("(.+?)"', path.read_text())}
    return tuple(sorted(found))


FAILPOINT_NAMES = named_failpoints()


def harness(
    module: str, out: Path, model: Path, text: Path, *options: str, prefix: list[str] | None = None
) -> tuple[Report, list[Report]]:
    """Return the report of the unhindered build, and those of the others."""
    command = [*(prefix or []), sys.executable, "-m", f"tests.support.{module}", str(out)]
    command += ["--model", str(model), "--text", str(text), *options]
    # GNU OpenMP refuses the forks of a process that has used it; numba's own threads do not.
    environment = {**os.environ, "NUMBA_THREADING_LAYER": "workqueue"}
    result = subprocess.run(
        command,
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=1800,
    )
    assert result.returncode == 0, result.stderr
    whole, *reports = map(json.loads, result.stdout.splitlines())
    assert whole["status"] == 0, result.stderr
    return whole, reports


def killed_builds(out: Path, model: Path, text: Path, *options: str) -> tuple[Report, list[Report]]:
    """Return the report of the uninterrupted build, and those of the killed ones."""
    return harness("killed_builds", out, model, text, *options)


def require_same(whole: Report, reports: list[Report]) -> None:
    """Fail unless every killed build resumed to the bytes of the complete one, without losses."""
    for report in reports:
        assert report["violations"] == [], report
        assert report["resumed"] == 0, report
        assert report["hash"] == whole["hash"], report
        assert report["made_again"] == [], report
        assert report["left_over"] == [], report
