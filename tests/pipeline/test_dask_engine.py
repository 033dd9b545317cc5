"""Builds on a Dask cluster of real processes on the loopback interface."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.support.dask_cluster import cluster
from tests.support.forked_builds import published, tree_hash, violations
from tests.support.waiting import TIMEOUT_SECONDS, wait_until

from attentionviz.store.journal import read_journal


@pytest.fixture(scope="module")
def workers(tmp_path_factory):
    with cluster(tmp_path_factory.mktemp("dask"), 2) as found:
        yield found


def start(data_dir: Path, model: Path, text: Path, *options: str) -> subprocess.Popen[bytes]:
    """Begin a build in a process of its own: torch does not survive a fork."""
    command = ["build", "--model", str(model), "--text", str(text), "--output", str(data_dir)]
    command += ["--id", "tried", "--device", "cpu", *options]
    for method in ("pca", "biplot", "tsne"):
        command += ["--method", method]
    return subprocess.Popen([sys.executable, "-m", "attentionviz", *command])


def n_finished(data_dir: Path) -> int:
    """Return the number of finished maps of a build."""
    staged = (data_dir / ".staging").glob("*")
    return sum(
        "-2d.npy" in path or "-3d.npy" in path for one in staged for path in read_journal(one)
    )


def test_a_killed_worker_and_a_killed_builder_leave_the_same_bytes(
    workers, tiny_bert, tiny_text, tmp_path
):
    corpus, alone, shared = (tiny_bert, tiny_text), tmp_path / "alone", tmp_path / "shared"
    assert start(alone, *corpus, "--workers", "1").wait(TIMEOUT_SECONDS) == 0
    builder = start(shared, *corpus, "--scheduler", workers.address)
    wait_until(lambda: n_finished(shared) > 0, "a first map")
    workers.workers[0].kill()
    wait_until(lambda: n_finished(shared) > 2, "a third map")
    builder.kill()
    builder.wait()
    assert not violations(shared)
    assert not list(shared.glob("*@*"))
    again = start(shared, *corpus, "--scheduler", workers.address)
    assert again.wait(TIMEOUT_SECONDS) == 0
    assert tree_hash(published(shared)) == tree_hash(published(alone))
    assert os.listdir(shared / ".staging") == []
