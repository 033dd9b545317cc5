"""Thirty people at once, on 50 datasets of more bytes than the server may ever hold."""

import importlib.util
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from pathlib import Path

import pytest
from tests.support.figures import Bar
from tests.support.served import ROOT, Served, ask, serving

pytestmark = pytest.mark.long
N_USERS = 30
SECONDS = 60
CACHE_MB = 64
HEAD_MS = 500


@pytest.fixture(scope="module")
def served(large_folder: tuple[Path, int]) -> Iterator[Served]:
    """Return a server over the large data folder, with the settings that it has by default."""
    with serving(large_folder[0]) as running:
        yield running


@pytest.fixture(scope="module")
def peak_mb(served: Served) -> Iterator[list[float]]:
    """Return a list whose only number grows to the most memory that the server had."""
    peak = [served.memory_mb()]
    is_over = threading.Event()

    def watch() -> None:
        while not is_over.wait(0.05):
            peak[0] = max(peak[0], served.memory_mb())

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    yield peak
    is_over.set()
    thread.join()


def percentile(times: dict[float, int], share: float) -> float:
    """Return the time that a share of all answers kept; `times` counts answers by milliseconds."""
    left = share * sum(times.values())
    for ms in sorted(times):
        left -= times[ms]
        if left <= 0:
            return ms
    return max(times)


def test_a_server_of_fifty_datasets_starts_at_once(
    large_folder: tuple[Path, int], served: Served, bar: Bar
) -> None:
    folder, n_bytes = large_folder
    bar("memory", "size of the data folder of 50 datasets", n_bytes / 1e9, unit="GB", at_least=5)
    starts = []
    for _ in range(3):
        with serving(folder) as again:
            begin = time.perf_counter()
            assert len(again.json("/api/v1/datasets")["datasets"]) == 50
            starts.append(again.start_s + time.perf_counter() - begin)
    what = "start to the list of 50 datasets, longest of 3"
    bar("start", what, max(starts), unit="s", at_most=2)


def test_thirty_users_open_an_uncached_grid_at_once(
    served: Served, peak_mb: list[float], bar: Bar
) -> None:
    base = "/api/v1/datasets/large-0"
    paths = ["/", "/api/v1/datasets", base, f"{base}/grid", f"{base}/grid/norms", f"{base}/heads"]
    paths += [f"{base}/tokens/vocabulary", f"{base}/tokens/code", f"{base}/sequences/text"]
    paths += [f"{base}/projections/tsne-2d"]
    ready = threading.Barrier(N_USERS)

    def open_page(_: int) -> tuple[float, list[bytes]]:
        ready.wait()
        begin = time.perf_counter()
        connection = HTTPConnection("127.0.0.1", served.port, timeout=120)
        answers = [ask(connection, path, **{"Accept-Encoding": "gzip"}) for path in paths]
        connection.close()
        assert [answer.status for answer in answers] == [200] * len(paths)
        return time.perf_counter() - begin, [answer.body for answer in answers]

    with ThreadPoolExecutor(N_USERS) as pool:
        opened = list(pool.map(open_page, range(N_USERS)))
    assert all(bodies == opened[0][1] for _, bodies in opened)
    bar("load", "cold opens of the grid at once that are whole", len(opened), exactly=N_USERS)
    bar("load", "the slowest of them", max(seconds for seconds, _ in opened), unit="s")


def test_thirty_users_get_every_answer_and_heads_in_time(
    served: Served, peak_mb: list[float], tmp_path: Path, bar: Bar
) -> None:
    if importlib.util.find_spec("locust") is None:  # not imported: it would patch our own sockets
        pytest.skip("NO LOAD WAS TRIED: locust comes with make test-long")
    command = [sys.executable, "-m", "locust", "-f", "tests/long/load_users.py", "--headless"]
    command += ["-u", str(N_USERS), "-r", "10", "-t", f"{SECONDS}s", "--json", "--only-summary"]
    command += ["--host", f"http://127.0.0.1:{served.port}"]
    result = subprocess.run(
        command, cwd=ROOT, env=os.environ, capture_output=True, text=True, check=False, timeout=600
    )
    (tmp_path / "locust.log").write_text(result.stderr)
    entries = json.loads(result.stdout)
    failures = {one["name"]: one["num_failures"] for one in entries if one["num_failures"]}
    counts = {one["name"]: one["num_requests"] for one in entries}
    wanted = {"page", "tokens", "grid", "head", "attention", "partners", "image", "thumbnail"}
    assert wanted <= set(counts), result.stderr[-2000:]
    n_answers = sum(counts.values())
    bar("load", f"answers to {N_USERS} users in {SECONDS} s", n_answers, at_least=1000)
    bar("load", f"answers that failed {failures or ''}".strip(), sum(failures.values()), exactly=0)
    head = next(one for one in entries if one["name"] == "head")
    times = {float(ms): n for ms, n in head["response_times"].items()}
    assert sum(times.values()) >= 100
    bar("load", f"p99 of a head, of {sum(times.values())}", percentile(times, 0.99),
        unit="ms", at_most=HEAD_MS)  # fmt: skip


def test_memory_stays_within_its_bound_after_all_requests(
    served: Served, peak_mb: list[float], bar: Bar
) -> None:
    # Every head of a large dataset once: 1.3 GB of files are hashed, and read in part.
    connection = HTTPConnection("127.0.0.1", served.port, timeout=120)
    for layer in range(12):
        for head in range(12):
            base = f"/api/v1/datasets/large-1/heads/{layer}/{head}"
            for path in (f"{base}/attention/0", f"{base}/neighbours/5", f"{base}/token_scores"):
                answer = ask(connection, path)
                assert answer.status == 200, answer.body[:200]
    connection.close()
    what = f"most memory of the server, {CACHE_MB} MB of cache included"
    bar("memory", what, peak_mb[0], unit="MB", at_most=250 + CACHE_MB)
