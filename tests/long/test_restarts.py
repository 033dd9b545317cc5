"""Servers that are ended and started again, and datasets that are published again, under load."""

import hashlib
import http.client
import os
import random
import shutil
import socket
import threading
import time
from http.client import HTTPConnection
from pathlib import Path

import pytest
from tests.support.fake_dataset import FakeSpec, write_fake_dataset
from tests.support.figures import Bar
from tests.support.served import Served, end, start_server

pytestmark = pytest.mark.long
N_CLIENTS = 8
N_RESTARTS = 10
N_SWAPS = 40
SPEC = FakeSpec("asked", n_layers=3, n_heads=4, n_tokens=1500, maps=("pca-2d", "umap-3d"))
# So large that it does not fit into the buffers of the system: a server that ends would cut it.
PICTURES = FakeSpec(
    "pictures",
    modality="image",
    n_layers=1,
    n_heads=1,
    d_head=4,
    n_tokens=61_000,
    maps=("pca-2d",),
    patch_rows=100,
    patch_columns=100,
)
LARGE = "/api/v1/datasets/pictures/patches"
BASE = "/api/v1/datasets/asked"
PATHS = (
    BASE,
    f"{BASE}/tokens",
    f"{BASE}/heads",
    f"{BASE}/grid",
    f"{BASE}/grid/norms",
    f"{BASE}/projections/pca-2d",
    f"{BASE}/projections/umap-3d?layer=2&head=1",
    f"{BASE}/heads/1/2/attention/3",
    f"{BASE}/heads/1/2/norms",
    f"{BASE}/similarity",
)
# Before an answer begins, a connection may be refused, reset or closed; a client asks again.
RETRIED = (ConnectionError, socket.timeout, http.client.BadStatusLine)


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Clients:
    """Clients that ask without pause, and note every answer by path, or what went wrong."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.is_over = threading.Event()
        self.answers: list[tuple[str, str, str]] = []  # path, ETag, hash of the body
        self.wrong: list[str] = []
        self.n_retried = 0
        self.threads = [threading.Thread(target=self.run, args=(i,)) for i in range(N_CLIENTS)]
        self.large: list[str] = []  # hash of each large answer that was read slowly

    def add_slow_readers(self) -> None:
        """Also have three clients read a large answer, each for about a second."""
        self.threads += [threading.Thread(target=self.read_slowly) for _ in range(3)]

    def __enter__(self) -> "Clients":
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.is_over.set()
        for thread in self.threads:
            thread.join(timeout=120)

    def run(self, seed: int) -> None:
        """Ask until it is over."""
        rng = random.Random(seed)  # noqa: S311 - no secret
        connection: HTTPConnection | None = None
        while not self.is_over.is_set():
            path = rng.choice(PATHS)
            try:
                connection = connection or HTTPConnection("127.0.0.1", self.port, timeout=30)
                connection.request("GET", path)
                response = connection.getresponse()
            except RETRIED:
                self.n_retried += 1
                connection = close(connection)
                time.sleep(0.02)
                continue
            try:
                body = response.read()
            except (OSError, http.client.HTTPException) as error:  # it began and did not end
                self.wrong.append(f"{path}: {error!r}")
                connection = close(connection)
                continue
            headers = {name.lower(): value for name, value in response.getheaders()}
            self.note(path, response.status, headers, body)
            if headers.get("connection") == "close" or rng.random() < 0.05:
                connection = close(connection)
        close(connection)

    def read_slowly(self) -> None:
        """Ask for a large answer until it is over, and take it in small pieces."""
        while not self.is_over.is_set():
            connection = HTTPConnection("127.0.0.1", self.port, timeout=30)
            try:
                connection.connect()
                connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65_536)
                connection.request("GET", LARGE)
                response = connection.getresponse()
            except RETRIED:
                time.sleep(0.05)
                continue
            try:
                digest = hashlib.sha256()
                while part := response.read(65_536):
                    digest.update(part)
                    time.sleep(0.005)
                self.large.append(digest.hexdigest())
                if response.length:
                    self.wrong.append(f"{LARGE}: {response.length} bytes are missing")
            except (OSError, http.client.HTTPException) as error:
                self.wrong.append(f"{LARGE}: {error!r}")
            finally:
                connection.close()

    def note(self, path: str, status: int, headers: dict[str, str], body: bytes) -> None:
        """Keep what identifies an answer."""
        if status != 200 or len(body) != int(headers["content-length"]):
            self.wrong.append(f"{path}: {status}, {len(body)} bytes, {body[:100]!r}")
        self.answers.append((path, headers.get("etag", ""), hashlib.sha256(body).hexdigest()))


def close(connection: HTTPConnection | None) -> None:
    """Close a connection; the next question opens another."""
    if connection is not None:
        connection.close()


def expected_of(served: Served) -> dict[str, tuple[str, str]]:
    """Return ETag and hash of every answer of a server that nobody else asks."""
    found = {}
    for path in PATHS:
        answer = served.get(path)
        assert answer.status == 200, answer.body[:200]
        found[path] = (answer.headers["etag"], hashlib.sha256(answer.body).hexdigest())
    return found


def test_restarts_under_load_lose_or_mix_up_no_answer(tmp_path: Path, bar: Bar) -> None:
    write_fake_dataset(tmp_path, SPEC)
    write_fake_dataset(tmp_path, PICTURES)
    port = free_port()
    served = start_server(tmp_path, port=port)
    try:
        expected = expected_of(served)
        patches = served.get(LARGE)
        assert patches.status == 200 and len(patches.body) > 10_000_000
        statuses = []
        clients = Clients(port)
        clients.add_slow_readers()
        with clients:
            for _ in range(N_RESTARTS):
                time.sleep(0.7)
                statuses.append(served.stop())
                served = start_server(tmp_path, port=port)
    finally:
        end(served)
    right = [one for one in clients.answers if expected[one[0]] == one[1:]]
    bar("restarts", "ends by SIGTERM with status 0", statuses.count(0), exactly=N_RESTARTS)
    bar("restarts", "answers that came and were right", len(right), at_least=500)
    bar("restarts", "answers that came and were cut, wrong or errors",
        len(clients.wrong) + len(clients.answers) - len(right), exactly=0)  # fmt: skip
    bar("restarts", "questions asked again after a refused connection", clients.n_retried)
    whole = clients.large.count(hashlib.sha256(patches.body).hexdigest())
    bar("restarts", "answers of 12 MB to slow readers that came whole", whole, at_least=5)
    assert whole == len(clients.large)
    assert clients.n_retried > 0  # else nothing was tried
    assert {path for path, *_ in clients.answers} == set(PATHS)


def two_versions(folder: Path) -> tuple[Path, Path]:
    """Write two versions of one dataset side by side, of other sentences and other sizes."""
    first = write_fake_dataset(folder / "first", SPEC)
    second = write_fake_dataset(
        folder / "second", FakeSpec(**{**SPEC.__dict__, "n_tokens": 1700, "seed": 9})
    )
    for made in (first, second):
        shutil.move(made, folder / made.name)
    return folder / first.name, folder / second.name


def set_current_version(folder: Path) -> None:
    """Make a version the current one, as a build does: by one rename."""
    pointer = folder.parent / "asked.current"
    pointer.with_suffix(".tmp").write_text(folder.name + "\n")
    os.replace(pointer.with_suffix(".tmp"), pointer)


def test_a_new_version_published_under_load_mixes_no_versions(tmp_path: Path, bar: Bar) -> None:
    versions = two_versions(tmp_path)
    set_current_version(versions[0])
    served = start_server(tmp_path)
    try:
        expected = []
        for version in versions:
            set_current_version(version)
            expected.append(expected_of(served))
        assert all(expected[0][path] != expected[1][path] for path in PATHS)
        with Clients(served.port) as clients:
            for i in range(N_SWAPS):
                time.sleep(0.1)
                set_current_version(versions[i % 2])
    finally:
        end(served)
    of_first = sum(expected[0][path] == tuple(rest) for path, *rest in clients.answers)
    of_second = sum(expected[1][path] == tuple(rest) for path, *rest in clients.answers)
    assert min(of_first, of_second) > 50
    bar(
        "restarts", f"answers over {N_SWAPS} new versions, each wholly of one", of_first + of_second
    )
    bar("restarts", "answers that mix versions, or errors",
        len(clients.wrong) + len(clients.answers) - of_first - of_second, exactly=0)  # fmt: skip
    assert not clients.wrong
