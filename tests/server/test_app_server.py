"""The server as a process: real sockets, clients that behave badly, and an end that waits."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path

import pytest

from attentionviz.errors import ConfigError
from attentionviz.server.app import create_app, serve
from attentionviz.server.http.waitress_server import MAX_HEADER_BYTES, page_address
from attentionviz.settings.settings import Settings

SERVE = """
import sys
from pathlib import Path
from attentionviz.server.app import create_app, serve
from attentionviz.settings.settings import Settings

settings = Settings(data_dir=Path(sys.argv[1]), port=0, channel_timeout=int(sys.argv[2]))
serve(settings, lambda url: print(url, flush=True))
heavy = {"torch", "transformers", "sklearn", "scipy", "umap", "numba", "openTSNE", "joblib"}
print(sorted(heavy & set(sys.modules)))
"""

SLOW = """
import time
from attentionviz.server.http.waitress_server import run
from attentionviz.settings.settings import Settings

def app(environ, start_response):
    if environ["PATH_INFO"] == "/fail":
        raise RuntimeError("secret")
    print("working", flush=True)
    time.sleep(2.0)
    body = b"x" * 3_000_000
    start_response("200 OK", [("Content-Length", str(len(body)))])
    return [body]

run(app, Settings(port=0), lambda url: print(url, flush=True))
print("ended")
"""


@contextmanager
def running(code: str, *arguments: str) -> Iterator[tuple[subprocess.Popen, int]]:
    """Run a server in a process of its own; yield it and its port."""
    process = subprocess.Popen(
        [sys.executable, "-c", code, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    try:
        line = process.stdout.readline()
        assert line, process.stderr.read()
        yield process, int(line.rsplit(":", 1)[1].strip().rstrip("/"))
    finally:
        process.kill()
        process.communicate()


def get(port: int, path: str = "/health") -> tuple[int, dict[str, str], bytes]:
    connection = HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("GET", path)
    response = connection.getresponse()
    answer = response.status, dict(response.getheaders()), response.read()
    connection.close()
    return answer


def raw(port: int, content: bytes) -> bytes:
    """Send bytes as they are; return all that comes back."""
    with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
        connection.sendall(content)
        parts = []
        while part := connection.recv(65536):
            parts.append(part)
    return b"".join(parts)


@pytest.fixture(scope="module")
def port(data_dir: Path) -> Iterator[int]:
    """Return the port of a server over `data_dir`."""
    with running(SERVE, str(data_dir), "20") as (_, port):
        yield port


MALFORMED = {
    "no request at all": b"\r\n\r\nnonsense\r\n\r\n",
    "too large a header": b"GET / HTTP/1.1\r\nHost: localhost\r\nX: ".ljust(MAX_HEADER_BYTES, b"x"),
    "two lengths": b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\n"
    b"Content-Length: 2\r\n\r\nxx",
    "a length that is no number": b"POST / HTTP/1.1\r\nHost: localhost\r\n"
    b"Content-Length: -1\r\n\r\n",
    "a body too large": b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999\r\n\r\n",
    "length and chunks": b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\n"
    b"Transfer-Encoding: gzip\r\n\r\n",
    "a bare line feed in a header": b"GET / HTTP/1.1\r\nHost: localhost\r\nX: a\nY: b\r\n\r\n",
}


@pytest.mark.parametrize("content", MALFORMED.values(), ids=MALFORMED)
def test_a_malformed_request_gets_our_error_and_our_headers(port: int, content: bytes) -> None:
    head, _, body = raw(port, content).partition(b"\r\n\r\n")
    assert head.split()[1] in (b"400", b"413", b"431", b"501")
    assert b"Content-Security-Policy: default-src 'none'" in head
    assert b"X-Content-Type-Options: nosniff" in head
    assert b"Server:" not in head
    assert set(json.loads(body)["error"]) == {"code", "message"}


@pytest.mark.parametrize(
    "request_line",
    [b"GET http://evil.example/health HTTP/1.1\r\nHost: evil.example", b"GET /health HTTP/1.0"],
)
def test_a_foreign_host_is_refused_in_every_form(port: int, request_line: bytes) -> None:
    answer = raw(port, request_line + b"\r\nConnection: close\r\n\r\n")
    assert answer.startswith((b"HTTP/1.1 421", b"HTTP/1.0 421"))


def test_two_hosts_are_refused(port: int) -> None:
    hosts = b"Host: localhost\r\nHost: evil.example\r\n"
    answer = raw(port, b"GET /health HTTP/1.1\r\n" + hosts + b"Connection: close\r\n\r\n")
    assert answer.split()[1] in (b"400", b"421")


def test_forwarded_headers_change_nothing(port: int) -> None:
    answer = raw(
        port,
        b"GET /health HTTP/1.1\r\nHost: evil.example\r\nX-Forwarded-Host: localhost\r\n"
        b"Forwarded: host=localhost\r\nConnection: close\r\n\r\n",
    )
    assert b" 421 " in answer


@pytest.mark.parametrize(
    "path",
    [
        "/page/%2e%2e/%2e%2e/pyproject.toml",
        "/page/..%2f..%2fpyproject.toml",
        "/../pyproject.toml",
        "/page/../../package.json",
        "/api/v1/datasets/..%2f..%2fetc/tokens",
        "/api/v1/datasets/text%00/tokens",
        "/%ff%fe",
    ],
)
def test_path_traversal_is_refused(port: int, path: str) -> None:
    answer = raw(
        port, f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode()
    )
    assert b" 404 " in answer.split(b"\r\n")[0]


def test_slow_and_vanishing_clients_do_not_keep_others_waiting(port: int) -> None:
    slow = [socket.create_connection(("127.0.0.1", port)) for _ in range(120)]
    for i, connection in enumerate(slow):
        if i % 3 == 0:
            connection.sendall(b"GET /health HTT")
        elif i % 3 == 1:  # asks for something large, reads nothing
            connection.sendall(
                b"GET /api/v1/datasets/text/tokens HTTP/1.1\r\nHost: localhost\r\n\r\n" * 5
            )
        else:
            connection.close()
    assert get(port)[0] == 200
    assert get(port, "/api/v1/datasets/text/projections/pca-2d")[0] == 200
    for connection in slow:
        connection.close()
    assert get(port)[0] == 200


def test_no_heavy_library_is_loaded_even_after_requests(data_dir: Path) -> None:
    with running(SERVE, str(data_dir), "20") as (process, port):
        for path in (
            "/api/v1/datasets",
            "/api/v1/openapi.json",
            "/api/v1/datasets/text/heads/0/0/attention/0",
            "/api/v1/datasets/text/heads/0/0/aggregate?length=3",
            "/api/v1/datasets/text/heads/0/0/neighbours/0",
            "/api/v1/datasets/half/projections/pca-2d",
            "/api/v1/datasets/half/heads",
            "/api/v1/datasets/image/images/0",
        ):
            assert get(port, path)[0] == 200
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=60)
        assert out.strip() == "[]"
        assert process.returncode == 0, err


def test_datasets_are_not_read_before_they_are_requested(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []
    os_open = os.open
    monkeypatch.setattr(os, "open", lambda *a, **k: opened.append(str(a[0])) or os_open(*a, **k))
    create_app(Settings(data_dir=tmp_path))
    assert not [path for path in opened if str(tmp_path) in path]


def is_listening(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=60).close()
    except ConnectionError:
        return False
    return True


@pytest.mark.parametrize("kind", [signal.SIGTERM, signal.SIGINT])
def test_a_running_request_is_finished_before_shutdown(kind: signal.Signals) -> None:
    with running(SLOW) as (process, port):
        connection = HTTPConnection("127.0.0.1", port, timeout=60)
        connection.request("GET", "/")
        assert process.stdout.readline() == "working\n"
        process.send_signal(kind)
        while is_listening(port):
            time.sleep(0.02)
        assert process.poll() is None  # takes no one new, but goes on
        assert len(connection.getresponse().read()) == 3_000_000
        connection.close()
        out, _ = process.communicate(timeout=60)
        assert (out, process.returncode) == ("ended\n", 0)


def test_an_error_outside_of_flask_has_the_common_error_shape() -> None:
    with running(SLOW) as (_, port):
        status, headers, body = get(port, "/fail")
    assert status == 500
    assert b"secret" not in body
    assert json.loads(body)["error"]["code"] == "internal_server_error"
    assert "Content-Security-Policy" in headers


def test_an_idle_connection_is_closed(data_dir: Path) -> None:
    with running(SERVE, str(data_dir), "1") as (_, port):
        connection = socket.create_connection(("127.0.0.1", port), timeout=60)
        assert connection.recv(1) == b""
        connection.close()


UPLOADS = """
import sys
from pathlib import Path
from attentionviz.server.app import serve
from attentionviz.settings.settings import Settings

settings = Settings(data_dir=Path(sys.argv[1]), port=0, allow_jobs=True, threads=2)
serve(settings, lambda url: print(url, flush=True))
"""


def begin_upload(port: int, path: str, n_bytes: int) -> socket.socket:
    """Send the head of a request and a little of its body; the rest is owed."""
    client = socket.create_connection(("127.0.0.1", port), timeout=30)
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {n_bytes}\r\n"
    head += "Sec-Fetch-Site: same-origin\r\nContent-Type: multipart/form-data; boundary=x\r\n\r\n"
    client.sendall(head.encode() + b"x" * 100)
    return client


def test_a_body_over_the_limit_is_refused_unread(tmp_path: Path) -> None:
    with running(UPLOADS, str(tmp_path)) as (_, port):
        for path, n_bytes in (
            ("/api/v1/jobs", 202_000_000),
            ("/api/v1/jobs/0123456789abcdef/start", 100_000),
            ("/api/v1/datasets/a/text", 100_000),
            ("/api/v1/datasets/a/image", 20_000_000),
        ):
            with begin_upload(port, path, n_bytes) as client:
                assert client.recv(4096).startswith(b"HTTP/1.1 413 "), path
        with begin_upload(port, "/api/v1/jobs", 150_000_000) as client:
            client.settimeout(0.5)
            with pytest.raises(TimeoutError):  # the rest is waited for
                client.recv(1)


def test_a_port_in_use_is_reported(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        settings = Settings(data_dir=tmp_path, port=taken.getsockname()[1])
        with pytest.raises(ConfigError, match="--port"):
            serve(settings)


def test_signal_handlers_are_restored(tmp_path: Path) -> None:
    before = signal.getsignal(signal.SIGTERM)
    serve(Settings(data_dir=tmp_path, port=0), stop_at_once)
    assert signal.getsignal(signal.SIGTERM) is before


def stop_at_once(_: str) -> None:
    os.kill(os.getpid(), signal.SIGTERM)


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("127.0.0.1", "http://localhost:80/"),
        ("localhost", "http://localhost:80/"),
        ("0.0.0.0", "http://localhost:80/"),  # noqa: S104 - only looked at
        ("::1", "http://[::1]:80/"),
        ("127.0.0.2", "http://127.0.0.2:80/"),
    ],
)
def test_the_address_can_be_opened_in_a_browser(host: str, address: str) -> None:
    assert page_address(host, 80) == address
