"""Checks before every route (Host, origin, permissions), and security headers.

Another site that a visitor has open must neither read nor change anything here, even if its name is
made to resolve to this machine (DNS rebinding). Flask checks the host only after routing, which is
too late, so this is a WSGI middleware.
"""

import hmac
import re
from collections.abc import Callable, Iterable
from typing import Any

from attentionviz.server.access.permissions import SAFE_METHODS
from attentionviz.server.http.errors import HTML, JSON, error_json, error_page, wants_page

Environ = dict[str, Any]
StartResponse = Callable[..., Any]
WsgiApp = Callable[[Environ, StartResponse], Iterable[bytes]]

NO_FRAMES = "frame-ancestors 'none'"
OWN_HOSTS = ("localhost", "127.0.0.1", "[::1]")
WRITABLE_TYPES = ("application/json", "multipart/form-data")
_HOST = re.compile(r"([A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{1,5})?")

HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}


def content_policy(frame_origins: Iterable[str] = ()) -> str:
    """Return the Content-Security-Policy.

    Parameters
    ----------
    frame_origins : iterable of str
        Origins that may embed the page in a frame.
    """
    origins = " ".join(frame_origins)
    rules = (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data: blob:",
        "connect-src 'self'",
        "font-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        f"frame-ancestors {origins}" if origins else NO_FRAMES,
        "require-trusted-types-for 'script'",
        "trusted-types 'none'",
    )
    return "; ".join(rules)


def form_policy() -> str:
    """Return the policy of the sign-in page, the only one that submits a form (to its origin)."""
    return content_policy().replace("form-action 'none'", "form-action 'self'")


def add_headers(headers: list[tuple[str, str]], policy: str) -> list[tuple[str, str]]:
    """Add the security headers to the headers of a response."""
    present = {name.lower() for name, _ in headers}
    always = {"Content-Security-Policy": policy, **HEADERS, "Cache-Control": "no-store"}
    if NO_FRAMES in policy:  # for old browsers; the header cannot list other origins
        always["X-Frame-Options"] = "DENY"
    more = [(name, value) for name, value in always.items() if name.lower() not in present]
    return [*headers, *more]


class Guard:
    """WSGI middleware that checks every request and adds security headers to every response.

    Parameters
    ----------
    app : callable
        The WSGI application.
    allowed_hosts : iterable of str
        Host names to accept in addition to those of this machine, with any port.
    policy : str
        The Content-Security-Policy.
    secret : str
        Required first segment of every path, in place of the check of the host: a page that uses
        DNS rebinding cannot know it. "" for none.
    """

    def __init__(
        self, app: WsgiApp, allowed_hosts: Iterable[str], policy: str, secret: str = ""
    ) -> None:
        self._app = app
        self._hosts = {*OWN_HOSTS, *allowed_hosts}
        self._policy = policy
        self._secret = secret

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""

        def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            return start_response(status, add_headers(headers, self._policy), exc_info)

        refusal = self._refusal(environ)
        if refusal is None:
            return self._app(environ, start)
        status, code, message = refusal
        body, content_type = error_json(code, message), JSON
        if wants_page(environ):
            # A wrong host or path gets an error page without a link.
            has_link = code not in ("forbidden_host", "forbidden")
            number = int(status.partition(" ")[0])
            body = error_page(environ, number, message, None, has_link=has_link)
            content_type = HTML
        length = ("Content-Length", str(len(body)))
        start(status, [("Content-Type", content_type), length, ("Vary", "Accept")])
        return [] if environ.get("REQUEST_METHOD") == "HEAD" else [body]

    def _refusal(self, environ: Environ) -> tuple[str, str, str] | None:
        host = environ.get("HTTP_HOST", "")
        match = _HOST.fullmatch(host)
        if self._secret:
            if not _strip_secret(environ, self._secret):
                message = "open this page from the notebook that shows it"
                return "403 Forbidden", "forbidden", message
        elif match is None or match[1].lower() not in self._hosts:
            message = f"the host {host[:80]!r} is not served here; add it to allowed_hosts"
            return "421 Misdirected Request", "forbidden_host", message
        if environ.get("REQUEST_METHOD") in SAFE_METHODS:
            return None
        if not _is_own_origin(environ, host):
            message = "this request must come from this server's page, or have Sec-Fetch-Site: none"
            return "403 Forbidden", "cross_site", message
        if not _has_writable_type(environ):
            message = f"the body must be one of {', '.join(WRITABLE_TYPES)}"
            return "415 Unsupported Media Type", "unsupported_media_type", message
        return None


def _strip_secret(environ: Environ, secret: str) -> bool:
    """Remove the secret from the start of the path; return whether it was present."""
    first, slash, rest = environ.get("PATH_INFO", "").removeprefix("/").partition("/")
    if not hmac.compare_digest(first.encode("latin-1", "replace"), secret.encode()):
        return False
    environ["SCRIPT_NAME"] = f"{environ.get('SCRIPT_NAME', '')}/{secret}"
    environ["PATH_INFO"] = slash + rest
    return True


def _is_own_origin(environ: Environ, host: str) -> bool:
    site = environ.get("HTTP_SEC_FETCH_SITE")
    if site is not None:
        return site in ("same-origin", "none")
    # On plain http beyond localhost, browsers omit Sec-Fetch-Site but always send Origin.
    origin = environ.get("HTTP_ORIGIN", "")
    return bool(origin == f"{environ.get('wsgi.url_scheme')}://{host}")


def _has_writable_type(environ: Environ) -> bool:
    if environ.get("CONTENT_LENGTH", "0") in ("", "0") and "CONTENT_TYPE" not in environ:
        return True
    media_type = environ.get("CONTENT_TYPE", "").partition(";")[0].strip().lower()
    return media_type in WRITABLE_TYPES
