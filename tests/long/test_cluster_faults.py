"""Builds on a Dask cluster on the loopback interface, of which parts are killed at random."""

import pytest
from tests.support.figures import Bar
from tests.support.harness import harness

pytestmark = pytest.mark.long
KILLS = {"worker": 20, "builder": 10, "scheduler": 5}


def test_kills_of_workers_builders_and_schedulers_leave_the_same_bytes(
    tiny_bert, tiny_text, tmp_path, bar: Bar
):
    options = [part for name in ("pca", "biplot", "tsne") for part in ("--method", name)]
    options += [part for what, n in KILLS.items() for part in ("--kill", f"{what}:{n}")]
    whole, reports = harness("killed_clusters", tmp_path, tiny_bert, tiny_text, *options)
    in_time = [report for report in reports if not report["is_too_late"]]
    for what, n in KILLS.items():
        survived = [
            report
            for report in in_time
            if report["what"] == what
            and report["statuses"][-1] == 0
            and report["hash"] == whole["hash"]
            and not report["violations"]
            and not report["left_over"]
        ]
        bar("cluster", f"kills of a {what} survived", len(survived), exactly=n)
