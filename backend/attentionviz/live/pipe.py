"""Frames through the pipes of a process, each by a deadline."""

import os
import select
import time
from typing import Any

from attentionviz.live.wire_format import (
    PREFIX,
    FrameError,
    frame_header,
    frame_lengths,
    frame_prefix,
)

CHUNK_BYTES = 1 << 16


class TimeIsUpError(Exception):
    """The deadline came first."""


class ClosedError(Exception):
    """The other side has closed its end."""


class Pipe:
    """Both ends that a server holds of the pipes to a process.

    Parameters
    ----------
    to_process, from_process : int
        File descriptors; set so that no call waits on them.
    max_body : int
        Most bytes that are taken at once.
    """

    def __init__(self, to_process: int, from_process: int, max_body: int) -> None:
        self._to = to_process
        self._from = from_process
        self._max_body = max_body
        os.set_blocking(to_process, False)
        os.set_blocking(from_process, False)

    def send(self, header: dict[str, Any], body: bytes, deadline: float) -> None:
        """Write one frame.

        Parameters
        ----------
        header : dict
        body : bytes
        deadline : float
            On the clock of `time.monotonic`.

        Raises
        ------
        ClosedError, TimeIsUpError
        """
        for part in (frame_prefix(header, body), body):
            rest = memoryview(part)
            while rest:
                _wait(self._to, select.POLLOUT, deadline)
                try:
                    rest = rest[os.write(self._to, rest[:CHUNK_BYTES]) :]
                except BlockingIOError:
                    continue
                except OSError as error:
                    raise ClosedError from error

    def receive(self, deadline: float) -> tuple[dict[str, Any], bytes]:
        """Read one frame.

        Raises
        ------
        ClosedError, TimeIsUpError, FrameError
        """
        n_header, n_body = frame_lengths(self._read(PREFIX.size, deadline), self._max_body)
        header = frame_header(self._read(n_header, deadline))
        return header, self._read(n_body, deadline)

    def is_silent(self) -> bool:
        """Return whether nothing waits to be read: no word beyond the answer, and no end."""
        return not _poll(self._from, select.POLLIN, 0)

    def _read(self, n_bytes: int, deadline: float) -> bytes:
        found = bytearray()
        while len(found) < n_bytes:
            _wait(self._from, select.POLLIN, deadline)
            try:
                part = os.read(self._from, min(n_bytes - len(found), 1 << 20))
            except BlockingIOError:
                continue
            if not part:
                raise ClosedError
            found += part
        return bytes(found)


def _wait(descriptor: int, event: int, deadline: float) -> None:
    left = deadline - time.monotonic()
    if left <= 0 or not _poll(descriptor, event, left):
        raise TimeIsUpError


def _poll(descriptor: int, event: int, seconds: float) -> bool:
    poll = select.poll()
    poll.register(descriptor, event)
    return bool(poll.poll(seconds * 1000))


__all__ = ["ClosedError", "FrameError", "Pipe", "TimeIsUpError"]
