"""Progress of a build, in the terminal and in a file that the server reads."""

import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Literal

from attentionviz.core.file_names import readable
from attentionviz.core.methods import METHOD_FACTS
from attentionviz.errors import AppError, BuildError
from attentionviz.store import layout
from attentionviz.store.building import FAILED, STOPPED
from attentionviz.store.schema import canonical_json
from attentionviz.store.writer import replace_atomically

Phase = Literal["capture", "maps", "publish"]
Log = Callable[[str], None]

HEARTBEAT_SECONDS = 5.0
# The page polls twice a second.
MIN_SECONDS_BETWEEN_WRITES = 0.25


class RemainingTime:
    """Estimate of the remaining time from the maps finished so far.

    Parameters
    ----------
    n_left : mapping of map name to int
        Number of unfinished maps of each name.
    """

    def __init__(self, n_left: Mapping[str, int]) -> None:
        self._n_left = Counter(dict(n_left))
        self._seconds: dict[str, list[float]] = defaultdict(list)

    def finished(self, name: str, seconds: float) -> None:
        """Record a finished map and the seconds that it took one worker."""
        self._n_left[name] -= 1
        self._seconds[name].append(seconds)

    def n_left(self, name: str) -> int:
        """Return the number of unfinished maps of a name."""
        return self._n_left[name]

    def mean_seconds(self, name: str) -> float:
        """Return the mean seconds of the finished maps of a name; 0 if there are none."""
        times = self._seconds.get(name, [])
        return sum(times) / len(times) if times else 0.0

    def seconds(self, n_workers: Callable[[str], int]) -> float | None:
        """Return the remaining seconds, or None before the first map is finished.

        Parameters
        ----------
        n_workers : callable
            Returns how many maps of a name are computed at the same time.
        """
        if not self._seconds:
            return None
        spent = sum(sum(times) for times in self._seconds.values())
        weight = sum(_cost(name) * len(times) for name, times in self._seconds.items())
        total = 0.0
        for name, n in self._n_left.items():
            times = self._seconds.get(name)
            each = sum(times) / len(times) if times else _cost(name) * spent / weight
            total += n * each / n_workers(name)
        return total


def _cost(name: str) -> float:
    return METHOD_FACTS[name.rpartition("-")[0]].relative_cost


def format_duration(seconds: float) -> str:
    """Return a duration such as ``45 s``, ``3 min 20 s`` or ``2 h 5 min``."""
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def _final_state(error: BaseException) -> tuple[str, str]:
    """Return phase and message of a build that ended with an exception."""
    if isinstance(error, AppError):
        return FAILED, readable(str(error))
    if isinstance(error, MemoryError):
        return FAILED, (
            "not enough memory; close other programs, or use fewer --workers or --max-tokens"
        )
    if isinstance(error, Exception):
        return FAILED, readable(f"unexpected error, {type(error).__name__}: {error}")
    return STOPPED, "it was stopped; run the same command again to resume"


class Progress:
    """The progress of one build: ``progress.json``, its heartbeat, and messages in the terminal.

    Parameters
    ----------
    folder : Path
        Of the build; ``progress.json`` is written to it.
    log : callable
        Called with one-sentence messages for the terminal.
    cluster : callable
        As `Engine.cluster`; called at every writing of the file.
    """

    def __init__(
        self, folder: Path, log: Log, cluster: Callable[[], dict[str, Any] | None] = lambda: None
    ) -> None:
        self._path = folder / layout.PROGRESS
        self._log = log
        self._cluster = cluster
        self._state: dict[str, Any] = {
            "phase": "capture",
            "message": "starting",
            "n_units_done": 0,
            "n_units": 0,
            "remaining_seconds": None,
        }
        self._lock = threading.Lock()
        self._written = 0.0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._send_heartbeats, name="heartbeat", daemon=True)

    def __enter__(self) -> "Progress":
        self._write()
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
        if error is not None and not self._is_finished():
            phase, message = _final_state(error)
            self._state |= {"phase": phase, "message": message, "remaining_seconds": None}
            if not self._write():
                self._overwrite()

    def _is_finished(self) -> bool:
        """Return whether the folder is a finished dataset or was moved: no file may be added."""
        folder = self._path.parent
        has_manifest = (folder / layout.MANIFEST).exists()
        return not folder.is_dir() or (has_manifest and not (folder / layout.JOURNAL).exists())

    def close(self) -> None:
        """Stop the heartbeat; nothing is written afterwards."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()

    def announce(self, phase: Phase, message: str) -> None:
        """Begin a step: log its message and write it to the file."""
        self._log(message)
        with self._lock:
            self._state |= {"phase": phase, "message": message, "remaining_seconds": None}
            self._write()

    def update(self, **state: Any) -> None:
        """Update entries of the file, such as message and n_units_done."""
        with self._lock:
            self._state |= state
            if time.monotonic() - self._written >= MIN_SECONDS_BETWEEN_WRITES:
                self._write()

    def log(self, message: str) -> None:
        """Log a message to the terminal only."""
        self._log(message)

    def _send_heartbeats(self) -> None:
        while not self._stop.wait(HEARTBEAT_SECONDS):
            with self._lock:
                self._write()

    def _write(self) -> bool:
        try:
            replace_atomically(self._path, self._content())
        except BuildError:
            return False  # a full disk also stops the build, at the next file of the dataset
        self._written = time.monotonic()
        return True

    def _overwrite(self) -> None:
        """Overwrite the file in place, which works on a full disk."""
        with suppress(OSError), self._path.open("r+b") as file:
            file.write(self._content())
            file.truncate()

    def _content(self) -> bytes:
        now = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
        return canonical_json({**self._state, "cluster": self._cluster(), "heartbeat_utc": now})
