"""Clusters that a build does not use, each refused in one sentence that says what to do."""

import json
import socket
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from tests.support.dask_cluster import DaskCluster, cluster, free_port, kill_tree
from tests.support.dask_units import HeldJob, die, fail
from tests.support.waiting import wait_until

from attentionviz.errors import BuildError
from attentionviz.pipeline.cluster import engine as dask_engine
from attentionviz.pipeline.cluster import workers as dask_workers
from attentionviz.pipeline.cluster.engine import connect
from attentionviz.pipeline.cluster.worker_report import differences, report
from attentionviz.pipeline.cluster.workers import WorkerRefusedError, Workers
from attentionviz.pipeline.engine import Unit
from attentionviz.pipeline.request import BuildRequest
from attentionviz.store import incoming

# One worker that ends by itself is enough to end a build.
FRAGILE = {"DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "0"}


@pytest.fixture(scope="module")
def workers(tmp_path_factory) -> Iterator[DaskCluster]:
    with cluster(tmp_path_factory.mktemp("dask"), 1, FRAGILE) as found:
        yield found


def request(**scheduler: object) -> BuildRequest:
    return BuildRequest(model="", output=Path(), text=Path(), device="cpu", **scheduler)


def refusal(caught: pytest.ExceptionInfo[BuildError]) -> str:
    """Return a message, which has to be one sentence."""
    message = str(caught.value)
    assert "\n" not in message and len(message) < 700 and not message.endswith(".")
    return message


@pytest.fixture
def silent_port() -> Iterator[int]:
    """Return a port at which connections are accepted and nothing is answered."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.mark.parametrize(
    "place", ["closed", "silent", "unknown host", "no address", "other scheme"]
)
def test_a_scheduler_that_cannot_be_reached_is_refused(place, silent_port, monkeypatch):
    monkeypatch.setattr(dask_engine, "CONNECT_SECONDS", 1.0)
    address = {
        "closed": f"tcp://127.0.0.1:{free_port()}",
        "silent": f"tcp://127.0.0.1:{silent_port}",
        "unknown host": "tcp://no-such-host.invalid:8786",
        "no address": "node1",
        "other scheme": "http://127.0.0.1:8786",
    }[place]
    with pytest.raises(BuildError) as caught, connect(request(scheduler=address), print):
        pass
    assert address in refusal(caught)
    assert "dask scheduler" in refusal(caught)


@pytest.mark.parametrize("content", [None, "", "[]", "{}", "dead"])
def test_a_scheduler_file_that_names_no_scheduler_is_refused(content, tmp_path, monkeypatch):
    monkeypatch.setattr(dask_engine, "CONNECT_SECONDS", 1.0)
    file = tmp_path / "scheduler.json"
    if content is not None:
        dead = json.dumps({"address": f"tcp://127.0.0.1:{free_port()}"})
        file.write_text(dead if content == "dead" else content)
    with pytest.raises(BuildError) as caught, connect(request(scheduler_file=file), print):
        pass
    assert str(file) in refusal(caught)
    assert "dask scheduler" in refusal(caught)


def test_a_scheduler_without_workers_is_refused_after_a_while(tmp_path, monkeypatch):
    monkeypatch.setattr(dask_workers, "WORKERS_SECONDS", 1.0)
    said: list[str] = []
    with DaskCluster(tmp_path) as found:
        asked = request(scheduler=found.address)
        with pytest.raises(BuildError) as caught, connect(asked, said.append):
            pass
    assert "no worker connected" in refusal(caught)
    assert f"dask worker {found.address}" in said[0]


def test_a_worker_of_other_versions_is_refused_with_all_of_them(workers, other_versions):
    found = workers.start_worker(path=other_versions)
    try:
        with pytest.raises(WorkerRefusedError) as caught:
            wait_until(lambda: _is_connected_to(workers, 2), "the worker is connected")
    finally:
        kill_tree(found)
    message = refusal(caught)
    for name in ("attentionviz 0.", "numpy 0.0.1 (here", "openTSNE 0.0.1 (here",
                 "umap-learn 0.0.1 (here", "Python 3.0.0 (here"):  # fmt: skip
        assert name in message
    assert "torch" not in message
    assert "install the same" in message


def _is_connected_to(workers: DaskCluster, n: int) -> bool:
    with connect(request(scheduler=workers.address), print) as engine:
        return engine.n_workers == n


def test_a_build_waits_for_the_next_worker_if_the_only_one_ends_while_it_is_asked(monkeypatch):
    asked: list[str] = []

    class Asked:
        """Only the second worker answers; the first has ended, so that nothing is waited for."""

        def __init__(self, *_: object) -> None:
            self.waiting: dict[str, object] = {}

        def ask(self, address: str) -> None:
            asked.append(address)

        def answers(self, _: object) -> dict[str, object]:
            return {"second": report()} if "second" in asked else {}

    monkeypatch.setattr(dask_workers, "Asked", Asked)
    monkeypatch.setattr(Workers, "look", lambda self: setattr(self, "addresses", ["second"]))
    client = SimpleNamespace(scheduler=SimpleNamespace(address="tcp://127.0.0.1:8786"))
    workers = Workers(client, "cpu", print, lambda: None)
    workers.addresses = ["first"]
    workers.require_fit()
    assert asked == ["first", "second"]
    assert list(workers.reports) == ["second"]


def test_a_build_on_a_gpu_waits_for_a_worker_that_has_one_but_not_for_ever(monkeypatch):
    monkeypatch.setattr(dask_workers, "WORKERS_SECONDS", 0.5)
    monkeypatch.setattr(dask_workers, "POLL_SECONDS", 0.1)
    client = SimpleNamespace(scheduler=SimpleNamespace(address="tcp://127.0.0.1:8786"))
    said: list[str] = []
    workers = Workers(client, "auto", said.append, lambda: None)
    workers.reports = {"plain": report()._replace(device="cpu")}
    monkeypatch.setattr(workers, "look", lambda: setattr(workers, "addresses", ["plain"]))
    workers.wait_for_one()
    with pytest.raises(BuildError, match="no worker with the device cuda connected"):
        workers.wait_for_one("cuda")
    monkeypatch.setattr(
        workers,
        "look_at_new",
        lambda: workers.reports.update(plain=report()._replace(device="cuda")),
    )
    workers.wait_for_one("cuda")
    assert [words.partition(";")[0] for words in said] == [
        "no worker with the device cuda is connected to tcp://127.0.0.1:8786"
    ] * 2


def test_a_worker_with_several_threads_is_refused_with_the_option_to_use():
    here = report()
    assert differences(here, here) == ""
    assert "--nthreads 1 --nworkers 4" in differences(here._replace(n_threads=4), here)


def test_a_folder_that_a_worker_does_not_see_is_refused(workers, tmp_path, monkeypatch):
    monkeypatch.setattr(incoming, "VISIBLE_SECONDS", 0.2)
    monkeypatch.chdir(tmp_path)
    folder = Path("/proc/self/cwd/built/.staging/tried")  # another folder for each process
    folder.mkdir(parents=True)
    with pytest.raises(WorkerRefusedError) as caught:
        with connect(request(scheduler=workers.address), print) as engine:
            with engine.in_folder(folder):
                pass
    assert "does not see /proc/self/cwd/built" in refusal(caught)
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize(
    ("function", "words"),
    [(fail, "the disk of this node is failing"), (die, "killed by signal 9")],
    ids=["raises", "is killed"],
)
@pytest.mark.parametrize("door", ["run", "call"])
def test_the_log_of_a_worker_that_failed_is_quoted(workers, door, function, words, tmp_path):
    folder = tmp_path / "built" / ".staging" / "tried"
    folder.mkdir(parents=True)
    while workers.workers:
        kill_tree(workers.workers.pop())
    workers.start_worker(has_nanny=True)  # which tells how its worker has ended
    job = HeldJob(folder, tmp_path, tmp_path)
    with pytest.raises(BuildError) as caught:
        with connect(request(scheduler=workers.address), print) as engine:
            with engine.in_folder(folder):
                if door == "call":
                    engine.call("pca-2d of layer 0", function, job, 0)
                list(engine.run(function, job, [Unit("pca-2d of layer 0", (0,), ())]))
    assert "pca-2d of layer 0 failed" in refusal(caught)
    assert words in refusal(caught)
