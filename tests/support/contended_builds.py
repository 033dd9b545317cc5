"""Builds on a full disk, and concurrent builds of the same dataset.

``python -m tests.support.contended_builds OUT --model FOLDER --text FILE --disks N --rivals N``
prints one JSON line for each trial. The small disks are tmpfs mounts, so this needs the right to
mount: root, or ``unshare --map-root-user --mount`` around the command.
"""

import argparse
import os
import subprocess
import sys
from pathlib import Path

from tests.support.forked_builds import (
    build_whole,
    finish,
    make_parser,
    published,
    request_of,
    start,
    tell,
    tree_hash,
    violations,
)

PAGE = 4096
AMPLE = "size=64m"


def main() -> None:
    """Run the command line."""
    parser = make_parser(__doc__)
    parser.add_argument("--disks", type=int, default=0)
    parser.add_argument("--rivals", type=int, default=0)
    arguments = parser.parse_args()
    build_whole(arguments)
    if arguments.disks:
        needed = size_that_is_enough(arguments)
        for i in range(arguments.disks):
            tell(fill_disk(arguments, i, needed * (i + 1) // (arguments.disks + 1)))
    for i in range(arguments.rivals):
        tell(build_at_once(arguments, i))


def size_that_is_enough(arguments: argparse.Namespace) -> int:
    """Return the smallest size of a disk, in bytes, on which the build succeeds."""
    low, high = 0, 16 * 2**20
    while high - low > 8 * PAGE:
        middle = (low + high) // 2 // PAGE * PAGE
        disk = arguments.out / f"probe-{middle}"
        mount(disk, f"size={middle}")
        try:
            is_enough = finish(start(request_of(arguments, disk))).status == 0
        finally:
            unmount(disk)
        low, high = (low, middle) if is_enough else (middle, high)
    return high


def fill_disk(arguments: argparse.Namespace, i: int, n_bytes: int) -> dict:
    """Build on a disk of `n_bytes`, enlarge it, resume the build, and return a report."""
    disk = arguments.out / f"disk-{i}"
    n_bytes = max(PAGE, n_bytes // PAGE * PAGE)
    mount(disk, f"size={n_bytes}")
    try:
        request = request_of(arguments, disk)
        full = finish(start(request))
        shown_wrongly = violations(disk)
        halves = [path.name for path in disk.rglob("*.tmp")]
        mount(disk, f"remount,{AMPLE}")
        again = finish(start(request))
        return {
            "n_bytes": n_bytes,
            "status": full.status,
            "code": full.code,
            "message": full.message,
            "violations": shown_wrongly + violations(disk),
            "halves": halves,
            "again": again.status,
            "hash": tree_hash(published(disk)) if again.status == 0 else "",
        }
    finally:
        unmount(disk)


def build_at_once(arguments: argparse.Namespace, i: int) -> dict:
    """Start two builds of one dataset at once and return how both ended."""
    request = request_of(arguments, arguments.out / f"rivals-{i}")
    forks = [start(request), start(request)]
    outcomes = [finish(fork) for fork in forks]
    return {
        "statuses": sorted(outcome.status for outcome in outcomes),
        "codes": sorted(outcome.code for outcome in outcomes),
        "messages": [outcome.message for outcome in outcomes],
        "violations": violations(request.output),
        "left_over": os.listdir(request.output / ".staging"),
        "hash": tree_hash(published(request.output)),
    }


def mount(folder: Path, options: str) -> None:
    """Mount a tmpfs on a folder, or remount it with other options."""
    folder.mkdir(parents=True, exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)], check=True)


def unmount(folder: Path) -> None:
    """Unmount a folder."""
    subprocess.run(["umount", str(folder)], check=True)


if __name__ == "__main__":
    sys.exit(main())
