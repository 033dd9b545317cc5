"""Application factory, and start and shutdown of the server."""

import logging
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException

from attentionviz.errors import AppError, NotSignedInError
from attentionviz.server.access.permissions import ask_everybody
from attentionviz.server.access.proxies import Proxies
from attentionviz.server.access.request_log import RequestLog, log_to_standard_error
from attentionviz.server.http.context import EXTENSION, ApiContext, context, make_context
from attentionviz.server.http.errors import HTML, JSON, error_json, error_page, wants_page
from attentionviz.server.http.live_settings import MAX_BODY_BYTES
from attentionviz.server.http.openapi import ARRAY_HEADERS, document
from attentionviz.server.http.request_guard import Guard, WsgiApp, content_policy
from attentionviz.server.routes import (
    attention,
    datasets,
    heads,
    job_options,
    jobs,
    live,
    page,
    pairs,
    projections,
    sequence_scores,
    sign_in,
    similarity,
    tokens,
)
from attentionviz.settings.settings import Settings, require_safe

BLUEPRINTS = (
    datasets,
    tokens,
    projections,
    heads,
    attention,
    pairs,
    similarity,
    sequence_scores,
    live,
    job_options,
    page,
)
LOOPBACK = ("127.0.0.1", "::1")
_log = logging.getLogger(__name__)


def create_app(settings: Settings, secret: str = "") -> Flask:
    """Return the application; no dataset is read before the first request.

    Parameters
    ----------
    settings : Settings
    secret : str
        Required first segment of every path, in place of the check of the host; "" checks the
        host against the settings.

    Raises
    ------
    ConfigError
        If the settings or the token file are unsafe.
    """
    require_safe(settings)
    app = Flask(__name__, static_folder=None, template_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY_BYTES
    app.config["PROVIDE_AUTOMATIC_OPTIONS"] = bool(settings.cors_origins)
    # Flask would redirect "a//b" to "a/b", with its own HTML page; here it is 404.
    app.url_map.merge_slashes = False
    made = make_context(_with_real_folders(settings))
    app.extensions[EXTENSION] = made
    for module in BLUEPRINTS:
        app.register_blueprint(module.blueprint)
    if made.jobs is not None:
        app.register_blueprint(jobs.blueprint)
    app.register_blueprint(sign_in.session_blueprint)
    if made.authenticator is not None:
        app.register_blueprint(sign_in.blueprint)
    ask_everybody(app, made.authenticator)
    app.register_error_handler(AppError, _app_error)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(Exception, _unexpected_error)
    if settings.cors_origins:
        _allow_origins(app, settings.cors_origins)
    _guard(app, settings, secret)
    return app


def describe_api() -> dict[str, Any]:
    """Return the OpenAPI document of all routes, including jobs, for documentation and types."""
    return document(create_app(Settings(allow_jobs=True)))


def serve(settings: Settings, on_ready: Callable[[str], None] | None = None) -> None:
    """Serve until SIGTERM or SIGINT; running requests are finished first.

    Parameters
    ----------
    settings : Settings
    on_ready : callable or None
        Called once with the URL of the page, when the server listens.

    Raises
    ------
    ConfigError
        When the settings are unsafe, or the port is taken.
    """
    from attentionviz.server.http.waitress_server import run

    log_to_standard_error(has_requests=settings.has_access_log)
    app = create_app(settings)
    made: ApiContext = app.extensions[EXTENSION]

    def ready(address: str) -> None:
        _start_jobs(made)
        if on_ready is not None:
            on_ready(address)

    try:
        run(app, settings, ready, made.authenticator)
    finally:
        made.live.close()
        if made.jobs is not None:
            made.jobs.stop()


def _start_jobs(made: ApiContext) -> None:
    """Resume jobs from before a restart; a failure is logged and does not stop the server."""
    if made.jobs is None:
        return
    try:
        made.jobs.start()
    except (AppError, OSError) as error:
        _log.warning("jobs are disabled: %s", error)


def serve_in_background(settings: Settings, secret: str = "") -> str:
    """Serve from a thread of this process until it ends; return the URL of the server.

    Parameters
    ----------
    settings : Settings
    secret : str
        As for `create_app`.

    Raises
    ------
    ConfigError
        When the settings are unsafe, or the port is taken.
    """
    from attentionviz.server.http.waitress_server import run_in_thread

    app = create_app(settings, secret)
    made: ApiContext = app.extensions[EXTENSION]
    return run_in_thread(app, settings, made.authenticator)


def _with_real_folders(settings: Settings) -> Settings:
    """Resolve symbolic links in the configured folders; links inside of them are not followed."""
    return replace(
        settings,
        data_dir=settings.data_dir.resolve(),
        frontend_dir=settings.frontend_dir.resolve(),
    )


def _guard(app: Flask, settings: Settings, secret: str) -> None:
    policy = content_policy(settings.frame_origins)
    wrapped: WsgiApp = Guard(app.wsgi_app, settings.allowed_hosts, policy, secret)
    if settings.has_access_log:
        wrapped = RequestLog(wrapped)
    # A client that knows the secret may set host name and path prefix by forwarded headers.
    trusted = LOOPBACK if secret else settings.trusted_proxies
    wrapped = Proxies(wrapped, trusted, settings.url_prefix)
    app.wsgi_app = wrapped  # type: ignore[method-assign]  # Flask's own way to wrap an application


def _allow_origins(app: Flask, origins: tuple[str, ...]) -> None:
    from flask_cors import CORS

    CORS(
        app,
        resources={r"/(api/.*|health)": {"origins": list(origins)}},
        methods=["GET", "HEAD"],
        allow_headers=["Authorization"],  # and never a cookie
        expose_headers=["ETag", *ARRAY_HEADERS],
        send_wildcard=False,
        vary_header=True,
    )


def _app_error(error: AppError) -> Response:
    if error.status >= 500:
        _log.warning("%s: %s", error.code, error)
    response = _error(error.status, error.code, str(error))
    if isinstance(error, NotSignedInError):
        response.headers["WWW-Authenticate"] = "Bearer"
    if error.retry_after_s is not None:
        response.headers["Retry-After"] = str(error.retry_after_s)
    return response


def _http_error(error: HTTPException) -> Response:
    status = error.code or 500
    code = error.name.lower().replace(" ", "_")
    message = {
        404: "nothing found at this address",
        405: "this address does not support this method",
    }.get(status, error.description or error.name)
    response = _error(status, code, message)
    if status == 405:
        methods = getattr(error, "valid_methods", None) or ("GET", "HEAD")
        response.headers["Allow"] = ", ".join(sorted(set(methods) - {"OPTIONS"}))
    return response


def _unexpected_error(error: Exception) -> Response:
    _log.error("a request failed", exc_info=error)
    message = "internal server error; see the server's log"
    return _error(500, "internal_error", message)


def _error(status: int, code: str, message: str) -> Response:
    response = Response(status=status, content_type=JSON)
    response.vary.add("Accept")
    if wants_page(request.environ):
        sheet = context().page.sheet()
        response.data = error_page(request.environ, status, message, sheet, has_link=True)
        response.content_type = HTML
    else:
        response.data = error_json(code, message)
    return response
