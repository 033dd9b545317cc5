"""Live texts and images for the server: one request at a time to the model process.

The process is started by the first question and ends when none came for a while. Whatever becomes
of it, the server answers: with what it said, or with a sentence on what happened.
"""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Lock, Timer
from typing import Any

from attentionviz.errors import BusyError
from attentionviz.live.errors import error_of
from attentionviz.live.pipe import ClosedError, FrameError, TimeIsUpError
from attentionviz.live.process import END_SECONDS, WorkerProcess, seconds_from_now, worker_command
from attentionviz.live.worker_settings import WorkerSettings

DYING_SECONDS = 0.5


@dataclass(frozen=True)
class Patience:
    """How long what may take.

    Attributes
    ----------
    seconds : float
        For a question.
    load_seconds : float
        For one that a process or a model must be started for.
    idle_seconds : float
        After so long without a question the process ends.
    max_waiting : int
        Questions that may wait for their turn.
    """

    seconds: float = 20.0
    load_seconds: float = 60.0
    idle_seconds: float = 600.0
    max_waiting: int = 3


class LiveService:
    """A worker process and the queue in front of it; safe between threads.

    Parameters
    ----------
    settings : WorkerSettings
    patience : Patience
    command : sequence of str or None
        Another program in place of the real worker, for tests.
    """

    def __init__(
        self,
        settings: WorkerSettings,
        patience: Patience,
        command: Sequence[str] | None = None,
    ) -> None:
        self._settings = settings
        self._patience = patience
        self._command = list(command or worker_command(settings))
        self._turn = Lock()
        self._counting = Lock()
        self._n_inside = 0
        self._worker: WorkerProcess | None = None
        self._idle: Timer | None = None
        self._is_closed = False

    @property
    def worker_pid(self) -> int | None:
        """Return the process that runs now, if any."""
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
            What the worker said against it; BusyError when too many wait, or the worker died,
            said something else than an answer, or took too long.
        """
        with self._my_turn():
            self._stop_idling()
            try:
                return self._exchange(question, body)
            finally:
                self._start_idling()

    def close(self) -> None:
        """End the process at once; a question that runs fails, and no other is taken."""
        self._is_closed = True
        self._stop_idling()
        worker = self._worker
        if worker is None:
            return
        worker.stop()
        # Whoever waits for its answer meets the end of the pipe. Only then is that closed: the
        # number of a closed file soon is another file's.
        if self._turn.acquire(timeout=END_SECONDS):
            try:
                self._worker = None
                worker.kill()
            finally:
                self._turn.release()

    @contextmanager
    def _my_turn(self) -> Iterator[None]:
        with self._counting:
            if self._n_inside > self._patience.max_waiting:
                raise BusyError(
                    f"{self._n_inside} texts or images are being worked on or wait; "
                    "try again in a moment"
                )
            self._n_inside += 1
        try:
            if not self._turn.acquire(timeout=self._patience.load_seconds):
                raise BusyError("others' texts or images take long; try again in a moment")
            try:
                yield
            finally:
                self._turn.release()
        finally:
            with self._counting:
                self._n_inside -= 1

    def _exchange(self, question: dict[str, Any], body: bytes) -> bytes:
        worker, is_new = self._running()
        began = time.monotonic()
        try:
            return self._ask_of(worker, is_new, question, body)
        except ClosedError as error:
            lost = self._lost(worker, worker.how_it_ended())
            # One that was killed before looks alive until its memory is given back.
            was_dying = not is_new and time.monotonic() - began < DYING_SECONDS
            if not was_dying or self._is_closed:
                raise lost from error
        worker, _ = self._running()
        try:
            return self._ask_of(worker, True, question, body)
        except ClosedError as error:
            raise self._lost(worker, worker.how_it_ended()) from error

    def _ask_of(
        self, worker: WorkerProcess, is_new: bool, question: dict[str, Any], body: bytes
    ) -> bytes:
        patience = self._patience
        deadline = seconds_from_now(patience.load_seconds if is_new else patience.seconds)
        latest = seconds_from_now(patience.load_seconds)
        try:
            worker.send(question, body, deadline)
            header, answer = worker.receive(deadline)
            if header == {"status": "loading"}:
                header, answer = worker.receive(latest)
            if "error" in header:
                raise error_of(header["error"])
            if header != {"status": "answer"}:
                raise FrameError("neither answer nor error")
        except TimeIsUpError as error:
            raise self._lost(worker, "took too long and was ended") from error
        except FrameError as error:
            raise self._lost(worker, "said what cannot be understood and was ended") from error
        return answer

    def _running(self) -> tuple[WorkerProcess, bool]:
        """Return a process that waits for a question, and whether it was started just now."""
        if self._is_closed:
            raise BusyError("the server is ending")
        if self._worker is not None:
            if self._worker.is_ready():
                return self._worker, False
            self._worker.kill()
        settings = self._settings
        self._worker = WorkerProcess(self._command, settings.n_threads, settings.max_answer_bytes)
        if self._is_closed:  # meanwhile
            worker, self._worker = self._worker, None
            worker.kill()
            raise BusyError("the server is ending")
        return self._worker, True

    def _lost(self, worker: WorkerProcess, what: str) -> BusyError:
        if self._worker is worker:
            self._worker = None
        worker.kill()
        return BusyError(f"the process that runs the model {what}; the next try starts a new one")

    def _start_idling(self) -> None:
        self._idle = Timer(self._patience.idle_seconds, self._end_idle)
        self._idle.daemon = True
        self._idle.start()

    def _stop_idling(self) -> None:
        if self._idle is not None:
            self._idle.cancel()

    def _end_idle(self) -> None:
        if not self._turn.acquire(blocking=False):
            return  # a question came
        try:
            worker, self._worker = self._worker, None
            if worker is not None:
                worker.end()
        finally:
            self._turn.release()
