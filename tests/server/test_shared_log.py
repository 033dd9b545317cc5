"""One line for each request: whole, plain, and without anything that is nobody's business."""

import logging
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path

import pytest
from tests.server.conftest import JOBS_TOKEN, READ_TOKEN, bearer, make_app, write_tokens
from tests.support.checked_client import CheckedClient
from tests.support.waiting import wait_until

from attentionviz.server.access.request_log import PlainFormatter

LINE = re.compile(
    r"(?P<client>\S+) (?P<method>\S+) (?P<path>\S*) (?P<status>\d{3}) (?P<bytes>\d+) (?P<ms>\d+)"
    r" (?P<visitor>\S+)"
)
STAMP = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ "


@pytest.fixture
def client(data_dir: Path, tmp_path: Path) -> CheckedClient:
    """Return a client of an application that asks for tokens, and so has a log."""
    return make_app(data_dir, token_file=write_tokens(tmp_path / "tokens")).test_client()


@pytest.fixture
def lines(caplog: pytest.LogCaptureFixture) -> Iterator[list[str]]:
    """Return what is logged of requests, as it comes."""
    caplog.set_level(logging.INFO, "attentionviz.requests")
    return _Messages(caplog)


class _Messages(list):
    def __init__(self, caplog: pytest.LogCaptureFixture) -> None:
        self._caplog = caplog

    def __iter__(self) -> Iterator[str]:
        return iter([one.getMessage() for one in self._caplog.records])

    def __len__(self) -> int:
        return len(self._caplog.records)


def last(lines: list[str]) -> dict[str, str]:
    match = LINE.fullmatch(list(lines)[-1])
    assert match, list(lines)[-1]
    return match.groupdict()


def test_a_log_line_has_user_request_and_status(client: CheckedClient, lines: list[str]) -> None:
    answer = client.get("/api/v1/datasets/text/grid", headers=bearer(READ_TOKEN))
    n_bytes = len(answer.data)
    found = last(lines)
    assert len(lines) == 1
    assert found == {
        "client": "127.0.0.1",
        "method": "GET",
        "path": "/api/v1/datasets/text/grid",
        "status": "200",
        "bytes": str(n_bytes),
        "ms": found["ms"],
        "visitor": "read/ada",
    }


def test_refused_requests_are_logged_too(client: CheckedClient, lines: list[str]) -> None:
    client.get("/api/v1/datasets")
    assert (last(lines)["status"], last(lines)["visitor"]) == ("401", "-")
    client.get("/health", headers={"Host": "evil.example"})
    assert last(lines)["status"] == "421"
    client.post("/login", data={"token": JOBS_TOKEN}, content_type="multipart/form-data",
                headers={"Sec-Fetch-Site": "same-origin"})  # fmt: skip
    assert (last(lines)["status"], last(lines)["visitor"]) == ("303", "jobs/grace")


def test_no_log_line_contains_a_token_a_query_or_typed_text(
    client: CheckedClient, lines: list[str]
) -> None:
    secret = "what-somebody-typed"  # noqa: S105 - not a password
    client.get(f"/?dataset=text&search={secret}", headers=bearer(READ_TOKEN))
    client.get(f"/api/v1/datasets?token={READ_TOKEN}&x={secret}")
    form = {"token": READ_TOKEN, "next": f"?search={secret}"}
    sent = {"data": form, "content_type": "multipart/form-data"}
    client.post("/login", headers={"Sec-Fetch-Site": "same-origin"}, **sent)
    client.get(f"/login?next=%3Fsearch%3D{secret}")
    client.post("/api/v1/datasets", json={"text": secret}, headers=bearer(JOBS_TOKEN))
    text = "\n".join(lines)
    assert len(lines) == 5
    assert secret not in text
    assert READ_TOKEN not in text
    assert JOBS_TOKEN not in text
    assert client.get_cookie("attentionviz_session").value not in text


@pytest.mark.parametrize(
    "path",
    ["/a%0a127.0.0.1%20GET%20/", "/%1b[31m", "/%00", "/%e2%80%ae", "/ü\u2028", "/" + "a" * 5000],
)
def test_no_log_line_can_be_forged_or_unlimited(
    client: CheckedClient, lines: list[str], path: str
) -> None:
    client.get(path)
    assert len(lines) == 1
    line = list(lines)[0]
    assert LINE.fullmatch(line)
    assert line.isascii()
    assert line.isprintable()
    assert len(line) < 800


def test_a_server_without_tokens_logs_only_on_request(data_dir: Path, lines: list[str]) -> None:
    make_app(data_dir).test_client().get("/health")
    assert len(lines) == 0
    make_app(data_dir, access_log="on").test_client().get("/health")
    assert len(lines) == 1


def test_the_log_of_a_shared_server_can_be_turned_off(
    data_dir: Path, tmp_path: Path, lines: list[str]
) -> None:
    tokens = write_tokens(tmp_path / "tokens")
    make_app(data_dir, token_file=tokens, access_log="off").test_client().get("/health")
    assert len(lines) == 0


def test_line_feeds_in_a_message_are_escaped() -> None:
    record = logging.LogRecord("a", logging.WARNING, "", 0, "bad\n%s", ("\x1b[31m\u2028",), None)
    line = PlainFormatter().format(record)
    assert re.fullmatch(STAMP + r"warning: bad\\n\\x1b\[31m\\u2028", line)
    try:
        raise ValueError("one\ntwo\x1b")
    except ValueError:
        record.exc_info = sys.exc_info()
    assert "\x1b" not in PlainFormatter().format(record)


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def ask(port: int, token: str | None = None) -> int:
    connection = HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("GET", "/api/v1/datasets", headers=bearer(token) if token else {})
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer.status


def test_a_server_process_logs_rereads_tokens_and_ends(data_dir: Path, tmp_path: Path) -> None:
    tokens = write_tokens(tmp_path / "tokens", f"read {READ_TOKEN} ada")
    port = free_port()
    command = [sys.executable, "-m", "attentionviz", "serve", "--data-dir", str(data_dir)]
    command += ["--port", str(port), "--token-file", str(tokens)]
    process = subprocess.Popen(
        command, stderr=subprocess.PIPE, text=True, env={**os.environ, "PYTHONUNBUFFERED": "1"}
    )
    try:
        assert "open http://localhost" in process.stderr.readline()
        assert (ask(port), ask(port, READ_TOKEN), ask(port, JOBS_TOKEN)) == (401, 200, 401)
        with socket.create_connection(("127.0.0.1", port), timeout=60) as raw:
            raw.sendall(b"\r\n\r\nnonsense\r\n\r\n")
            assert b" 400 " in raw.recv(4096)
        write_tokens(tokens, f"jobs {JOBS_TOKEN} grace")
        process.send_signal(signal.SIGHUP)
        wait_until(lambda: ask(port, READ_TOKEN) == 401, "the old token is refused")
        assert ask(port, JOBS_TOKEN) == 200
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=60)
    finally:
        process.kill()
        process.communicate()
    assert process.returncode == 0
    lines = err.splitlines()
    assert all(re.match(STAMP, line) for line in lines), err
    said = [match.groupdict() for line in lines if (match := LINE.search(line))]
    visitors = [one["visitor"] for one in said]
    # A line comes after its answer, so two that follow each other may change places.
    assert set(visitors) == {"-", "jobs/grace", "read/ada"}
    assert {(one["visitor"], one["status"]) for one in said} == {
        ("-", "400"),
        ("-", "401"),
        ("jobs/grace", "200"),
        ("read/ada", "200"),
    }
    assert any("number of tokens: 1" in line for line in lines)
    assert READ_TOKEN not in err
