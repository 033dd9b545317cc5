"""Builds in forks of one process with all imports and compiled loops, and their outcomes.

A fork starts in milliseconds, so that many builds can be disturbed in many ways.
"""

import argparse
import hashlib
import json
import os
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from threadpoolctl import threadpool_limits
from tqdm import tqdm

from attentionviz.errors import AppError
from attentionviz.pipeline import capturing  # noqa: F401 - imports torch before the forks
from attentionviz.pipeline.build import build
from attentionviz.pipeline.request import BuildRequest
from attentionviz.projections import HeadVectors, project
from attentionviz.store import layout
from attentionviz.store.building import StagedReader
from attentionviz.store.failpoints import VARIABLE
from attentionviz.store.reader import DatasetLibrary
from attentionviz.store.verify import verify


class Fork(NamedTuple):
    """A running build, and the pipe for its outcome."""

    pid: int
    words: int


class Outcome(NamedTuple):
    """Outcome of a build: exit status, negative for a signal; code and message of its error."""

    status: int
    code: str
    message: str


def compile_loops(methods: Sequence[str]) -> None:
    """Compute maps of a few random points, so that all loops are compiled before forking."""
    queries, keys = np.random.default_rng(0).normal(size=(2, 40, 8)).astype(np.float32)
    with threadpool_limits(1):  # threads do not survive a fork
        for method in methods:
            for dims in (2, 3):
                project(method, HeadVectors.of(queries, keys, 0.3), dims=dims, seed=0)


def start(request: BuildRequest, failpoint: str = "") -> Fork:
    """Begin a build in a fork."""
    reads, writes = os.pipe()
    pid = os.fork()
    if pid:
        os.close(writes)
        return Fork(pid, reads)
    status = 1
    try:
        os.environ[VARIABLE] = failpoint
        # Forks share the lock of bars: one that is killed while it holds it would stop all others.
        tqdm.set_lock(threading.RLock())
        build(request)
        status = 0
    except AppError as error:
        os.write(writes, json.dumps([error.code, str(error)]).encode())
    except BaseException as error:
        os.write(writes, json.dumps([type(error).__name__, str(error)]).encode())
    finally:
        os._exit(status)


def finish(fork: Fork) -> Outcome:
    """Wait for the end of a build."""
    status = os.waitstatus_to_exitcode(os.waitpid(fork.pid, 0)[1])
    with os.fdopen(fork.words, "rb") as pipe:
        words = pipe.read()
    code, message = json.loads(words) if words else ("", "")
    return Outcome(status, code, message)


def build_whole(arguments: argparse.Namespace, *, compiles: bool = True) -> float:
    """Build without any disturbance, tell how it went, and return its seconds.

    All loops are compiled before, so that later forks have them.
    """
    if compiles:
        compile_loops(arguments.method)
    started = time.monotonic()
    request = request_of(arguments, arguments.out / "whole")
    outcome = finish(start(request))
    seconds = time.monotonic() - started
    tell({"status": outcome.status, "hash": tree_hash(published(request.output))})
    return seconds


def published(data_dir: Path) -> Path:
    """Return the folder that the pointer names."""
    return data_dir / next(data_dir.glob("*.current")).read_text().strip()


def tree_hash(folder: Path) -> str:
    """Return a hash of all names and bytes below a folder."""
    digest = hashlib.sha256(folder.name.encode())
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        digest.update(path.relative_to(folder).as_posix().encode() + path.read_bytes())
    return digest.hexdigest()


def violations(data_dir: Path) -> list[str]:
    """Return states of a data folder that a server must not show.

    That is a dataset that counts as complete and is not whole, one that counts as damaged, and a
    file that a build calls finished and that cannot be read as its journal says.
    """
    library = DatasetLibrary(data_dir)
    found = []
    for entry in library.list_datasets():
        if entry.state == "complete" and entry.folder is not None:
            found += [f"{entry.dataset_id}: {problem}" for problem in verify(entry.folder)]
        elif entry.state not in ("building", "failed", "stopped"):
            found.append(f"{entry.dataset_id} is {entry.state}: {entry.reason}")
        elif entry.manifest is not None:
            found += _unreadable(library, entry.dataset_id)
    return found


def _unreadable(library: DatasetLibrary, dataset_id: str) -> list[str]:
    reader = library.open_dataset(dataset_id)
    if not isinstance(reader, StagedReader):
        return [f"{dataset_id} is no build any more"]
    found = []
    for name in layout.expected_files(reader.manifest).keys() & reader.files.records:
        try:
            with reader.files.open(name):
                pass
        except AppError as error:
            found.append(f"{dataset_id}: {error}")
    return found


def tell(report: dict[str, Any]) -> None:
    """Write one line of JSON."""
    sys.stdout.write(json.dumps(report) + "\n")
    sys.stdout.flush()


def make_parser(words: str | None) -> argparse.ArgumentParser:
    """Return a parser of the common options of these commands."""
    parser = argparse.ArgumentParser(description=words)
    parser.add_argument("out", type=Path)
    parser.add_argument("--model", required=True)
    parser.add_argument("--text", type=Path, required=True)
    parser.add_argument("--method", action="append", default=[])
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--skip-bad-sequences", action="store_true")
    return parser


def request_of(arguments: argparse.Namespace, output: Path) -> BuildRequest:
    """Return the build request of a command line, with its own output folder."""
    return BuildRequest(
        model=arguments.model,
        output=output,
        text=arguments.text,
        dataset_id="tried",
        methods=tuple(arguments.method),
        n_workers=arguments.workers,
        device="cpu",
        skip_bad_sequences=arguments.skip_bad_sequences,
    )
