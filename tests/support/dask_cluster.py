"""A Dask cluster of real processes on the loopback interface, to be disturbed by tests."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Self

ROOT = Path(__file__).resolve().parents[2]
QUIET = ("--no-dashboard",)


class DaskCluster:
    """A scheduler and workers in processes of their own.

    Parameters
    ----------
    folder : Path
        For logs and the working folders of workers.
    scheme : str
        "tcp" or "tls".
    environment : mapping or None
        Additional variables of all processes.
    """

    def __init__(
        self, folder: Path, scheme: str = "tcp", environment: Mapping[str, str] | None = None
    ) -> None:
        self.folder = folder
        self.port = free_port()
        self.address = f"{scheme}://127.0.0.1:{self.port}"
        self.environment = {
            **os.environ,
            "PYTHONPATH": str(ROOT / "backend"),
            **(environment or {}),
        }
        self.scheduler: subprocess.Popen[bytes] | None = None
        self.workers: list[subprocess.Popen[bytes]] = []
        self._n = 0

    def __enter__(self) -> Self:
        self.start_scheduler()
        return self

    def __exit__(self, *_: object) -> None:
        for process in [*self.workers, self.scheduler]:
            if process is not None:
                kill_tree(process)

    def start_scheduler(self, *options: str) -> None:
        """Start the scheduler, also after it was killed, at the same address."""
        command = ["scheduler", "--host", self.address.rpartition(":")[0], "--port", str(self.port)]
        self.scheduler = self._start("scheduler", *command, *QUIET, *options)
        end = time.monotonic() + 60
        while time.monotonic() < end:
            with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
                return
            time.sleep(0.05)
        raise TimeoutError("the scheduler does not listen")

    def start_worker(self, *options: str, nthreads: int = 1) -> subprocess.Popen[bytes]:
        """Start a worker without a nanny, so that its process is the one that is returned."""
        host = self.address.rpartition(":")[0]
        command = ["worker", self.address, "--host", host, "--nthreads", str(nthreads)]
        command += ["--no-nanny", "--local-directory", str(self.folder / "scratch")]
        command += ["--death-timeout", "60", *QUIET, *options]
        process = self._start(f"worker-{self._n}", *command)
        self._n += 1
        self.workers.append(process)
        return process

    def _start(self, name: str, *command: str) -> subprocess.Popen[bytes]:
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / f"{name}.log").open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "dask", *command],
                stdout=log,
                stderr=log,
                env=self.environment,
                start_new_session=True,
            )


def kill_tree(process: subprocess.Popen[bytes]) -> None:
    """Kill a process with the processes that it started, and wait for it."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def free_port() -> int:
    """Return a port that nobody listens to."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@contextmanager
def cluster(folder: Path, n_workers: int) -> Iterator[DaskCluster]:
    """Run a scheduler and workers for the duration of a ``with`` block."""
    with DaskCluster(folder) as found:
        for _ in range(n_workers):
            found.start_worker()
        yield found
