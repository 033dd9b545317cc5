"""A job from the upload to the dataset; and every way in which it can end.

Whole builds are real where what a build does is the point; where the queue is, jobs are real
processes that build nothing (``stub_builds``) and last as long as the test wants.
"""

import json
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.support.job_server import (
    STUB_BUILDS,
    TEXT,
    JobServer,
    form,
    freeze,
    is_alive,
    processes_of,
    wait_for,
)

from attentionviz.jobs import JobQueue, JobRequest
from attentionviz.jobs.limits import job_limits
from attentionviz.jobs.uploads import Received, Upload
from attentionviz.settings.settings import Settings
from attentionviz.store.lock import dataset_lock

# Some seconds of work for tiny models, so that the system can come in between.
LONG = {"methods": "attention-tsne,tsne", "dims": "2,3"}
LONG_TEXT = b"text\n" + b"".join(
    b"In april the river %d rose again and she read the letter twice.\n" % i for i in range(40)
)


@pytest.fixture
def start(tmp_path: Path, tiny_bert: Path) -> Iterator[Callable[..., JobServer]]:
    """Return a function that starts a server over the same folder; all end with the test."""
    servers = []

    def make(*options: str, is_stub: bool = True) -> JobServer:
        servers.append(JobServer(tmp_path / "built", tiny_bert, *options, is_stub=is_stub))
        return servers[-1]

    yield make
    for server in servers:
        server.stop()
    left = processes_of(str(tmp_path / "built"))
    assert left == [], "nothing outlives its server"


def running(server: JobServer, dataset_id: str = "mine") -> str:
    """Return a job whose process has begun to draw, and stays so while builds are held."""
    server.hold("build")
    job_id = server.begin(dataset_id)

    def has_begun() -> bool:
        progress = server.wait(job_id, "waiting", "running")["progress"]
        return bool(progress and progress["phase"] == "maps")

    wait_for(has_begun, "maps are drawn")
    wait_for(lambda: len(processes_of_jobs(server)) >= 2, "by a process of its own")
    return job_id


def processes_of_jobs(server: JobServer) -> list[int]:
    """Return those that were told a path in ``.jobs`` or ``.staging``, as the server was not."""
    return processes_of(f"{server.data_dir}/.")


def staged(server: JobServer) -> list[str]:
    folder = server.data_dir / ".staging"
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def test_an_upload_is_estimated_started_and_becomes_a_dataset(start) -> None:
    server = start(is_stub=False)
    job_id = server.post("mine", max_tokens="40")["id"]
    estimate = server.wait(job_id, "estimated")["estimate"]
    assert (estimate["n_sequences"], estimate["n_heads"], estimate["n_maps"]) == (2, 4, 4)
    assert not (server.data_dir / "mine.current").exists(), "an estimate builds nothing"
    assert server.ask("POST", f"/{job_id}/start")[0] == 200
    job = server.wait(job_id, "done")
    pointer = (server.data_dir / "mine.current").read_text().strip()
    assert pointer == f"mine@{job['version']}"
    size = sum(p.stat().st_size for p in (server.data_dir / pointer).rglob("*") if p.is_file())
    assert estimate["n_bytes"] == pytest.approx(size, rel=0.25)
    assert not (server.data_dir / ".jobs" / job_id / "upload").exists()
    assert staged(server) == []
    assert server.state_file(job_id)["state"] == "done"


def test_the_message_of_a_failed_build_is_shown_verbatim(start) -> None:
    server = start()
    job_id = server.post("mine", b"text\ngood\n\xff bad\n")["id"]
    job = server.wait(job_id, "failed")
    assert job["message"].startswith("mine.csv, line 3: byte 0xFF is not UTF-8; ")
    assert job["can_resume"] is False
    assert not (server.data_dir / ".jobs" / job_id / "upload").exists()


def test_an_invalid_image_is_named(tmp_path, tiny_vit) -> None:
    server = JobServer(tmp_path / "built", tiny_vit, is_stub=True)
    try:
        fields = {"model": tiny_vit.name, "dataset_id": "cats", "methods": "pca", "dims": "2"}
        files = [("Cat One.png", b"\x89PNG\r\n\x1a\n of no chunks")]
        status, job = server.ask("POST", "", *form(fields, files))
        assert status == 201
        job = server.wait(job["id"], "failed")
        assert "1 damaged, or a kind of PNG that is not read (0-cat-one.png)" in job["message"]
    finally:
        server.stop()


def test_a_running_job_is_cancelled_with_all_of_its_processes(start) -> None:
    server = start()
    job_id = running(server)
    status, answer = server.ask("DELETE", f"/{job_id}")
    assert (status, answer["jobs"][0]["is_cancelling"]) == (200, True)
    server.wait(job_id, "cancelled")
    assert processes_of_jobs(server) == []
    assert staged(server) == []
    assert sorted(p.name for p in (server.data_dir / ".jobs" / job_id).iterdir()) == [
        *("heartbeat", "log", "request.json", "result", "state.json")
    ]


def test_an_estimate_is_cancelled(start) -> None:
    server = start()
    server.hold("estimate")
    job_id = server.post("mine")["id"]
    server.wait(job_id, "estimating")
    server.ask("DELETE", f"/{job_id}")
    server.wait(job_id, "cancelled")
    assert processes_of_jobs(server) == []


def test_a_job_whose_process_is_killed_fails_and_can_resume(start) -> None:
    server = start()
    job_id = running(server)
    os.kill(server.state_file(job_id)["pid"], signal.SIGKILL)
    job = server.wait(job_id, "failed")
    assert job["message"] == (
        "it was killed, most likely because memory ran out; start it again to resume"
    )
    assert job["can_resume"] is True
    assert len(staged(server)) == 1
    server.release("build")
    assert server.ask("POST", f"/{job_id}/start")[0] == 200
    server.wait(job_id, "done")
    assert staged(server) == []


@pytest.mark.long
def test_a_frozen_process_is_killed_for_lack_of_a_heartbeat(start) -> None:
    server = start("--job-silent-seconds", "10")
    job_id = running(server)
    pid = server.state_file(job_id)["pid"]
    freeze(pid)
    job = server.wait(job_id, "failed")
    assert job["message"] == (
        "it sent no heartbeat for 10 seconds and was stopped; start it again to resume"
    )
    assert not is_alive(pid)


def test_a_job_ends_with_its_server_and_the_next_server_reports_it_as_failed(start) -> None:
    server = start()
    first = running(server)
    waiting = server.begin("next")
    server.hold("estimate")
    unstarted = server.post("idle")["id"]
    server.kill()
    wait_for(lambda: not processes_of_jobs(server), "all of it ends with its server")
    server.release("build")
    server.release("estimate")
    again = start()
    job = again.job(first)
    assert (job["state"], job["can_resume"]) == ("failed", True)
    assert job["message"] == "the server stopped while it ran; start it again to resume"
    assert again.wait(waiting, "done")["version"], "what waited went on by itself"
    assert again.wait(unstarted, "estimated")["estimate"]["n_tokens"] > 0
    assert again.ask("POST", f"/{first}/start")[0] == 200
    again.wait(first, "done")


def test_a_job_whose_dataset_was_finished_when_the_server_died_is_done(start) -> None:
    server = start()
    job_id = server.begin("mine")
    job = server.wait(job_id, "done")
    server.kill()
    path = server.data_dir / ".jobs" / job_id / "state.json"
    state = json.loads(path.read_bytes())
    path.write_text(json.dumps({**state, "state": "running", "version": None, "pid": 2**22 - 3}))
    again = start()
    assert (again.job(job_id)["state"], again.job(job_id)["version"]) == ("done", job["version"])


@pytest.mark.long
def test_a_stopped_process_of_a_dead_server_is_killed_by_the_next(start) -> None:
    server = start()
    job_id = running(server)
    pid = server.state_file(job_id)["pid"]
    freeze(pid)
    server.kill()
    assert is_alive(pid), "a stopped process cannot notice"
    again = start()
    wait_for(lambda: not is_alive(pid), "it is ended")
    assert (
        again.job(job_id)["message"] == "the server stopped while it ran; start it again to resume"
    )


def test_a_server_that_receives_sigterm_ends_its_job_and_records_it(start) -> None:
    server = start()
    job_id = running(server)
    server.stop()
    assert server.process.returncode == 0
    state = server.state_file(job_id)
    assert (state["state"], state["can_resume"]) == ("failed", True)
    assert state["message"] == "the server stopped while it ran; start it again to resume"
    assert processes_of_jobs(server) == []


@pytest.mark.long
def test_of_two_servers_one_runs_jobs_until_the_other_takes_over(start) -> None:
    first, second = start(), start()
    job_id = running(first)
    assert second.job(job_id)["state"] == "running"
    body, kind = form({"model": second.model.name}, [("mine.csv", TEXT)])
    for method, path, sent in (
        ("POST", "", (body, kind)),
        ("DELETE", f"/{job_id}", ()),
        ("POST", f"/{job_id}/start", ()),
    ):
        status, answer = second.ask(method, path, *sent)
        assert (status, answer["error"]["code"]) == (409, "jobs_elsewhere")
    assert first.job(job_id)["state"] == "running"
    first.kill()
    wait_for(lambda: not processes_of_jobs(first), "the job ends")
    second.release("build")
    assert second.ask("POST", f"/{job_id}/start")[0] == 200
    second.wait(job_id, "done")


@pytest.mark.long
def test_a_full_disk_is_reported_by_the_build_which_can_resume(start) -> None:
    server = start(is_stub=False)
    job_id = running_with_small_files(server)
    job = server.wait(job_id, "failed")
    assert job["message"].startswith("not enough disk space for ")
    assert job["can_resume"] is True
    assert server.ask("POST", f"/{job_id}/start")[0] == 200
    server.wait(job_id, "done")


def running_with_small_files(server: JobServer) -> str:
    """Start a job whose process may write no large file, as on a disk that is full."""
    import resource

    job_id = server.post("mine", LONG_TEXT, **LONG)["id"]
    server.wait(job_id, "estimated")
    with dataset_lock(server.data_dir, "other"):  # makes the folder of locks
        pass
    server.ask("POST", f"/{job_id}/start")
    pid = wait_for(lambda: server.state_file(job_id)["pid"], "it has a process")
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (8192, resource.RLIM_INFINITY))
    return job_id


def test_a_job_that_exceeds_its_time_limit_is_killed(tmp_path, tiny_bert, monkeypatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(STUB_BUILDS))
    (tmp_path / "build.held").touch()
    data_dir = tmp_path / "built"
    data_dir.mkdir()
    settings = Settings(data_dir=data_dir, job_models=(str(tiny_bert),))
    limits = job_limits(settings)
    limits = limits._replace(build=limits.build._replace(wall_seconds=0.5))
    queue = JobQueue(data_dir, limits)
    (path := tmp_path / "part").write_bytes(TEXT)
    asked = {"methods": ("pca",), "dims": (2,), "max_tokens": None, "text_column": None}
    request = JobRequest(
        str(tiny_bert),
        "tiny",
        "text",
        "mine",
        corpus="a.csv",
        title="",
        n_files=1,
        n_bytes=1,
        **asked,
    )
    with queue.receiving(1) as folder:
        files = [Received(path, "a.csv", 1)]
        job = queue.add(folder, files, Upload("text", ["a.csv"], "a.csv", 1), request)
    try:
        wait_for(lambda: job.state == "estimated", "it is estimated")
        queue.begin(job.job_id)
        wait_for(lambda: job.state == "failed", "it is ended")
        assert "took longer than" in str(job.status.message)
        assert job.status.can_resume
    finally:
        queue.stop()


def test_a_job_that_exceeds_its_memory_limit_fails_with_a_message(start) -> None:
    server = start("--job-memory-mb", "600", is_stub=False)
    job_id = server.post("mine")["id"]
    job = server.wait(job_id, "failed")
    assert job["message"]
    assert not job["can_resume"]
