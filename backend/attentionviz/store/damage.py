"""Damage found while datasets were read, so that they are not shown again."""

from pathlib import Path
from threading import Lock

from attentionviz.store.safe_files import StatKey, file_key

MAX_NOTES = 1000


class DamageNotes:
    """Record of damaged files; the entry of a file lapses when the file changes."""

    def __init__(self) -> None:
        self._notes: dict[tuple[Path, str], tuple[StatKey | None, str]] = {}
        self._lock = Lock()

    def note(self, folder: Path, name: str, key: StatKey | None, reason: str) -> None:
        """Remember that a file, in the state that `key` identifies, is damaged."""
        with self._lock:
            if len(self._notes) < MAX_NOTES:
                self._notes[(folder, name)] = (key, reason)

    def present(self, folder: Path) -> str | None:
        """Return why the dataset in this folder must not be served, or None."""
        with self._lock:
            for (noted, name), (key, reason) in list(self._notes.items()):
                if noted != folder:
                    continue
                if file_key(folder / name) == key:
                    return reason
                del self._notes[(folder, name)]
        return None
