"""A publication that is interleaved with a reader's steps, in a seeded order."""

import json
import os
import random
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.support.fake_dataset import FakeSpec, write_fake_building, write_fake_dataset

from attentionviz.pipeline.publish import publish
from attentionviz.store.file_table import read_file_table
from attentionviz.store.journal import Journal

CHANGES = ("rename", "replace", "rmdir", "unlink")
LOOKS = ("listdir", "lstat", "open", "stat")
TIMEOUT_SECONDS = 60


def write_finished_build(data_dir: Path, spec: FakeSpec) -> Path:
    """Write a staging folder with everything except its manifest; return it."""
    finished = write_fake_dataset(data_dir / "elsewhere", spec)
    n_units = len(spec.head_ids) * len(spec.maps)
    folder = write_fake_building(data_dir, spec, n_units_done=n_units)
    manifest = json.loads((finished / "manifest.json").read_bytes())
    with (folder / "journal.jsonl").open("a", encoding="utf-8") as journal:
        files = read_file_table(finished, manifest)
        del manifest["files"]
        for name, record in files.items():
            if not (folder / name).exists():
                (folder / name).parent.mkdir(exist_ok=True)
                shutil.copy(finished / name, folder / name)
                journal.write(json.dumps({"path": name, **record.facts()}) + "\n")
    (data_dir / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    shutil.rmtree(data_dir / "elsewhere")
    return folder


def publish_build(data_dir: Path) -> Path:
    """Publish what `write_finished_build` wrote, as a build does at its end."""
    folder = next((data_dir / ".staging").iterdir())
    manifest = json.loads((data_dir / "manifest.json").read_bytes())
    return publish(folder, data_dir, manifest, Journal(folder))


class SteppedPublication:
    """Runs `publish_build` in a thread that waits before every change of a file or folder.

    Parameters
    ----------
    data_dir : Path
    seed : int
        Decides after which looks of the reader how many steps are taken.
    """

    def __init__(self, data_dir: Path, seed: int) -> None:
        self._random = random.Random(seed)  # noqa: S311 - no secret
        self._pace = self._random.choice((0.02, 0.1, 0.4))
        self._may_step, self._has_stepped = threading.Semaphore(0), threading.Semaphore(0)
        self._thread = threading.Thread(target=self._run, args=(data_dir,), daemon=True)
        self.is_over = False
        self.error: BaseException | None = None

    def _run(self, data_dir: Path) -> None:
        self._may_step.acquire()
        try:
            publish_build(data_dir)
        except BaseException as error:
            self.error = error
        self.is_over = True
        self._has_stepped.release()

    def step(self) -> None:
        """Let the publication make its next change, and wait until it is before another one."""
        if not self.is_over:
            self._may_step.release()
            assert self._has_stepped.acquire(timeout=TIMEOUT_SECONDS)

    @contextmanager
    def between_looks(self) -> Iterator["SteppedPublication"]:
        """Have it go on by some steps whenever this thread looks at the disk."""
        kept = {name: getattr(os, name) for name in (*CHANGES, *LOOKS)}
        try:
            for name in CHANGES:
                setattr(os, name, self._after(kept[name], self._wait))
            for name in LOOKS:
                setattr(os, name, self._after(kept[name], self._advance))
            self._thread.start()
            yield self
            while not self.is_over:
                self.step()
        finally:
            for name, function in kept.items():
                setattr(os, name, function)
            self._thread.join(TIMEOUT_SECONDS)

    def _after(
        self, function: Callable[..., Any], before: Callable[[], None]
    ) -> Callable[..., Any]:
        def wrapped(*arguments: Any, **options: Any) -> Any:
            before()
            return function(*arguments, **options)

        return wrapped

    def _wait(self) -> None:
        if threading.current_thread() is self._thread:
            self._has_stepped.release()
            self._may_step.acquire()

    def _advance(self) -> None:
        if threading.current_thread() is threading.main_thread():
            while self._random.random() < self._pace:
                self.step()
                if self.is_over:
                    return
