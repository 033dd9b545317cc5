"""What lies on the disk of jobs, whole or damaged, and what a server makes of it at its start."""

import json
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from tests.support.job_server import wait_for

from attentionviz.jobs import JobQueue, JobStatus
from attentionviz.jobs import queue as queue_module
from attentionviz.jobs.limits import allowed_model, job_limits
from attentionviz.jobs.outcome import failure_message
from attentionviz.jobs.records import JobRequest
from attentionviz.jobs.spool import DAMAGED
from attentionviz.jobs.uploads import Received, Upload
from attentionviz.settings.settings import Settings

JOB_IDS = [f"{i:016x}" for i in range(40)]
ESTIMATE = {
    **{"dataset_id": "mine", "n_sequences": 2, "n_sequences_total": 2, "n_tokens": 9},
    **{"n_heads": 4, "n_maps": 4, "seconds": 1.5, "n_bytes": 1000, "n_bytes_building": 2000},
}


class IdleRunner:
    """Runs nothing, so that a state stays what the start made of it."""

    def __init__(self, _: JobQueue) -> None:
        pass

    def start(self) -> None:
        pass

    def join(self) -> None:
        pass


@pytest.fixture
def queue(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[JobQueue]:
    """Return a queue that has not started, over an empty folder."""
    monkeypatch.setattr(queue_module, "Runner", IdleRunner)
    made = JobQueue(tmp_path, job_limits(Settings(data_dir=tmp_path)))
    yield made
    made.stop()


def request(dataset_id: str = "mine") -> JobRequest:
    return JobRequest(
        model="demo-bert",
        model_name="demo-bert",
        modality="text",
        dataset_id=dataset_id,
        methods=("pca",),
        dims=(2,),
        max_tokens=None,
        text_column=None,
        corpus="mine.csv",
        title="mine.csv",
        n_files=1,
        n_bytes=9,
        created=1000.0,
    )


def put(queue: JobQueue, job_id: str, status: JobStatus, dataset_id: str = "mine") -> Path:
    """Write a job as a server that has ended left it."""
    folder = queue.spool.path(job_id)
    (folder / "upload").mkdir(parents=True)
    (folder / "upload" / "mine.csv").write_text("text\na b c\n")
    (folder / "request.json").write_bytes(request(dataset_id).to_json())
    (folder / "state.json").write_bytes(status.to_json())
    return folder


def test_a_job_is_loaded_as_it_was_written(queue) -> None:
    status = JobStatus("estimated", estimate=ESTIMATE, place=3, message="words", pid=17)
    put(queue, JOB_IDS[0], status)
    job = queue.spool.load(JOB_IDS[0])
    assert (job.request, job.status) == (request(), status)


def without(content: bytes, name: str) -> bytes:
    return json.dumps({k: v for k, v in json.loads(content).items() if k != name}).encode()


DAMAGE = {
    "request.json": [
        b"",
        b"{}",
        b"[]",
        b"\xff",
        b"null",
        request().to_json()[:-20],
        request().to_json().replace(b"demo-bert", b""),
        request().to_json().replace(b'"mine.csv"', b'"../../etc/passwd"', 1),
        request().to_json().replace(b'"corpus": "mine.csv"', b'"corpus": "a/b"'),
        request().to_json().replace(b'"corpus": "mine.csv"', b'"corpus": "mine.csv\\n"'),
        request().to_json().replace(b'"mine"', b'"-mine"'),
        request().to_json().replace(b'"pca"', b'"--output=/etc"'),
        request().to_json().replace(b"{", b'{"more": 1,', 1),
        without(request().to_json(), "title"),
        without(request().to_json(), "created"),
        b"[" * 100_000,
        b'{"a": ' + b"9" * 400_000 + b"}",
    ],
    "state.json": [
        b"",
        b"{}",
        b"nonsense",
        without(JobStatus("running").to_json(), "pid"),
        JobStatus("running").to_json().replace(b"running", b"sleeping"),
        JobStatus("running").to_json().replace(b'"place": 0', b'"place": 1e999'),
        JobStatus("running", pid=17).to_json().replace(b'"pid": 17', b'"pid": 1'),
        JobStatus("running", pid=17).to_json().replace(b'"pid": 17', b'"pid": -1'),
        JobStatus("waiting").to_json().replace(b'"place": 0', b'"place": "first"'),
        JobStatus("estimated", estimate=ESTIMATE).to_json().replace(b"1.5", b"NaN"),
    ],
}
CASES = [(name, i) for name, contents in DAMAGE.items() for i in range(len(contents))]


@pytest.mark.parametrize(("name", "i"), CASES, ids=[f"{name} {i}" for name, i in CASES])
def test_a_job_whose_files_are_damaged_has_failed_and_can_be_removed(queue, name, i) -> None:
    folder = put(queue, JOB_IDS[0], JobStatus("waiting"))
    put(queue, JOB_IDS[1], JobStatus("waiting", place=1), "other")
    (folder / name).write_bytes(DAMAGE[name][i])
    assert queue.start()
    jobs = {job.job_id: job for job in queue.list_jobs()}
    assert (jobs[JOB_IDS[0]].state, jobs[JOB_IDS[0]].status.message) == ("failed", DAMAGED)
    assert not jobs[JOB_IDS[0]].status.can_resume
    assert jobs[JOB_IDS[1]].state == "waiting", "the others are what they were"
    queue.cancel(JOB_IDS[0])
    assert not folder.exists()


@pytest.mark.parametrize("name", ["request.json", "state.json"])
def test_a_missing_or_irregular_file_of_a_job_is_damage(queue, name) -> None:
    for job_id, make in zip(
        JOB_IDS,
        (Path.unlink, lambda p: (p.unlink(), p.mkdir()), lambda p: (p.unlink(), os.mkfifo(p))),
        strict=False,
    ):
        make(put(queue, job_id, JobStatus("waiting")) / name)
    link = put(queue, JOB_IDS[5], JobStatus("waiting")) / name
    link.rename(link.with_suffix(".elsewhere"))
    link.symlink_to(link.with_suffix(".elsewhere"))
    assert queue.start()
    assert {job.status.message for job in queue.list_jobs()} == {DAMAGED}


def test_other_files_in_the_jobs_folder_are_ignored(queue) -> None:
    queue.spool.make()
    (queue.spool.folder / "notes.txt").write_text("mine")
    (queue.spool.folder / "NOT-A-JOB").mkdir()
    (queue.spool.folder / JOB_IDS[0]).symlink_to("/etc")
    (queue.spool.folder / JOB_IDS[1]).write_text("a file")
    assert queue.start()
    assert queue.list_jobs() == []
    assert (queue.spool.folder / "notes.txt").exists()


def test_an_unfinished_upload_is_removed(queue) -> None:
    queue.spool.make()
    half = queue.spool.folder / "incoming-0123456789abcdef"
    half.mkdir()
    (half / "part-000000").write_bytes(b"x" * 100)
    assert queue.start()
    assert not half.exists()


def test_recovery_sets_the_state_of_every_job(queue) -> None:
    states = ["uploaded", "estimating", "estimated", "waiting", "running", "cancelled", "failed"]
    for job_id, state in zip(JOB_IDS, states, strict=False):
        put(queue, job_id, JobStatus(state, pid=2**22 - 7, pid_start=1), f"set-{state}")
    assert queue.start()
    found = {job.request.dataset_id: job for job in queue.list_jobs()}
    assert {name.removeprefix("set-"): job.state for name, job in found.items()} == {
        **{"uploaded": "uploaded", "estimating": "uploaded", "estimated": "estimated"},
        **{"waiting": "waiting", "running": "failed", "cancelled": "cancelled"},
        "failed": "failed",
    }
    ran = found["set-running"].status
    assert ran.can_resume
    assert ran.message == "the server stopped while it ran; start it again to resume"
    kept = {
        name for name, job in found.items() if (queue.spool.path(job.job_id) / "upload").exists()
    }
    assert kept == {f"set-{state}" for state in states[:5]}
    for job in found.values():
        on_disk = queue.spool.load(job.job_id)
        assert on_disk.status == job.status, "the disk says the same"


def test_a_process_that_reuses_the_process_id_is_not_killed(queue) -> None:
    put(queue, JOB_IDS[0], JobStatus("running", pid=os.getppid(), pid_start=1))
    assert queue.start()
    os.kill(os.getppid(), 0)


def test_a_resumable_job_without_its_upload_fails(queue) -> None:
    folder = put(queue, JOB_IDS[0], JobStatus("running"))
    (folder / "upload" / "mine.csv").unlink()
    assert queue.start()
    (job,) = queue.list_jobs()
    assert (job.state, job.status.can_resume) == ("failed", False)
    assert "upload of this job is gone" in str(job.status.message)


def test_waiting_jobs_keep_their_order(queue) -> None:
    for job_id, place in zip(JOB_IDS, (5, 2, 9), strict=False):
        put(queue, job_id, JobStatus("waiting", place=place), f"p{place}")
    assert queue.start()
    first = queue.next("waiting")
    assert first.request.dataset_id == "p2"
    places = {job.request.dataset_id: queue.place_of(job) for job in queue.list_jobs()}
    assert places == {"p2": 0, "p5": 1, "p9": 2}


def test_only_the_newest_twenty_ended_jobs_are_kept(queue) -> None:
    for i, job_id in enumerate(JOB_IDS[:24]):
        put(queue, job_id, JobStatus("cancelled", since=1000.0 + i), f"d{i}")
    put(queue, JOB_IDS[30], JobStatus("uploaded"), "last")
    assert queue.start()
    queue.cancel(JOB_IDS[30])
    left = {job.job_id for job in queue.list_jobs()}
    assert left == {*JOB_IDS[5:24], JOB_IDS[30]}


def test_a_second_queue_runs_nothing_until_it_takes_over(queue, tmp_path) -> None:
    put(queue, JOB_IDS[0], JobStatus("waiting"))
    assert queue.start()
    second = JobQueue(tmp_path, queue.limits)
    assert not second.start()
    assert [job.state for job in second.list_jobs()] == ["waiting"]
    queue.stop()
    assert second.start()
    second.stop()


def test_a_full_disk_at_the_upload_leaves_no_job(queue, monkeypatch) -> None:
    from attentionviz.store.writer import DiskFullError

    assert queue.start()

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    with queue.receiving(9) as folder:
        path = folder / "part-000000"
        path.write_text("text\na\n")
        monkeypatch.setattr("attentionviz.jobs.spool.Path.rename", full)
        with pytest.raises(DiskFullError):
            upload = Upload("text", ["mine.csv"], "mine.csv", 7)
            queue.add(folder, [Received(path, "mine.csv", 7)], upload, request())
    monkeypatch.undo()
    assert queue.list_jobs() == []
    assert [p.name for p in queue.spool.folder.iterdir()] == ["lock"]


def test_a_state_that_cannot_be_written_is_kept_in_memory(queue, monkeypatch) -> None:
    put(queue, JOB_IDS[0], JobStatus("waiting"))
    assert queue.start()
    job = queue.get(JOB_IDS[0])
    from attentionviz.store.writer import DiskFullError

    def full(*_: object) -> None:
        raise DiskFullError("no room")

    monkeypatch.setattr(queue.spool, "write", full)
    queue.end(job, "failed", message="words")
    assert (job.state, job.status.message) == ("failed", "words")


WORDS = [
    (2, "loading\nattentionviz: the corpus is odd\n", "the corpus is odd"),
    (2, "attentionviz: a.csv has no column x: one,\ntwo", "a.csv has no column x: one,\ntwo"),
    (
        -9,
        "loading\n",
        "it was killed, most likely because memory ran out; start it again to resume",
    ),
    (
        1,
        "Traceback\nMemoryError: \n",
        "it needed more memory than job_memory_mb allows; choose less, or raise this setting",
    ),
    (1, "Traceback\nKeyError: 'x'\n", "it failed: KeyError: 'x'"),
    (1, "", "it failed: no output"),
    (2, "usage: attentionviz\n", "it failed: usage: attentionviz"),
]


@pytest.mark.parametrize(("status", "log", "words"), WORDS)
def test_the_last_output_of_a_process_becomes_the_message(status, log, words) -> None:
    assert failure_message(status, log) == words


def test_the_modality_of_a_model_follows_from_its_files(tmp_path) -> None:
    for name, file in (("reads", "tokenizer.json"), ("sees", "preprocessor_config.json")):
        (tmp_path / name).mkdir()
        (tmp_path / name / file).write_text("{}")
    assert allowed_model(str(tmp_path / "reads"))[::2] == ("reads", "text")
    assert allowed_model(str(tmp_path / "sees"))[::2] == ("sees", "image")
    assert allowed_model("org/model") == ("org/model", "org/model", None)
    assert json.dumps(allowed_model("vit-16").modality) == '"image"'


def test_a_job_whose_model_is_no_longer_allowed_is_not_run(tmp_path) -> None:
    limits = job_limits(Settings(data_dir=tmp_path, job_models=("demo-gpt2",)))
    made = JobQueue(tmp_path, limits)
    put(made, JOB_IDS[0], JobStatus("waiting"))
    put(made, JOB_IDS[1], JobStatus("uploaded"), "other")
    assert made.start()
    try:
        for job in made.list_jobs():
            wait_for(lambda job=job: job.state == "failed", "it has failed")
            assert job.status.message == "the model demo-bert is no longer available here"
    finally:
        made.stop()


def test_an_upload_that_is_a_link_is_never_read(queue, tmp_path) -> None:
    folder = put(queue, JOB_IDS[0], JobStatus("waiting"))
    (folder / "upload" / "mine.csv").unlink()
    (folder / "upload" / "mine.csv").symlink_to("/etc/hostname")
    assert queue.start()
    (job,) = queue.list_jobs()
    assert job.state == "failed"
    assert "upload of this job is gone" in str(job.status.message)


def test_jobs_are_listed_by_creation_time(queue) -> None:
    for i, job_id in enumerate(JOB_IDS[:3]):
        folder = put(queue, job_id, JobStatus("waiting", since=100.0 - i), f"d{i}")
        asked = replace(request(f"d{i}"), created=float(i))
        (folder / "request.json").write_bytes(asked.to_json())
    assert queue.start()
    jobs = sorted(queue.list_jobs(), key=lambda job: job.created, reverse=True)
    assert [job.request.dataset_id for job in jobs] == ["d2", "d1", "d0"]
