"""The loop of the worker: a question comes, an answer goes, until the pipe is closed."""

import os
import select
import sys
import threading
import traceback
from pathlib import Path
from typing import Any

from attentionviz.errors import (
    AppError,
    CorpusError,
    ModelNotAvailableError,
    OutOfMemoryError,
    UnsupportedModelError,
)
from attentionviz.live.wire_format import PREFIX, frame_header, frame_lengths, frame_prefix
from attentionviz.live.worker.limits import limit_process
from attentionviz.live.worker_settings import WorkerSettings

MAX_QUESTION_BYTES = 64 * 2**20
NO_MODELS = (ModelNotAvailableError, UnsupportedModelError)


class Channel:
    """The pipes to the server: file descriptors 0 and 1, taken away from everybody else."""

    def __init__(self) -> None:
        self._from_server, self._to_server = os.dup(0), os.dup(1)
        nothing = os.open(os.devnull, os.O_RDWR)
        # What a library prints must not get between the frames.
        os.dup2(nothing, 0)
        os.dup2(nothing, 1)
        os.close(nothing)

    def end_with_server(self) -> None:
        """End this process, whatever it does, once the server closed its end or died."""

        def watch() -> None:
            poll = select.poll()
            poll.register(self._from_server, 0)  # only the end of the pipe
            poll.poll()
            os._exit(0)

        threading.Thread(target=watch, name="end with server", daemon=True).start()

    def receive(self) -> tuple[dict[str, Any], bytes]:
        """Return the next question; waits for it, and ends the process when none can come."""
        n_header, n_body = frame_lengths(self._read(PREFIX.size), MAX_QUESTION_BYTES)
        return frame_header(self._read(n_header)), self._read(n_body)

    def has_question(self) -> bool:
        """Return whether a question waits."""
        return bool(select.select([self._from_server], [], [], 0)[0])

    def send(self, header: dict[str, Any], body: bytes = b"") -> None:
        """Write one frame."""
        for part in (frame_prefix(header, body), body):
            rest = memoryview(part)
            while rest:
                rest = rest[os.write(self._to_server, rest) :]

    def _read(self, n_bytes: int) -> bytes:
        found = bytearray()
        while len(found) < n_bytes:
            part = os.read(self._from_server, n_bytes - len(found))
            if not part:
                sys.exit(0)
            found += part
        return bytes(found)


def main(settings: str) -> None:
    """Answer questions until the server closes the pipe.

    Parameters
    ----------
    settings : str
        `WorkerSettings` as JSON.
    """
    chosen = WorkerSettings.from_json(settings)
    channel = Channel()
    channel.end_with_server()
    limit_process(chosen.memory_mb)
    session = None
    while True:
        question, body = channel.receive()
        try:
            if session is None:
                session = _make_session(chosen)
            answer = session.answer(question, body, lambda: channel.send({"status": "loading"}))
        # Anything may go wrong inside of a model or a decoder; the server is told, and it goes on.
        except Exception as error:
            channel.send({"error": _described(error, chosen)})
        else:
            channel.send({"status": "answer"}, answer)
            del answer
        del question, body  # nothing of it is kept longer than it takes
        while not channel.has_question() and session is not None and session.prepare_ahead():
            continue


def _make_session(settings: WorkerSettings) -> Any:
    try:
        from attentionviz.live.worker.session import Session  # torch: seconds
    except ImportError as error:
        raise ModelNotAvailableError(
            f"what runs models is not installed here ({error.name}); install requirements.txt"
        ) from error
    return Session(settings)


def _described(error: Exception, settings: WorkerSettings) -> dict[str, str]:
    if isinstance(error, NO_MODELS):
        return {"code": "live_unavailable", "message": str(error)}
    if isinstance(error, CorpusError):  # a text without tokens
        return {"code": "text_invalid", "message": str(error)}
    if isinstance(error, MemoryError | OutOfMemoryError) or "allocate memory" in str(error):
        message = f"this needs more than live_memory_mb, which is {settings.memory_mb}"
        return {"code": "live_unavailable", "message": message}
    if isinstance(error, AppError):
        return {"code": error.code, "message": str(error)}
    # Its message may quote the text; where it happened says enough.
    last = traceback.extract_tb(error.__traceback__)[-1]
    place = f"{Path(last.filename).name}:{last.lineno}"
    return {"code": "internal_error", "message": f"{type(error).__name__} in {place}"}
