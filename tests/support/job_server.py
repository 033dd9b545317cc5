"""A server process with jobs, and the requests that the page sends to it."""

import json
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.support.waiting import wait_until

ROOT = Path(__file__).resolve().parents[2]
STUB_BUILDS = Path(__file__).with_name("stub_builds")
TEXT = b"text,topic\nIn april the river rose again.,river\nShe read the letter twice.,letters\n"


def wait_for(is_so: Callable[[], Any], words: str) -> Any:
    """Return the first true answer; niced processes that load a model may be long about it."""
    return wait_until(is_so, words, 300.0)


def form(fields: dict[str, str], files: list[tuple[str, bytes]]) -> tuple[bytes, str]:
    """Return body and type of a form with files."""
    mark = uuid.uuid4().hex
    parts = []
    for name, value in fields.items():
        head = f'--{mark}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n'
        parts.append(head.encode() + value.encode() + b"\r\n")
    for name, content in files:
        quoted = name.replace("\\", "\\\\").replace('"', '\\"')
        disposition = f'Content-Disposition: form-data; name="files"; filename="{quoted}"'
        parts.append(f"--{mark}\r\n{disposition}\r\n\r\n".encode() + content + b"\r\n")
    body = b"".join(parts) + f"--{mark}--\r\n".encode()
    return body, f"multipart/form-data; boundary={mark}"


class JobServer:
    """``attentionviz serve --allow-jobs`` as a process of its own.

    With ``is_stub`` its jobs are real processes that build nothing; see ``stub_builds``.
    """

    def __init__(self, data_dir: Path, model: Path, *options: str, is_stub: bool = False) -> None:
        self.data_dir = data_dir
        self.model = model
        command = [sys.executable, "-m", "attentionviz", "serve", "--data-dir", str(data_dir)]
        command += ["--port", "0", "--allow-jobs", "--job-models", str(model), *options]
        paths = [str(STUB_BUILDS)] if is_stub else []
        paths += [str(ROOT / "backend"), *filter(None, [os.environ.get("PYTHONPATH")])]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}
        self.process = subprocess.Popen(command, stderr=subprocess.PIPE, env=environment, text=True)
        assert self.process.stderr is not None
        line = self.process.stderr.readline()
        assert line.startswith("open http://"), line
        self.address = line.split()[1].rstrip("/;")

    def ask(
        self, method: str, path: str = "", body: bytes | None = None, kind: str | None = None
    ) -> tuple[int, Any]:
        """Return status and JSON of an answer."""
        headers = {"Sec-Fetch-Site": "same-origin", **({"Content-Type": kind} if kind else {})}
        asked = urllib.request.Request(  # noqa: S310 - our own server
            f"{self.address}/api/v1/jobs{path}", data=body, method=method, headers=headers
        )
        try:
            with urllib.request.urlopen(asked, timeout=60) as answer:  # noqa: S310
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)

    def post(self, dataset_id: str, text: bytes = TEXT, **fields: str) -> dict[str, Any]:
        """Upload a table; return the job."""
        asked = {
            "model": self.model.name,
            "dataset_id": dataset_id,
            "methods": "pca",
            "dims": "2",
            **fields,
        }
        status, job = self.ask("POST", "", *form(asked, [("mine.csv", text)]))
        assert status == 201, job
        return job

    def job(self, job_id: str) -> dict[str, Any]:
        """Return the state of a job."""
        status, job = self.ask("GET", f"/{job_id}")
        assert status == 200, job
        return job

    def wait(self, job_id: str, *states: str) -> dict[str, Any]:
        """Return a job once it is in one of these states; fail when it ended otherwise."""

        def look() -> dict[str, Any] | None:
            job = self.job(job_id)
            assert job["state"] not in {"done", "failed", "cancelled"} - set(states), job
            return job if job["state"] in states else None

        return wait_for(look, f"the job is {' or '.join(states)}")

    def begin(self, dataset_id: str, **fields: str) -> str:
        """Upload a table, wait for its estimate, start it; return the id of the job."""
        job_id = self.post(dataset_id, **fields)["id"]
        self.wait(job_id, "estimated")
        status, job = self.ask("POST", f"/{job_id}/start")
        assert status == 200, job
        return job_id

    def hold(self, what: str) -> None:
        """Let each "estimate" or "build" of a stub wait at its first step."""
        (self.data_dir.parent / f"{what}.held").touch()

    def release(self, what: str) -> None:
        """Let them go on."""
        (self.data_dir.parent / f"{what}.held").unlink()

    def state_file(self, job_id: str) -> dict[str, Any]:
        """Return the state file of a job."""
        return json.loads((self.data_dir / ".jobs" / job_id / "state.json").read_bytes())

    def kill(self) -> None:
        """End the server without a chance to say anything."""
        self.process.send_signal(signal.SIGKILL)
        self._close()

    def stop(self) -> None:
        """End the server as a system does."""
        if self.process.poll() is None:
            self.process.terminate()
        self._close()

    def _close(self) -> None:
        self.process.wait(60)
        if self.process.stderr is not None:
            self.process.stderr.close()


def freeze(pid: int) -> None:
    """Stop a process, and wait until all of it stands still."""
    os.kill(pid, signal.SIGSTOP)
    wait_for(lambda: state_of(pid) == "T", "it is stopped")


def state_of(pid: int) -> str:
    """Return the state letter of a process, as in ``/proc/PID/stat``."""
    stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    return stat.rpartition(")")[2].split()[0]


def is_alive(pid: int) -> bool:
    """Whether a process is there and has not ended; one that waits to be cleared away has."""
    try:
        return state_of(pid) != "Z"
    except OSError:
        return False


def processes_of(text: str) -> list[int]:
    """Return all processes whose command line has this in it."""
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                line = (folder / "cmdline").read_bytes().decode("utf-8", "replace")
            except OSError:
                continue
            if text in line and is_alive(int(folder.name)):
                found.append(int(folder.name))
    return found
