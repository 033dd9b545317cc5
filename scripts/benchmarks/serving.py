"""A real server in a process of its own: attention latency, requests a second, bytes, memory."""

import http.client
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import psutil
from scripts.benchmarks.timing import median_seconds

LOCALHOST = "127.0.0.1"


@contextmanager
def running_server(
    data_dir: Path, port: int, *options: str
) -> Iterator[tuple[subprocess.Popen[bytes], float]]:
    """Start `attentionviz serve`; give its process and the seconds until it answered."""
    start = time.perf_counter()
    command = [sys.executable, "-m", "attentionviz", "serve", "--data-dir", str(data_dir)]
    process = subprocess.Popen([*command, "--port", str(port), *options], stdout=subprocess.DEVNULL)
    try:
        while True:
            try:
                get(port, "/api/v1/datasets")
                break
            except OSError:
                if process.poll() is not None:
                    raise RuntimeError("the server did not start") from None
                time.sleep(0.01)
        yield process, time.perf_counter() - start
    finally:
        process.terminate()
        process.wait()


def get(port: int, path: str, connection: http.client.HTTPConnection | None = None) -> bytes:
    """Return the body of one answer; RuntimeError unless it is 200."""
    connection = connection or http.client.HTTPConnection(LOCALHOST, port, timeout=60)
    connection.request("GET", path)
    answer = connection.getresponse()
    body = answer.read()
    if answer.status != 200:
        raise RuntimeError(f"{path} answered {answer.status}: {body[:200]!r}")
    return body


def attention_ms(port: int, dataset: str) -> float:
    """Return the median of one attention answer over heads and sequences, one client, warm."""
    connection = http.client.HTTPConnection(LOCALHOST, port, timeout=60)
    manifest = json.loads(get(port, f"/api/v1/datasets/{dataset}", connection))["manifest"]
    paths = [
        f"/api/v1/datasets/{dataset}/heads/{layer}/{head}/attention/{sequence}"
        for layer in range(min(4, manifest["n_layers"]))
        for head in range(min(4, manifest["n_heads"]))
        for sequence in range(min(8, manifest["n_sequences"]))
    ]
    for path in paths:
        get(port, path, connection)  # every file's hash is checked once, on its first use
    walk = iter(paths * 2)
    return 1000 * median_seconds(lambda: get(port, next(walk), connection), 2 * len(paths))


def requests_per_second(port: int, path: str, n_requests: int = 400, n_clients: int = 8) -> float:
    """Return answers a second to `n_clients` clients with kept connections."""

    def client(_: int) -> None:
        connection = http.client.HTTPConnection(LOCALHOST, port, timeout=60)
        for _ in range(n_requests // n_clients):
            get(port, path, connection)

    start = time.perf_counter()
    with ThreadPoolExecutor(n_clients) as pool:
        list(pool.map(client, range(n_clients)))
    return n_requests / (time.perf_counter() - start)


def measure(data_dir: Path, dataset: str, port: int) -> dict[str, float]:
    """Return the server's numbers on one dataset of `data_dir`."""
    with running_server(data_dir, port) as (process, start_seconds):
        grid = f"/api/v1/datasets/{dataset}/projections/pca-2d"
        n_bytes = len(get(port, grid))
        manifest = json.loads(get(port, f"/api/v1/datasets/{dataset}"))["manifest"]
        cells = manifest["n_layers"] * manifest["n_heads"]
        n_points = cells * manifest["grid"]["n_points"]
        return {
            "start_s": start_seconds,
            "attention_ms": attention_ms(port, dataset),
            "grid_requests_per_s": requests_per_second(port, grid),
            "grid_bytes": n_bytes,
            "grid_points": n_points,
            "bytes_per_point": n_bytes / n_points,
            "server_memory_mb": psutil.Process(process.pid).memory_info().rss / 2**20,
        }
