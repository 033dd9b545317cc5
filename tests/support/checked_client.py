"""A test client that validates headers and type of every response."""

import gzip
import re
from collections.abc import Callable
from typing import Any

from flask import Response, request, request_finished
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from attentionviz.server.http.operations import Raw, operation_of
from attentionviz.store.manifest import adapter

SELF, NONE = "'self'", "'none'"
FORBIDDEN_IN_POLICY = ("unsafe-inline", "unsafe-eval", "http:", "https:", "*")
WANTED_IN_POLICY = (
    "default-src 'none'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    "connect-src 'self'",
    "script-src 'self'",
    "style-src 'self'",
)


# The one address that shows a form and sends it; the two that give and take the session cookie.
FORM = re.compile(r"(/[^?]*)?/login(\?.*)?")
COOKIES = re.compile(r"(/[^?]*)?/(login|logout)(\?.*)?")
COOKIE = re.compile(
    r"attentionviz_session=[A-Za-z0-9._-]*;( Expires=[^;]+;)? Max-Age=\d+;( Secure;)? HttpOnly;"
    r" Path=(/[A-Za-z0-9._~-]+)*/; SameSite=Strict"
)


class CheckedClient(FlaskClient):
    """Flask's test client with `check_headers` and `check_type` on every response."""

    def open(self, *args: Any, **kwargs: Any) -> TestResponse:
        endpoints: list[str | None] = []

        def note(_app: object, response: Response) -> None:
            endpoints.append(request.endpoint)

        with request_finished.connected_to(note, self.application):
            response = super().open(*args, **kwargs)
        check_headers(response)
        view = self.application.view_functions.get(endpoints[-1] if endpoints else None)
        check_type(response, view)
        return response


def check_type(response: TestResponse, view: Callable[..., Any] | None) -> None:
    """Fail unless the response of a route has the type that the route declares."""
    operation = operation_of(view)
    if operation is None or response.status_code not in (200, operation.status):
        return
    if isinstance(operation.answer, Raw):
        assert response.mimetype == operation.answer.media_type
        assert set(operation.answer.headers) <= {*response.headers.keys(), "X-Ready"}
    elif response.request.method != "HEAD":
        content = response.data
        if response.content_encoding == "gzip":
            content = gzip.decompress(content)
        adapter(operation.answer).validate_json(b"[" + content + b"]")


def check_headers(response: TestResponse) -> None:
    """Fail unless a response has all common headers."""
    headers = response.headers
    policy = headers["Content-Security-Policy"]
    rules = [rule.strip() for rule in policy.split(";")]
    assert not [word for word in FORBIDDEN_IN_POLICY if word in policy]
    assert not [rule for rule in WANTED_IN_POLICY if rule not in rules]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    path = response.request.path
    is_form = bool(FORM.fullmatch(path)) and "<form" in response.text
    assert f"form-action {SELF if is_form else NONE}" in rules
    assert headers["Referrer-Policy"] == ("same-origin" if is_form else "no-referrer")
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert "camera=()" in headers["Permissions-Policy"]
    assert headers["Cache-Control"]
    check_cookies(response)
    assert "Server" not in headers
    if response.status_code >= 400 and response.mimetype != "text/html":
        check_error(response)


def check_cookies(response: TestResponse) -> None:
    """Fail if a cookie is set unnecessarily, or is accessible to scripts or other sites."""
    cookies = response.headers.getlist("Set-Cookie")
    has_session = "attentionviz_session=" in response.request.headers.get("Cookie", "")
    assert len(cookies) <= int(bool(COOKIES.fullmatch(response.request.path)) or has_session)
    told = response.request.headers.get("X-Forwarded-Proto", response.request.scheme)
    for cookie in cookies:
        assert COOKIE.fullmatch(cookie), cookie
        assert ("Secure" in cookie) == (told == "https")


def check_error(response: TestResponse) -> None:
    """Fail unless an error response has the type `ErrorAnswer`."""
    assert response.mimetype == "application/json"
    if response.request.method == "HEAD":
        return
    assert set(response.json) == {"error"}
    assert set(response.json["error"]) == {"code", "message"}
    assert re.fullmatch("[a-z][a-z_]+", response.json["error"]["code"])
    assert response.json["error"]["message"]
    assert "Traceback" not in response.text
