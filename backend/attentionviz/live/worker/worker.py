"""The request loop of the model process, until its pipe is closed."""

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
from attentionviz.live.pipe import NEVER, Pipe, PipeClosedError
from attentionviz.live.worker.limits import limit_process
from attentionviz.live.worker_settings import WorkerSettings

MAX_QUESTION_BYTES = 64 * 2**20
NO_MODELS = (ModelNotAvailableError, UnsupportedModelError)


def main(settings: str) -> None:
    """Serve requests until the server closes the pipe.

    Parameters
    ----------
    settings : str
        `WorkerSettings` as JSON.
    """
    chosen = WorkerSettings.from_json(settings)
    pipe = _pipe_to_server()
    limit_process(chosen.memory_mb)
    try:
        _answer_all(pipe, chosen)
    except PipeClosedError:
        sys.exit(0)


def _pipe_to_server() -> Pipe:
    """Reserve file descriptors 0 and 1 for frames, and end this process when they are closed."""
    read_end, write_end = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDWR)
    # Output of libraries must not get between the frames.
    os.dup2(nothing, 0)
    os.dup2(nothing, 1)
    os.close(nothing)

    def watch() -> None:
        """Exit as soon as the server closes its end of the pipe or dies."""
        poll = select.poll()
        poll.register(read_end, 0)  # hangup only
        poll.poll()
        os._exit(0)

    threading.Thread(target=watch, name="end with server", daemon=True).start()
    return Pipe(write_end, read_end, MAX_QUESTION_BYTES)


def _answer_all(pipe: Pipe, settings: WorkerSettings) -> None:
    session = None
    while True:
        question, body = pipe.receive(NEVER)
        try:
            if session is None:
                session = _make_session(settings)
            answer = session.answer(
                question, body, lambda: pipe.send({"status": "loading"}, b"", NEVER)
            )
        # A model or decoder may raise anything; the error is reported and the loop continues.
        except Exception as error:
            pipe.send({"error": _described(error, settings)}, b"", NEVER)
        else:
            pipe.send({"status": "answer"}, answer, NEVER)
            del answer
        del question, body  # visitors' input is kept no longer than needed
        while pipe.is_silent() and session is not None and session.prepare_ahead():
            continue


def _make_session(settings: WorkerSettings) -> Any:
    try:
        from attentionviz.live.worker.session import Session  # torch: seconds
    except ImportError as error:
        raise ModelNotAvailableError(
            f"the packages that run models are not installed ({error.name}): "
            "pip install torch transformers"
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
    # The message may quote the text; the location of the error is enough.
    last = traceback.extract_tb(error.__traceback__)[-1]
    place = f"{Path(last.filename).name}:{last.lineno}"
    return {"code": "internal_error", "message": f"{type(error).__name__} in {place}"}
