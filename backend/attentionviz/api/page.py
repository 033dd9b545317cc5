"""The page itself: its HTML, and the linked files that this names."""

import hashlib
import logging
from html import escape

from flask import Blueprint, Response, request

from attentionviz.api.context import context
from attentionviz.api.linked_page import FOLDER, PageFile
from attentionviz.api.parameters import query
from attentionviz.api.responses import REVALIDATE
from attentionviz.errors import NotFoundError, PageError

blueprint = Blueprint("page", __name__)
INDEX = "index.html"
# A name holds a hash of the content, and every server has the same files for everybody.
FOR_GOOD = "public, max-age=31536000, immutable"
_log = logging.getLogger(__name__)


@blueprint.before_app_request
def add_slash() -> Response | None:
    """Lead from the path of the page without its last slash, which addresses in it need."""
    if request.environ.get("PATH_INFO") != "" or not request.root_path:
        return None
    view = request.query_string.decode("latin-1")
    response = Response(status=308)
    name = request.root_path.rpartition("/")[2]
    response.headers["Location"] = f"{name}/{'?' if view else ''}{view}"
    return response


@blueprint.get("/")
def get_index() -> Response:
    """Return the page, or say what is missing for it."""
    try:
        content = context().page.html(INDEX)
    except PageError as error:
        return _say_what_is_missing(error)
    response = _with_etag(content, "text/html; charset=utf-8")
    response.headers["Cache-Control"] = REVALIDATE
    return response


@blueprint.get(f"/{FOLDER}/<name>")
def get_file(name: str) -> Response:
    """Return a linked file of the page: script, sheet, picture or source map."""
    query()
    file = context().page.file(name)
    if file is None:
        raise NotFoundError(f"there is no file {name[:80]!r}")
    response = _compressed(file) or _with_etag(file.content, file.content_type)
    response.headers["Cache-Control"] = FOR_GOOD
    if file.compressed is not None:
        response.vary.add("Accept-Encoding")
    if context().page.file(f"{name}.map") is not None:
        response.headers["SourceMap"] = f"{name}.map"
    return response


def _compressed(file: PageFile) -> Response | None:
    if file.compressed is None or request.accept_encodings.quality("gzip") <= 0:
        return None
    response = _with_etag(file.compressed, file.content_type)
    response.content_encoding = "gzip"
    return response


def _with_etag(content: bytes, content_type: str) -> Response:
    etag = hashlib.sha256(content).hexdigest()[:32]
    is_known = etag in request.if_none_match
    response = Response(b"" if is_known else content, status=304 if is_known else 200)
    response.content_type = content_type
    response.set_etag(etag)
    return response


def _say_what_is_missing(error: PageError) -> Response:
    _log.warning("%s: %s", error.code, error)
    body = (
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>AttentionViz</title>'
        f"<h1>AttentionViz</h1><pre>{escape(str(error))}</pre></html>"
    )
    return Response(body, status=error.status, content_type="text/html; charset=utf-8")
