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
Say = Callable[[str], None]

HEARTBEAT_SECONDS = 5.0
# A page that asks twice a second misses nothing.
MIN_SECONDS_BETWEEN_WRITES = 0.25


class RemainingTime:
    """Estimate of the time that the unfinished maps will take, from those that are finished.

    Parameters
    ----------
    n_left : mapping of map name to int
        Maps of each name that are still to be made.
    n_workers : int
    """

    def __init__(self, n_left: Mapping[str, int], n_workers: int) -> None:
        self._n_left = Counter(dict(n_left))
        self._n_workers = n_workers
        self._seconds: dict[str, list[float]] = defaultdict(list)

    def finished(self, name: str, seconds: float) -> None:
        """Count one finished map and the seconds that it took one worker."""
        self._n_left[name] -= 1
        self._seconds[name].append(seconds)

    def n_left(self, name: str) -> int:
        """Return how many maps of a name are unfinished."""
        return self._n_left[name]

    def mean_seconds(self, name: str) -> float:
        """Return the mean seconds of the finished maps of a name; 0 where there is none."""
        times = self._seconds.get(name, [])
        return sum(times) / len(times) if times else 0.0

    def seconds(self) -> float | None:
        """Return the remaining seconds, or None before any map was finished."""
        if not self._seconds:
            return None
        spent = sum(sum(times) for times in self._seconds.values())
        weight = sum(_cost(name) * len(times) for name, times in self._seconds.items())
        total = 0.0
        for name, n in self._n_left.items():
            times = self._seconds.get(name)
            each = sum(times) / len(times) if times else _cost(name) * spent / weight
            total += n * each
        return total / self._n_workers


def _cost(name: str) -> float:
    return METHOD_FACTS[name.rpartition("-")[0]].relative_cost


def duration_words(seconds: float) -> str:
    """Return a duration such as ``45 s``, ``3 min 20 s`` or ``2 h 5 min``."""
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def _end(error: BaseException) -> tuple[str, str]:
    """Return phase and words of a build that an error ended: the same command may meet it again."""
    if isinstance(error, AppError):
        return FAILED, readable(str(error))
    if isinstance(error, MemoryError):
        return FAILED, "it needed more memory than there was; close other programs, or take less"
    if isinstance(error, Exception):
        return FAILED, readable(f"unexpected error, {type(error).__name__}: {error}")
    return STOPPED, "it was stopped; the same command goes on where it was"


class Progress:
    """The progress of one build; a file, a heartbeat that shows the builder lives, and words.

    Parameters
    ----------
    folder : Path
        Of the build; ``progress.json`` lies in it.
    say : callable
        Gets one sentence at a time for the terminal.
    """

    def __init__(self, folder: Path, say: Say) -> None:
        self._path = folder / layout.PROGRESS
        self._say = say
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
        self._thread = threading.Thread(target=self._beat, name="heartbeat", daemon=True)

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
            phase, message = _end(error)
            self._state |= {"phase": phase, "message": message, "remaining_seconds": None}
            if not self._write():
                self._overwrite()

    def _is_finished(self) -> bool:
        """Say whether the folder is a finished dataset by now, or gone: it gets no more files."""
        folder = self._path.parent
        has_manifest = (folder / layout.MANIFEST).exists()
        return not folder.is_dir() or (has_manifest and not (folder / layout.JOURNAL).exists())

    def close(self) -> None:
        """End the heartbeat; nothing is written afterwards."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()

    def announce(self, phase: Phase, message: str) -> None:
        """Begin something that takes a while: said in the terminal and written."""
        self._say(message)
        with self._lock:
            self._state |= {"phase": phase, "message": message, "remaining_seconds": None}
            self._write()

    def update(self, **state: Any) -> None:
        """Change the written state: message, n_units_done, n_units, remaining_seconds."""
        with self._lock:
            self._state |= state
            if time.monotonic() - self._written >= MIN_SECONDS_BETWEEN_WRITES:
                self._write()

    def say(self, message: str) -> None:
        """Say one sentence in the terminal."""
        self._say(message)

    def _beat(self) -> None:
        while not self._stop.wait(HEARTBEAT_SECONDS):
            with self._lock:
                self._write()

    def _write(self) -> bool:
        try:
            replace_atomically(self._path, self._content())
        except BuildError:
            return False  # a full disk stops the build itself, at a file that matters
        self._written = time.monotonic()
        return True

    def _overwrite(self) -> None:
        """Write into the room that the file has: a full disk must not hide that it is full."""
        with suppress(OSError), self._path.open("r+b") as file:
            file.write(self._content())
            file.truncate()

    def _content(self) -> bytes:
        now = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
        return canonical_json({**self._state, "heartbeat_utc": now})
