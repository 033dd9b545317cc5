"""A minimal reverse proxy that serves a server below a prefix, with or without stripping it."""

import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

HOP = {"connection", "keep-alive", "transfer-encoding", "host", "content-length"}


def make_handler(target: str, prefix: str, *, strips: bool, tells: dict[str, str]) -> type:
    """Return a handler that forwards what lies below a prefix to a server; all else is 404.

    Parameters
    ----------
    target, prefix : str
        Address of the server; path of the page without its last slash.
    strips : bool
        Whether the prefix is taken off.
    tells : dict
        Further headers, such as X-Forwarded-Prefix.
    """
    address = urlsplit(target)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def forward(self) -> None:
            if not self.path.startswith(f"{prefix}/"):
                return self.send_error(404)
            length = int(self.headers.get("Content-Length") or 0)
            headers = {k: v for k, v in self.headers.items() if k.lower() not in HOP}
            headers |= {"Host": self.headers["Host"], "X-Forwarded-For": self.client_address[0]}
            headers |= tells
            connection = HTTPConnection(address.hostname, address.port, timeout=60)
            path = self.path.removeprefix(prefix) if strips else self.path
            # A browser that goes away in between leaves no connection open.
            with closing(connection):
                connection.request(self.command, path, self.rfile.read(length), headers)
                answer = connection.getresponse()
                body = answer.read()
            self.send_response_only(answer.status)
            for name, value in answer.getheaders():
                if name.lower() not in HOP:
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
            return None

        do_GET = do_POST = do_HEAD = forward

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    return Handler


@contextmanager
def reverse_proxy(target: str, prefix: str, *, strips: bool, **tells: str) -> Iterator[str]:
    """Run a proxy before a server; yield the address of the page behind it."""
    headers = {name.replace("_", "-"): value for name, value in tells.items()}
    handler = make_handler(target, prefix, strips=strips, tells=headers)
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}{prefix}/"
    finally:
        server.shutdown()
        server.server_close()
