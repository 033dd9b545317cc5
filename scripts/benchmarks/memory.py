"""Memory of processes while something runs."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress

import psutil


@contextmanager
def largest_memory(
    processes: Mapping[str, psutil.Process], poll_seconds: float
) -> Iterator[dict[str, int]]:
    """Give the largest memory of each process until the block ends, in bytes.

    Parameters
    ----------
    processes : mapping of str to psutil.Process
        Each without its children; one that ends keeps what it had.
    poll_seconds : float
        Between two readings.
    """
    largest, is_over = dict.fromkeys(processes, 0), threading.Event()

    def watch() -> None:
        while not is_over.wait(poll_seconds):
            for name, one in processes.items():
                with suppress(psutil.NoSuchProcess):
                    largest[name] = max(largest[name], one.memory_info().rss)

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield largest
    finally:
        is_over.set()
        thread.join()
