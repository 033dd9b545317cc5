"""Authorization: the permissions of routes. Routes that are not listed need a token."""

from typing import Any

from flask import Flask, Response, current_app, g, request

from attentionviz.errors import NotSignedInError, RoleMissingError
from attentionviz.server.access.authenticator import Authenticator, Visitor
from attentionviz.server.access.request_log import VISITOR
from attentionviz.server.access.sessions import COOKIE, WHOLE_SECONDS

SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
# Files of the page, the same on every server. A session cookie does not come along when a link is
# followed from elsewhere, so the page itself has to be there before it can show who is signed in.
PAGE = frozenset({"page.get_index", "page.get_file"})
# They ask by themselves, or answer strangers less.
OPEN = frozenset({"sign_in.get_login", "sign_in.post_login", "sign_in.post_logout"})
HEALTH = "datasets.get_health"
# Whose sending keeps nothing on the server: a text is shown in the maps and forgotten.
READING_BLUEPRINTS = frozenset({"live"})
JOBS_BLUEPRINTS = frozenset({"jobs"})
MAX_COOKIES = 4
LOCAL = Visitor("jobs")
GATE = "attentionviz-gate"


def role_for(endpoint: str | None, method: str) -> str | None:
    """Return the role that an endpoint needs: "read" or "jobs", or None if it is open to strangers.

    Parameters
    ----------
    endpoint : str or None
        As Flask names it; None for an address that leads nowhere.
    method : str
    """
    if endpoint in PAGE or endpoint in OPEN:
        return None
    blueprint = (endpoint or "").partition(".")[0]
    if blueprint in JOBS_BLUEPRINTS:
        return "jobs"
    return "read" if method in SAFE_METHODS or blueprint in READING_BLUEPRINTS else "jobs"


def visitor() -> Visitor | None:
    """Return who sends the present request; None for a stranger."""
    found: Visitor | None = g.get("visitor")
    return found


def ask_everybody(app: Flask, gate: Authenticator | None) -> None:
    """Have every request of an application asked who sends it, before its route is reached.

    Parameters
    ----------
    app : Flask
    gate : Authenticator or None
        None where everybody who reaches the server may do everything.
    """
    app.extensions[GATE] = gate
    app.before_request(_ask)
    app.after_request(_renew)


def set_cookie(response: Response, value: str | None) -> None:
    """Give a browser its session cookie, or take it away.

    Parameters
    ----------
    response : Response
    value : str or None
        None takes it away.
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
    """Return the values of the session cookie; a neighbour on the host may have set another."""
    return request.cookies.getlist(COOKIE)[:MAX_COOKIES]


def _gate() -> Authenticator | None:
    found: Authenticator | None = current_app.extensions[GATE]
    return found


def _ask() -> None:
    gate = _gate()
    if gate is None:
        g.visitor = LOCAL
        return
    if request.method == "OPTIONS" and current_app.config["PROVIDE_AUTOMATIC_OPTIONS"]:
        return  # what a browser asks before it sends a token from another origin
    role = role_for(request.endpoint, request.method)
    if role is None:
        return
    authorization = request.headers.get("Authorization")
    g.visitor = gate.visitor(authorization, session_cookies(), request.remote_addr or "")
    if g.visitor is None:
        if request.endpoint != HEALTH:
            raise NotSignedInError("sign in, or send a token: Authorization: Bearer …")
        return
    request.environ[VISITOR] = f"{g.visitor.role}/{g.visitor.name}"
    if role == "jobs" and not g.visitor.may_do_jobs:
        raise RoleMissingError("this needs a token of the role jobs; yours has the role read")


def _renew(response: Response) -> Response:
    gate, found = _gate(), visitor()
    session = found.session if found else None
    value = gate.sessions.renewed(session) if gate and session else None
    if value is not None:
        set_cookie(response, value)
    return response


def facts() -> dict[str, Any]:
    """Return what a page may know of who looks at it."""
    found = visitor() or LOCAL
    has_sign_in = _gate() is not None
    return {
        "has_sign_in": has_sign_in,
        "role": found.role,
        "name": found.name,
        "has_session": found.session is not None,
    }
