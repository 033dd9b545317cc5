"""The page itself: its files, and those of the modules that its import map names."""

import hashlib
import re
from html import escape
from pathlib import Path

from flask import Blueprint, Response, request

from attentionviz.api.context import context
from attentionviz.api.import_map import INDEX, MAX_FILE_BYTES, parse_vendor
from attentionviz.api.parameters import query
from attentionviz.api.responses import REVALIDATE
from attentionviz.errors import DamagedDatasetError, NotFoundError
from attentionviz.store.safe_files import read_regular

blueprint = Blueprint("page", __name__)
MIME_TYPES = {
    ".html": "text/html",
    ".css": "text/css",
    ".js": "text/javascript",
    ".mjs": "text/javascript",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".woff2": "font/woff2",
}
VENDOR_SUFFIXES = (".js", ".mjs")
_PART = re.compile(r"[A-Za-z0-9_@][A-Za-z0-9_@.-]{0,99}")


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
    missing = _missing_modules()
    if missing:
        return _say_what_is_missing(missing)
    return _static(context().settings.frontend_dir, INDEX, tuple(MIME_TYPES))


@blueprint.get("/css/<path:name>")
def get_style(name: str) -> Response:
    """Return a style sheet or what one refers to."""
    query()
    return _static(context().settings.frontend_dir, f"css/{name}", (".css", ".svg", ".woff2"))


@blueprint.get("/js/<path:name>")
def get_script(name: str) -> Response:
    """Return a module of the page."""
    query()
    return _static(context().settings.frontend_dir, f"js/{name}", (".js",))


@blueprint.get("/vendor/<path:name>")
def get_vendor(name: str) -> Response:
    """Return a module of a package that the import map names."""
    query()
    vendor = parse_vendor(f"/vendor/{name}")
    if vendor is None or vendor[0] not in context().index.modules():
        raise NotFoundError(f"{name[:80]!r} is in no package of the import map")
    folder = context().settings.node_modules_dir
    if not folder.is_dir():
        raise NotFoundError(f"the page's modules are missing; {_ADVICE}")
    return _static(folder, name, VENDOR_SUFFIXES)


_ADVICE = "run `make demo`, or `npm ci` in the project's folder, and reload"


def _static(folder: Path, name: str, suffixes: tuple[str, ...]) -> Response:
    suffix = Path(name).suffix
    parts_fit = all(_PART.fullmatch(part) for part in name.split("/"))
    if suffix not in suffixes or not parts_fit or name.endswith(".d.ts"):
        raise NotFoundError(f"there is no file {name[:80]!r}")
    try:
        content = read_regular(folder, name, MAX_FILE_BYTES)
    except DamagedDatasetError as error:
        raise NotFoundError(f"there is no file {name[:80]!r}") from error
    etag = hashlib.sha256(content).hexdigest()[:32]
    is_known = etag in request.if_none_match
    response = Response(b"" if is_known else content, status=304 if is_known else 200)
    response.content_type = f"{MIME_TYPES[suffix]}; charset=utf-8"
    if suffix in (".png", ".woff2"):
        response.content_type = MIME_TYPES[suffix]
    response.set_etag(etag)
    response.headers["Cache-Control"] = REVALIDATE
    return response


def _missing_modules() -> list[str]:
    folder = context().settings.node_modules_dir
    modules = context().index.modules()
    return [
        package
        for package, files in sorted(modules.items())
        if not all((folder / package / name).is_file() for name in files)
    ]


def _say_what_is_missing(packages: list[str]) -> Response:
    names = escape(", ".join(packages))
    body = (
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>AttentionViz</title>'
        f"<h1>AttentionViz</h1><p>Modules of the page are missing: {names}.</p>"
        f"<p>To get them, {_ADVICE}.</p></html>"
    )
    return Response(body, status=503, content_type="text/html; charset=utf-8")
