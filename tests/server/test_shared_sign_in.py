"""Signing in by the form, the cookie that it gives, and how it ends."""

import re
import time
from pathlib import Path

import pytest
from flask import Flask
from tests.server.conftest import JOBS_TOKEN, READ_TOKEN, bearer, make_app, write_tokens
from tests.support.checked_client import CheckedClient
from werkzeug.test import TestResponse

from attentionviz.server.access import login_throttle
from attentionviz.server.access.sessions import (
    COOKIE,
    IDLE_SECONDS,
    RENEW_SECONDS,
    WHOLE_SECONDS,
    Sessions,
)
from attentionviz.server.access.token_file import TokenFile

OTHER_TOKEN = "other-token-of-the-tests-0123456789abcdef"  # noqa: S105 - of tests alone
OWN = {"Sec-Fetch-Site": "same-origin"}


@pytest.fixture
def tokens(tmp_path: Path) -> Path:
    """Return a token file that the test may change."""
    return write_tokens(tmp_path / "tokens")


@pytest.fixture
def shared(data_dir: Path, tokens: Path) -> Flask:
    """Return an application that asks for tokens."""
    return make_app(data_dir, token_file=tokens)


@pytest.fixture
def browser(shared: Flask) -> CheckedClient:
    """Return a client that keeps cookies."""
    return shared.test_client()


class Clock:
    """A clock that a test turns on."""

    def __init__(self) -> None:
        self.now = time.time()

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(shared: Flask) -> Clock:
    """Return the clock of the application's sessions and failures."""
    clock = Clock()
    authenticator = shared.extensions["attentionviz"].authenticator
    authenticator.sessions = Sessions(authenticator.tokens, clock)
    authenticator.failures = login_throttle.LoginThrottle(clock)
    return clock


def sign_in(
    client: CheckedClient, token: str = READ_TOKEN, view: str = "", **more: object
) -> TestResponse:
    """Send the form as a browser does."""
    return client.post(
        "/login",
        data={"token": token, "next": view},
        content_type="multipart/form-data",
        headers=OWN,
        **more,
    )


def status(client: CheckedClient) -> int:
    return client.get("/api/v1/datasets").status_code


def cookie(client: CheckedClient) -> str:
    return client.get_cookie(COOKIE, path="/").value


def test_the_form_sets_a_session_cookie_and_redirects_to_the_view(
    browser: CheckedClient,
) -> None:
    view = "?dataset=text&layer=0&head=1&search=a%26b%20%C3%A4"
    form = browser.get("/login", query_string={"next": view}).text
    assert f'name="next" value="{view.replace("&", "&amp;")}"' in form
    answer = sign_in(browser, view=view)
    assert (answer.status_code, answer.headers["Location"]) == (303, f"./{view}")
    assert status(browser) == 200
    told = browser.get("/api/v1/session").json
    assert told == {"has_sign_in": True, "role": "read", "name": "ada", "has_session": True}


@pytest.mark.parametrize(
    "view",
    [
        "https://evil.example/",
        "//evil.example",
        "/\\evil.example",
        "evil",
        "?a\r\nSet-Cookie: x=1",
        '?"><script>alert(1)</script>',
        "?" + "a" * 9000,
        "?dataset=\u00e4",
    ],
)
def test_the_form_redirects_only_to_the_page(browser: CheckedClient, view: str) -> None:
    answer = sign_in(browser, view=view)
    assert (answer.status_code, answer.headers["Location"]) == (303, "./")
    form = browser.get("/login", query_string={"next": view}).text
    assert 'name="next" value=""' in form
    assert "<script>alert" not in form


def test_a_wrong_token_shows_the_form_with_a_message(browser: CheckedClient) -> None:
    answer = sign_in(browser, OTHER_TOKEN, "?dataset=text")
    assert (answer.status_code, answer.mimetype) == (401, "text/html")
    assert "Unknown token" in answer.text
    assert 'value="?dataset=text"' in answer.text
    assert 'aria-invalid="true"' in answer.text
    assert OTHER_TOKEN not in answer.text
    assert status(browser) == 401


@pytest.mark.parametrize("token", ["", "   ", "\0", "x" * 9000, "\u202e" * 40])
def test_a_malformed_token_is_refused_with_a_message(browser: CheckedClient, token: str) -> None:
    answer = sign_in(browser, token)
    assert answer.status_code in (401, 413)
    assert "Set-Cookie" not in answer.headers


def test_spaces_around_a_pasted_token_do_not_matter(browser: CheckedClient) -> None:
    assert sign_in(browser, f" {READ_TOKEN}\n").status_code == 303


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_other_pages_cannot_sign_anybody_in_or_out(browser: CheckedClient, site: str) -> None:
    for path in ("/login", "/logout"):
        answer = browser.post(
            path, data={"token": READ_TOKEN}, content_type="multipart/form-data",
            headers={"Sec-Fetch-Site": site},
        )  # fmt: skip
        assert answer.status_code == 403
    assert browser.get(f"/login?token={READ_TOKEN}").status_code == 200
    assert status(browser) == 401


def test_on_plain_http_the_origin_header_is_checked(data_dir: Path, tokens: Path) -> None:
    app = make_app(data_dir, token_file=tokens, allowed_hosts=("viz.lab.example",))
    client = app.test_client()
    for origin, expected in (
        ("http://viz.lab.example:8000", 303),
        ("http://viz.lab.example", 403),
        ("https://viz.lab.example:8000", 403),
        ("null", 403),
    ):
        answer = client.post(
            "/login",
            data={"token": READ_TOKEN},
            content_type="multipart/form-data",
            headers={"Origin": origin, "Host": "viz.lab.example:8000"},
        )
        assert answer.status_code == expected


def test_the_cookie_is_only_for_https_where_the_request_was(browser: CheckedClient) -> None:
    plain = sign_in(browser).headers["Set-Cookie"]
    assert "Secure" not in plain
    assert "HttpOnly" in plain
    assert "SameSite=Strict" in plain
    assert "Secure" in sign_in(browser, base_url="https://localhost").headers["Set-Cookie"]


def test_signing_out_invalidates_copies_of_the_cookie(
    browser: CheckedClient, shared: Flask
) -> None:
    sign_in(browser)
    thief = shared.test_client()
    thief.set_cookie(COOKIE, cookie(browser))
    assert status(thief) == 200
    answer = browser.post("/logout", headers=OWN)
    assert answer.status_code == 204
    assert answer.headers["Clear-Site-Data"] == '"cache"'
    assert (status(browser), status(thief)) == (401, 401)
    sign_in(browser)
    assert status(browser) == 200


def test_signing_out_without_a_session_succeeds(browser: CheckedClient) -> None:
    assert browser.post("/logout", headers=OWN).status_code == 204


def test_a_session_survives_a_restart_of_the_server(
    browser: CheckedClient, data_dir: Path, tokens: Path
) -> None:
    sign_in(browser)
    after = make_app(data_dir, token_file=tokens).test_client()
    after.set_cookie(COOKIE, cookie(browser))
    assert status(after) == 200


def test_removing_a_token_ends_only_its_sessions(
    browser: CheckedClient, shared: Flask, tokens: Path
) -> None:
    other = shared.test_client()
    sign_in(browser)
    sign_in(other, JOBS_TOKEN)
    assert (status(browser), status(other)) == (200, 200)
    write_tokens(tokens, f"jobs {JOBS_TOKEN}", f"read {OTHER_TOKEN}")
    assert (status(browser), status(other)) == (401, 200)
    assert other.get("/api/v1/datasets", headers=bearer(READ_TOKEN)).status_code == 401
    assert other.get("/api/v1/datasets", headers=bearer(OTHER_TOKEN)).status_code == 200


def test_a_session_has_the_current_role_of_its_token(browser: CheckedClient, tokens: Path) -> None:
    sign_in(browser, JOBS_TOKEN)
    assert browser.get("/api/v1/session").json["role"] == "jobs"
    write_tokens(tokens, f"read {JOBS_TOKEN}")
    assert browser.get("/api/v1/session").json["role"] == "read"


def test_a_session_expires_when_idle_and_after_a_week(browser: CheckedClient, clock: Clock) -> None:
    sign_in(browser)
    clock.now += IDLE_SECONDS - 60
    assert status(browser) == 200  # and a new cookie comes along
    clock.now += IDLE_SECONDS - 60
    assert status(browser) == 200
    clock.now += IDLE_SECONDS
    assert status(browser) == 401
    sign_in(browser)
    for _ in range(WHOLE_SECONDS // 3600 - 1):
        clock.now += 3600
        assert status(browser) == 200
    clock.now += 3600
    assert status(browser) == 401


def test_a_cookie_is_renewed_only_occasionally(browser: CheckedClient, clock: Clock) -> None:
    sign_in(browser)
    first = cookie(browser)
    clock.now += RENEW_SECONDS - 1
    assert "Set-Cookie" not in browser.get("/api/v1/datasets").headers
    clock.now += 1
    assert "Set-Cookie" in browser.get("/api/v1/datasets").headers
    assert cookie(browser) != first
    assert status(browser) == 200


def test_a_modified_cookie_is_invalid(browser: CheckedClient, shared: Flask) -> None:
    sign_in(browser)
    value = cookie(browser)
    token_id, _, signed = value.partition(".")
    payload, _, signature = signed.rpartition(".")  # a compressed payload begins with a dot
    forged = [
        "",
        ".",
        "..",
        token_id,
        f"{token_id}.",
        f"{token_id}.{payload}",
        f"{token_id}.{payload}.",
        f"{token_id}.{payload}.{signature[:-2]}",
        f"{token_id}.{payload[:-2]}AA.{signature}",
        f"{'0' * 16}.{payload}.{signature}",
        value + "x" * 3000,
        "\x7f" * 100,
    ]
    other = TokenFile(shared.extensions["attentionviz"].settings.token_file)
    _, jobs = other._present().values()
    forged.append(f"{jobs.token_id}.{payload}.{signature}")
    for one in forged:
        client = shared.test_client()
        client.set_cookie(COOKIE, one)
        assert status(client) == 401, one


def test_a_foreign_cookie_of_the_same_name_is_ignored(
    browser: CheckedClient, shared: Flask
) -> None:
    sign_in(browser)
    client = shared.test_client(use_cookies=False)
    both = {"Cookie": f"{COOKIE}=planted; {COOKIE}={cookie(browser)}"}
    assert client.get("/api/v1/datasets", headers=both).status_code == 200


def test_guessing_is_throttled(browser: CheckedClient, clock: Clock) -> None:
    for _ in range(login_throttle.MAX_PER_CLIENT):
        assert sign_in(browser, OTHER_TOKEN).status_code == 401
        clock.now += 1
    blocked = sign_in(browser)
    assert blocked.status_code == 429
    wait = int(blocked.headers["Retry-After"])
    assert (
        login_throttle.WINDOW_SECONDS - login_throttle.MAX_PER_CLIENT - 1
        <= wait
        <= login_throttle.WINDOW_SECONDS
    )
    assert "Too many failed sign-ins; try again in 5 minutes." in blocked.text
    with_token = browser.get("/api/v1/datasets", headers=bearer(READ_TOKEN))
    assert with_token.status_code == 429
    assert with_token.headers["Retry-After"] == blocked.headers["Retry-After"]
    clock.now += wait
    assert sign_in(browser).status_code == 303


def test_a_session_works_while_its_address_is_throttled(
    browser: CheckedClient, shared: Flask
) -> None:
    sign_in(browser)
    guesser = shared.test_client()
    for _ in range(login_throttle.MAX_PER_CLIENT + 1):
        last = guesser.get("/api/v1/datasets", headers=bearer(OTHER_TOKEN))
    assert last.status_code == 429
    assert status(browser) == 200


def from_address(client: CheckedClient, address: str, token: str) -> int:
    return sign_in(client, token, environ_overrides={"REMOTE_ADDR": address}).status_code


def test_distributed_guessing_is_throttled_except_for_known_clients(
    browser: CheckedClient, clock: Clock
) -> None:
    assert from_address(browser, "10.0.0.1", READ_TOKEN) == 303
    for i in range(login_throttle.MAX_IN_ALL):
        assert from_address(browser, f"10.1.{i // 250}.{i % 250}", OTHER_TOKEN) == 401
    assert from_address(browser, "10.2.0.1", READ_TOKEN) == 429
    assert from_address(browser, "10.0.0.1", READ_TOKEN) == 303
    clock.now += login_throttle.WINDOW_SECONDS + 1
    assert from_address(browser, "10.2.0.1", READ_TOKEN) == 303


def test_ipv6_addresses_of_one_network_are_one_client(browser: CheckedClient) -> None:
    for i in range(login_throttle.MAX_PER_CLIENT):
        assert from_address(browser, f"2001:db8::{i:x}", OTHER_TOKEN) == 401
    assert from_address(browser, "2001:db8::ffff:1", READ_TOKEN) == 429
    assert from_address(browser, "2001:db8:0:1::1", READ_TOKEN) == 303


def test_the_form_works_without_javascript(browser: CheckedClient) -> None:
    form = browser.get("/login").text
    assert re.search(r'<form [^>]*method="post" action="\./login"', form)
    assert not re.search(r"\$\w", form)
    for address in re.findall(r'(?:src|href)="\./([^"]+)"', form):
        assert browser.get(f"/{address}").status_code == 200
