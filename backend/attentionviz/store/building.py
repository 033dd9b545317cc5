"""Reader of a dataset in progress: serves the files finished so far."""

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from attentionviz.core.heads import by_layer, heads_of
from attentionviz.core.types import HeadId, MapName
from attentionviz.errors import DamagedDatasetError, NotReadyError
from attentionviz.store import layout
from attentionviz.store.checked_files import OpenArray
from attentionviz.store.columns import parse_json
from attentionviz.store.dataset import Array, DatasetReader, State
from attentionviz.store.grid import grid_points, pack_points
from attentionviz.store.head_facts import HeadColumns, add_later_measures
from attentionviz.store.lock import is_locked
from attentionviz.store.safe_files import StatKey, read_regular
from attentionviz.store.schema import canonical_json

MAX_PROGRESS_BYTES = 64 * 1024
MAX_MESSAGE, MAX_HOST = 1000, 100
# Twelve heartbeat intervals: a busy machine or a slow disk delays heartbeats.
HEARTBEAT_TIMEOUT_SECONDS = 60.0
# Phases of a build that has ended without success; also the states of its dataset.
FAILED, STOPPED = "failed", "stopped"
KILLED = {
    "phase": STOPPED,
    "message": "the build process ended; run the same command again to resume",
    "remaining_seconds": None,
}

DONE = {
    "phase": "done",
    "message": "",
    "n_units_done": 0,
    "n_units": 0,
    "remaining_seconds": None,
    "heartbeat_utc": "",
    "cluster": None,
}


def read_progress(folder: Path) -> dict[str, Any] | None:
    """Return the progress of a build; None if its progress file is missing or malformed.

    Parameters
    ----------
    folder : Path
        Staging folder of the build.

    Returns
    -------
    dict or None
        Known keys only, each of its expected type. The phase is "failed" or "stopped" once the
        builder has ended.
    """
    try:
        content = read_regular(folder, layout.PROGRESS, MAX_PROGRESS_BYTES)
        stored = parse_json(content, layout.PROGRESS)
    except DamagedDatasetError:
        return None
    if not isinstance(stored, dict):
        return None
    texts = {key: str(stored.get(key, ""))[:MAX_MESSAGE] for key in ("phase", "message")}
    counts = {key: _count(stored.get(key)) for key in ("n_units_done", "n_units")}
    heartbeat = str(stored.get("heartbeat_utc", ""))[:40]
    progress = {
        **texts,
        **counts,
        "remaining_seconds": _seconds(stored.get("remaining_seconds")),
        "heartbeat_utc": heartbeat,
        "cluster": _cluster(stored.get("cluster")),
    }
    if progress["phase"] not in (FAILED, STOPPED) and _has_builder_ended(folder, heartbeat):
        progress |= KILLED
    return progress


def build_state(folder: Path, progress: dict[str, Any] | None) -> State:
    """Return "building", or "failed" or "stopped" if the builder has ended.

    Parameters
    ----------
    folder : Path
    progress : dict or None
        As `read_progress` returns it.
    """
    if progress is None:  # not written yet, or removed before publication
        return "stopped" if _has_builder_ended(folder, "") else "building"
    states: dict[str, State] = {FAILED: "failed", STOPPED: "stopped"}
    return states.get(progress["phase"], "building")


def _has_builder_ended(folder: Path, heartbeat: str) -> bool:
    """Return whether a builder has ended: by its lock, or on another machine by its heartbeat."""
    parsed = layout.parse_staging_name(folder.name)
    locked = is_locked(folder.parents[1], parsed[0]) if parsed else None
    return _is_heartbeat_overdue(heartbeat) if locked is None else not locked


def _is_heartbeat_overdue(heartbeat: str) -> bool:
    """Return whether the last heartbeat is older than `HEARTBEAT_TIMEOUT_SECONDS`."""
    try:
        last = datetime.fromisoformat(heartbeat)
    except ValueError:
        return False
    now = datetime.now(last.tzinfo)
    return (now - last).total_seconds() > HEARTBEAT_TIMEOUT_SECONDS


def building_version(progress: dict[str, Any] | None) -> str:
    """Return ``building-<n>``, where n is the number of finished units."""
    return f"building-{progress['n_units_done'] if progress else 0}"


def _count(value: object) -> int:
    return value if type(value) is int and 0 <= value < 2**53 else 0


def _cluster(value: object) -> dict[str, Any] | None:
    """Return number of workers, names of hosts and dashboard of a cluster."""
    if not isinstance(value, dict):
        return None
    hosts = value.get("hosts")
    return {
        "n_workers": _count(value.get("n_workers")),
        "hosts": [str(name)[:MAX_HOST] for name in hosts] if isinstance(hosts, list) else [],
        "dashboard": _web_address(value.get("dashboard")),
    }


def _web_address(value: object) -> str | None:
    """Return an address that a page may link to."""
    is_address = isinstance(value, str) and re.fullmatch(r"https?://[\x21-\x7e]{1,200}", value)
    return str(value) if is_address else None


def _seconds(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and 0 <= value < 1e9 else None


class StagedReader(DatasetReader):
    """Reads a staging folder whose dataset is complete and about to be published.

    Attributes
    ----------
    reopen : callable
        Returns a new reader of the dataset at its current location. Publishing moves the folder
        while requests are served; files are then read from the new location.
    """

    state: State = "building"
    missing_error = NotReadyError
    reopen: Callable[[], DatasetReader]

    def read(self, name: str, start: int = 0, stop: int | None = None) -> bytes:
        """Return the bytes start..stop of a file that is not an array; all by default."""
        try:
            return super().read(name, start, stop)
        except NotReadyError as error:
            return self._reopened(name, error).read(name, start, stop)

    @contextmanager
    def open_array(self, name: str) -> Iterator[OpenArray]:
        """Open an array file for the duration of a ``with`` block."""
        with ExitStack() as stack:
            try:
                array = stack.enter_context(super().open_array(name))
            except NotReadyError as error:
                array = stack.enter_context(self._reopened(name, error).open_array(name))
            yield array

    @contextmanager
    def record_damage(self, name: str) -> Iterator[None]:
        """Raise NotReadyError instead: the build may rewrite or move files at any time."""
        try:
            yield
        except DamagedDatasetError as error:
            raise NotReadyError(f"{self.dataset_id}: {error}") from error

    def _reopened(self, name: str, error: NotReadyError) -> DatasetReader:
        """Return a reader of the same build at its new location; raise `error` if there is none."""
        reader = self.reopen()
        is_same_build = reader.manifest["build_key"] == self.manifest["build_key"]
        has_moved = (type(reader), reader.files.folder) != (type(self), self.files.folder)
        if not has_moved or not is_same_build or name not in reader.files:
            raise error
        return reader


class BuildingReader(StagedReader):
    """Reads a staging folder; serves only the files that its journal lists."""

    journal_key: StatKey | None = None

    def ready(self, name: MapName) -> Array:
        """Return which heads have this map so far, bool (n_layers, n_heads)."""
        heads = heads_of(self.manifest)
        is_ready = [layout.map_path(head, name) in self.files for head in heads]
        return by_layer(self.manifest, is_ready)

    def grid(self, name: MapName) -> tuple[Array, Array]:
        """Return the grid sample; zeros for the heads that are not ready."""
        self.require_map(name)
        ready = self.ready(name)
        tokens = self.grid_tokens()
        spec = layout.grid_spec(self.manifest, name)
        if spec.shape[2] != 2 * len(tokens):
            raise NotReadyError(f"{self.dataset_id}: the grid sample is not written yet")
        points = np.zeros(spec.shape, dtype=spec.dtype)
        rows = grid_points(tokens, self.n_tokens)
        for layer, head in np.argwhere(ready):
            sample = self._sample(name, HeadId(int(layer), int(head)), rows)
            ready[layer, head] = sample is not None
            if sample is not None:
                points[layer, head] = sample
        return points, ready

    def grid_fingerprint(self, name: MapName) -> str:
        """Return a fingerprint that changes when `grid` does."""
        self.require_map(name)
        paths = [
            layout.map_path(HeadId(*map(int, at)), name) for at in np.argwhere(self.ready(name))
        ]
        spec = layout.grid_spec(self.manifest, name)
        return self.fingerprint("grid", name, spec, *paths, files=(layout.GRID_TOKENS, *paths))

    def head_columns(self) -> HeadColumns:
        """Return the numbers of all heads that are known so far."""
        heads = [self._head_facts(head) for head in heads_of(self.manifest)]
        reader = self.reopen()
        if not isinstance(reader, BuildingReader):  # publishing may have removed the facts files
            return reader.head_columns()
        return HeadColumns.of(self.manifest, heads)

    def head(self, head: HeadId) -> dict[str, Any]:
        """Return what is known of one head so far."""
        self.require_head(head)
        facts = self._head_facts(head)
        reader = self.reopen()
        return facts if isinstance(reader, BuildingReader) else reader.head(head)

    def heads_fingerprint(self) -> str:
        """Return a fingerprint that changes when `head_columns` or `head` does."""
        names = sorted(name for name in self.files.records if self._is_head_facts(name))
        return self.fingerprint("heads", *names, files=tuple(names))

    def _sample(self, name: MapName, head: HeadId, rows: Array) -> Array | None:
        path = layout.map_path(head, name)
        key = ("grid", self.files.sha256(path), self.files.sha256(layout.GRID_TOKENS))
        sample: Array | None = self.cache.get(key)
        if sample is None:
            try:
                coordinates = self.array(path)
            except NotReadyError:  # replaced since the journal was read
                return None
            sample = pack_points(coordinates[rows])  # (point, 2) or (point,)
            self.cache.put(key, sample, sample.nbytes)
        return sample

    def _head_facts(self, head: HeadId) -> dict[str, Any]:
        facts: dict[str, Any] = {
            "layer": head.layer,
            "head": head.head,
            "alignment_scale": None,
            "vector_rank_correlation": None,
            "maps": {},
            "scores": {},
            "profile": None,
        }
        for text in self.manifest["maps"]:
            map_facts = self._facts(layout.map_facts_path(head, MapName.parse(text)))
            for key in ("alignment_scale", "vector_rank_correlation"):
                facts[key] = map_facts.pop(key, None) if facts[key] is None else facts[key]
                map_facts.pop(key, None)
            if map_facts:
                facts["maps"][text] = map_facts
        add_later_measures(facts)
        scores = self._facts(layout.scores_path(head))
        return facts | {key: scores.get(key, facts[key]) for key in ("scores", "profile")}

    def _facts(self, path: str) -> dict[str, Any]:
        if path not in self.files:
            return {}
        key = ("head facts", self.files.sha256(path))
        content: bytes | None = self.cache.get(key)
        if content is None:
            try:
                content = self.read(path)
            except NotReadyError:  # replaced since the journal was read
                return {}
            self.cache.put(key, content, len(content))
        try:
            facts = parse_json(content, path)
            canonical_json(facts)  # refuses infinity, which JSON can spell as 1e999
        except (DamagedDatasetError, ValueError):
            return {}
        return facts if isinstance(facts, dict) else {}

    def _is_head_facts(self, name: str) -> bool:
        return name.endswith(".json") and "/" in name
