"""Authentication of requests with a large body by their headers, before the body is read."""

from collections.abc import Mapping

from werkzeug.http import parse_cookie

from attentionviz.errors import AppError
from attentionviz.server.access.authenticator import Authenticator
from attentionviz.server.access.proxies import TrustedProxies
from attentionviz.server.access.sessions import COOKIE


class UploadAuthenticator:
    """Authenticates a request by its headers, before its body is written to disk.

    Parameters
    ----------
    authenticator : Authenticator
    proxies : TrustedProxies
        Failed attempts are counted for the client behind them.
    """

    def __init__(self, authenticator: Authenticator, proxies: TrustedProxies) -> None:
        self._authenticator = authenticator
        self._proxies = proxies

    def is_authenticated(self, headers: Mapping[str, str], peer: str) -> bool:
        """Return whether a request is authenticated.

        Parameters
        ----------
        headers : mapping
            With names such as ``X_FORWARDED_FOR``.
        peer : str
            Peer address of the connection.
        """
        client = self._proxies.client(peer, headers.get("X_FORWARDED_FOR", ""))
        cookies = parse_cookie(headers.get("COOKIE", "")).getlist(COOKIE)
        try:
            return (
                self._authenticator.visitor(headers.get("AUTHORIZATION"), cookies, client)
                is not None
            )
        except AppError:
            return False
