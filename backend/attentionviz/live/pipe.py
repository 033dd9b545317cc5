"""Frames through the pipes between server and model process, with deadlines.

A frame is four magic bytes, the lengths of both parts, a JSON header and a binary body. Nothing in
it is ever executed, and a frame longer than the reader's limit is refused.
"""

import json
import math
import os
import select
import struct
import time
from typing import Any

MAGIC = b"AVF1"
PREFIX = struct.Struct("<4sIQ")
MAX_HEADER_BYTES = 1 << 20
CHUNK_BYTES = 1 << 16
NEVER = math.inf


class FrameError(Exception):
    """The received bytes are not a frame, or the frame exceeds the limit."""


class DeadlineError(Exception):
    """The deadline has passed."""


class PipeClosedError(Exception):
    """The other side has closed the pipe."""


class Pipe:
    """The two pipe ends of one side: one to write, one to read.

    Parameters
    ----------
    write_end, read_end : int
        File descriptors; set to non-blocking.
    max_body : int
        Limit of the body of a received frame, in bytes.
    """

    def __init__(self, write_end: int, read_end: int, max_body: int) -> None:
        self._write_end = write_end
        self._read_end = read_end
        self._max_body = max_body
        os.set_blocking(write_end, False)
        os.set_blocking(read_end, False)

    def send(self, header: dict[str, Any], body: bytes, deadline: float) -> None:
        """Write one frame.

        Parameters
        ----------
        header : dict
        body : bytes
        deadline : float
            On the clock of `time.monotonic`, or `NEVER`.

        Raises
        ------
        PipeClosedError, DeadlineError
        FrameError
            If the header is longer than the other side accepts.
        """
        content = json.dumps(header, allow_nan=False).encode()
        if len(content) > MAX_HEADER_BYTES:
            raise FrameError(f"a header of {len(content)} bytes")
        for part in (PREFIX.pack(MAGIC, len(content), len(body)) + content, body):
            rest = memoryview(part)
            while rest:
                _wait(self._write_end, select.POLLOUT, deadline)
                try:
                    rest = rest[os.write(self._write_end, rest[:CHUNK_BYTES]) :]
                except BlockingIOError:
                    continue
                except OSError as error:
                    raise PipeClosedError from error

    def receive(self, deadline: float) -> tuple[dict[str, Any], bytes]:
        """Read one frame.

        Raises
        ------
        PipeClosedError, DeadlineError, FrameError
        """
        magic, n_header, n_body = PREFIX.unpack(self._read(PREFIX.size, deadline))
        if magic != MAGIC:
            raise FrameError("the received bytes are not a frame")
        if n_header > MAX_HEADER_BYTES or n_body > self._max_body:
            raise FrameError(f"a frame of {n_header} and {n_body} bytes")
        header = _header(self._read(n_header, deadline))
        return header, self._read(n_body, deadline)

    def is_silent(self) -> bool:
        """Return whether nothing can be read: neither a frame nor the end of the pipe."""
        return not _poll(self._read_end, select.POLLIN, 0)

    def _read(self, n_bytes: int, deadline: float) -> bytes:
        received = bytearray()
        while len(received) < n_bytes:
            _wait(self._read_end, select.POLLIN, deadline)
            try:
                part = os.read(self._read_end, min(n_bytes - len(received), 1 << 20))
            except BlockingIOError:
                continue
            if not part:
                raise PipeClosedError
            received += part
        return bytes(received)


def _header(content: bytes) -> dict[str, Any]:
    try:
        header = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise FrameError("the header is not JSON") from error
    if not isinstance(header, dict):
        raise FrameError("the header is not an object")
    return header


def _wait(descriptor: int, event: int, deadline: float) -> None:
    left = deadline - time.monotonic()
    if left <= 0 or not _poll(descriptor, event, left):
        raise DeadlineError


def _poll(descriptor: int, event: int, seconds: float) -> bool:
    poll = select.poll()
    poll.register(descriptor, event)
    return bool(poll.poll(None if seconds == NEVER else seconds * 1000))
