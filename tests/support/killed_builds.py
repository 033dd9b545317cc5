"""Kill builds and go on with them, many times in one process that has its imports done.

``python -m tests.support.killed_builds OUT --model FOLDER --text FILE --failpoint NAME…
--random N`` prints one JSON line for each killed build: whether it was killed, which finished
files were made again, and the hash of the dataset that came out in the end.
"""

import argparse
import hashlib
import json
import os
import random
import signal
import sys
import time
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits

from attentionviz.pipeline import capturing  # noqa: F401 - imports torch before the forks
from attentionviz.pipeline.build import build
from attentionviz.pipeline.request import BuildRequest
from attentionviz.projections import HeadVectors, project
from attentionviz.store.failpoints import VARIABLE
from attentionviz.store.journal import read_journal

LOST_AT_EXIT = ("capture/", "neighbours/", ".json")


def compile_loops(methods: list[str]) -> None:
    """Draw a few random points, so that the forks find all loops compiled."""
    queries, keys = np.random.default_rng(0).normal(size=(2, 40, 8)).astype(np.float32)
    with threadpool_limits(1):  # threads do not survive a fork
        for method in methods:
            for dims in (2, 3):
                project(method, HeadVectors.of(queries, keys, 0.3), dims=dims, seed=0)


def start(request: BuildRequest, failpoint: str = "") -> int:
    """Begin a build in a fork and return its process id."""
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            os.environ[VARIABLE] = failpoint
            build(request)
            status = 0
        finally:
            os._exit(status)
    return pid


def finish(pid: int) -> int:
    """Wait for a fork; return its exit status, negative for a signal."""
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def inodes(folder: Path) -> dict[str, int]:
    """Return which file on the disk each relative path is; a file made again is another."""
    return {p.relative_to(folder).as_posix(): p.stat().st_ino for p in folder.rglob("*")}


def finished_files(data_dir: Path) -> dict[str, int]:
    """Return the inodes of the files that the journal of a killed build names."""
    found = {}
    for folder in (data_dir / ".staging").glob("*"):
        here, named = inodes(folder), read_journal(folder)
        found |= {path: here[path] for path in named if path in here}
    return {path: n for path, n in found.items() if path.startswith("L") and path.endswith(".npy")}


def published(data_dir: Path) -> Path:
    """Return the folder that the pointer names."""
    return data_dir / next(data_dir.glob("*.current")).read_text().strip()


def tree_hash(folder: Path) -> str:
    """Return a hash of all names and bytes below a folder."""
    digest = hashlib.sha256(folder.name.encode())
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        digest.update(path.relative_to(folder).as_posix().encode() + path.read_bytes())
    return digest.hexdigest()


def tell(report: dict) -> None:
    """Write one line of JSON."""
    sys.stdout.write(json.dumps(report) + "\n")
    sys.stdout.flush()


def kill_and_go_on(request: BuildRequest, *, failpoint: str = "", after_s: float = -1) -> dict:
    """Kill one build at a failpoint or after some seconds, give the same request again, report."""
    pid = start(request, failpoint)
    if after_s >= 0:
        time.sleep(after_s)
        os.kill(pid, signal.SIGKILL)
    killed = finish(pid)
    before = finished_files(request.output)
    resumed = finish(start(request))
    after = inodes(published(request.output))
    return {
        "where": failpoint or f"after {after_s:.2f} s",
        "killed": killed,
        "resumed": resumed,
        "n_finished": len(before),
        "made_again": sorted(path for path, inode in before.items() if after[path] != inode),
        "left_over": os.listdir(request.output / ".staging"),
        "hash": tree_hash(published(request.output)),
    }


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--model", required=True)
    parser.add_argument("--text", type=Path, required=True)
    parser.add_argument("--method", action="append", default=[])
    parser.add_argument("--failpoint", action="append", default=[])
    parser.add_argument("--random", type=int, default=0)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()

    def request(name: str) -> BuildRequest:
        return BuildRequest(
            model=arguments.model,
            output=arguments.out / name,
            text=arguments.text,
            dataset_id="killed",
            methods=tuple(arguments.method),
            n_workers=arguments.workers,
            device="cpu",
        )

    if arguments.workers == 1:  # others compile their own
        compile_loops(arguments.method)
    started = time.monotonic()
    whole = finish(start(request("whole")))
    duration = time.monotonic() - started
    tell({"killed": whole, "hash": tree_hash(published(arguments.out / "whole"))})
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
