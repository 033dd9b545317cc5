"""Child process that builds the demo datasets while the parent serves them."""

import os
import subprocess
import threading
from collections.abc import Callable
from contextlib import suppress

from attentionviz.pipeline.demo import Demo

POLL_SECONDS = 0.5
# The server must stay responsive while maps are computed on the same cores.
NICENESS = 5
STOP_SECONDS = 10


class DemoProcess:
    """Runs the build in a child process that shares the terminal, so that its progress shows.

    Parameters
    ----------
    demo : Demo
    command : list of str
        Command line of the build.
    on_first_maps : callable
        Called once, from another thread, when the first map is finished.
    on_failure : callable
        Called with a message, from another thread, if the build fails.
    """

    def __init__(
        self,
        demo: Demo,
        command: list[str],
        on_first_maps: Callable[[], None],
        on_failure: Callable[[str], None],
    ) -> None:
        self._demo = demo
        self._on_first_maps = on_first_maps
        self._on_failure = on_failure
        self._is_stopping = threading.Event()
        # The command contains no user input.
        self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL)  # noqa: S603
        with suppress(OSError):  # it may already have ended
            os.setpriority(os.PRIO_PROCESS, self._process.pid, NICENESS)
        self._thread = threading.Thread(target=self._watch, name="demo builder", daemon=True)
        self._thread.start()

    def _watch(self) -> None:
        is_shown = False
        while self._process.poll() is None and not self._is_stopping.wait(POLL_SECONDS):
            if not is_shown and self._demo.has_first_maps():
                is_shown = True
                self._on_first_maps()
        if self._process.poll() and not self._is_stopping.is_set():
            self._on_failure(
                "not all demo datasets could be built (see above); the finished ones are served"
            )
        elif not is_shown and not self._is_stopping.is_set():
            self._on_first_maps()

    def stop(self) -> None:
        """Stop the build if it is running; the next demo resumes it."""
        self._is_stopping.set()
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        self._thread.join()
