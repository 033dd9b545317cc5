"""Builds on a Dask cluster on the loopback interface, of which parts are killed at random."""

import sys

import pytest
from tests.support.figures import Bar
from tests.support.harness import Report, harness

pytestmark = pytest.mark.long
KILLS = {"worker": 20, "builder": 10, "scheduler": 5}


def has_survived(report: Report, whole: Report) -> bool:
    """Return whether a build ended with the right bytes, and showed nothing wrong before."""
    is_clean = not report["violations"] and not report["left_over"]
    return report["statuses"][-1] == 0 and report["hash"] == whole["hash"] and is_clean


def test_kills_of_workers_builders_and_schedulers_leave_the_same_bytes(
    tiny_bert, tiny_text, tmp_path, bar: Bar
):
    options = [part for name in ("pca", "biplot", "tsne") for part in ("--method", name)]
    options += [part for what, n in KILLS.items() for part in ("--kill", f"{what}:{n}")]
    whole, reports = harness("killed_clusters", tmp_path, tiny_bert, tiny_text, *options)
    lines = ["killed     kills  same bytes  same command again"]
    for what, n in KILLS.items():
        killed = [one for one in reports if one["what"] == what and not one["is_too_late"]]
        n_survived = sum(has_survived(one, whole) for one in killed)
        n_again = sum(len(one["statuses"]) > 1 for one in killed)
        lines.append(f"{what:<9} {len(killed):>6} {n_survived:>11} {n_again:>19}")
        bar("cluster", f"kills of a {what} survived", n_survived, exactly=n)
    sys.stdout.write("\n".join(lines) + "\n")
    assert all(has_survived(one, whole) for one in reports)
