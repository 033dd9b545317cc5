"""A test client that looks at the headers of every answer, whatever the test is about."""

import re
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

FORBIDDEN_IN_POLICY = ("unsafe-inline", "unsafe-eval", "http:", "https:", "*")
WANTED_IN_POLICY = (
    "default-src 'none'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    "connect-src 'self'",
    "style-src 'self'",
)


class CheckedClient(FlaskClient):
    """Answers as Flask's client does, after `check_headers`."""

    def open(self, *args: Any, **kwargs: Any) -> TestResponse:
        response = super().open(*args, **kwargs)
        check_headers(response)
        return response


def check_headers(response: TestResponse) -> None:
    """Fail unless an answer has every header that all answers have."""
    headers = response.headers
    policy = headers["Content-Security-Policy"]
    rules = [rule.strip() for rule in policy.split(";")]
    assert not [word for word in FORBIDDEN_IN_POLICY if word in policy]
    assert not [rule for rule in WANTED_IN_POLICY if rule not in rules]
    scripts = next(rule for rule in rules if rule.startswith("script-src"))
    assert re.fullmatch(r"script-src 'self'( 'sha256-[A-Za-z0-9+/=]{44}')?", scripts)
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert "camera=()" in headers["Permissions-Policy"]
    assert headers["Cache-Control"]
    assert "Set-Cookie" not in headers
    assert "Server" not in headers
    if response.status_code >= 400 and response.mimetype != "text/html":
        check_error(response)


def check_error(response: TestResponse) -> None:
    """Fail unless an error has the one shape of errors."""
    assert response.mimetype == "application/json"
    if response.request.method == "HEAD":
        return
    assert set(response.json) == {"error"}
    assert set(response.json["error"]) == {"code", "message"}
    assert re.fullmatch("[a-z][a-z_]+", response.json["error"]["code"])
    assert response.json["error"]["message"]
    assert "Traceback" not in response.text
