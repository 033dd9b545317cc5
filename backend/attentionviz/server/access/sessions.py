"""Sessions of browsers as signed cookies; the server stores none and may restart.

The signing key of a session is derived from its token, so removing a token from its file
invalidates all of its sessions. Only sessions that were signed out are stored, until they expire.
"""

import secrets
import time
from collections.abc import Callable
from hashlib import sha256
from threading import Lock
from typing import NamedTuple

from itsdangerous import BadData, URLSafeSerializer

from attentionviz.server.access.token_file import Token, TokenFile

COOKIE = "attentionviz_session"
IDLE_SECONDS = 12 * 3600
WHOLE_SECONDS = 7 * 24 * 3600
# The cookie of a session in use is renewed at this interval, not with every response.
RENEW_SECONDS = 600
MAX_COOKIE_CHARACTERS = 400


class Session(NamedTuple):
    """Content of a session cookie.

    Attributes
    ----------
    session_id : str
        Random.
    since, seen : int
        Seconds since 1970: time of the sign-in, and of the last renewal.
    """

    token: Token
    session_id: str
    since: int
    seen: int


class Sessions:
    """Creates and verifies session cookies.

    Parameters
    ----------
    tokens : TokenFile
    clock : callable
        Returns seconds since 1970.
    """

    def __init__(self, tokens: TokenFile, clock: Callable[[], float] = time.time) -> None:
        self._tokens = tokens
        self._clock = clock
        self._ended: dict[str, float] = {}
        self._lock = Lock()

    def start(self, token: Token) -> str:
        """Return the cookie of a new session."""
        now = int(self._clock())
        return self._value(Session(token, secrets.token_urlsafe(12), now, now))

    def read(self, value: str) -> Session | None:
        """Verify a cookie and return its session; None if it is forged, expired or signed out."""
        token_id, _, signed = value[:MAX_COOKIE_CHARACTERS].partition(".")
        token = self._tokens.by_id(token_id)
        if token is None:
            return None
        try:
            session_id, since, seen = _serializer(token).loads(signed)
        except (BadData, ValueError, TypeError):
            return None
        now = self._clock()
        is_over = now >= seen + IDLE_SECONDS or now >= since + WHOLE_SECONDS
        with self._lock:
            if is_over or session_id in self._ended:
                return None
        return Session(token, session_id, since, seen)

    def renewed(self, session: Session) -> str | None:
        """Return a new cookie if that of the session is due for renewal, else None."""
        now = int(self._clock())
        return (
            self._value(session._replace(seen=now)) if now >= session.seen + RENEW_SECONDS else None
        )

    def end(self, session: Session) -> None:
        """Revoke a session, including copies of its cookie."""
        now = self._clock()
        with self._lock:
            self._ended = {name: end for name, end in self._ended.items() if end > now}
            self._ended[session.session_id] = session.since + WHOLE_SECONDS

    def _value(self, session: Session) -> str:
        facts = [session.session_id, session.since, session.seen]
        return f"{session.token.token_id}.{_serializer(session.token).dumps(facts)}"


def _serializer(token: Token) -> URLSafeSerializer:
    return URLSafeSerializer(
        token.session_key, salt="attentionviz session", signer_kwargs={"digest_method": sha256}
    )
