"""Jobs whose process or server is killed at random moments: what is said afterwards is true."""

import os
import random
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.support.figures import Bar
from tests.support.job_server import JobServer, is_alive, processes_of, wait_for

from attentionviz.store.verify import verify

pytestmark = pytest.mark.long
N_DEATHS = 12
TEXT = b"text\n" + b"".join(
    b"In april the river %d rose again and she read the letter twice.\n" % i for i in range(25)
)
CHOICES = {"methods": "biplot,attention-tsne", "dims": "2,3"}


def kill_server(server: JobServer, job_id: str) -> None:
    server.kill()


def kill_job(server: JobServer, job_id: str) -> None:
    pid = server.state_file(job_id)["pid"]
    if pid is not None:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            return


def test_a_kill_of_any_process_leaves_a_true_state_and_a_resumable_job(
    tmp_path: Path, tiny_bert: Path, bar: Bar
) -> None:
    rng = random.Random(0)  # noqa: S311 - no secret
    server = JobServer(tmp_path / "built", tiny_bert)
    spool = str(tmp_path / "built" / ".jobs")
    duration, n_true, n_whole = 0.0, 0, 0
    for i in range(1 + N_DEATHS):  # the first one lives, and tells how long it takes
        kill: Callable[[JobServer, str], None] = (kill_server, kill_job)[i % 2]
        job_id = server.post(f"set-{i}", TEXT, **CHOICES)["id"]
        server.wait(job_id, "estimated")
        started = time.monotonic()
        server.ask("POST", f"/{job_id}/start")
        if i > 0:
            time.sleep(rng.uniform(0, duration))
            kill(server, job_id)
            if kill is kill_server:
                wait_for(lambda: not processes_of(spool), "the job ends")
                server = JobServer(tmp_path / "built", tiny_bert)
        job = server.wait(job_id, "done", "failed")
        duration = duration or time.monotonic() - started
        is_there = (server.data_dir / f"set-{i}.current").exists()
        n_true += i > 0 and job["state"] == ("done" if is_there else "failed")
        if job["state"] == "failed":
            assert job["can_resume"], job
            assert server.ask("POST", f"/{job_id}/start")[0] == 200
            job = server.wait(job_id, "done")
        n_whole += i > 0 and not verify(server.data_dir / f"set-{i}@{job['version']}")
    server.stop()
    staging = server.data_dir / ".staging"
    n_left = len(list(staging.iterdir())) + len(processes_of(str(server.data_dir)))
    assert not is_alive(server.process.pid)
    bar("jobs", f"true states after {N_DEATHS} deaths of job or server", n_true, exactly=N_DEATHS)
    bar("jobs", "datasets whole in the end", n_whole, exactly=N_DEATHS)
    bar("jobs", "unfinished builds and processes left over", n_left, exactly=0)
