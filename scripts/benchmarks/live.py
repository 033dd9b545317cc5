"""Texts and images that are typed in or dropped: from the request to all heads placed."""

import http.client
import json
import subprocess
import sys
import time
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

import psutil
from scripts.benchmarks.serving import LOCALHOST, get, running_server
from scripts.benchmarks.timing import median_seconds

ROOT = Path(__file__).resolve().parents[2]
TEXT = "The bank by the river was closed in April, so she wrote another letter to her {n}th friend."
REPEATS = 5
OWN = {"Sec-Fetch-Site": "same-origin"}
BOUNDARY = "benchmark"


def measure(port: int, data_dir: Path | None = None) -> dict[str, Any]:
    """Return seconds a text or image, cold and warm, of the embedded datasets.

    Parameters
    ----------
    port : int
        For the server.
    data_dir : Path or None
        Holds the embedded datasets; ``data/built`` if None. What lacks is built first.
    """
    folder = data_dir or ROOT / "data" / "built"
    command = [sys.executable, "-m", "attentionviz", "demo", "--build-only"]
    where = ["--data-dir", str(folder)]
    subprocess.run([*command, *where], check=True, stdout=subprocess.DEVNULL)
    with running_server(folder, port) as (process, _):
        names = list(json.loads(get(port, "/api/v1/datasets/demo-bert"))["manifest"]["maps"])
        numbers = count()
        maps = {name: _cold_and_warm(process, _text(port, name, numbers)) for name in names}
        memory = _worker(process).memory_info().rss / 1e6
        long = median_seconds(_text(port, names[0], numbers, TEXT * 40), 3)
        image = _cold_and_warm(process, _image(port, numbers))
    return {"maps": maps, "long_s": long, "image": image, "worker_memory_mb": memory}


def _cold_and_warm(process: subprocess.Popen[bytes], ask: Callable[[], None]) -> dict[str, float]:
    """Return seconds of the first question of a new worker, and of later ones."""
    for worker in psutil.Process(process.pid).children():
        worker.kill()
        while worker.status() != psutil.STATUS_ZOMBIE:  # its server looks at it when next asked
            time.sleep(0.01)
    begin = time.perf_counter()
    ask()
    cold = time.perf_counter() - begin
    time.sleep(10)  # somebody reads; the worker uses it
    return {"first_s": cold, "next_s": median_seconds(ask, REPEATS)}


def _worker(process: subprocess.Popen[bytes]) -> psutil.Process:
    return psutil.Process(process.pid).children()[0]


def _text(port: int, name: str, numbers: count, text: str = TEXT) -> Callable[[], None]:
    def ask() -> None:
        body = {"text": text.format(n=next(numbers)), "maps": [name]}
        headers = {**OWN, "Content-Type": "application/json"}
        _post(port, "/api/v1/datasets/demo-bert/text", json.dumps(body).encode(), headers)

    return ask


def _image(port: int, numbers: count) -> Callable[[], None]:
    pictures = sorted((ROOT / "data" / "corpora").rglob("*.png"))

    def ask() -> None:
        head = 'Content-Disposition: form-data; name="image"; filename="a.png"'
        content = pictures[next(numbers) % len(pictures)].read_bytes()
        body = f"--{BOUNDARY}\r\n{head}\r\n\r\n".encode() + content + f"\r\n--{BOUNDARY}--".encode()
        headers = {**OWN, "Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
        _post(port, "/api/v1/datasets/demo-vit/image", body, headers)

    return ask


def _post(port: int, path: str, body: bytes, headers: dict[str, str]) -> None:
    connection = http.client.HTTPConnection(LOCALHOST, port, timeout=120)
    connection.request("POST", path, body, headers)
    answer = connection.getresponse()
    content = answer.read()
    connection.close()
    if answer.status != 200:
        raise RuntimeError(f"{path} answered {answer.status}: {content[:200]!r}")
