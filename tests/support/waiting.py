"""Polling for a state of another thread, process or page."""

import time
from collections.abc import Callable
from typing import Any

# Long, since the machine may be busy with other work.
TIMEOUT_SECONDS = 120.0


def wait_until(condition: Callable[[], Any], message: str, seconds: float = TIMEOUT_SECONDS) -> Any:
    """Return the first true answer; fail after a while."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := condition():
            return found
        time.sleep(0.05)
    raise AssertionError(f"{message}: did not come true in {seconds} s")
