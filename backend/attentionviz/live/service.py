"""Live texts and images for the server: one request at a time to the model process.

The process is started by the first request and ends after an idle timeout. If it crashes, hangs or
sends an invalid response, the request fails with an error that says so.
"""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Lock, Timer
from typing import Any

from attentionviz.errors import BusyError
from attentionviz.live.errors import error_of
from attentionviz.live.pipe import DeadlineError, FrameError, PipeClosedError
from attentionviz.live.process import END_SECONDS, WorkerProcess, seconds_from_now, worker_command
from attentionviz.live.worker_settings import WorkerSettings

FREEING_SECONDS = 0.5


@dataclass(frozen=True)
class ServiceLimits:
    """Timeouts, and the maximum length of the queue.

    Attributes
    ----------
    seconds : float
        Timeout of a request.
    load_seconds : float
        Timeout of a request that starts the process or loads a model.
    idle_seconds : float
        Time without a request after which the process ends.
    max_waiting : int
        Maximum number of waiting requests.
    """

    seconds: float = 20.0
    load_seconds: float = 60.0
    idle_seconds: float = 600.0
    max_waiting: int = 3


class LiveService:
    """A worker process and its request queue; thread-safe.

    Parameters
    ----------
    settings : WorkerSettings
    limits : ServiceLimits
    command : sequence of str or None
        Command of the worker; None for the default. Tests pass another program.
    """

    def __init__(
        self,
        settings: WorkerSettings,
        limits: ServiceLimits,
        command: Sequence[str] | None = None,
    ) -> None:
        self._settings = settings
        self._limits = limits
        self._command = list(command or worker_command(settings))
        self._turn = Lock()
        self._counter = Lock()
        self._n_requests = 0
        self._worker: WorkerProcess | None = None
        self._idle: Timer | None = None
        self._is_closed = False

    @property
    def worker_pid(self) -> int | None:
        """Process id of the running worker, or None."""
        worker = self._worker
        return worker.pid if worker else None

    def ask(self, question: dict[str, Any], body: bytes = b"") -> bytes:
        """Return the worker's answer.

        Parameters
        ----------
        question : dict
            JSON values, without "id".
        body : bytes

        Raises
        ------
        AppError
            The error that the worker reported; BusyError if the queue is full, or the worker
            died, timed out or sent an invalid response.
        """
        with self._my_turn():
            self._stop_idling()
            try:
                return self._exchange(question, body)
            finally:
                self._start_idling()

    def close(self) -> None:
        """Kill the process; a running request fails, and no further request is accepted."""
        self._is_closed = True
        self._stop_idling()
        worker = self._worker
        if worker is None:
            return
        worker.stop()
        # A thread that waits for the response reads the end of the pipe. Only then is the pipe
        # closed, since its file descriptor may be reused at once.
        if self._turn.acquire(timeout=END_SECONDS):
            try:
                self._worker = None
                worker.kill()
            finally:
                self._turn.release()

    @contextmanager
    def _my_turn(self) -> Iterator[None]:
        with self._counter:
            if self._n_requests > self._limits.max_waiting:
                raise BusyError(
                    f"{self._n_requests} texts or images are being processed or are waiting; "
                    "try again in a moment"
                )
            self._n_requests += 1
        try:
            if not self._turn.acquire(timeout=self._limits.load_seconds):
                raise BusyError("waiting for other texts or images; try again in a moment")
            try:
                yield
            finally:
                self._turn.release()
        finally:
            with self._counter:
                self._n_requests -= 1

    def _exchange(self, question: dict[str, Any], body: bytes) -> bytes:
        worker, is_new = self._running()
        started = time.monotonic()
        try:
            return self._ask_of(worker, is_new, question, body)
        except PipeClosedError as error:
            lost = self._lost(worker, worker.exit_reason())
            # A killed process seems to run until the system has freed its memory, so one that ends
            # right after the request was probably killed before it.
            was_killed_before = not is_new and time.monotonic() - started < FREEING_SECONDS
            if not was_killed_before or self._is_closed:
                raise lost from error
        worker, _ = self._running()
        try:
            return self._ask_of(worker, True, question, body)
        except PipeClosedError as error:
            raise self._lost(worker, worker.exit_reason()) from error

    def _ask_of(
        self, worker: WorkerProcess, is_new: bool, question: dict[str, Any], body: bytes
    ) -> bytes:
        limits = self._limits
        deadline = seconds_from_now(limits.load_seconds if is_new else limits.seconds)
        latest = seconds_from_now(limits.load_seconds)
        try:
            worker.send(question, body, deadline)
            header, answer = worker.receive(deadline)
            if header == {"status": "loading"}:
                header, answer = worker.receive(latest)
            if "error" in header:
                raise error_of(header["error"])
            if header != {"status": "answer"}:
                raise FrameError("neither answer nor error")
        except DeadlineError as error:
            raise self._lost(worker, "took too long and was ended") from error
        except FrameError as error:
            raise self._lost(worker, "sent an invalid response and was ended") from error
        return answer

    def _running(self) -> tuple[WorkerProcess, bool]:
        """Return a process that is ready for a request, and whether it was just started."""
        if self._is_closed:
            raise BusyError("the server is ending")
        if self._worker is not None:
            if self._worker.is_ready():
                return self._worker, False
            self._worker.kill()
        settings = self._settings
        self._worker = WorkerProcess(self._command, settings.n_threads, settings.max_answer_bytes)
        if self._is_closed:  # by another thread meanwhile
            worker, self._worker = self._worker, None
            worker.kill()
            raise BusyError("the server is ending")
        return self._worker, True

    def _lost(self, worker: WorkerProcess, reason: str) -> BusyError:
        if self._worker is worker:
            self._worker = None
        worker.kill()
        return BusyError(f"the process that runs the model {reason}; the next try starts a new one")

    def _start_idling(self) -> None:
        self._idle = Timer(self._limits.idle_seconds, self._end_idle)
        self._idle.daemon = True
        self._idle.start()

    def _stop_idling(self) -> None:
        if self._idle is not None:
            self._idle.cancel()

    def _end_idle(self) -> None:
        if not self._turn.acquire(blocking=False):
            return  # a request is running
        try:
            worker, self._worker = self._worker, None
            if worker is not None:
                worker.end()
        finally:
            self._turn.release()
