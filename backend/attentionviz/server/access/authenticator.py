"""Authentication of requests, by a token or by a session that a token started."""

from collections.abc import Iterable
from typing import NamedTuple

from attentionviz.errors import NotSignedInError, TooManyFailuresError
from attentionviz.server.access.login_throttle import LoginThrottle
from attentionviz.server.access.sessions import Session, Sessions
from attentionviz.server.access.token_file import Token, TokenFile

WRONG_TOKEN = "this is no token of this server; ask whoever runs it for one"  # noqa: S105


class Visitor(NamedTuple):
    """Who sends a request.

    Attributes
    ----------
    role : str
        "read" or "jobs".
    name : str or None
        As in the token file; None where no token is asked for.
    session : Session or None
        Where it is a browser that signed in.
    """

    role: str
    name: str | None = None
    session: Session | None = None

    @property
    def may_do_jobs(self) -> bool:
        """Whether datasets may be built and removed."""
        return self.role == "jobs"


class Authenticator:
    """Tokens, sessions and failed attempts of one server."""

    def __init__(self, tokens: TokenFile) -> None:
        self.tokens = tokens
        self.sessions = Sessions(tokens)
        self.failures = LoginThrottle()

    def sign_in(self, text: str, address: str) -> Token:
        """Return the token that a client gave.

        Parameters
        ----------
        text : str
            What was given as token.
        address : str
            Of the client.

        Raises
        ------
        NotSignedInError
            When it is none.
        TooManyFailuresError
            When this client, or all together, failed too often; nothing is compared then.
        """
        seconds = self.failures.wait_seconds(address)
        if seconds:
            raise TooManyFailuresError(
                f"too many sign-ins failed; try again in {_time_words(seconds)}", seconds
            )
        token = self.tokens.find(text)
        if token is None:
            self.failures.note_failure(address)
            raise NotSignedInError(WRONG_TOKEN)
        self.failures.note_success(address)
        return token

    def visitor(
        self, authorization: str | None, cookies: Iterable[str], address: str
    ) -> Visitor | None:
        """Return who sends a request, or None for a stranger.

        Parameters
        ----------
        authorization : str or None
            That header. A scheme other than Bearer is a proxy's own affair and says nothing here.
        cookies : iterable of str
            Values of the session cookie.
        address : str
            Of the client.

        Raises
        ------
        NotSignedInError, TooManyFailuresError
            As `sign_in`, for a Bearer token.
        """
        scheme, _, text = (authorization or "").partition(" ")
        if scheme.lower() == "bearer":
            token = self.sign_in(text.strip(), address)
            return Visitor(token.role, token.name)
        for value in cookies:
            session = self.sessions.read(value)
            if session is not None:
                return Visitor(session.token.role, session.token.name, session)
        return None


def _time_words(seconds: int) -> str:
    if seconds < 60:
        return f"{seconds} second{'s' if seconds != 1 else ''}"
    minutes = -(-seconds // 60)
    return f"{minutes} minute{'s' if minutes != 1 else ''}"
