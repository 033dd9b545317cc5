"""Builds on a Dask cluster whose workers, builder or scheduler are killed at random moments.

``python -m tests.support.killed_clusters OUT --model FOLDER --text FILE --kill worker:20
--kill builder:10 --kill scheduler:5`` prints one JSON line for the build that no cluster takes part
in, and one for each kill: what a server would have shown wrongly then, how often the same request
was given again, and the hash of the dataset that came out in the end.
"""

import dataclasses
import os
import random
import signal
import sys
import time
from typing import Any

from tests.support.dask_cluster import DaskCluster, cluster, kill_tree
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

N_WORKERS = 2
MAX_GIVEN_AGAIN = 3


def kill_worker(found: DaskCluster, rng: random.Random) -> None:
    """Kill one worker at random, and start another."""
    one = rng.choice(found.workers)
    kill_tree(one)
    found.workers.remove(one)
    found.start_worker()


def kill_scheduler(found: DaskCluster, _: random.Random) -> None:
    """Kill the scheduler, and start another with workers of its own at the same address."""
    assert found.scheduler is not None
    kill_tree(found.scheduler)
    for worker in found.workers:  # they end by themselves, or connect again
        kill_tree(worker)
    found.workers.clear()
    found.start_scheduler()
    for _worker in range(N_WORKERS):
        found.start_worker()


def disturb(
    request: BuildRequest, found: DaskCluster, what: str, after_s: float, rng: random.Random
) -> dict[str, Any]:
    """Kill something after some seconds, give the request again until it is built, and report."""
    fork = start(request)
    time.sleep(after_s)
    has_ended = os.waitid(os.P_PID, fork.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
    if what == "builder":
        os.kill(fork.pid, signal.SIGKILL)
    elif what == "worker":
        kill_worker(found, rng)
    else:
        kill_scheduler(found, rng)
    outcomes = [finish(fork)]
    shown_wrongly = violations(request.output)
    while outcomes[-1].status != 0 and len(outcomes) <= MAX_GIVEN_AGAIN:
        outcomes.append(finish(start(request)))
        shown_wrongly += violations(request.output)
    return {
        "what": what,
        "after_s": round(after_s, 2),
        "is_too_late": has_ended,
        "statuses": [outcome.status for outcome in outcomes],
        "codes": [outcome.code for outcome in outcomes],
        "messages": [outcome.message for outcome in outcomes],
        "violations": shown_wrongly,
        "left_over": os.listdir(request.output / ".staging"),
        "hash": tree_hash(published(request.output)),
    }


def main() -> None:
    """Run the command line."""
    parser = make_parser(__doc__)
    parser.add_argument("--kill", action="append", default=[], help="worker, builder …:number")
    arguments = parser.parse_args()
    build_whole(arguments)

    def request(name: str, scheduler: str) -> BuildRequest:
        made = request_of(arguments, arguments.out / name)
        return dataclasses.replace(made, scheduler=scheduler)

    rng = random.Random(arguments.seed)  # noqa: S311 - no secret
    with cluster(arguments.out / "dask", N_WORKERS) as found:
        for i in range(N_WORKERS):  # workers import and compile at their first build
            finish(start(request(f"warm-{i}", found.address)))
        started = time.monotonic()
        finish(start(request("timed", found.address)))
        duration = time.monotonic() - started
        for what, _, number in (kill.partition(":") for kill in arguments.kill):
            n_killed = n_tried = 0
            while n_killed < int(number):
                n_tried += 1
                folder = request(f"{what}-{n_tried}", found.address)
                report = disturb(folder, found, what, rng.uniform(0, duration), rng)
                n_killed += not report["is_too_late"]
                tell(report)


if __name__ == "__main__":
    sys.exit(main())
