"""Misbehaving clients: slow requests, slow readers and reset connections."""

import contextlib
import socket
import struct
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread

from tests.support.served import Served

HEAD = b"GET {path} HTTP/1.1\r\nHost: localhost\r\n"
STEP_SECONDS = 0.5


def slow_head(connection: socket.socket, _: str) -> Iterator[None]:
    """Send a request line, then one byte of a header at a time, without end."""
    connection.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\nX-Slow: ")
    while True:
        yield
        connection.sendall(b"a")


def slow_body(connection: socket.socket, _: str) -> Iterator[None]:
    """Announce a body of 60,000 bytes and send one byte at a time."""
    connection.sendall(
        b"POST /health HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        b"Content-Length: 60000\r\n\r\n"
    )
    while True:
        yield
        connection.sendall(b"x")


def slow_reader(connection: socket.socket, path: str) -> Iterator[None]:
    """Request a large response and read a hundred bytes at a time."""
    connection.sendall(HEAD.replace(b"{path}", path.encode()) + b"\r\n")
    while True:
        yield
        connection.recv(100)


def vanishing(connection: socket.socket, path: str) -> Iterator[None]:
    """Request a large response, read its beginning, and reset the connection."""
    connection.sendall(HEAD.replace(b"{path}", path.encode()) + b"\r\n")
    yield
    connection.recv(1000)
    # Without lingering, closing sends a reset, as a machine does that loses its network.
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


Client = Callable[[socket.socket, str], Iterator[None]]
KINDS: dict[str, Client] = {
    "slow heads": slow_head,
    "slow bodies": slow_body,
    "slow readers": slow_reader,
    "vanishing": vanishing,
}


@contextmanager
def bad_clients(served: Served, n: int, path: str) -> Iterator[list[socket.socket]]:
    """Run n misbehaving clients, of all kinds in turn, for the duration of a ``with`` block."""
    connections = [served.connect() for _ in range(n)]
    kinds = list(KINDS.values())
    for connection in connections:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    steps = [kinds[i % len(kinds)](one, path) for i, one in enumerate(connections)]
    is_over = Event()

    def act() -> None:
        while not is_over.is_set():
            for step in steps:
                # The server may have closed it by now, as it should.
                with contextlib.suppress(OSError, StopIteration):
                    next(step)
            is_over.wait(STEP_SECONDS)

    thread = Thread(target=act, daemon=True)
    thread.start()
    try:
        time.sleep(2 * STEP_SECONDS)  # all have begun
        yield connections
    finally:
        is_over.set()
        thread.join(timeout=60)
        for connection in connections:
            connection.close()
