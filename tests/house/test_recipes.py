"""The recipes for a projection and a head score need no other file than those that they name."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_an_invented_projection_and_head_score_reach_every_layer() -> None:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "tests.support.extension_plugin"]
    command += ["-p", "no:cacheprovider", "-p", "no:xdist", "-m", "not browser and not slow"]
    files = [
        "tests/support/extension_checks.py",
        "tests/projections/test_placed.py",
        "tests/projections/test_projection_contract.py",
        "tests/house/test_documents.py",
        "tests/measures/test_head_scores.py",
        "tests/server/test_api_arrays.py",
        "tests/server/test_api_live.py",
    ]
    wanted = "extension_checks or invented-axes or every_function or all_maps or types_of_the_page"
    found = subprocess.run(
        [*command, *files, "-k", wanted], cwd=ROOT, capture_output=True, text=True, timeout=540
    )
    assert found.returncode == 0, found.stdout[-4000:] + found.stderr[-2000:]
