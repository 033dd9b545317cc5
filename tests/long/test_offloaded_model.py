"""A model whose weights are three times the memory that it may take."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from tests.support.harness import ROOT

pytestmark = pytest.mark.long


def test_a_model_takes_a_third_of_the_memory_of_its_weights(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.support.offloaded_model", str(tmp_path)]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    found = json.loads(result.stdout.splitlines()[-1])
    assert found["error"] < 1e-14
    assert found["added"] <= found["n_bytes"] / 3
