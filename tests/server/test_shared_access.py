"""With a token file, nobody gets anything that is not named as open to strangers."""

import json
import re
from pathlib import Path

import pytest
from flask import Flask
from tests.server.conftest import JOBS_TOKEN, READ_TOKEN, bearer, make_app, write_tokens
from tests.support.checked_client import CheckedClient
from werkzeug.routing import Rule

from attentionviz import __version__
from attentionviz.server.access.login_throttle import MAX_PER_CLIENT
from attentionviz.server.access.permissions import role_for

WRONG = "wrong-token-of-the-tests-0123456789abcdef"
OPEN_TO_STRANGERS = {
    ("GET", "/"),
    ("GET", "/page/<name>"),
    ("GET", "/login"),
    ("POST", "/login"),
    ("POST", "/logout"),
}
HEALTH = ("GET", "/health")
# Sent by those who read: a text that is typed is shown, and kept nowhere.
READING_PATHS = re.compile(r".*/(text|image)")
# The options tell readers, too, that there is nothing for them.
NEEDS_JOBS = re.compile(r"/api/v1/jobs(?!/options).*")


@pytest.fixture(scope="module")
def shared(data_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Flask:
    """Return an application that asks for tokens, with every route that there can be."""
    tokens = write_tokens(tmp_path_factory.mktemp("tokens") / "tokens")
    return make_app(data_dir, token_file=tokens, allow_jobs=True)


@pytest.fixture
def stranger(shared: Flask) -> CheckedClient:
    """Return a client that has no token; failures of other tests are forgotten."""
    shared.extensions["attentionviz"].authenticator.failures.__init__()
    return shared.test_client()


def routes(app: Flask) -> list[tuple[str, Rule]]:
    """Return every route with each of its methods."""
    return [
        (method, rule)
        for rule in app.url_map.iter_rules()
        for method in sorted(rule.methods - {"HEAD", "OPTIONS"})
    ]


def ask(client: CheckedClient, method: str, rule: Rule, token: str | None = None) -> int:
    path = re.sub(r"<(?:\w+:)?(\w+)>", lambda m: {"dataset_id": "text"}.get(m[1], "0"), rule.rule)
    headers = {"Sec-Fetch-Site": "same-origin", **(bearer(token) if token else {})}
    sent = {} if method == "GET" else {"json": {}}
    return client.open(path, method=method, headers=headers, **sent).status_code


def test_the_list_of_requests_covers_every_route(shared: Flask) -> None:
    found = {(method, rule.rule) for method, rule in routes(shared)}
    assert found > OPEN_TO_STRANGERS
    assert len(found) > 25


def test_without_a_token_all_but_the_listed_routes_are_401(
    shared: Flask, stranger: CheckedClient
) -> None:
    for method, rule in routes(shared):
        status = ask(stranger, method, rule)
        named = (method, rule.rule)
        if named in OPEN_TO_STRANGERS or named == HEALTH:
            # A form without a token is answered with the form again.
            assert status != 401 or named == ("POST", "/login"), named
        else:
            assert status == 401, named


def test_a_wrong_token_is_401_on_every_route(shared: Flask, stranger: CheckedClient) -> None:
    for method, rule in routes(shared):
        shared.extensions["attentionviz"].authenticator.failures.__init__()
        status = ask(stranger, method, rule, WRONG)
        named = (method, rule.rule)
        if named not in OPEN_TO_STRANGERS:
            assert status == 401, named


def test_each_role_reaches_its_routes(shared: Flask, stranger: CheckedClient) -> None:
    for method, rule in routes(shared):
        named = (method, rule.rule)
        if named in OPEN_TO_STRANGERS:
            continue
        is_reading = method == "GET" or READING_PATHS.fullmatch(rule.rule)
        is_for_jobs = not is_reading or bool(NEEDS_JOBS.fullmatch(rule.rule))
        assert (ask(stranger, method, rule, READ_TOKEN) == 403) == is_for_jobs, named
        assert ask(stranger, method, rule, JOBS_TOKEN) not in (401, 403), named


@pytest.mark.parametrize("path", ["/nothing", "/api/v1/none", "/api/v1/datasets/none", "/static/x"])
def test_unauthenticated_requests_do_not_reveal_what_is_missing(
    stranger: CheckedClient, path: str
) -> None:
    answer = stranger.get(path)
    assert (answer.status_code, answer.json["error"]["code"]) == (401, "not_signed_in")
    assert answer.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "TRACE", "OPTIONS"])
def test_other_http_methods_need_a_token_too(stranger: CheckedClient, method: str) -> None:
    headers = {"Sec-Fetch-Site": "same-origin"}
    assert stranger.open("/api/v1/datasets", method=method, headers=headers).status_code == 401


@pytest.mark.parametrize(
    ("endpoint", "method", "role"),
    [
        ("anything.new", "GET", "read"),
        ("anything.new", "POST", "jobs"),
        (None, "GET", "read"),
        (None, "DELETE", "jobs"),
        ("live.post_text", "POST", "read"),
        ("jobs.list_jobs", "GET", "jobs"),
    ],
)
def test_a_new_route_needs_a_token_and_one_that_writes_the_jobs_role(
    endpoint: str | None, method: str, role: str
) -> None:
    assert role_for(endpoint, method) == role


def test_without_a_token_health_shows_only_the_status(stranger: CheckedClient) -> None:
    assert stranger.get("/health").json == {"status": "ok"}
    known = stranger.get("/health", headers=bearer(READ_TOKEN))
    assert known.json == {"status": "ok", "version": __version__}
    assert stranger.get("/health", headers=bearer(WRONG)).status_code == 401


def test_public_files_contain_nothing_of_a_dataset(stranger: CheckedClient, data_dir: Path) -> None:
    page = stranger.get("/").text
    assert "text" not in re.findall(r"dataset=(\w+)", page)
    assert str(data_dir) not in page
    assert "demo-bert" not in page


@pytest.mark.parametrize(
    "authorization",
    [
        "",
        "Bearer",
        "Bearer ",
        f"Basic {READ_TOKEN}",
        f"bearer {READ_TOKEN}x",
        f"Token {READ_TOKEN}",
        READ_TOKEN,
        f"Bearer {READ_TOKEN},{READ_TOKEN}",
        f"Bearer {READ_TOKEN[:-1]}",
        "Bearer \xe9" + "x" * 40,
        "Bearer " + "x" * 9000,
    ],
)
def test_only_a_complete_bearer_token_is_accepted(
    stranger: CheckedClient, authorization: str
) -> None:
    answer = stranger.get("/api/v1/datasets", headers={"Authorization": authorization})
    assert answer.status_code == 401
    assert stranger.get(f"/api/v1/datasets?token={READ_TOKEN}").status_code == 401


def test_the_scheme_is_case_insensitive(stranger: CheckedClient) -> None:
    for scheme in ("Bearer", "bearer", "BEARER"):
        headers = {"Authorization": f"{scheme} {READ_TOKEN}"}
        assert stranger.get("/api/v1/datasets", headers=headers).status_code == 200


def test_basic_credentials_of_a_proxy_are_not_a_failed_sign_in(stranger: CheckedClient) -> None:
    for _ in range(MAX_PER_CLIENT + 5):
        headers = {"Authorization": "Basic YTpi"}
        assert stranger.get("/api/v1/datasets", headers=headers).status_code == 401


def test_the_page_receives_name_and_role_of_the_user(
    stranger: CheckedClient, client: CheckedClient
) -> None:
    told = stranger.get("/api/v1/session", headers=bearer(JOBS_TOKEN)).json
    assert told == {"has_sign_in": True, "role": "jobs", "name": "grace", "has_session": False}
    local = client.get("/api/v1/session").json
    assert local == {"has_sign_in": False, "role": "jobs", "name": None, "has_session": False}


def test_no_answer_ever_holds_a_token(shared: Flask, stranger: CheckedClient) -> None:
    for _, rule in routes(shared):
        for token in (READ_TOKEN, WRONG):
            answer = stranger.get(rule.rule, headers=bearer(token))
            assert token not in answer.text + json.dumps(dict(answer.headers))


def test_a_server_without_tokens_has_no_sign_in_form(client: CheckedClient) -> None:
    assert client.get("/login").status_code == 404
    sent = client.post("/login", headers={"Sec-Fetch-Site": "none"}, data={"token": "x"})
    assert sent.status_code in (404, 415)


def test_cors_origins_need_a_token_and_never_a_cookie(data_dir: Path, tmp_path: Path) -> None:
    tokens = write_tokens(tmp_path / "tokens")
    app = make_app(data_dir, token_file=tokens, cors_origins=("https://a.example",))
    client = app.test_client()
    origin = {"Origin": "https://a.example"}
    asked = {
        **origin,
        "Access-Control-Request-Method": "GET",
        "Access-Control-Request-Headers": "authorization",
    }
    preflight = client.options("/api/v1/datasets", headers=asked)
    assert preflight.status_code == 200
    assert preflight.headers["Access-Control-Allow-Headers"].lower() == "authorization"
    assert client.get("/api/v1/datasets", headers=origin).status_code == 401
    answer = client.get("/api/v1/datasets", headers={**origin, **bearer(READ_TOKEN)})
    assert answer.status_code == 200
    assert answer.headers["Access-Control-Allow-Origin"] == "https://a.example"
    for one in (preflight, answer):
        assert "Access-Control-Allow-Credentials" not in one.headers
    foreign = client.options("/api/v1/datasets", headers={**asked, "Origin": "https://b.example"})
    assert "Access-Control-Allow-Origin" not in foreign.headers


def test_jobs_are_offered_only_to_users_with_that_role(
    shared: Flask, stranger: CheckedClient
) -> None:
    for token, is_enabled in ((READ_TOKEN, False), (JOBS_TOKEN, True)):
        answer = stranger.get("/api/v1/jobs/options", headers=bearer(token))
        assert answer.json["is_enabled"] is is_enabled
