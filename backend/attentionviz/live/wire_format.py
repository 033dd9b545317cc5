"""What server and worker say to each other: facts as JSON and bytes, each with its length in front.

A frame is four letters, the lengths of both parts, the JSON and the bytes. Nothing in it is ever
run, and nothing is read that is longer than the reader allows.
"""

import json
import struct
from typing import Any

MAGIC = b"AVF1"
PREFIX = struct.Struct("<4sIQ")
MAX_HEADER_BYTES = 1 << 20


class FrameError(Exception):
    """What came is no frame, or a longer one than is allowed."""


def frame_prefix(header: dict[str, Any], body: bytes) -> bytes:
    """Return all of a frame that stands before its body."""
    content = json.dumps(header, allow_nan=False).encode()
    if len(content) > MAX_HEADER_BYTES:
        raise FrameError(f"a header of {len(content)} bytes")
    return PREFIX.pack(MAGIC, len(content), len(body)) + content


def frame_lengths(prefix: bytes, max_body: int) -> tuple[int, int]:
    """Return the lengths of header and body.

    Parameters
    ----------
    prefix : bytes, of `PREFIX.size`
    max_body : int
        Most bytes of the body.

    Raises
    ------
    FrameError
        For other letters, or a length beyond what is allowed.
    """
    magic, n_header, n_body = PREFIX.unpack(prefix)
    if magic != MAGIC:
        raise FrameError("what came is no frame")
    if n_header > MAX_HEADER_BYTES or n_body > max_body:
        raise FrameError(f"a frame of {n_header} and {n_body} bytes")
    return n_header, n_body


def frame_header(content: bytes) -> dict[str, Any]:
    """Return the facts of a frame; FrameError when they are no JSON object."""
    try:
        header = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise FrameError("the header is not JSON") from error
    if not isinstance(header, dict):
        raise FrameError("the header is no object")
    return header
