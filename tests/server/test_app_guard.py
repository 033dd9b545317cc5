"""Which hosts are served, who may write, and what every answer carries."""

import re
from pathlib import Path
from unittest.mock import Mock

import pytest
from flask import Flask
from tests.server.conftest import make_app, write_tokens
from tests.support.checked_client import CheckedClient, check_error

from attentionviz.errors import ConfigError
from attentionviz.server.app import create_app
from attentionviz.server.http.request_guard import Guard, content_policy
from attentionviz.settings.settings import Settings


@pytest.mark.parametrize(
    "host",
    ["localhost", "localhost:8561", "LocalHost:1", "127.0.0.1", "127.0.0.1:8561", "[::1]:8561"],
)
def test_names_of_this_machine_are_served(client: CheckedClient, host: str) -> None:
    assert client.get("/health", headers={"Host": host}).status_code == 200


HOSTILE_HOSTS = [
    "",
    "evil.example",
    "evil.example:8561",
    "localhost.evil.example",
    "127.0.0.1.evil.example",
    "127.0.0.1:8561.evil.example",
    "localhost:8561@evil.example",
    "evil.example#localhost",
    "evil.example, localhost",
    "localhost, evil.example",
    "localhost:",
    "localhost:999999",
    "localhost.",
    "[::1",
    "[::1]evil",
    "[::ffff:127.0.0.1]",
    "::1",
    "0.0.0.0",  # noqa: S104 - a name that must be refused
    "127.1",
    "2130706433",
    "localhost\tevil",
    " localhost",
    "l\u043ecalhost",  # a Cyrillic letter
    "localhost/",
    "http://localhost",
]


@pytest.mark.parametrize("host", HOSTILE_HOSTS)
@pytest.mark.parametrize("path", ["/", "/health", "/api/v1/datasets", "/nothing"])
def test_any_other_host_is_refused_before_routing(
    client: CheckedClient, host: str, path: str
) -> None:
    response = client.get(path, environ_overrides={"HTTP_HOST": host})
    assert response.status_code == 421
    assert response.json["error"]["code"] == "forbidden_host"


def test_a_request_without_a_host_is_refused(app: Flask) -> None:
    answer = {}
    environ = {"REQUEST_METHOD": "GET", "PATH_INFO": "/health", "wsgi.url_scheme": "http"}
    app.wsgi_app(environ, lambda status, headers, _: answer.update(status=status))
    assert answer["status"].startswith("421")


def test_a_host_that_is_allowed_is_served_on_any_port(data_dir, tmp_path) -> None:
    tokens = write_tokens(tmp_path / "tokens")
    app = make_app(data_dir, allowed_hosts=("viz.lab.example",), token_file=tokens)
    client = app.test_client()
    for host in ("viz.lab.example", "VIZ.lab.example:443", "localhost"):
        assert client.get("/health", headers={"Host": host}).status_code == 200
    assert client.get("/health", headers={"Host": "lab.example"}).status_code == 421


def test_a_refusal_of_head_has_no_body(client: CheckedClient) -> None:
    response = client.head("/health", headers={"Host": "evil.example"})
    assert (response.status_code, response.data) == (421, b"")


BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/webp,*/*;q=0.8"
SCRIPTS = ("*/*", "application/json", "text/css,*/*;q=0.1", "image/avif,image/webp,*/*;q=0.8", "")
FOREIGN = {"Host": "evil.example"}


@pytest.mark.parametrize(
    ("method", "path", "headers", "status", "root"),
    [
        ("GET", "/nothing", {}, 404, "./"),
        ("GET", "/a/b%2Fc//d/?e=/f", {}, 404, "../../../../"),
        ("GET", "/page/main-OLD.js", {}, 404, "../"),
        ("GET", "/lab/nothing/else", {}, 404, "../"),
        ("POST", "/", {"Sec-Fetch-Site": "none"}, 405, "./"),
        ("POST", "/", {"Sec-Fetch-Site": "cross-site"}, 403, "./"),
        ("GET", "/", FOREIGN, 421, None),
    ],
)
def test_an_error_is_a_page_for_a_browser_and_json_for_all_others(
    data_dir: Path, method: str, path: str, headers: dict[str, str], status: int, root: str | None
) -> None:
    prefix = "/lab" if path.startswith("/lab") else ""
    client = make_app(data_dir, url_prefix=prefix).test_client()
    shown = client.open(path, method=method, headers={**headers, "Accept": BROWSER})
    assert (shown.status_code, shown.mimetype) == (status, "text/html")
    assert shown.headers["Vary"] == "Accept"
    links = re.findall('(?:href|src)="([^"]*)"', shown.text)
    assert links[-1:] == ([root] if root else [])
    assert all(link.startswith(f"{root}page/login-") for link in links[:-1])
    assert "<script" not in shown.text and "style=" not in shown.text
    for accept in SCRIPTS:
        answer = client.open(path, method=method, headers={**headers, "Accept": accept})
        assert (answer.status_code, answer.mimetype) == (status, "application/json")


@pytest.mark.parametrize(
    "path", ["/api/v1/nothing", "/api", "/api/v1/datasets/none", "/health?x=1"]
)
def test_an_error_of_the_api_is_json_also_for_a_browser(client: CheckedClient, path: str) -> None:
    response = client.get(path, headers={"Accept": BROWSER})
    assert response.status_code in (400, 404) and response.is_json


@pytest.mark.parametrize("host", ["localhost", "hub.example:8000"])
def test_a_secret_path_replaces_only_the_host_check(data_dir: Path, host: str) -> None:
    app = create_app(Settings(data_dir=data_dir), "s3cret")
    app.test_client_class = CheckedClient
    client = app.test_client()
    for path in ("/", "/health", "/api/v1/datasets", "/s3cre/", "/s3cret0/", "//s3cret/"):
        refused = client.get(path, headers={"Host": host})
        assert (refused.status_code, refused.json["error"]["code"]) == (403, "forbidden")
    assert client.get("/s3cret/health", headers={"Host": host}).json["status"] == "ok"
    assert client.get("/s3cret?a=b", headers={"Host": host}).headers["Location"] == "s3cret/?a=b"
    own = {"Host": host, "Origin": f"http://{host}"}
    assert client.post("/s3cret/api/v1/datasets", headers=own, json={}).status_code == 405
    other = {"Host": host, "Origin": "http://evil.example"}
    assert client.post("/s3cret/api/v1/datasets", headers=other, json={}).status_code == 403


def test_an_internal_error_is_a_page_for_a_browser(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = make_app(data_dir)
    monkeypatch.setattr(
        "attentionviz.server.http.page_files.PageFiles.html", Mock(side_effect=KeyError)
    )
    response = app.test_client().get("/", headers={"Accept": BROWSER})
    assert (response.status_code, response.mimetype) == (500, "text/html")
    assert "Internal server error" in response.text and "KeyError" not in response.text


def test_unauthenticated_requests_do_not_reveal_which_pages_exist(data_dir, tmp_path) -> None:
    client = make_app(data_dir, token_file=write_tokens(tmp_path / "tokens")).test_client()
    pages = [client.get(path, headers={"Accept": BROWSER}) for path in ("/nothing", "/datasets")]
    assert {(page.status_code, page.mimetype) for page in pages} == {(401, "text/html")}
    assert pages[0].data == pages[1].data and "Sign in</a>" in pages[0].text


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "TRACE", "CONNECT", "FOO"])
@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "cross-site", "Origin": "http://localhost"},
        {"Origin": "http://evil.example"},
        {"Origin": "https://localhost"},
        {"Origin": "http://localhost:81"},
        {"Origin": "null"},
        {},
    ],
)
def test_other_pages_cannot_write(client: CheckedClient, method: str, headers: dict) -> None:
    response = client.open("/api/v1/datasets", method=method, headers=headers, json={})
    assert (response.status_code, response.json["error"]["code"]) == (403, "cross_site")


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "same-origin"},
        {"Sec-Fetch-Site": "none"},
        {"Origin": "http://localhost"},
    ],
)
def test_our_own_page_reaches_the_routes(client: CheckedClient, headers: dict) -> None:
    response = client.post("/api/v1/datasets", headers=headers, json={})
    assert response.status_code == 405  # no route takes it yet
    assert response.headers["Allow"] == "GET, HEAD"


@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/x-www-form-urlencoded", "application/jsonp", ""]
)
def test_forms_of_other_kinds_are_refused(client: CheckedClient, content_type: str) -> None:
    response = client.post(
        "/api/v1/datasets",
        headers={"Sec-Fetch-Site": "same-origin"},
        data=b"{}",
        content_type=content_type,
    )
    assert response.status_code == 415


def test_options_requests_reveal_nothing(client: CheckedClient) -> None:
    response = client.options("/api/v1/datasets", headers={"Origin": "https://a.example"})
    assert response.status_code == 405
    assert not [name for name in response.headers.keys() if name.startswith("Access-Control")]


def test_there_is_no_cors_by_default(client: CheckedClient) -> None:
    response = client.get("/api/v1/datasets", headers={"Origin": "https://a.example"})
    assert not [name for name in response.headers.keys() if name.startswith("Access-Control")]


def test_cors_is_for_exact_origins(data_dir) -> None:
    client = make_app(data_dir, cors_origins=("https://a.example",)).test_client()
    for path in ("/api/v1/datasets", "/api/v1/datasets/text/grid", "/health"):
        allowed = client.get(path, headers={"Origin": "https://a.example"})
        assert allowed.headers["Access-Control-Allow-Origin"] == "https://a.example"
        assert "X-Shape" in allowed.headers["Access-Control-Expose-Headers"]
        for origin in ("https://b.example", "https://a.example.evil", "http://a.example", "null"):
            refused = client.get(path, headers={"Origin": origin})
            assert "Access-Control-Allow-Origin" not in refused.headers
    assert (
        "Access-Control-Allow-Origin"
        not in client.get("/", headers={"Origin": "https://a.example"}).headers
    )


def test_the_application_refuses_an_open_port_without_tokens(data_dir) -> None:
    with pytest.raises(ConfigError):
        make_app(data_dir, host="0.0.0.0")  # noqa: S104 - what must be refused


def test_an_internal_error_reveals_nothing_about_the_server(
    app: Flask, client: CheckedClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> None:
        raise RuntimeError("secret of the server")

    monkeypatch.setattr(app.extensions["attentionviz"].library, "list_datasets", fail)
    response = client.get("/api/v1/datasets")
    assert (response.status_code, response.json["error"]["code"]) == (500, "internal_error")
    assert "secret" not in response.text


@pytest.mark.parametrize(
    "path",
    [
        "/nothing",
        "/api",
        "/api/v1",
        "/api/v1/",
        "/api/v1//datasets",
        "/health/",
        "/api//v1/datasets",
        "/.git",
    ],
)
def test_an_unknown_address_is_404_in_the_common_error_shape(
    client: CheckedClient, path: str
) -> None:
    response = client.get(path)
    assert (response.status_code, response.json["error"]["code"]) == (404, "not_found")


@pytest.mark.parametrize(
    "path", ["/health?x=1", "/api/v1/datasets?x=1", "/api/v1/openapi.json?v=x"]
)
def test_unknown_parameters_are_400(client: CheckedClient, path: str) -> None:
    assert client.get(path).status_code == 400


# Routes that take something in; nothing of it is kept.
WRITTEN = {"live.post_text", "live.post_image"}


def test_all_routes_are_guarded_and_others_are_read_only(app: Flask) -> None:
    client = app.test_client()
    for rule in app.url_map.iter_rules():
        assert rule.methods == ({"POST"} if rule.endpoint in WRITTEN else {"GET", "HEAD"})
        path = rule.rule
        for argument in rule.arguments:
            path = path.replace(f"<path:{argument}>", "x").replace(f"<{argument}>", "0")
        assert client.get(path, headers={"Host": "evil.example"}).status_code == 421
        written = client.post(path, headers={"Sec-Fetch-Site": "cross-site"}, json={})
        assert written.status_code == 403


def test_head_answers_as_get_without_the_body(client: CheckedClient) -> None:
    for path in ("/health", "/api/v1/datasets/text/grid", "/api/v1/datasets/none"):
        got, headed = client.get(path), client.head(path)
        assert (headed.status_code, headed.data) == (got.status_code, b"")
        assert headed.headers["Content-Length"] == got.headers["Content-Length"]


def test_the_guard_keeps_headers_that_the_application_set() -> None:
    def answers(environ: dict, start_response) -> list[bytes]:
        start_response("200 OK", [("cache-control", "private"), ("X-Own", "1")])
        return [b""]

    seen: list = []
    guard = Guard(answers, (), content_policy())
    environ = {"HTTP_HOST": "localhost", "REQUEST_METHOD": "GET"}
    list(guard(environ, lambda status, headers, _: seen.extend(headers)))
    names = [name.lower() for name, _ in seen]
    assert names.count("cache-control") == 1
    assert ("X-Own", "1") in seen


def test_errors_of_flask_have_the_common_error_shape(app: Flask, client: CheckedClient) -> None:
    response = client.get("/api/v1/datasets", headers={"If-None-Match": '"' + "x" * 5000})
    assert response.status_code == 200
    check_error(client.delete("/health", headers={"Sec-Fetch-Site": "none"}))
