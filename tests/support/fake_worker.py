"""A worker that behaves or misbehaves as the question requests: ``python fake_worker.py``.

Each question has "do", the name of one of the functions below. Frames are parsed and written
independently of the program, so that tests do not depend on its own implementation.
"""

import json
import os
import signal
import struct
import sys
import time
from collections.abc import Callable


def read(n_bytes: int) -> bytes:
    """Return so many bytes of the question; end when there is none."""
    found = b""
    while len(found) < n_bytes:
        part = os.read(0, n_bytes - len(found))
        if not part:
            sys.exit(0)
        found += part
    return found


def frame(header: dict, body: bytes = b"") -> bytes:
    """Return one frame."""
    content = json.dumps(header).encode()
    return b"AVF1" + struct.pack("<IQ", len(content), len(body)) + content + body


def write(content: bytes) -> None:
    """Write bytes as they are."""
    while content:
        content = content[os.write(1, content) :]


def echo(question: dict, body: bytes) -> None:
    """Answer with the process, the question and the body."""
    said = json.dumps({"pid": os.getpid(), "question": question, "environment": dict(os.environ)})
    write(frame({"status": "answer"}, said.encode() + b"\0" + body))


def slow(question: dict, body: bytes) -> None:
    """Answer after a while."""
    time.sleep(question["seconds"])
    echo(question, body)


def loads(question: dict, body: bytes) -> None:
    """Say that a model is loaded, and answer after a while."""
    write(frame({"status": "loading"}))
    slow(question, body)


def loads_for_ever(question: dict, body: bytes) -> None:
    """Say again and again that a model is loaded."""
    while True:
        write(frame({"status": "loading"}))
        time.sleep(0.05)


def dies(question: dict, body: bytes) -> None:
    """Kill this process, after writing one byte if requested."""
    if "count" in question:
        with open(question["count"], "a", encoding="utf-8") as file:
            file.write("x")
    os.kill(os.getpid(), signal.SIGKILL)


def exits(question: dict, body: bytes) -> None:
    """End in the middle of an answer."""
    write(frame({"status": "answer"}, b"x" * 1000)[:500])
    os._exit(3)


def hangs(question: dict, body: bytes) -> None:
    """Never answer, and ignore SIGTERM."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    time.sleep(1000)


def refuses(question: dict, body: bytes) -> None:
    """Answer with the requested error."""
    write(frame({"error": question["error"]}))


def garbage(question: dict, body: bytes) -> None:
    """Write no frame."""
    write(b"Traceback (most recent call last):\n" * 10)


def no_json(question: dict, body: bytes) -> None:
    """Write a frame whose header is no JSON."""
    write(b"AVF1" + struct.pack("<IQ", 5, 0) + b"{]\xff\xfe}")


def no_answer(question: dict, body: bytes) -> None:
    """Write a frame that is neither answer nor error."""
    write(frame({"status": "bored"}))


def huge_header(question: dict, body: bytes) -> None:
    """Announce a header of four gigabytes."""
    write(b"AVF1" + struct.pack("<IQ", 2**32 - 1, 0))


def huge(question: dict, body: bytes) -> None:
    """Announce a body of 2**60 bytes, and begin with it."""
    write(b"AVF1" + struct.pack("<IQ", 22, 2**60) + b'{"status": "answer"}  ' + b"x" * 10**6)


def twice(question: dict, body: bytes) -> None:
    """Answer twice."""
    echo(question, body)
    write(frame({"status": "answer"}, b"the answer to somebody else"))


def floods(question: dict, body: bytes) -> None:
    """Answer without end."""
    echo(question, body)
    while True:
        write(b"x" * 65536)


WAYS: dict[str, Callable[[dict, bytes], None]] = {
    one.__name__: one
    for one in (
        echo,
        slow,
        loads,
        loads_for_ever,
        dies,
        exits,
        hangs,
        refuses,
        garbage,
        no_json,
        no_answer,
        huge_header,
        huge,
        twice,
        floods,
    )
}


def main() -> None:
    """Answer questions until the pipe is closed."""
    while True:
        magic, n_header, n_body = struct.unpack("<4sIQ", read(16))
        assert magic == b"AVF1"
        question = json.loads(read(n_header))
        body = read(n_body)
        WAYS[question.get("do", "echo")](question, body)


if __name__ == "__main__":
    main()
