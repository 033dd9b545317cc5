"""Medians of seconds; one place for how time is taken."""

import statistics
import time
from collections.abc import Callable


def median_seconds(
    call: Callable[[], object], repeats: int, clock: Callable[[], float] = time.perf_counter
) -> float:
    """Return the median of `repeats` timed calls, in seconds of `clock`."""
    spent = []
    for _ in range(repeats):
        start = clock()
        call()
        spent.append(clock() - start)
    return statistics.median(spent)


def cpu_seconds(call: Callable[[], object], repeats: int) -> float:
    """Return the median CPU seconds of a call, all threads of this process together."""
    return median_seconds(call, repeats, time.process_time)
