"""Builds on a Dask cluster of real processes on the loopback interface."""

import dataclasses
import os
import signal

import pytest
from tests.support.dask_cluster import cluster
from tests.support.forked_builds import finish, published, start, tree_hash, violations
from tests.support.waiting import wait_until

from attentionviz.pipeline.build import build
from attentionviz.pipeline.request import BuildRequest
from attentionviz.store.journal import read_journal


@pytest.fixture(scope="module")
def workers(tmp_path_factory):
    with cluster(tmp_path_factory.mktemp("dask"), 2) as found:
        yield found


@pytest.fixture
def request_(tiny_bert, tiny_text, tmp_path):
    return BuildRequest(
        model=str(tiny_bert),
        text=tiny_text,
        output=tmp_path / "alone",
        dataset_id="tried",
        methods=("pca", "biplot", "tsne"),
        n_workers=1,
        device="cpu",
    )


def n_finished(data_dir) -> int:
    """Return the number of finished maps of a build."""
    staged = (data_dir / ".staging").glob("*")
    return sum(
        "-2d.npy" in path or "-3d.npy" in path for one in staged for path in read_journal(one)
    )


def test_a_killed_worker_and_a_killed_builder_leave_the_same_bytes(workers, request_, tmp_path):
    build(request_)
    shared = dataclasses.replace(request_, output=tmp_path / "shared", scheduler=workers.address)
    fork = start(shared)
    wait_until(lambda: n_finished(shared.output) > 0, "a first map")
    workers.workers[0].kill()
    wait_until(lambda: n_finished(shared.output) > 2, "a third map")
    os.kill(fork.pid, signal.SIGKILL)
    assert finish(fork).status == -signal.SIGKILL
    assert not violations(shared.output)
    assert not list(shared.output.glob("*@*"))
    outcome = finish(start(shared))
    assert outcome.status == 0, outcome.message
    assert tree_hash(published(shared.output)) == tree_hash(published(request_.output))
    assert os.listdir(shared.output / ".staging") == []
