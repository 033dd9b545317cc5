"""The access log: one line per request, without tokens and typed texts.

The query of an address is left out: the page's own says what its reader looks at and searches for.
"""

import logging
import time
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

Environ = dict[str, Any]
WsgiApp = Callable[[Environ, Callable[..., Any]], Iterable[bytes]]

VISITOR = "attentionviz.visitor"
MAX_PATH = 200
log = logging.getLogger("attentionviz.requests")


class RequestLog:
    """Wraps a WSGI application and writes a line when an answer was handed over.

    A line is ``client method path status bytes ms role/name``; what is not known is ``-``.

    Parameters
    ----------
    app : callable
        Puts who asks into ``attentionviz.visitor`` of the environment.
    """

    def __init__(self, app: WsgiApp) -> None:
        self._app = app

    def __call__(self, environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answer one request."""
        started = time.monotonic()
        status = ["-"]

        def start(line: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            status[0] = line.split(" ", 1)[0]
            return start_response(line, headers, exc_info)

        # The environment is changed on the way, so what was asked for is taken down now.
        client, method = environ.get("REMOTE_ADDR", "-"), environ.get("REQUEST_METHOD", "-")
        path = environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", "")
        n_bytes = 0
        answer: Iterable[bytes] = ()
        try:
            answer = self._app(environ, start)
            for part in answer:
                n_bytes += len(part)
                yield part
        finally:
            close = getattr(answer, "close", None)
            if close is not None:
                close()
            milliseconds = round((time.monotonic() - started) * 1000)
            outcome = (status[0], n_bytes, milliseconds, environ.get(VISITOR, "-"))
            write_line((client, method, path), outcome)


def write_line(asked: tuple[str, str, str], outcome: tuple[str, int, int, str]) -> None:
    """Write one line; whatever a client sent is written with plain characters only.

    Parameters
    ----------
    asked : tuple of str
        Client, method and path, as the server got them.
    outcome : tuple
        Status, bytes of the body, milliseconds, and ``role/name``.
    """
    client, method, path = asked
    status, n_bytes, milliseconds, visitor = outcome
    plain = quote(path.encode("latin-1", "replace")[:MAX_PATH], safe="/:@!$'()*,;=~+-._")
    words = (_plain(client), _plain(method), plain, status, n_bytes, milliseconds, _plain(visitor))
    log.info("%s %s %s %s %s %s %s", *words)


def _plain(text: str) -> str:
    return quote(text[:64], safe="/:@.[]-_") or "-"


class PlainFormatter(logging.Formatter):
    """Writes the time in UTC, and control characters as what they are: no line is ever forged."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line or lines of a record; a traceback keeps its own."""
        at = datetime.fromtimestamp(record.created, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        level = "" if record.levelno <= logging.INFO else f"{record.levelname.lower()}: "
        line = f"{at} {level}{''.join(_escaped(record.getMessage()))}"
        if record.exc_info:
            trace = self.formatException(record.exc_info)
            line += "\n" + "\n".join("".join(_escaped(one)) for one in trace.split("\n"))
        return line


def _escaped(text: str) -> Iterator[str]:
    for character in text:
        is_plain = character.isprintable()
        yield (
            character
            if is_plain
            else character.encode("unicode_escape", "backslashreplace").decode()
        )


def log_to_standard_error(*, has_requests: bool) -> None:
    """Have what the server says written to standard error.

    Parameters
    ----------
    has_requests : bool
        Whether each request gets a line.
    """
    handler = logging.StreamHandler()
    handler.setFormatter(PlainFormatter())
    root = logging.getLogger()
    root.handlers = [one for one in root.handlers if not isinstance(one.formatter, PlainFormatter)]
    root.addHandler(handler)
    logging.getLogger("attentionviz").setLevel(logging.INFO)
    # Every request that waits a moment for a thread would get a line of its own.
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)
    log.setLevel(logging.INFO if has_requests else logging.WARNING)
