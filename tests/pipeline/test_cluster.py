"""Builds on a Dask cluster of real processes on the loopback interface, and its faults."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.support.dask_cluster import DaskCluster, Proxy, cluster, kill_tree
from tests.support.dask_units import Held, HeldJob, hold
from tests.support.forked_builds import published, tree_hash, violations
from tests.support.waiting import wait_until

from attentionviz.pipeline.build import build
from attentionviz.pipeline.cluster import engine as dask_engine
from attentionviz.pipeline.cluster import workers as dask_workers
from attentionviz.pipeline.cluster.engine import DaskEngine, connect
from attentionviz.pipeline.engine import Unit
from attentionviz.pipeline.estimate import estimate
from attentionviz.pipeline.request import BuildRequest
from attentionviz.store.journal import read_journal

# A worker that is silent for so long counts as dead; Dask's default is 5 minutes. Longer than the
# import of torch, which held the loop of a worker for 8 s on a busy machine.
TTL = {"DASK_DISTRIBUTED__SCHEDULER__WORKER_TTL": "20s"}
N_UNITS = 6


@pytest.fixture(scope="module")
def module_cluster(tmp_path_factory) -> Iterator[DaskCluster]:
    with cluster(tmp_path_factory.mktemp("dask"), 2, TTL) as found:
        yield found


@pytest.fixture
def workers(module_cluster: DaskCluster) -> DaskCluster:
    """Return a cluster with two workers, also after a test that has ended some."""
    alive = [one for one in module_cluster.workers if one.poll() is None]
    module_cluster.workers[:] = alive
    while len(module_cluster.workers) < 2:
        module_cluster.start_worker()
    return module_cluster


class Run:
    """Units that run in the folder of a build, in another thread.

    Parameters
    ----------
    folder : Path
        Of the build, with a folder for the signs of the units beside it.
    """

    def __init__(
        self, folder: Path, engine: DaskEngine, pool: ThreadPoolExecutor, *, holds_one: bool
    ) -> None:
        self.folder = folder
        signs, gate = folder.with_name("signs"), folder.with_name("gate")
        self.job = HeldJob(folder, signs, gate, holds_one)
        self.job.signs.mkdir()
        self._engine = engine
        self.results: Future[list[Held]] = pool.submit(self._run)

    def _run(self) -> list[Held]:
        units = [Unit(f"unit {i}", (i,), (f"{i}.txt",)) for i in range(N_UNITS)]
        return list(self._engine.run(hold, self.job, units))

    def wait_for_holder(self) -> tuple[int, int]:
        """Return the number of a unit that has begun, and the id of the process that holds it."""

        def begun() -> list[Path]:
            if self.results.done():
                self.results.result()  # raises its error
            return [path for path in self.job.signs.glob("holder-*") if path.read_text()]

        first = wait_until(begun, "a unit has begun")[0]
        return int(first.name.rpartition("-")[2]), int(first.read_text())

    def open_gate(self) -> None:
        """Let all units go on."""
        self.job.gate.touch()

    def require_done(self) -> list[int]:
        """Return the processes that made the files; each file is there once."""
        assert sorted(one.index for one in self.results.result(120)) == list(range(N_UNITS))
        assert {p.name for p in self.folder.glob("*.txt")} == {f"{i}.txt" for i in range(N_UNITS)}
        return self.makers()

    def makers(self) -> list[int]:
        """Return the processes that made the files."""
        return [int((self.folder / f"{i}.txt").read_text()) for i in range(N_UNITS)]


def asking(folder: Path, address: str) -> BuildRequest:
    """Return a request that uses a cluster."""
    return BuildRequest(model="", output=folder, text=folder, device="cpu", scheduler=address)


@contextmanager
def running(
    tmp_path: Path,
    address: str,
    log: Callable[[str], None] = lambda _: None,
    *,
    holds_one: bool = False,
) -> Iterator[Run]:
    """Run units on a cluster, all or one of which wait for a gate."""
    folder = tmp_path / "data" / ".staging" / "tried"
    folder.mkdir(parents=True)
    asked = asking(tmp_path, address)
    with connect(asked, log) as engine, engine.in_folder(folder), ThreadPoolExecutor() as pool:
        run = Run(folder, engine, pool, holds_one=holds_one)
        try:
            yield run
        finally:
            run.open_gate()


def n_finished(data_dir: Path) -> int:
    """Return the number of finished maps of a build."""
    staged = (data_dir / ".staging").glob("*")
    return sum(
        "-2d.npy" in path or "-3d.npy" in path for one in staged for path in read_journal(one)
    )


def test_a_killed_worker_and_a_killed_builder_leave_the_same_bytes(
    workers, tiny_bert, tiny_text, tmp_path
):
    options = {"model": str(tiny_bert), "text": tiny_text, "dataset_id": "tried", "device": "cpu"}
    methods = ("pca", "biplot", "tsne")
    alone, shared = tmp_path / "alone", tmp_path / "shared"
    build(BuildRequest(**options, output=alone, methods=methods, n_workers=1))
    command = ["build", "--model", options["model"], "--text", str(tiny_text)]
    command += ["--output", str(shared), "--id", "tried", "--device", "cpu"]
    command += [part for name in methods for part in ("--method", name)]
    command += ["--scheduler", workers.address]
    # In a process of its own, to be killed.
    builder = subprocess.Popen([sys.executable, "-m", "attentionviz", *command])
    wait_until(lambda: n_finished(shared) > 0, "a first map")
    kill_tree(workers.workers[0])
    wait_until(lambda: n_finished(shared) > 2, "a third map")
    builder.kill()
    builder.wait()
    assert not violations(shared)
    assert not list(shared.glob("*@*"))
    build(BuildRequest(**options, output=shared, methods=methods, scheduler=workers.address))
    assert tree_hash(published(shared)) == tree_hash(published(alone))
    assert os.listdir(shared / ".staging") == []


def test_an_estimate_counts_the_workers_of_the_cluster(workers, tiny_bert, tiny_text, tmp_path):
    request = BuildRequest(
        model=str(tiny_bert),
        text=tiny_text,
        output=tmp_path,
        methods=("pca",),
        device="cpu",
        scheduler=workers.address,
    )
    found = estimate(request)
    assert found.n_workers == 2 and "2 workers of the cluster" in found.assumed
    assert not list(tmp_path.iterdir())


def test_units_of_a_worker_that_hangs_run_elsewhere_and_its_late_files_are_ignored(
    workers, tmp_path
):
    with running(tmp_path, workers.address) as run:
        index, stopped = run.wait_for_holder()
        os.kill(stopped, signal.SIGSTOP)
        try:
            run.open_gate()
            makers = run.require_done()
            assert stopped not in makers
        finally:
            os.kill(stopped, signal.SIGCONT)
        late = run.job.signs / f"ended-{index}-{stopped}"
        process = next(one for one in workers.workers if one.pid == stopped)
        wait_until(lambda: late.exists() or process.poll() is not None, "it goes on")
        assert run.makers() == makers
        kill_tree(process)
    assert sorted(p.name for p in run.folder.iterdir()) == [f"{i}.txt" for i in range(N_UNITS)]


def test_a_unit_that_takes_far_longer_than_others_also_runs_on_another_worker(
    workers, tmp_path, monkeypatch
):
    for name, value in {"HANG_SECONDS": 1.0, "HANG_FACTOR": 1.0, "CHECK_SECONDS": 0.5}.items():
        monkeypatch.setattr(dask_engine, name, value)
    said: list[str] = []
    with running(tmp_path, workers.address, said.append, holds_one=True) as run:
        index, slow = run.wait_for_holder()
        path = run.folder / f"{index}.txt"
        wait_until(path.exists, "another worker is done with it")
        assert int(path.read_text()) != slow
        run.open_gate()
        run.require_done()
    assert any(f"unit {index} has taken" in words for words in said)


@pytest.mark.parametrize("side", ["builder", "worker"])
def test_a_connection_that_breaks_costs_no_unit(workers, side, tmp_path):
    with Proxy(workers.port) as proxy:
        if side == "worker":
            kill_tree(workers.workers.pop())
            workers.start_worker(address=proxy.address)
            wait_until(lambda: len(proxy) > 0, "the worker is connected")
        address = proxy.address if side == "builder" else workers.address
        with running(tmp_path, address) as run:
            run.wait_for_holder()
            proxy.cut()
            run.open_gate()
            run.require_done()
    if side == "worker":
        kill_tree(workers.workers[-1])


def test_a_worker_of_another_version_that_comes_late_is_sent_away(
    workers, tmp_path, other_versions
):
    said: list[str] = []
    with running(tmp_path, workers.address, said.append) as run:
        run.wait_for_holder()
        late = workers.start_worker(path=other_versions)
        wait_until(lambda: late.poll() is not None, "it has ended")
        run.open_gate()
        assert late.pid not in run.require_done()
    assert any("has other versions" in words and "gets no units" in words for words in said)


def test_a_call_whose_worker_ends_is_answered_by_another(workers, tmp_path):
    job, sign = HeldJob(tmp_path, tmp_path, tmp_path / "gate"), tmp_path / "holder-7"
    asked = asking(tmp_path, workers.address)
    with connect(asked, lambda _: None) as engine, ThreadPoolExecutor() as pool:
        answer = pool.submit(engine.call, "check of attention", hold, job, 7)
        holder = int(wait_until(lambda: sign.exists() and sign.read_text(), "it has begun"))
        kill_tree(next(one for one in workers.workers if one.pid == holder))
        assert answer.result(120).index == 7
    assert int((tmp_path / "7.txt").read_text()) != holder


@pytest.mark.parametrize(
    ("signal_number", "words"),
    [(signal.SIGSTOP, "has not answered for 2 seconds"), (signal.SIGKILL, "is lost")],
    ids=["hangs", "has ended"],
)
def test_without_a_scheduler_the_build_ends_and_says_how_to_go_on(
    workers, tmp_path, monkeypatch, signal_number, words
):
    monkeypatch.setattr(dask_engine, "CONNECT_SECONDS", 2.0)
    monkeypatch.setattr(dask_workers, "SCHEDULER_SECONDS", 2.0)
    try:
        with pytest.raises(dask_workers.SchedulerLostError, match="same command again") as caught:
            with running(tmp_path, workers.address) as run:
                run.wait_for_holder()
                os.kill(workers.scheduler.pid, signal_number)
                run.require_done()
    finally:
        os.kill(workers.scheduler.pid, signal.SIGCONT)
    assert words in str(caught.value)
