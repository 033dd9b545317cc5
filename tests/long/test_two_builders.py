"""Two builders that want one dataset at once."""

import pytest
from tests.support.figures import Bar
from tests.support.harness import harness

pytestmark = pytest.mark.long
N_PAIRS = 10


def test_of_two_concurrent_builders_one_builds_and_the_other_is_refused(
    tiny_bert, tiny_text, tmp_path, bar: Bar
):
    options = ["--method", "pca", "--method", "biplot", "--rivals", str(N_PAIRS)]
    whole, reports = harness("contended_builds", tmp_path, tiny_bert, tiny_text, *options)
    held = [
        report
        for report in reports
        if report["statuses"] == [0, 1]
        and report["codes"] == ["", "dataset_locked"]
        and any("being built by another process" in words for words in report["messages"])
        and not report["violations"]
        and not report["left_over"]
        and report["hash"] == whole["hash"]
    ]
    bar("two builders", "pairs of which one built and the other was told", len(held),
        exactly=N_PAIRS)  # fmt: skip
