"""The access log: one line per request, without tokens and typed texts.

The query string is not logged, since that of the page holds what a visitor views and searches for.
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
    """WSGI middleware that logs a line for every response when it is complete.

    A line is ``client method path status bytes ms role/name``; ``-`` for unknown values.

    Parameters
    ----------
    app : callable
        Stores role and name of the visitor in ``attentionviz.visitor`` of the environment.
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

        # Inner middleware changes the environment, so the request is recorded now.
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
    """Write one line; text from the client is escaped.

    Parameters
    ----------
    asked : tuple of str
        Client, method and path, as received.
    outcome : tuple
        Status, bytes of the body, milliseconds, and ``role/name``.
    """
    client, method, path = asked
    status, n_bytes, milliseconds, visitor = outcome
    plain = quote(path.encode("latin-1", "replace")[:MAX_PATH], safe="/:@!$'()*,;=~+-._")
    values = (_plain(client), _plain(method), plain, status, n_bytes, milliseconds, _plain(visitor))
    log.info("%s %s %s %s %s %s %s", *values)


def _plain(text: str) -> str:
    return quote(text[:64], safe="/:@.[]-_") or "-"


class PlainFormatter(logging.Formatter):
    """Formats the time in UTC and escapes control characters, so that no log line can be forged."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the text of a record; only a traceback has further lines."""
        at = datetime.fromtimestamp(record.created, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        level = "" if record.levelno <= logging.INFO else f"{record.levelname.lower()}: "
        line = f"{at} {level}{''.join(_escaped(record.getMessage()))}"
        if record.exc_info:
            trace = self.formatException(record.exc_info)
            line += "\n" + "\n".join("".join(_escaped(part)) for part in trace.split("\n"))
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
    """Configure logging to standard error.

    Parameters
    ----------
    has_requests : bool
        Whether every request is logged.
    """
    handler = logging.StreamHandler()
    handler.setFormatter(PlainFormatter())
    root = logging.getLogger()
    root.handlers = [own for own in root.handlers if not isinstance(own.formatter, PlainFormatter)]
    root.addHandler(handler)
    logging.getLogger("attentionviz").setLevel(logging.INFO)
    # waitress warns for every request that waits for a thread.
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)
    log.setLevel(logging.INFO if has_requests else logging.WARNING)
