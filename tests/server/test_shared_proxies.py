"""What proxies say is believed of those that the settings name, and of nobody else."""

from pathlib import Path

import pytest
from tests.server.conftest import READ_TOKEN, bearer, make_app, write_tokens
from tests.support.checked_client import CheckedClient

from attentionviz.server.access.login_throttle import MAX_PER_CLIENT
from attentionviz.server.access.proxies import FORWARDED, Proxies

PROXY = "10.0.0.2"
NAME = "viz.lab.example"
WRONG = "wrong-token-of-the-tests-0123456789abcdef"


def seen_by(
    headers: dict[str, str], *, peer: str = PROXY, prefix: str = "", path: str = "/a"
) -> dict:
    """Return the environment behind the proxies of two networks."""
    seen: list[dict] = []
    wrapped = Proxies(lambda environ, _: seen.append(environ) or [], (PROXY, "10.9.0.0/16"), prefix)
    environ = {"REMOTE_ADDR": peer, "PATH_INFO": path, "wsgi.url_scheme": "http"}
    environ |= {"HTTP_HOST": "localhost:8561", "SCRIPT_NAME": ""}
    environ |= {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in headers.items()}
    wrapped(environ, lambda *_: None)
    return seen[0]


ALL = {
    "X-Forwarded-For": "192.0.2.7",
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Host": NAME,
    "X-Forwarded-Prefix": "/lab/viz",
    "Forwarded": "for=192.0.2.8;host=evil.example",
    "X-Real-IP": "192.0.2.9",
    "X-Forwarded-Port": "1",
    "X-Forwarded-By": "x",
}


def test_a_trusted_proxy_sets_client_host_and_prefix() -> None:
    found = seen_by(ALL)
    assert found["REMOTE_ADDR"] == "192.0.2.7"
    assert found["wsgi.url_scheme"] == "https"
    assert found["HTTP_HOST"] == NAME
    assert found["SCRIPT_NAME"] == "/lab/viz"
    assert not [name for name in found if name in FORWARDED or "FORWARDED" in name]


@pytest.mark.parametrize("peer", ["192.0.2.1", "10.0.0.3", "127.0.0.1", "", "::ffff:192.0.2.1"])
def test_forwarded_headers_of_others_are_removed(peer: str) -> None:
    found = seen_by(ALL, peer=peer)
    assert (found["REMOTE_ADDR"], found["wsgi.url_scheme"]) == (peer, "http")
    assert (found["HTTP_HOST"], found["SCRIPT_NAME"]) == ("localhost:8561", "")
    assert not [name for name in found if name in FORWARDED or "FORWARDED" in name]


def test_a_proxy_missing_from_the_settings_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    wrapped = Proxies(lambda *_: [], (PROXY,), "")
    for peer, hops in ((PROXY, "192.0.2.7"), ("10.0.0.9", ""), ("10.0.0.9", "192.0.2.7")) * 2:
        asked = {"REMOTE_ADDR": peer, "PATH_INFO": "/", "HTTP_X_FORWARDED_FOR": hops}
        wrapped(asked, lambda *_: None)
    (said,) = caplog.messages
    assert said.startswith("10.0.0.9 sends X-Forwarded-For")
    assert "add it to trusted_proxies" in said


@pytest.mark.parametrize(
    ("hops", "client"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("203.0.113.66, 192.0.2.7", "192.0.2.7"),  # the first is what the client itself wrote
        ("192.0.2.7, 10.9.1.1", "192.0.2.7"),
        ("203.0.113.66, 192.0.2.7, 10.9.1.1, 10.9.2.2", "192.0.2.7"),
        ("10.9.1.1, 10.9.2.2", "10.9.1.1"),
        ("192.0.2.7:4711", "192.0.2.7"),
        ("[2001:db8::1]:4711", "2001:db8::1"),
        ("2001:db8::1", "2001:db8::1"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("", PROXY),
        ("unknown", PROXY),
        ("192.0.2.7, unknown", PROXY),
        ("192.0.2.7, ", PROXY),
        ("a" * 5000, PROXY),
    ],
)
def test_the_client_is_the_last_untrusted_address(hops: str, client: str) -> None:
    assert seen_by({"X-Forwarded-For": hops})["REMOTE_ADDR"] == client


@pytest.mark.parametrize(
    ("proto", "scheme"),
    [("https", "https"), ("HTTPS", "https"), ("http, https", "https"), ("gopher", "http")],
)
def test_the_nearest_proxy_sets_the_scheme(proto: str, scheme: str) -> None:
    assert seen_by({"X-Forwarded-Proto": proto})["wsgi.url_scheme"] == scheme


@pytest.mark.parametrize(
    "prefix",
    [
        "//evil.example",
        "/a/../b",
        "/a b",
        "lab",
        "/<script>",
        "https://evil.example/",
        "/a\r\nX: 1",
    ],
)
def test_an_invalid_prefix_is_ignored(prefix: str) -> None:
    assert seen_by({"X-Forwarded-Prefix": prefix})["SCRIPT_NAME"] == ""


@pytest.mark.parametrize(
    ("path", "rest"),
    [
        ("/lab/viz/health", "/health"),
        ("/health", "/health"),
        ("/lab/viz/", "/"),
        ("/lab/viz", ""),
        ("/lab/vizard", "/lab/vizard"),
        ("/lab/viz/lab/viz/x", "/lab/viz/x"),
    ],
)
def test_a_proxy_may_strip_or_keep_the_prefix(path: str, rest: str) -> None:
    found = seen_by({}, prefix="/lab/viz", path=path)
    assert (found["SCRIPT_NAME"], found["PATH_INFO"]) == ("/lab/viz", rest)
    said = seen_by({"X-Forwarded-Prefix": "/other"}, prefix="/lab/viz", path=path)
    assert said["SCRIPT_NAME"] == "/lab/viz"


@pytest.fixture
def client(data_dir: Path, tmp_path: Path) -> CheckedClient:
    """Return a client of a server below a prefix, that trusts one proxy."""
    app = make_app(
        data_dir,
        token_file=write_tokens(tmp_path / "tokens"),
        allowed_hosts=(NAME,),
        trusted_proxies=(PROXY,),
        url_prefix="/lab/viz",
    )
    return app.test_client()


def forwarded(client: CheckedClient, method: str, path: str, peer: str = PROXY, **more: object):
    headers = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": NAME}
    headers |= more.pop("headers", {})
    return client.open(
        path, method=method, headers=headers, environ_overrides={"REMOTE_ADDR": peer}, **more
    )


def sign_in(client: CheckedClient, peer: str = PROXY, token: str = READ_TOKEN, **headers: str):
    return forwarded(
        client,
        "POST",
        "/lab/viz/login",
        peer,
        data={"token": token, "next": "?dataset=text"},
        content_type="multipart/form-data",
        headers=headers,
    )


def test_a_page_on_https_behind_a_proxy_may_send_its_form(client: CheckedClient) -> None:
    assert sign_in(client, **{"Origin": f"https://{NAME}"}).status_code == 303
    assert sign_in(client, **{"Origin": f"http://{NAME}"}).status_code == 403
    assert sign_in(client, **{"Origin": "https://evil.example"}).status_code == 403
    spoofed = sign_in(client, "192.0.2.1", **{"Origin": f"https://{NAME}"})
    assert spoofed.status_code == 403


def test_a_forwarded_host_must_be_allowed(client: CheckedClient) -> None:
    foreign = {"X-Forwarded-Host": "evil.example"}
    assert forwarded(client, "GET", "/lab/viz/health", headers=foreign).status_code == 421
    foreign = {"X-Forwarded-Host": f"{NAME}, evil.example"}
    assert forwarded(client, "GET", "/lab/viz/health", headers=foreign).status_code == 421
    hosts = {"Host": "evil.example"}
    spoofed = forwarded(client, "GET", "/lab/viz/health", "192.0.2.1", headers=hosts)
    assert spoofed.status_code == 421


def test_the_cookie_is_for_the_prefix_and_for_https(client: CheckedClient) -> None:
    answer = sign_in(client, **{"Origin": f"https://{NAME}"})
    assert answer.headers["Location"] == "./?dataset=text"
    cookie = answer.headers["Set-Cookie"]
    assert "Path=/lab/viz/;" in cookie
    assert "Secure" in cookie


@pytest.mark.parametrize(
    ("path", "location"),
    [("/lab/viz", "viz/"), ("/lab/viz?dataset=text&x=%20", "viz/?dataset=text&x=%20")],
)
def test_the_page_without_a_trailing_slash_redirects(
    client: CheckedClient, path: str, location: str
) -> None:
    answer = forwarded(client, "GET", path)
    assert (answer.status_code, answer.headers["Location"]) == (308, location)


def test_the_openapi_document_contains_the_prefix(client: CheckedClient) -> None:
    path = "/lab/viz/api/v1/openapi.json"
    described = forwarded(client, "GET", path, headers=bearer(READ_TOKEN)).json
    assert described["servers"] == [{"url": "/lab/viz"}]


def test_login_failures_count_for_the_client_behind_the_proxy(client: CheckedClient) -> None:
    def try_from(address: str, token: str) -> int:
        headers = {"X-Forwarded-For": address, "Origin": f"https://{NAME}"}
        return sign_in(client, token=token, **headers).status_code

    for i in range(MAX_PER_CLIENT):
        assert try_from(f"203.0.113.{i}, 192.0.2.7", WRONG) == 401  # made-up hops do not help
    assert try_from("192.0.2.7", READ_TOKEN) == 429
    assert try_from("192.0.2.8", READ_TOKEN) == 303
