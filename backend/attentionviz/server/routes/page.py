"""The page: its HTML and the files that it loads."""

import hashlib
from pathlib import PurePosixPath

from flask import Blueprint, Response, request

from attentionviz.errors import NotFoundError
from attentionviz.server.http.context import context
from attentionviz.server.http.operations import query
from attentionviz.server.http.page_files import FOLDER
from attentionviz.server.http.responses import REVALIDATE, compressible_response

blueprint = Blueprint("page", __name__)
INDEX = "index.html"
# A name holds a hash of the content, and every server has the same files for everybody.
FOR_GOOD = "public, max-age=31536000, immutable"
TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml; charset=utf-8",
    ".map": "application/json",
}


@blueprint.before_app_request
def add_slash() -> Response | None:
    """Redirect to the path with a trailing slash, which the relative URLs of the page need."""
    if request.environ.get("PATH_INFO") != "" or not request.root_path:
        return None
    view = request.query_string.decode("latin-1")
    response = Response(status=308)
    name = request.root_path.rpartition("/")[2]
    response.headers["Location"] = f"{name}/{'?' if view else ''}{view}"
    return response


@blueprint.get("/")
def get_index() -> Response:
    """Return the page."""
    content = context().page.html(INDEX)
    etag = hashlib.sha256(content).hexdigest()[:32]
    return compressible_response(etag, lambda: content, TYPES[".html"], REVALIDATE)


@blueprint.get(f"/{FOLDER}/<name>")
def get_file(name: str) -> Response:
    """Return a file of the page: script, style sheet, image or source map."""
    query()
    content = context().page.file(name)
    if content is None:
        raise NotFoundError(f"there is no file {name[:80]!r}")
    content_type = TYPES[PurePosixPath(name).suffix]
    response = compressible_response(name, lambda: content, content_type, FOR_GOOD)
    if context().page.file(f"{name}.map") is not None:
        response.headers["SourceMap"] = f"{name}.map"
    return response
