"""Figures measured by tests with their limits, and a table of all figures."""

import json
import operator
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

PROPERTY = "bar"
LIMITS = {
    "at_most": ("≤", operator.le),
    "at_least": ("≥", operator.ge),
    "exactly": ("=", operator.eq),
}
Bar = Callable[..., None]


@pytest.fixture
def bar(request: pytest.FixtureRequest) -> Bar:
    """Return a function that records a figure and fails unless it is within its limit.

    ``bar("load", "p99 of a head", 120.0, unit="ms", at_most=500)``; a figure without limit only
    informs. It is noted whether or not it holds.
    """

    def note(name: str, what: str, value: float, *, unit: str = "", **limit: float) -> None:
        (kind, wished) = next(iter(limit.items()), ("", None))
        sign, holds = LIMITS.get(kind, ("", lambda *_: True))
        figure = {
            "bar": name,
            "what": what,
            "value": round(value, 3) if isinstance(value, float) else value,
            "unit": unit,
            "wished": f"{sign} {wished:,}{' ' * bool(unit)}{unit}" if kind else "",
            "holds": bool(holds(value, wished)),
            "test": request.node.nodeid.partition("::")[0],
        }
        # Not by record_property, which warns where a file of JUnit's newer kind is written.
        request.node.user_properties.append((PROPERTY, figure))
        assert figure["holds"], f"{name}: {what} is {value} {unit}, wished {figure['wished']}"

    return note


def add_option(parser: pytest.Parser) -> None:
    """Add ``--bars FILE``: print the figures at the end and write them there."""
    parser.addoption("--bars", metavar="FILE", help="write the figures of the bars there, as JSON")


def noted_figures(reporter: Any) -> list[dict[str, Any]]:
    """Return the figures recorded by the tests of this run, in the order in which they ended."""
    return [
        value
        for kind in ("passed", "failed")
        for report in reporter.stats.get(kind, [])
        if report.when == "call"
        for name, value in report.user_properties
        if name == PROPERTY
    ]


def show_figures(reporter: Any, target: str | None) -> None:
    """Print the table and write the file, if the command line asked for it."""
    figures = sorted(noted_figures(reporter), key=lambda one: one["bar"])
    if target is None or not figures:
        return
    reporter.section("bars")
    reporter.write_line(table(figures))
    path = Path(target)
    path.parent.mkdir(parents=True, exist_ok=True)
    found = {"machine": machine(), "figures": figures}
    path.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    reporter.write_line(f"written to {path}")


def machine() -> dict[str, Any]:
    """Return the machine and commit of the figures."""
    from scripts.benchmark import machine as facts

    revision = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False
    )
    day = datetime.now(UTC).date().isoformat()
    return {**facts(), "day": day, "commit": revision.stdout.strip() or None}


def table(figures: list[dict[str, Any]]) -> str:
    """Return the figures as a Markdown table."""
    lines = ["| bar | figure | measured | wished | test |", "|---|---|---|---|---|"]
    for one in figures:
        value = f"{_number(one['value'])}{' ' * bool(one['unit'])}{one['unit']}"
        test = one["test"].removeprefix("tests/")
        missed = "" if one["holds"] else " **(missed)**"
        lines.append(
            f"| {one['bar']} | {one['what']} | {value}{missed} | {one['wished']} | {test} |"
        )
    return "\n".join(lines)


def _number(value: float) -> str:
    """Return a number with two or three significant digits."""
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:,.{0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2}f}"
