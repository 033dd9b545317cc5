"""Sessions of browsers as signed cookies; the server stores none and may restart.

The key of a signature is made of the token that was signed in with. A token that is taken out of
its file takes its key along, and with it every session. Only those that were signed out before
their time are remembered, until they would have ended by themselves.
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
# A session in use gets a new cookie this often, not with every answer.
RENEW_SECONDS = 600
MAX_COOKIE_CHARACTERS = 400


class Session(NamedTuple):
    """Who a cookie is of, and since when.

    Attributes
    ----------
    session_id : str
        Random.
    since, seen : int
        Seconds since 1970: sign-in, and when this cookie was made.
    """

    token: Token
    session_id: str
    since: int
    seen: int


class Sessions:
    """Makes and reads the values of cookies.

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
        """Return the session of a cookie; None for one that is forged, over, or ended."""
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
        """Return a new cookie for a session whose own is some minutes old, else None."""
        now = int(self._clock())
        return (
            self._value(session._replace(seen=now)) if now >= session.seen + RENEW_SECONDS else None
        )

    def end(self, session: Session) -> None:
        """End a session, also where its cookie was copied."""
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
