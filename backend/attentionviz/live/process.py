"""One model process: start, requests, end."""

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import attentionviz
from attentionviz.live.pipe import Pipe
from attentionviz.live.worker_settings import WorkerSettings

END_SECONDS = 2.0
# Environment variables passed on to a worker; the others may contain secrets.
PASSED_ON = ("PATH", "HOME", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "VIRTUAL_ENV", "PYTHONPATH")
CACHES = (
    "HF_HOME",
    "HF_HUB_CACHE",
    "HUGGINGFACE_HUB_CACHE",
    "NUMBA_CACHE_DIR",
    "XDG_CACHE_HOME",
)


def worker_command(settings: WorkerSettings) -> list[str]:
    """Return the command of the real worker."""
    return [sys.executable, "-P", "-m", "attentionviz.live.worker", settings.to_json()]


def worker_environment(n_threads: int) -> dict[str, str]:
    """Return the environment of a worker: offline, with a limited number of threads."""
    inherited = {name: os.environ[name] for name in (*PASSED_ON, *CACHES) if name in os.environ}
    own = str(Path(attentionviz.__file__).parents[1])
    paths = [os.path.abspath(p) for p in inherited.get("PYTHONPATH", "").split(os.pathsep) if p]
    threads = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")
    return {
        **inherited,
        "PYTHONPATH": os.pathsep.join([own, *paths]),
        "PYTHONDONTWRITEBYTECODE": "1",
        **dict.fromkeys(("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"), "1"),
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "TOKENIZERS_PARALLELISM": "false",
        **dict.fromkeys(threads, str(n_threads)),
        # Heads are processed in parallel, with one thread each.
        "OPENBLAS_NUM_THREADS": "1",
    }


class WorkerProcess:
    """A process that answers each request frame with a response frame.

    Parameters
    ----------
    command : sequence of str
    n_threads : int
    max_answer_bytes : int
    """

    def __init__(self, command: Sequence[str], n_threads: int, max_answer_bytes: int) -> None:
        self._process = subprocess.Popen(  # noqa: S603 (our own module, no shell)
            list(command),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            # A library may print its input, and visitors' texts must not be logged.
            stderr=subprocess.DEVNULL,
            env=worker_environment(n_threads),
            cwd="/",
            start_new_session=True,  # Ctrl+C in the terminal must reach only the server
        )
        self.pid = self._process.pid
        assert self._process.stdin and self._process.stdout  # noqa: S101 (for the type checker)
        self._pipe = Pipe(
            self._process.stdin.fileno(), self._process.stdout.fileno(), max_answer_bytes
        )

    def send(self, header: dict[str, Any], body: bytes, deadline: float) -> None:
        """Write one frame; as `Pipe.send`."""
        self._pipe.send(header, body, deadline)

    def receive(self, deadline: float) -> tuple[dict[str, Any], bytes]:
        """Read one frame; as `Pipe.receive`."""
        return self._pipe.receive(deadline)

    def is_ready(self) -> bool:
        """Return whether the process runs and has sent no unsolicited frame."""
        return self._process.poll() is None and self._pipe.is_silent()

    def exit_reason(self) -> str:
        """Return why the process ended, after its pipe closed; waits briefly for its exit."""
        try:
            status = self._process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            return "closed its pipe"
        return f"was ended by signal {-status}" if status < 0 else f"ended with status {status}"

    def end(self) -> None:
        """Close the pipe, which ends the process; kill it if it does not exit."""
        self._close()
        try:
            self._process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()

    def stop(self) -> None:
        """Kill the process; the pipe stays open for a thread that reads from it."""
        self._process.kill()
        self._process.wait()

    def kill(self) -> None:
        """Kill the process and close the pipe."""
        self.stop()
        self._close()

    def _close(self) -> None:
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                try:
                    stream.close()
                except OSError:  # unwritten data has no reader any more
                    continue


def seconds_from_now(seconds: float) -> float:
    """Return a deadline on the clock of `time.monotonic`."""
    return time.monotonic() + seconds
