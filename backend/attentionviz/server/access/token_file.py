"""The token file: tokens, their roles and names.

A line is ``role token`` with an optional name for the log. The file is checked for changes at every
request, so that removing a line revokes its token at once.
"""

import hashlib
import hmac
import logging
import os
import re
import stat
from pathlib import Path
from threading import Lock
from typing import NamedTuple

from attentionviz.errors import ConfigError

ROLES = ("read", "jobs")
MIN_CHARACTERS = 32
MIN_DIFFERENT = 10
MAX_FILE_BYTES = 1024 * 1024
_TOKEN = re.compile(r"[A-Za-z0-9._~+/=-]{1,512}")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,39}")
_KEY_OF = b"attentionviz session key, version 1"
_log = logging.getLogger(__name__)


class Token(NamedTuple):
    """One entry of the token file; holds a hash of the token, not the token.

    Attributes
    ----------
    token_id : str
        Identifies the token in sessions and logs without revealing it.
    role : str
        One of `ROLES`.
    name : str
        As in the file, or else the beginning of the id.
    digest, session_key : bytes
        SHA-256 of the token, and the signing key of its sessions. Both are secret.
    """

    token_id: str
    role: str
    name: str
    digest: bytes
    session_key: bytes

    def __repr__(self) -> str:
        return f"Token({self.role}/{self.name})"


class TokenFile:
    """The tokens of a file, reloaded when it changes.

    An unusable file is an error at startup. Later, no token is valid until the file is mended, and
    the reason is logged.

    Parameters
    ----------
    path : Path

    Raises
    ------
    ConfigError
        If the file cannot be read, is readable for other users, has an invalid line, or no token.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = Lock()
        self._key = _file_key(path)
        self._tokens = _by_id(read_tokens(path))
        if not self._tokens:
            raise ConfigError(f"{path} contains no token; create a line with `attentionviz token`")

    def find(self, text: str) -> Token | None:
        """Return the entry of a token, or None; compares hashes in constant time."""
        digest = hashlib.sha256(text.encode("utf-8", "surrogateescape")).digest()
        match = None
        for token in self._present().values():
            if hmac.compare_digest(token.digest, digest):
                match = token
        return match

    def by_id(self, token_id: str) -> Token | None:
        """Return the token with this id, or None if it is no longer in the file."""
        return self._present().get(token_id)

    def refresh(self) -> None:
        """Reload the file at the next request, even if it seems unchanged."""
        with self._lock:
            self._key = ()

    def _present(self) -> dict[str, Token]:
        key = _file_key(self._path)
        with self._lock:
            if key != self._key:
                self._key = key
                self._tokens = _by_id(self._reload())
            return self._tokens

    def _reload(self) -> list[Token]:
        """Reload the file without its invalid lines, so that a typo never delays a revocation."""
        problems: list[str] = []
        tokens: list[Token] = []
        try:
            tokens = read_tokens(self._path, problems)
        except ConfigError as error:
            problems.append(f"{error}; nobody can sign in until this is fixed")
        for problem in problems:
            _log.error("%s", problem)
        _log.info("number of tokens: %d, in %s", len(tokens), self._path)
        return tokens


def read_tokens(path: Path, problems: list[str] | None = None) -> list[Token]:
    """Return the tokens of a file.

    Parameters
    ----------
    path : Path
    problems : list of str or None
        Receives a message for each invalid line, which is skipped; None raises at the first.

    Raises
    ------
    ConfigError
        If the file cannot be read or is not safe, or has an invalid line and `problems` is None.
        The message has the number of the line, never its content.
    """
    tokens: list[Token] = []
    for number, line in enumerate(_read_safely(path).splitlines(), start=1):
        fields = line.split()
        if not fields or fields[0].startswith("#"):
            continue
        problem = _problem(fields) or _twice(fields[1], tokens)
        if problem is None:
            tokens.append(_token(*fields))
            continue
        sentence = f"line {number} of {path}: {problem}"
        if problems is None:
            raise ConfigError(sentence)
        problems.append(sentence)
    return tokens


def _problem(fields: list[str]) -> str | None:
    if len(fields) not in (2, 3) or fields[0] not in ROLES:
        return f"expected a role ({' or '.join(ROLES)}), a token, and optionally a name of one word"
    if len(fields[1]) < MIN_CHARACTERS or len(set(fields[1])) < MIN_DIFFERENT:
        return f"the token is too easy to guess; create one with `attentionviz token {fields[0]}`"
    if not _TOKEN.fullmatch(fields[1]):
        return "the token may contain only letters, digits and ._~+/=-"
    if len(fields) == 3 and not _NAME.fullmatch(fields[2]):
        return "the name may contain only letters, digits and ._@-, up to 40"
    return None


def _twice(text: str, tokens: list[Token]) -> str | None:
    digest = hashlib.sha256(text.encode()).digest()
    is_there = any(hmac.compare_digest(token.digest, digest) for token in tokens)
    return "the same token is on an earlier line" if is_there else None


def _token(role: str, text: str, name: str | None = None) -> Token:
    digest = hashlib.sha256(text.encode()).digest()
    token_id = hashlib.sha256(b"id" + digest).hexdigest()[:16]
    key = hmac.digest(text.encode(), _KEY_OF, "sha256")
    return Token(token_id, role, name or token_id[:8], digest, key)


def _by_id(tokens: list[Token]) -> dict[str, Token]:
    return {token.token_id: token for token in tokens}


def _read_safely(path: Path) -> str:
    try:
        _require_safe_place(path)
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        with open(descriptor, "rb") as file:
            status = os.fstat(descriptor)
            _require_safe_file(path, status)
            content = file.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise ConfigError(f"cannot read the token file {path}: {error.strerror}") from error
    if len(content) > MAX_FILE_BYTES:
        raise ConfigError(f"{path} has more than {MAX_FILE_BYTES} bytes, too many for a token file")
    try:
        return content.decode("ascii")
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path} contains non-ASCII characters; tokens are ASCII") from error


def _require_safe_file(path: Path, status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise ConfigError(f"{path} is not a regular file")
    if status.st_uid not in (0, os.geteuid()):
        raise ConfigError(f"{path} belongs to another user; change its owner to this user or root")
    if status.st_mode & (stat.S_IRWXO | stat.S_IWGRP):
        mode = stat.S_IMODE(status.st_mode)
        raise ConfigError(f"{path} is readable by others (mode {mode:04o}); chmod 600 {path}")


def _require_safe_place(path: Path) -> None:
    """Refuse a folder in which other users could replace the file or link to another."""
    for place in dict.fromkeys((path, path.resolve())):
        mode = os.stat(place.parent).st_mode
        is_open = bool(mode & stat.S_IWOTH)
        if is_open and (not mode & stat.S_ISVTX or place.is_symlink()):
            raise ConfigError(f"{place} is in a world-writable folder; move it")


def _file_key(path: Path) -> tuple[int, ...] | None:
    try:
        status = os.stat(path)
    except OSError:
        return None
    return (
        status.st_dev,
        status.st_ino,
        status.st_mtime_ns,
        status.st_ctime_ns,
        status.st_size,
        status.st_mode,
        status.st_uid,
    )
