"""Sign-in and sign-out: a form without script, and an HttpOnly cookie."""

import re
from html import escape
from string import Template

from flask import Blueprint, Response, request

from attentionviz.errors import AppError, NotFoundError, NotSignedInError, TooManyFailuresError
from attentionviz.server.access.permissions import facts, session_cookies, set_cookie
from attentionviz.server.access.request_log import VISITOR
from attentionviz.server.http import contract
from attentionviz.server.http.context import context
from attentionviz.server.http.operations import operation, query
from attentionviz.server.http.request_guard import form_policy
from attentionviz.server.http.responses import json_response

blueprint = Blueprint("sign_in", __name__)
session_blueprint = Blueprint("session", __name__)
PAGE = "login.html"
MAX_FORM_BYTES = 16 * 1024
# What follows the address of the page: its view, and nothing that could lead elsewhere.
_VIEW = re.compile(r"\?[A-Za-z0-9._~!$&'()*+,;=:@/?%-]{0,8000}")


@session_blueprint.get("/api/v1/session")
@operation(contract.Session)
def get_session() -> Response:
    """Return the visitor and the visitor's permissions."""
    query()
    return json_response(facts())


@blueprint.get("/login")
def get_login() -> Response:
    """Return the sign-in form; ``next`` is the view to open afterwards."""
    return _page(request.args.get("next", ""), "", 200)


@blueprint.post("/login")
def post_login() -> Response:
    """Start a session, or return the form again with an error message."""
    authenticator = context().authenticator
    if authenticator is None:
        raise NotFoundError("this server does not require a token")
    request.max_content_length = MAX_FORM_BYTES
    view = request.form.get("next", "")
    text = request.form.get("token", "").strip()
    try:
        if not text:
            raise NotSignedInError("enter your token")
        token = authenticator.sign_in(text, request.remote_addr or "")
    except (NotSignedInError, TooManyFailuresError) as error:
        return _page(view, _sentence(error), error.status, error)
    request.environ[VISITOR] = f"{token.role}/{token.name}"
    response = Response(status=303)
    # Relative to our own address, so it holds below any prefix, also one that a proxy takes off.
    response.headers["Location"] = f"./{_view(view)}"
    set_cookie(response, authenticator.sessions.start(token))
    return response


@blueprint.post("/logout")
def post_logout() -> Response:
    """End the session."""
    authenticator = context().authenticator
    for value in session_cookies():
        session = authenticator.sessions.read(value) if authenticator else None
        if authenticator and session:
            authenticator.sessions.end(session)
    response = Response(status=204)
    set_cookie(response, None)
    response.headers["Clear-Site-Data"] = '"cache"'
    return response


def _view(text: str) -> str:
    return text if _VIEW.fullmatch(text) else ""


def _sentence(error: AppError) -> str:
    words = str(error)
    return f"{words[0].upper()}{words[1:]}."


def _page(view: str, words: str, status: int, error: AppError | None = None) -> Response:
    content = context().page.html(PAGE).decode()
    parts = {"view": _view(view), "words": words, "is_wrong": "true" if words else "false"}
    body = Template(content).substitute({name: escape(text) for name, text in parts.items()})
    response = Response(body, status=status, content_type="text/html; charset=utf-8")
    response.headers["Content-Security-Policy"] = form_policy()
    # With no-referrer a browser would hide from us that the form is our own.
    response.headers["Referrer-Policy"] = "same-origin"
    if error is not None and error.retry_after_s is not None:
        response.headers["Retry-After"] = str(error.retry_after_s)
    return response
