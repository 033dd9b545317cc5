"""`attentionviz serve` with the real worker: it answers, refuses large bodies, and ends with it."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from http.client import HTTPConnection
from pathlib import Path

import psutil
import pytest
from tests.conftest import TinyDataset
from tests.support.waiting import TIMEOUT_SECONDS

OWN = {"Sec-Fetch-Site": "same-origin", "Content-Type": "application/json"}
STUB = Path(__file__).resolve().parents[2] / "support" / "stub_session"
Running = tuple[subprocess.Popen, int, str]


@pytest.fixture
def server(tiny_dataset: TinyDataset, tiny_bert: Path) -> Iterator[Running]:
    """Yield the process of a server, its port, and the path of the route."""
    yield from started(tiny_dataset, tiny_bert)


@pytest.fixture
def stub_server(
    tiny_dataset: TinyDataset, tiny_bert: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Running]:
    """Yield the same, whose worker has no model to load."""
    monkeypatch.setenv("PYTHONPATH", str(STUB), prepend=os.pathsep)
    yield from started(tiny_dataset, tiny_bert)


def started(tiny_dataset: TinyDataset, tiny_bert: Path) -> Iterator[Running]:
    options = ["--data-dir", str(tiny_dataset.data_dir), "--port", "0"]
    options += ["--live-model-folder", str(tiny_bert.parent)]
    process = subprocess.Popen(
        [sys.executable, "-u", "-m", "attentionviz", "serve", *options],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr
    port = int(process.stderr.readline().split("localhost:")[1].split("/")[0])
    yield process, port, f"/api/v1/datasets/{tiny_dataset.dataset_id}/text"
    process.kill()
    process.communicate()


def post(port: int, path: str, body: bytes) -> tuple[int, bytes]:
    connection = HTTPConnection("localhost", port, timeout=100)
    try:
        connection.request("POST", path, body, OWN)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def worker_of(process: subprocess.Popen) -> psutil.Process:
    (worker,) = psutil.Process(process.pid).children()
    return worker


def has_ended(worker: psutil.Process, seconds: float = TIMEOUT_SECONDS) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if not worker.is_running() or worker.status() == psutil.STATUS_ZOMBIE:
            return True
        time.sleep(0.02)
    return False


@pytest.mark.parametrize("kind", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_the_worker_ends_with_the_server_at_once(
    kind: signal.Signals, stub_server: Running
) -> None:
    process, port, path = stub_server
    status, content = post(port, path, b'{"text": "the river", "maps": ["pca-2d"]}')
    assert status == 200, content
    worker = worker_of(process)
    process.send_signal(kind)
    process.wait(TIMEOUT_SECONDS)
    assert has_ended(worker)


def test_a_body_over_the_limit_of_its_route_never_reaches_the_worker(server: Running) -> None:
    process, port, path = server
    status, content = post(port, path, json.dumps({"text": "x" * 70_000}).encode())
    assert status == 413
    assert "too_large" in json.loads(content)["error"]["code"]
    # Who goes on sending after that is hung up on, and may not read the answer.
    with suppress(ConnectionError):
        assert post(port, path, json.dumps({"text": "x" * 10_000_000}).encode())[0] == 413
    assert psutil.Process(process.pid).children() == []


def test_typed_text_is_never_logged_by_the_server(server: Running) -> None:
    process, port, path = server
    assert post(port, path, b'{"text": "the confidential river"}')[0] == 200
    assert post(port, path, b'{"tokens": ["confidential"]}')[0] == 400
    worker = worker_of(process)
    process.terminate()
    _, errors = process.communicate(timeout=TIMEOUT_SECONDS)
    assert has_ended(worker)
    assert "confidential" not in errors
