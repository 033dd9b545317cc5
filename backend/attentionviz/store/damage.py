"""Log of damaged files found while reading, so that their datasets are not served again."""

from pathlib import Path
from threading import Lock

from attentionviz.store.safe_files import StatKey, file_key

MAX_DAMAGED_FILES = 1000


class DamageLog:
    """Damaged files of all datasets; an entry is dropped once its file changes. Thread-safe."""

    def __init__(self) -> None:
        self._entries: dict[tuple[Path, str], tuple[StatKey | None, str]] = {}
        self._lock = Lock()

    def add(self, folder: Path, name: str, key: StatKey | None, reason: str) -> None:
        """Record that a file is damaged in the state that `key` identifies."""
        with self._lock:
            if len(self._entries) < MAX_DAMAGED_FILES:
                self._entries[(folder, name)] = (key, reason)

    def reason(self, folder: Path) -> str | None:
        """Return why the dataset in this folder must not be served, or None."""
        with self._lock:
            for (damaged_folder, name), (key, reason) in list(self._entries.items()):
                if damaged_folder != folder:
                    continue
                if file_key(folder / name) == key:
                    return reason
                del self._entries[(folder, name)]
        return None
