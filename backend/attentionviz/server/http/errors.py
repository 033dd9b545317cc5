"""Error responses: JSON for programs, a small page for browsers."""

import json
from collections.abc import Mapping
from html import escape
from http import HTTPStatus
from typing import Any
from urllib.parse import unquote

from werkzeug.datastructures import MIMEAccept
from werkzeug.http import parse_accept_header

from attentionviz.core.file_names import readable

JSON, HTML = "application/json", "text/html; charset=utf-8"
_PAGE = """<!doctype html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <meta name="color-scheme" content="light dark">
  <meta name="robots" content="noindex">
  <title>{title} · AttentionViz</title>{sheet}
</head>
<body>
  <main class="sign-in">
    <h1 class="sign-in__brand">AttentionViz</h1>
    <div class="sign-in__form">
      <h2>{title}</h2>
      <p>{message}</p>{link}
    </div>
  </main>
</body>
</html>
"""


def wants_page(environ: Mapping[str, Any]) -> bool:
    """Return whether a request is a browser's navigation to a page outside of the API.

    Only these get an error as HTML; requests for scripts, style sheets, images and data do not.
    """
    path = environ.get("PATH_INFO", "")
    if path in ("/api", "/health") or path.startswith("/api/"):
        return False
    accept = parse_accept_header(environ.get("HTTP_ACCEPT"), MIMEAccept)
    return accept.quality("text/html") > accept.quality(JSON)


def error_json(code: str, message: str) -> bytes:
    """Return the JSON of an error, the same for all errors."""
    return json.dumps({"error": {"code": code, "message": message}}).encode()


def error_page(
    environ: Mapping[str, Any], status: int, message: str, sheet: str | None, *, has_link: bool
) -> bytes:
    """Return an HTML page with an error message, without a script.

    Parameters
    ----------
    environ : mapping
        Of the request.
    status : int
        HTTP status.
    message : str
    sheet : str or None
        URL of the style sheet, relative to the start page.
    has_link : bool
        Whether the page links to the start page.
    """
    start = escape(_start(environ))
    label = "Go to the start page"
    if status == HTTPStatus.UNAUTHORIZED:  # the API's message explains tokens to programs
        label, message = "Sign in", "sign in to see this"
    link = f'\n      <p><a class="button button--main" href="{start}">{label}</a></p>'
    style = f'\n  <link rel="stylesheet" href="{start}{sheet}">' if sheet else ""
    sentence = readable(f"{message[:1].upper()}{message[1:]}").rstrip(".") + "."
    page = _PAGE.format(
        title=HTTPStatus(status).phrase.capitalize(),
        sheet=style,
        message=escape(sentence).replace("\n", "<br>"),
        link=link if has_link else "",
    )
    return page.encode()


def _start(environ: Mapping[str, Any]) -> str:
    """Return the relative URL of the start page, which holds for any prefix that a proxy strips."""
    path = environ.get("PATH_INFO", "/")
    asked = environ.get("REQUEST_URI", path).partition("?")[0]
    # The undecoded path below the start page, since an encoded slash is part of a name.
    starts = (i for i, char in enumerate(asked) if char == "/")
    below = next((asked[i:] for i in starts if unquote(asked[i:], "latin-1") == path), path)
    return "../" * (below.count("/") - 1) or "./"
