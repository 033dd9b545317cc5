"""Units of work that take as long as a test wants, for workers of a cluster."""

import logging
import os
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

from attentionviz.store.writer import FileRecord, write_bytes


@dataclass(frozen=True)
class HeldJob:
    """Inputs of `hold`: units wait for the file `gate`, and leave files in `signs`."""

    target: Path
    signs: Path
    gate: Path
    holds_one: bool = False

    def writing_to(self, folder: Path) -> "HeldJob":
        """Return the same job with another folder for finished files."""
        return replace(self, target=folder)


class Held(NamedTuple):
    """The result of a unit."""

    index: int
    records: tuple[FileRecord, ...]


def hold(job: HeldJob, index: int) -> Held:
    """Write the id of this process to a file, once the gate is open; the second try at once."""
    if is_first(job.signs / f"begun-{'any' if job.holds_one else index}"):
        (job.signs / f"holder-{index}").write_text(str(os.getpid()))
        while not job.gate.exists():
            time.sleep(0.02)
    record = write_bytes(job.target, f"{index}.txt", str(os.getpid()).encode())
    (job.signs / f"ended-{index}-{os.getpid()}").touch()
    return Held(index, (record,))


def is_first(path: Path) -> bool:
    """Return whether nobody has asked for this path before."""
    try:
        path.touch(exist_ok=False)
    except FileExistsError:
        return False
    return True


def fail(job: HeldJob, index: int) -> Held:
    """Log a reason, and fail."""
    logging.getLogger("distributed.worker").warning("the disk of this node is failing")
    raise ZeroDivisionError(index)


def die(job: HeldJob, index: int) -> Held:
    """End the process, as the system does when memory is lacking."""
    os.kill(os.getpid(), 9)
    raise AssertionError
