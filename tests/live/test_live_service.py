"""Whatever the worker does, the server answers, and the next question is answered again."""

import json
import os
import signal
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from tests.support.job_server import is_alive
from tests.support.waiting import TIMEOUT_SECONDS, wait_until

from attentionviz.errors import AppError, BusyError, InvalidTextError
from attentionviz.live.service import LiveService

Make = Callable[..., LiveService]


def said(answer: bytes) -> dict[str, Any]:
    return json.loads(answer.partition(b"\0")[0])


def pid_of(service: LiveService) -> int:
    return said(service.ask({"do": "echo"}))["pid"]


def is_gone(pid: int, seconds: float = TIMEOUT_SECONDS) -> bool:
    """Return whether a process that is no child of ours, or was waited for, has ended."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.02)
    return False


def test_no_worker_is_started_before_the_first_request(make_service: Make) -> None:
    assert make_service().worker_pid is None


def test_requests_are_answered_by_one_lasting_process(make_service: Make) -> None:
    service = make_service(max_answer_bytes=2**23)
    body = os.urandom(3_000_000)  # far more than a pipe holds
    answer = service.ask({"do": "echo", "text": "naïve \U0001f600"}, body)
    assert said(answer)["question"]["text"] == "naïve \U0001f600"
    assert answer.partition(b"\0")[2] == body
    assert said(answer)["pid"] == pid_of(service) == service.worker_pid


@pytest.mark.parametrize(
    ("way", "words"),
    [
        ("dies", "was ended by signal 9"),
        ("exits", "ended with status 3"),
        ("hangs", "took too long"),
        ("loads_for_ever", "invalid response"),
        ("garbage", "invalid response"),
        ("no_json", "invalid response"),
        ("no_answer", "invalid response"),
        ("huge_header", "invalid response"),
        ("huge", "invalid response"),
    ],
)
def test_a_failed_worker_is_reported_and_replaced(way: str, words: str, make_service: Make) -> None:
    service = make_service(seconds=2, load_seconds=30)
    before = pid_of(service)
    with pytest.raises(BusyError, match=words):
        service.ask({"do": way, "text": "said in confidence"})
    assert is_gone(before)
    assert pid_of(service) != before


@pytest.mark.parametrize("way", ["twice", "floods"])
def test_an_unsolicited_response_never_answers_the_next_request(
    way: str, make_service: Make
) -> None:
    service = make_service()
    first = said(service.ask({"do": way}))["pid"]
    assert service._worker
    wait_until(lambda: not service._worker.is_ready(), "more words arrive")
    second = said(service.ask({"do": "echo", "n": 2}))
    assert second["question"]["n"] == 2
    assert second["pid"] != first
    assert is_gone(first)


def test_a_worker_that_died_between_requests_is_replaced_silently(
    make_service: Make,
) -> None:
    service = make_service()
    before = pid_of(service)
    os.kill(before, signal.SIGKILL)
    wait_until(lambda: not is_alive(before), "it is dead")
    assert pid_of(service) != before


def test_a_worker_that_dies_right_after_a_request_is_replaced_once(make_service: Make) -> None:
    service = make_service()
    before = pid_of(service)
    os.kill(before, signal.SIGSTOP)  # it looks alive

    def kill() -> None:
        time.sleep(0.2)
        os.kill(before, signal.SIGKILL)

    with ThreadPoolExecutor(1) as pool:
        killed = pool.submit(kill)
        assert said(service.ask({"n": 7}))["question"]["n"] == 7
        killed.result()
    assert service.worker_pid != before


def test_a_request_that_kills_two_workers_is_not_retried(
    make_service: Make, tmp_path: Path
) -> None:
    service = make_service()
    pid_of(service)
    count = tmp_path / "count"
    with pytest.raises(BusyError, match="signal 9"):
        service.ask({"do": "dies", "count": str(count)})
    assert count.read_text() == "xx"


def test_loading_a_model_has_a_longer_timeout(make_service: Make) -> None:
    service = make_service(seconds=2, load_seconds=30)
    pid = pid_of(service)
    assert said(service.ask({"do": "loads", "seconds": 2.5}))["pid"] == pid
    with pytest.raises(BusyError, match="too long"):
        service.ask({"do": "slow", "seconds": 30})


def test_loading_times_out_as_well(make_service: Make) -> None:
    service = make_service(seconds=0.4, load_seconds=0.8)
    with pytest.raises(BusyError, match="too long"):
        service.ask({"do": "loads", "seconds": 30})


def test_requests_run_one_at_a_time_and_a_full_queue_refuses_more(
    make_service: Make,
) -> None:
    service = make_service(max_waiting=2)
    pid_of(service)
    question = {"do": "slow", "seconds": 0.3}

    def ask(n: int) -> int | str:
        try:
            return said(service.ask({**question, "n": n}))["question"]["n"]
        except BusyError as error:
            return str(error)

    started = time.monotonic()
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(ask, range(8)))
    answered = [n for n in found if isinstance(n, int)]
    assert len(answered) == 3
    assert all(found[n] == n for n in answered)
    assert all("try again" in words for words in found if isinstance(words, str))
    assert time.monotonic() - started >= 0.9
    assert said(service.ask({"n": 9}))["question"]["n"] == 9


def test_an_idle_worker_ends_and_the_next_request_starts_another(make_service: Make) -> None:
    service = make_service(idle_seconds=0.4)
    before = pid_of(service)
    assert is_gone(before)
    assert service.worker_pid is None
    assert pid_of(service) != before


def test_a_worker_in_use_is_not_idle(make_service: Make) -> None:
    service = make_service(idle_seconds=1)
    before = pid_of(service)
    assert said(service.ask({"do": "slow", "seconds": 1.5}))["pid"] == before


def test_closing_fails_the_running_request_and_refuses_others(make_service: Make) -> None:
    service = make_service()
    pid = pid_of(service)
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(service.ask, {"do": "hangs"})
        time.sleep(0.2)
        service.close()
        with pytest.raises(BusyError):
            running.result(timeout=TIMEOUT_SECONDS)
    assert is_gone(pid)
    with pytest.raises(BusyError, match="ending"):
        service.ask({"do": "echo"})


def test_closing_leaves_the_pipe_open_while_a_thread_reads_from_it(
    make_service: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that is closed under a reader gives its number to the next one that is opened."""
    service = make_service()
    pid_of(service)
    worker = service._worker
    receive, close = worker.receive, worker._close
    readers: list[float] = []
    readers_at_close: list[int] = []

    def slow_receive(deadline: float) -> tuple[dict, bytes]:
        readers.append(deadline)
        try:
            return receive(deadline)
        finally:
            time.sleep(0.3)
            readers.pop()

    def watched_close() -> None:
        readers_at_close.append(len(readers))
        close()

    monkeypatch.setattr(worker, "receive", slow_receive)
    monkeypatch.setattr(worker, "_close", watched_close)
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(service.ask, {"do": "hangs"})
        time.sleep(0.2)
        service.close()
        with pytest.raises(BusyError):
            running.result(timeout=5)
    assert readers_at_close
    assert not any(readers_at_close)


def test_errors_of_the_worker_have_known_codes_only(make_service: Make) -> None:
    service = make_service()
    known = {"code": "text_invalid", "message": "the text is empty" + "!" * 1000}
    with pytest.raises(InvalidTextError, match="^the text is empty!{483}$"):
        service.ask({"do": "refuses", "error": known})
    for odd in ({"code": "shape_mismatch", "message": "x"}, {"code": [1]}, "x", None, 3):
        with pytest.raises(AppError) as caught:
            service.ask({"do": "refuses", "error": odd})
        assert caught.value.code == "internal_error"
        assert "x" not in str(caught.value).split()


def test_the_worker_gets_no_secret_of_the_server_and_no_network(
    make_service: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", "secret")
    monkeypatch.setenv("ATTENTIONVIZ_TOKEN_FILE", "/secret")
    monkeypatch.setenv("HTTPS_PROXY", "http://secret")
    environment = said(make_service().ask({"do": "echo"}))["environment"]
    assert "secret" not in json.dumps(environment)
    assert environment["HF_HUB_OFFLINE"] == environment["TRANSFORMERS_OFFLINE"] == "1"
