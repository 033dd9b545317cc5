"""Builds that are killed at random moments, and at every place that the writer names."""

import pytest
from tests.support.figures import Bar
from tests.support.harness import FAILPOINT_NAMES, killed_builds, require_same

from attentionviz.store.failpoints import EXIT_STATUS

pytestmark = pytest.mark.long
# At which passing of a failpoint the build is killed; a build of two methods passes some 80 times.
PASSES = (1, 2, 3, 5, 8, 13, 21, 34, 55)


@pytest.mark.parametrize(
    ("n_kills", "n_workers", "methods"),
    [(40, 1, ("biplot", "attention-tsne", "tsne", "umap")), (10, 2, ("biplot", "tsne"))],
)
def test_builds_survive_kills_at_random_moments(
    n_kills, n_workers, methods, tiny_bert, tiny_text, tmp_path, bar: Bar
):
    options = [part for name in methods for part in ("--method", name)]
    options += ["--workers", str(n_workers), "--random", str(n_kills)]
    whole, reports = killed_builds(tmp_path, tiny_bert, tiny_text, *options)
    assert [report["killed"] for report in reports] == [-9] * n_kills
    assert sum(report["n_finished"] > 0 for report in reports) > 0.2 * n_kills
    words = "one process" if n_workers == 1 else f"{n_workers} processes"
    n_whole = sum(report["hash"] == whole["hash"] for report in reports)
    bar("kill -9", f"kills at random moments survived, {words}", n_whole, exactly=n_kills)
    require_same(whole, reports)


def test_builds_survive_a_kill_at_every_failpoint(tiny_bert, tiny_text, tmp_path, bar: Bar):
    places = [f"{name}:{n}" for name in FAILPOINT_NAMES for n in PASSES]
    options = [part for place in places for part in ("--failpoint", place)]
    methods = ["--method", "pca", "--method", "biplot"]
    whole, reports = killed_builds(tmp_path, tiny_bert, tiny_text, *methods, *options)
    # A build that passes a place less often than asked for ends by itself.
    killed = [report for report in reports if report["killed"] == EXIT_STATUS]
    assert {report["killed"] for report in reports} <= {EXIT_STATUS, 0}
    reached = {report["where"].partition(":")[0] for report in killed}
    bar("kill -9", "named failpoints at which a build was killed", len(reached),
        exactly=len(FAILPOINT_NAMES))  # fmt: skip
    n_whole = sum(report["hash"] == whole["hash"] for report in killed)
    bar("kill -9", "kills at failpoints survived", n_whole, exactly=len(killed))
    assert len(killed) >= 25
    require_same(whole, killed)
