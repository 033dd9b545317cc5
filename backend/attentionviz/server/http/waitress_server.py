"""The WSGI server: waitress with our headers, errors and shutdown."""

import copy
import resource
import signal
import socket
import time
from collections.abc import Callable
from functools import partial
from threading import Thread
from typing import Any

from waitress import wasyncore
from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser
from waitress.server import create_server
from waitress.task import ErrorTask
from waitress.utilities import Error

from attentionviz.errors import ConfigError
from attentionviz.server.access.authenticator import Authenticator
from attentionviz.server.access.proxies import TrustedProxies
from attentionviz.server.access.request_log import write_line
from attentionviz.server.access.upload_authenticator import UploadAuthenticator
from attentionviz.server.http.body_limits import MAX_BODY_BYTES, body_limit
from attentionviz.server.http.errors import JSON, error_json
from attentionviz.server.http.request_guard import WsgiApp, add_headers, content_policy
from attentionviz.settings.settings import Settings

MAX_HEADER_BYTES = 32 * 1024
# Responses to slow clients are buffered in a file, which frees the thread.
MAX_WAITING_BYTES = 256 * 1024 * 1024
FINISH_SECONDS = 10.0
LOOP_SECONDS = 1.0
CLEANUP_SECONDS = 5
SPARE_FILES = 256


def run(
    app: WsgiApp,
    settings: Settings,
    on_ready: Callable[[str], None] | None,
    authenticator: Authenticator | None = None,
) -> None:
    """Serve an application until SIGTERM or SIGINT, then finish the running requests.

    Parameters
    ----------
    app : callable
        The WSGI application.
    settings : Settings
    on_ready : callable or None
        Called once with the URL, when the server listens.
    authenticator : Authenticator or None
        SIGHUP reloads its tokens; without a authenticator, SIGHUP ends the process.

    Raises
    ------
    ConfigError
        When the address cannot be listened on.
    """
    _allow_open_files(settings.connection_limit + SPARE_FILES)
    server = _listen(app, settings)
    server.channel_class = _channel_class(settings, authenticator)
    stop = _Stop(server)
    previous = {kind: signal.signal(kind, stop) for kind in (signal.SIGTERM, signal.SIGINT)}
    if authenticator is not None:
        refresh = authenticator.tokens.refresh
        previous[signal.SIGHUP] = signal.signal(signal.SIGHUP, lambda *_: refresh())
    try:
        if on_ready is not None:
            on_ready(_own_address(settings, server))
        while not stop.is_asked:
            _turn(server, LOOP_SECONDS)
        _finish(server)
    finally:
        for kind, handler in previous.items():
            signal.signal(kind, handler)
        server.task_dispatcher.shutdown(timeout=1)
        wasyncore.close_all(server._map, ignore_all=True)


def run_in_thread(
    app: WsgiApp, settings: Settings, authenticator: Authenticator | None = None
) -> str:
    """Serve an application from a daemon thread; return the URL.

    Parameters
    ----------
    app, settings, authenticator
        As for `run`. Running requests are not finished when the process ends.

    Raises
    ------
    ConfigError
        When the address cannot be listened on.
    """
    server = _listen(app, settings)
    server.channel_class = _channel_class(settings, authenticator)
    Thread(target=server.run, name="attentionviz", daemon=True).start()
    return _own_address(settings, server)


def _own_address(settings: Settings, server: Any) -> str:
    address = page_address(settings.host, int(server.effective_port))
    return f"{address}{settings.url_prefix.lstrip('/')}/" if settings.url_prefix else address


def page_address(host: str, port: int) -> str:
    """Return the URL to open in a browser on this machine."""
    is_everywhere = host in ("0.0.0.0", "::", "[::]")  # noqa: S104 - only compared
    name = "localhost" if is_everywhere or host in ("127.0.0.1", "localhost") else host
    return f"http://[{name}]:{port}/" if ":" in name else f"http://{name}:{port}/"


class Unauthorized(Error):
    """A large body without authentication (401), which waitress does not define."""

    code = 401
    reason = "Not Signed In"


class _Stop:
    """Signal handler that wakes the event loop; a second signal ends the process at once."""

    def __init__(self, server: Any) -> None:
        self.is_asked = False
        self._server = server

    def __call__(self, *_: object) -> None:
        if self.is_asked:
            raise KeyboardInterrupt
        self.is_asked = True
        self._server.pull_trigger()


def _listen(app: WsgiApp, settings: Settings) -> Any:
    return create_server(
        app,
        sockets=[_socket(settings.host, settings.port)],
        threads=settings.threads,
        connection_limit=settings.connection_limit,
        channel_timeout=settings.channel_timeout,
        cleanup_interval=min(settings.channel_timeout, CLEANUP_SECONDS),
        asyncore_use_poll=True,
        max_request_body_size=MAX_BODY_BYTES,
        max_request_header_size=MAX_HEADER_BYTES,
        outbuf_high_watermark=MAX_WAITING_BYTES,
        clear_untrusted_proxy_headers=False,  # access/proxies.py does, also for several proxies
        ident=None,
    )


def _socket(host: str, port: int) -> socket.socket:
    """Return one bound socket, although "localhost" resolves to IPv4 and IPv6."""
    host = "127.0.0.1" if host.lower() == "localhost" else host.strip("[]")
    made = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind((host, port))
    except OSError as error:
        made.close()
        raise ConfigError(
            f"cannot listen on {host} port {port}: {error.strerror or error}; choose another "
            "port with --port, or stop the program that uses it"
        ) from error
    return made


def _allow_open_files(wanted: int) -> None:
    """Raise the soft limit of open files: often 1,024, which connections alone can exhaust."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, most), hard))


def _parser_class(settings: Settings, authenticator: Authenticator | None) -> Callable[..., Any]:
    proxies = TrustedProxies(settings.trusted_proxies)
    uploads = UploadAuthenticator(authenticator, proxies) if authenticator else None

    class AuthenticatingParser(HTTPRequestParser):
        """Refuses a body that is too large or not authenticated, before it is read."""

        is_unauthenticated = False

        def __init__(self, adj: Any, peer: str) -> None:
            super().__init__(adj)
            self.peer = peer

        def parse_header(self, header_plus: bytes) -> None:
            super().parse_header(header_plus)
            limit = body_limit(settings, self.command, self.path)
            is_large = self.chunked or self.content_length > MAX_BODY_BYTES
            if uploads is not None and limit > MAX_BODY_BYTES and is_large:
                self.is_unauthenticated = not uploads.is_authenticated(self.headers, self.peer)
            own = copy.copy(self.adj)
            own.max_request_body_size = 1 + (MAX_BODY_BYTES if self.is_unauthenticated else limit)
            self.adj: Any = own

    return AuthenticatingParser


def _channel_class(settings: Settings, authenticator: Authenticator | None) -> type[HTTPChannel]:
    make_parser = _parser_class(settings, authenticator)
    policy = content_policy(settings.frame_origins)

    class OwnErrorTask(ErrorTask):
        """Responds to requests that do not reach the application, such as malformed ones."""

        def execute(self) -> None:
            error = self.request.error
            if error.code == 413 and self.request.is_unauthenticated:
                error = Unauthorized("sign in first")
            code = error.reason.lower().replace(" ", "_")
            body = error_json(code, f"{error.reason}: {error.body}"[:300])
            self.status = f"{error.code} {error.reason}"
            headers = [("Content-Type", JSON)]
            self.response_headers.extend(add_headers(headers, policy))
            self.set_close_on_finish()
            self.content_length = len(body)
            self.write(body)
            if settings.has_access_log:
                asked = (str(self.channel.addr[0]), "-", "")
                write_line(asked, (str(error.code), len(body), 0, "-"))

    class OwnChannel(HTTPChannel):
        error_task_class = OwnErrorTask

        @property
        def parser_class(self) -> Any:
            return partial(make_parser, peer=str(self.addr[0]))

    return OwnChannel


def _turn(server: Any, seconds: float) -> None:
    wasyncore.loop(timeout=seconds, use_poll=True, map=server._map, count=1)


def _finish(server: Any) -> None:
    """Accept no new connection, and run until every pending response is sent."""
    deadline = time.monotonic() + FINISH_SECONDS
    server.accepting = False
    server.del_channel()
    server.socket.close()
    while time.monotonic() < deadline and _owes_answers(server):
        _turn(server, 0.05)


def _owes_answers(server: Any) -> bool:
    channels = list(server.active_channels.values())
    return any(channel.requests or channel.total_outbufs_len for channel in channels)
