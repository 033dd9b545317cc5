"""Authorization: the permissions of routes. Routes that are not listed need a token."""

from typing import Any

from flask import Flask, Response, current_app, g, request

from attentionviz.errors import NotSignedInError, RoleMissingError
from attentionviz.server.access.authenticator import Authenticator, Visitor
from attentionviz.server.access.request_log import VISITOR
from attentionviz.server.access.sessions import COOKIE, WHOLE_SECONDS

SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
# Files of the page, the same on every server. A SameSite=Strict cookie is not sent when a link on
# another site is followed, so the page must load without it before it can show who is signed in.
PAGE = frozenset({"page.get_index", "page.get_file"})
# They authenticate themselves, or answer less to unauthenticated clients.
OPEN = frozenset({"sign_in.get_login", "sign_in.post_login", "sign_in.post_logout"})
HEALTH = "datasets.get_health"
# POST routes that need only the role "read", since they store nothing on the server.
READING_BLUEPRINTS = frozenset({"live"})
JOBS_BLUEPRINTS = frozenset({"jobs"})
MAX_COOKIES = 4
LOCAL = Visitor("jobs")
GATE = "attentionviz-authenticator"


def role_for(endpoint: str | None, method: str) -> str | None:
    """Return the role that an endpoint requires: "read" or "jobs", or None for a public endpoint.

    Parameters
    ----------
    endpoint : str or None
        Flask's name of the endpoint; None if no route matches.
    method : str
    """
    if endpoint in PAGE or endpoint in OPEN:
        return None
    blueprint = (endpoint or "").partition(".")[0]
    if blueprint in JOBS_BLUEPRINTS:
        return "jobs"
    return "read" if method in SAFE_METHODS or blueprint in READING_BLUEPRINTS else "jobs"


def visitor() -> Visitor | None:
    """Return the visitor of the current request; None if it is not authenticated."""
    current: Visitor | None = g.get("visitor")
    return current


def ask_everybody(app: Flask, authenticator: Authenticator | None) -> None:
    """Authenticate and authorize every request of an application before its route is called.

    Parameters
    ----------
    app : Flask
    authenticator : Authenticator or None
        None if the server needs no tokens.
    """
    app.extensions[GATE] = authenticator
    app.before_request(_ask)
    app.after_request(_renew)


def set_cookie(response: Response, value: str | None) -> None:
    """Set or delete the session cookie.

    Parameters
    ----------
    response : Response
    value : str or None
        None deletes it.
    """
    response.set_cookie(
        COOKIE,
        value or "",
        max_age=WHOLE_SECONDS if value else 0,
        path=f"{request.root_path}/",
        secure=request.scheme == "https",
        httponly=True,
        samesite="Strict",
    )


def session_cookies() -> list[str]:
    """Return all values of the session cookie; another site on the host may have set one, too."""
    return request.cookies.getlist(COOKIE)[:MAX_COOKIES]


def _authenticator() -> Authenticator | None:
    authenticator: Authenticator | None = current_app.extensions[GATE]
    return authenticator


def _ask() -> None:
    authenticator = _authenticator()
    if authenticator is None:
        g.visitor = LOCAL
        return
    if request.method == "OPTIONS" and current_app.config["PROVIDE_AUTOMATIC_OPTIONS"]:
        return  # a CORS preflight, which carries no token
    role = role_for(request.endpoint, request.method)
    if role is None:
        return
    authorization = request.headers.get("Authorization")
    g.visitor = authenticator.visitor(authorization, session_cookies(), request.remote_addr or "")
    if g.visitor is None:
        if request.endpoint != HEALTH:
            raise NotSignedInError("sign in, or send a token: Authorization: Bearer …")
        return
    request.environ[VISITOR] = f"{g.visitor.role}/{g.visitor.name}"
    if role == "jobs" and not g.visitor.may_do_jobs:
        raise RoleMissingError("this requires a token with the role jobs; yours has the role read")


def _renew(response: Response) -> Response:
    authenticator, current = _authenticator(), visitor()
    session = current.session if current else None
    value = authenticator.sessions.renewed(session) if authenticator and session else None
    if value is not None:
        set_cookie(response, value)
    return response


def facts() -> dict[str, Any]:
    """Return what a page may know about its visitor."""
    current = visitor() or LOCAL
    has_sign_in = _authenticator() is not None
    return {
        "has_sign_in": has_sign_in,
        "role": current.role,
        "name": current.name,
        "has_session": current.session is not None,
    }
