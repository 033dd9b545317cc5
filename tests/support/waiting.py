"""Waiting for what another thread, process or page is about to do."""

import time
from collections.abc import Callable
from typing import Any

# A machine that does other work at the same time is slow, not wrong.
PATIENCE_SECONDS = 120.0


def wait_until(is_so: Callable[[], Any], words: str, seconds: float = PATIENCE_SECONDS) -> Any:
    """Return the first true answer; fail after a while."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := is_so():
            return found
        time.sleep(0.05)
    raise AssertionError(f"{words}: did not come true in {seconds} s")
