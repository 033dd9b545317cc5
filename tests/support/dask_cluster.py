"""A Dask cluster of real processes on the loopback interface, to be disturbed by tests."""

import os
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Self

ROOT = Path(__file__).resolve().parents[2]
# Dask serves figures on all interfaces even without a dashboard.
QUIET = ("--no-dashboard", "--dashboard-address", "127.0.0.1:0")


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
            "PYTHONPATH": os.pathsep.join([str(ROOT / "backend"), str(ROOT)]),
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

    def start_worker(
        self, *options: str, address: str = "", path: Path | None = None, has_nanny: bool = False
    ) -> subprocess.Popen[bytes]:
        """Start a worker.

        Without a nanny, its process is the one that is returned. It finds the scheduler at
        `address`, and its modules in `path` first.
        """
        host = self.address.rpartition(":")[0]
        command = ["worker", address or self.address, "--host", host, "--nthreads", "1"]
        command += ["--local-directory", str(self.folder / "scratch"), "--death-timeout", "60"]
        command += [*QUIET, *([] if has_nanny else ["--no-nanny"]), *options]
        process = self._start(f"worker-{self._n}", *command, path=path)
        self._n += 1
        self.workers.append(process)
        return process

    def _start(self, name: str, *command: str, path: Path | None = None) -> subprocess.Popen[bytes]:
        self.folder.mkdir(parents=True, exist_ok=True)
        paths = [*([str(path)] if path else []), self.environment["PYTHONPATH"]]
        with (self.folder / f"{name}.log").open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "dask", *command],
                stdout=log,
                stderr=log,
                env={**self.environment, "PYTHONPATH": os.pathsep.join(paths)},
                start_new_session=True,
            )


def kill_tree(process: subprocess.Popen[bytes]) -> None:
    """Kill a process with the processes that it started, and wait for it."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


class Proxy:
    """Forwards connections to a port of this machine until they are cut.

    Parameters
    ----------
    port : int
        To which it forwards.
    """

    def __init__(self, port: int) -> None:
        self._port = port
        self._server = socket.create_server(("127.0.0.1", 0))
        self.address = f"tcp://127.0.0.1:{self._server.getsockname()[1]}"
        self._open: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._server.close()
        self.cut()

    def __len__(self) -> int:
        return len(self._open) // 2

    def cut(self) -> None:
        """Reset all connections; new ones are forwarded."""
        for one in self._open:
            with suppress(OSError):
                one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                one.shutdown(socket.SHUT_RDWR)
            one.close()
        self._open.clear()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._server.accept()
                far = socket.create_connection(("127.0.0.1", self._port))
                self._open += [near, far]
                for source, target in ((near, far), (far, near)):
                    threading.Thread(target=forward, args=(source, target), daemon=True).start()


def forward(source: socket.socket, target: socket.socket) -> None:
    """Send what comes from one connection to another, until either ends."""
    with suppress(OSError):
        while content := source.recv(1 << 16):
            target.sendall(content)
    with suppress(OSError):
        target.shutdown(socket.SHUT_WR)


def free_port() -> int:
    """Return a port that nobody listens to."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@contextmanager
def cluster(
    folder: Path,
    n_workers: int,
    environment: Mapping[str, str] | None = None,
    scheme: str = "tcp",
) -> Iterator[DaskCluster]:
    """Run a scheduler and workers for the duration of a ``with`` block."""
    with DaskCluster(folder, scheme, environment) as found:
        for _ in range(n_workers):
            found.start_worker()
        yield found
