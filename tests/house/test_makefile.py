"""What make would run, without running it."""

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    ("goals", "has_checkers"),
    [(["test"], True), (["demo", "lint"], True), (["demo"], False), (["page"], False)],
)
def test_the_modules_of_the_page_are_installed_once(
    tmp_path: Path, goals: list[str], has_checkers: bool
) -> None:
    for name in ("Makefile", "package.json", "package-lock.json"):
        shutil.copy(ROOT / name, tmp_path)
    (tmp_path / "frontend").mkdir()
    (tmp_path / "scripts").mkdir()
    for name in ("requirements.txt", "requirements-models.txt", "requirements-dev.txt"):
        (tmp_path / name).touch()
    (tmp_path / "pyproject.toml").touch()
    (tmp_path / "scripts" / "build_page.mjs").touch()
    made = subprocess.run(
        ["make", "-n", "-j4", *goals], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    installs = [line for line in made.stdout.splitlines() if line.startswith("npm ci")]
    assert ["--omit=dev" not in line for line in installs] == [has_checkers]
