"""The table of what the explorer does names, for every row, tests that exist."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TABLE = (ROOT / "tests" / "explorer_features.md").read_text(encoding="utf-8")
ROWS = [
    tuple(cell.strip() for cell in line.strip("|").split("|"))
    for line in TABLE.splitlines()
    if line.startswith(("| ✓", "| ✗"))
]
PYTHON_TEST = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")
JAVASCRIPT_TEST = re.compile(r"`(tests/[\w/]+\.test\.mjs)` “([^”]+)”")


def test_there_are_rows_and_each_has_three_cells() -> None:
    assert len(ROWS) > 40
    assert all(len(row) == 3 for row in ROWS)


@pytest.mark.parametrize("row", ROWS, ids=[row[1][:40] for row in ROWS])
def test_a_row_names_tests_that_exist_or_says_what_lacks(row: tuple[str, str, str]) -> None:
    tick, _, tests = row
    python, javascript = PYTHON_TEST.findall(tests), JAVASCRIPT_TEST.findall(tests)
    if tick == "✗":
        assert len(tests) > 20, "an open row says what lacks"
        return
    assert python or javascript
    for path, name in python:
        assert f"def {name}(" in (ROOT / path).read_text(encoding="utf-8"), f"{path} has no {name}"
    for path, title in javascript:
        assert f"'{title}'" in (ROOT / path).read_text(encoding="utf-8"), f"{path}: no “{title}”"
