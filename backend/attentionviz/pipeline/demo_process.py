"""The process that builds the embedded datasets while another one serves them."""

import os
import subprocess
import threading
from collections.abc import Callable
from contextlib import suppress

from attentionviz.pipeline.demo import Demo

POLL_SECONDS = 0.5
# The page should answer at once while its maps are drawn on the same cores.
NICENESS = 5
STOP_SECONDS = 10


class DemoProcess:
    """Builds in a child process; the terminal stays shared, so its progress is seen.

    Parameters
    ----------
    demo : Demo
    command : list of str
        Builds them; this project's own command.
    on_first_maps : callable
        Called once, from another thread, as soon as there is something to look at.
    on_failure : callable
        Called likewise with a sentence when the builder ended with an error.
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
        # The command is made by the package, of none of a user's words.
        self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL)  # noqa: S603
        with suppress(OSError):  # it may have ended by now
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
                "the demo datasets are not all built (see above); what is there is served"
            )
        elif not is_shown and not self._is_stopping.is_set():
            self._on_first_maps()

    def stop(self) -> None:
        """End the builder, if it runs; its work is taken up by the next demo."""
        self._is_stopping.set()
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        self._thread.join()
