"""Browser tests that fail are run once more; more than two of them fail the run."""

import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FAILING_ONCE = """
from pathlib import Path
import pytest
@pytest.mark.parametrize("n", range(3))
def test_passes_at_the_second_try(n):
    tried = Path(__file__).with_name(str(n))
    was_tried = tried.exists()
    tried.touch()
    assert was_tried, "not yet"
"""


def test_two_flaky_browser_tests_are_named_and_a_third_fails_the_run(tmp_path: Path) -> None:
    shutil.copy(ROOT / "tests" / "browser" / "conftest.py", tmp_path)
    (tmp_path / "test_flaky.py").write_text(FAILING_ONCE, encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-n", "1"]
    places = ["-c", str(ROOT / "pyproject.toml"), "--rootdir", str(ROOT), str(tmp_path)]
    ended = subprocess.run(
        [*command, *places], capture_output=True, text=True, cwd=ROOT, check=False
    )
    assert ended.returncode == 1, ended.stdout
    assert "1 failed, 2 passed, 2 rerun" in ended.stdout
    assert ended.stdout.count("\nRERUN ") == 2
