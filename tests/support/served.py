"""`attentionviz serve` in its own process, with requests, and its memory and open files."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import NamedTuple

import psutil

ROOT = Path(__file__).resolve().parents[2]


class Answer(NamedTuple):
    """A response; header names in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes


class Served:
    """A running server: its process, its port, and how long it took to its first answer."""

    def __init__(self, process: subprocess.Popen[str], port: int, start_s: float) -> None:
        self.process = process
        self.port = port
        self.start_s = start_s
        self.lines: Sequence[str] = ()
        self.drain: threading.Thread | None = None

    def get(self, path: str = "/health", timeout: float = 60.0, **headers: str) -> Answer:
        """Return one answer over a fresh connection."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            return ask(connection, path, **headers)
        finally:
            connection.close()

    def json(self, path: str) -> dict:
        """Return an answer of facts; fail unless it is 200."""
        answer = self.get(path)
        assert answer.status == 200, answer
        return json.loads(answer.body)

    def seconds(self, path: str = "/health") -> float:
        """Return how long one answer takes, from connecting to its last byte; fail unless 200."""
        start = time.perf_counter()
        answer = self.get(path)
        assert answer.status == 200, answer
        return time.perf_counter() - start

    def connect(self) -> socket.socket:
        """Return a bare connection."""
        return socket.create_connection(("127.0.0.1", self.port), timeout=60)

    def memory_mb(self) -> float:
        """Return the resident memory of the process, in units of 2**20 bytes."""
        return psutil.Process(self.process.pid).memory_info().rss / 2**20

    def n_files(self) -> int:
        """Return how many files and sockets the process has open."""
        return psutil.Process(self.process.pid).num_fds()

    def stop(self) -> int:
        """Ask it to end, wait, and return its exit status."""
        self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(timeout=60)
        end(self)
        return status


def ask(connection: HTTPConnection, path: str, **headers: str) -> Answer:
    """Return one answer over a connection that stays open."""
    connection.request("GET", path, headers=headers)
    response = connection.getresponse()
    found = {name.lower(): value for name, value in response.getheaders()}
    return Answer(response.status, found, response.read())


def start_server(data_dir: Path, *flags: str, port: int = 0) -> Served:
    """Start the command and return it once it has answered."""
    command = [sys.executable, "-m", "attentionviz", "serve", "--data-dir", str(data_dir)]
    command += ["--port", str(port), *flags]
    begin = time.perf_counter()
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    assert process.stderr is not None
    lines: deque[str] = deque(maxlen=1000)
    for line in process.stderr:
        lines.append(line)
        if found := re.search(r"http://[^/ ]+:(\d+)/", line):
            served = Served(process, int(found[1]), 0.0)
            assert served.get().status == 200
            served.start_s = time.perf_counter() - begin
            # A pipe that nobody reads fills up, and then the server waits for us.
            served.drain = threading.Thread(target=lines.extend, args=(process.stderr,))
            served.drain.start()
            served.lines = lines
            return served
    raise AssertionError(f"the server did not start: {''.join(lines)}")


@contextmanager
def serving(data_dir: Path, *flags: str) -> Iterator[Served]:
    """Serve a data folder for the time of a ``with`` block."""
    served = start_server(data_dir, *flags)
    try:
        yield served
    finally:
        end(served)


def end(served: Served) -> None:
    """Kill a server with SIGKILL."""
    served.process.kill()
    served.process.wait()
    if served.drain is not None:
        served.drain.join(timeout=60)
    if served.process.stderr is not None:
        served.process.stderr.close()
