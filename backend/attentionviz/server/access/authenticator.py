"""Authentication of requests, by a token or by a session that a token started."""

from collections.abc import Iterable
from typing import NamedTuple

from attentionviz.errors import NotSignedInError, TooManyFailuresError
from attentionviz.server.access.login_throttle import LoginThrottle
from attentionviz.server.access.sessions import Session, Sessions
from attentionviz.server.access.token_file import Token, TokenFile

WRONG_TOKEN = "unknown token; ask whoever runs this server for one"  # noqa: S105


class Visitor(NamedTuple):
    """The authenticated sender of a request.

    Attributes
    ----------
    role : str
        "read" or "jobs".
    name : str or None
        As in the token file; None if the server needs no tokens.
    session : Session or None
        Of a browser that is signed in.
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
        """Authenticate a client by a token and return the token's entry.

        Parameters
        ----------
        text : str
            The token to check.
        address : str
            Of the client.

        Raises
        ------
        NotSignedInError
            If the token is invalid.
        TooManyFailuresError
            If the client, or all clients together, exceed the rate limit; the token is then not
            checked.
        """
        seconds = self.failures.wait_seconds(address)
        if seconds:
            raise TooManyFailuresError(
                f"too many failed sign-ins; try again in {_time_words(seconds)}", seconds
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
        """Authenticate a request; return its visitor, or None without credentials.

        Parameters
        ----------
        authorization : str or None
            Value of the header. A scheme other than Bearer is meant for a proxy and ignored.
        cookies : iterable of str
            Values of the session cookie.
        address : str
            Of the client.

        Raises
        ------
        NotSignedInError, TooManyFailuresError
            As for `sign_in`, for a Bearer token.
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
