"""What is large is refused before it is read, unless its sender signed in."""

import socket
from pathlib import Path

import pytest
from tests.server.conftest import JOBS_TOKEN, READ_TOKEN, write_tokens

from attentionviz.server.access import login_throttle
from attentionviz.server.access.sessions import COOKIE
from attentionviz.server.app import create_app, serve_in_background
from attentionviz.settings.settings import Settings

LARGE = 5_000_000
WRONG = "wrong-token-of-the-tests-0123456789abcdef"
WAITS = b"it waits for the rest"
IMAGE = "/api/v1/datasets/image/image"


@pytest.fixture
def tokens(tmp_path: Path) -> Path:
    """Return a token file."""
    return write_tokens(tmp_path / "tokens")


@pytest.fixture
def port(data_dir: Path, tokens: Path) -> int:
    """Serve with tokens and jobs; return the port."""
    proxies = {"trusted_proxies": ("127.0.0.1",), "allowed_hosts": ("viz.lab.example",)}
    settings = Settings(data_dir=data_dir, port=0, token_file=tokens, allow_jobs=True, **proxies)
    return int(serve_in_background(settings).rstrip("/").rpartition(":")[2])


def begin(port: int, path: str, *headers: str, n_bytes: int = LARGE) -> bytes:
    """Send the head of a request and a little of its body; return what comes back at once."""
    lines = [f"POST {path} HTTP/1.1", "Host: localhost", "Sec-Fetch-Site: same-origin", *headers]
    lines.append("Content-Type: multipart/form-data; boundary=x")
    if not any(line.startswith("Transfer-Encoding") for line in headers):
        lines.append(f"Content-Length: {n_bytes}")
    with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
        connection.sendall("\r\n".join([*lines, "", "--x\r\n"]).encode())
        connection.settimeout(0.7)
        answer = b""
        try:
            while part := connection.recv(65536):
                answer += part
        except TimeoutError:
            answer = answer or WAITS
        return answer


@pytest.mark.parametrize("path", [IMAGE, "/api/v1/jobs", "/lab/viz/api/v1/jobs"])
def test_an_unauthenticated_upload_is_refused(port: int, path: str) -> None:
    answer = begin(port, path)
    assert answer.startswith(b"HTTP/1.1 401 ")
    assert b'"not_signed_in"' in answer
    assert begin(port, path, f"Authorization: Bearer {WRONG}").startswith(b"HTTP/1.1 401 ")
    assert begin(port, path, f"Cookie: {COOKIE}=planted").startswith(b"HTTP/1.1 401 ")


def test_an_authenticated_upload_is_accepted(port: int, data_dir: Path, tokens: Path) -> None:
    assert begin(port, IMAGE, f"Authorization: Bearer {READ_TOKEN}") == WAITS
    assert begin(port, "/api/v1/jobs", f"Authorization: Bearer {JOBS_TOKEN}") == WAITS
    authenticator = (
        create_app(Settings(data_dir=data_dir, token_file=tokens))
        .extensions["attentionviz"]
        .authenticator
    )
    value = authenticator.sessions.start(authenticator.tokens.find(READ_TOKEN))
    assert begin(port, IMAGE, f"Cookie: a=b; {COOKIE}={value}") == WAITS


def test_an_authenticated_upload_has_the_limit_of_its_route(port: int) -> None:
    token = f"Authorization: Bearer {JOBS_TOKEN}"
    assert begin(port, "/api/v1/datasets", token).startswith(b"HTTP/1.1 413 ")
    assert begin(port, IMAGE, token, n_bytes=10**9).startswith(b"HTTP/1.1 413 ")


def test_failed_uploads_count_for_the_client_behind_the_proxy(port: int) -> None:
    guesser = "X-Forwarded-For: 203.0.113.9, 192.0.2.7"
    for _ in range(login_throttle.MAX_PER_CLIENT):
        answer = begin(port, IMAGE, guesser, f"Authorization: Bearer {WRONG}")
        assert answer.startswith(b"HTTP/1.1 401 ")
    right = f"Authorization: Bearer {READ_TOKEN}"
    assert begin(port, IMAGE, guesser, right).startswith(b"HTTP/1.1 401 ")
    assert begin(port, IMAGE, "X-Forwarded-For: 192.0.2.8", right) == WAITS


def test_a_body_of_unknown_length_has_the_same_limit(port: int) -> None:
    pieces = "Transfer-Encoding: chunked"
    with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
        head = (
            f"POST {IMAGE} HTTP/1.1\r\nHost: localhost\r\nSec-Fetch-Site: none\r\n{pieces}\r\n\r\n"
        )
        connection.sendall(head.encode())
        chunk = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"
        sent = 0
        try:
            while sent < LARGE:
                connection.sendall(chunk)
                sent += len(chunk)
        except OSError:
            pass
        assert sent < LARGE
