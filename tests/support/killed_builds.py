"""Kills and resumes many builds in forks of one process with all imports.

``python -m tests.support.killed_builds OUT --model FOLDER --text FILE --failpoint NAME…
--random N`` prints one JSON line for each killed build: whether it was killed, what a server would
have shown wrongly then, which finished files were made again, and the hash of the dataset that
came out in the end.
"""

import json
import os
import random
import signal
import sys
import time
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

from attentionviz.pipeline.request import BuildRequest
from attentionviz.store.file_table import read_file_table
from attentionviz.store.journal import read_journal


def inodes(folder: Path) -> dict[str, int]:
    """Return which file on the disk each relative path is; a file made again is another."""
    return {p.relative_to(folder).as_posix(): p.stat().st_ino for p in folder.rglob("*")}


def finished_files(data_dir: Path) -> dict[str, int]:
    """Return the inodes of the files that a killed build calls finished.

    Its journal names them, or, where that was removed already, its manifest.
    """
    found = {}
    for folder in [*(data_dir / ".staging").glob("*"), *data_dir.glob("*@*")]:
        here, named = inodes(folder), set(read_journal(folder))
        if not named and (folder / "manifest.json").exists():
            manifest = json.loads((folder / "manifest.json").read_bytes())
            named = set(read_file_table(folder, manifest))
        found |= {path: here[path] for path in named if path in here}
    return {path: n for path, n in found.items() if path.startswith("L") and path.endswith(".npy")}


def kill_and_go_on(request: BuildRequest, *, failpoint: str = "", after_s: float = -1) -> dict:
    """Kill one build at a failpoint or after some seconds, give the same request again, report."""
    fork = start(request, failpoint)
    if after_s >= 0:
        time.sleep(after_s)
        os.kill(fork.pid, signal.SIGKILL)
    killed = finish(fork).status
    shown_wrongly = violations(request.output)
    before = finished_files(request.output)
    resumed = finish(start(request)).status
    after = inodes(published(request.output))
    return {
        "where": failpoint or f"after {after_s:.2f} s",
        "killed": killed,
        "violations": shown_wrongly + violations(request.output),
        "resumed": resumed,
        "n_finished": len(before),
        "made_again": sorted(path for path, inode in before.items() if after[path] != inode),
        "left_over": os.listdir(request.output / ".staging"),
        "hash": tree_hash(published(request.output)),
    }


def main() -> None:
    """Run the command line."""
    parser = make_parser(__doc__)
    parser.add_argument("--failpoint", action="append", default=[])
    parser.add_argument("--random", type=int, default=0)
    arguments = parser.parse_args()

    def request(name: str) -> BuildRequest:
        return request_of(arguments, arguments.out / name)

    # Workers compile their own.
    duration = build_whole(arguments, compiles=arguments.workers == 1)
    for i, failpoint in enumerate(arguments.failpoint):
        tell(kill_and_go_on(request(f"failpoint-{i}"), failpoint=failpoint))
    rng = random.Random(arguments.seed)  # noqa: S311 - no secret
    n_killed = n_tried = 0
    while n_killed < arguments.random:
        n_tried += 1
        report = kill_and_go_on(request(f"random-{n_tried}"), after_s=rng.uniform(0, duration))
        if report["killed"] == 0:  # it was quicker than the first one, and done
            duration *= 0.95
            continue
        n_killed += 1
        tell(report)


if __name__ == "__main__":
    sys.exit(main())
