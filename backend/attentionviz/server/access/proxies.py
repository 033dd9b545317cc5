"""Headers of trusted proxies: client, host, scheme and path prefix.

Only proxies listed in the settings are trusted. The headers of other clients are removed, so that
no later code uses them.
"""

import ipaddress
import logging
import re
from collections.abc import Callable, Iterable
from typing import Any

Environ = dict[str, Any]
WsgiApp = Callable[[Environ, Callable[..., Any]], Iterable[bytes]]
Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_FOR = "HTTP_X_FORWARDED_FOR"
FORWARDED = (
    "HTTP_FORWARDED",
    "HTTP_X_FORWARDED_HOST",
    "HTTP_X_FORWARDED_PORT",
    "HTTP_X_FORWARDED_PREFIX",
    "HTTP_X_FORWARDED_PROTO",
    "HTTP_X_FORWARDED_BY",
    "HTTP_X_REAL_IP",
)
_log = logging.getLogger(__name__)
_PREFIX = re.compile(r"(/[A-Za-z0-9_~-][A-Za-z0-9._~-]{0,63}){1,8}/?")


class TrustedProxies:
    """Determines the client of a request that was forwarded by proxies.

    Parameters
    ----------
    trusted : iterable of str
        Addresses and networks.
    """

    def __init__(self, trusted: Iterable[str]) -> None:
        self._networks = tuple(ipaddress.ip_network(network) for network in trusted)

    def has(self, text: str) -> bool:
        """Whether an address is that of a trusted proxy."""
        address = _address(text)
        return address is not None and any(
            address.version == network.version and address in network for network in self._networks
        )

    def client(self, nearest: str, hops: str) -> str:
        """Return the last address that is not a trusted proxy; earlier ones may be forged.

        Parameters
        ----------
        nearest : str
            Peer address of the connection.
        hops : str
            Value of X-Forwarded-For.
        """
        client = nearest
        for hop in reversed(hops.split(",")):
            address = _address(hop.strip()) if self.has(client) else None
            if address is None:
                break
            client = str(address)
        return client


class Proxies:
    """WSGI middleware that applies the headers of trusted proxies to each request.

    Parameters
    ----------
    app : callable
    trusted : iterable of str
        Addresses and networks.
    prefix : str
        Path prefix of the page, without the trailing slash; "" uses X-Forwarded-Prefix. A proxy
        may strip it or leave it.
    """

    def __init__(self, app: WsgiApp, trusted: Iterable[str], prefix: str) -> None:
        self._app = app
        self._trusted = TrustedProxies(trusted)
        self._prefix = prefix
        self._has_warned = False

    def __call__(self, environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answer one request."""
        headers = {name: _last(environ.pop(name, "")) for name in FORWARDED}
        hops = environ.pop(_FOR, "")
        prefix = self._prefix
        if self._trusted.has(environ.get("REMOTE_ADDR", "")):
            environ["REMOTE_ADDR"] = self._trusted.client(environ["REMOTE_ADDR"], hops)
            if headers["HTTP_X_FORWARDED_PROTO"].lower() in ("http", "https"):
                environ["wsgi.url_scheme"] = headers["HTTP_X_FORWARDED_PROTO"].lower()
            if headers["HTTP_X_FORWARDED_HOST"]:
                environ["HTTP_HOST"] = headers["HTTP_X_FORWARDED_HOST"]
            if not prefix and _PREFIX.fullmatch(headers["HTTP_X_FORWARDED_PREFIX"]):
                prefix = headers["HTTP_X_FORWARDED_PREFIX"].rstrip("/")
        elif hops:
            self._warn_once(environ.get("REMOTE_ADDR", ""))
        _strip_prefix(environ, prefix)
        return self._app(environ, start_response)

    def _warn_once(self, address: str) -> None:
        """Warn of an untrusted proxy, which would make all its clients share one rate limit."""
        if self._has_warned:
            return
        self._has_warned = True
        _log.warning(
            "%s sends X-Forwarded-For but is not a trusted proxy; if it is yours, add it to "
            "trusted_proxies: until then all clients behind it count as one, in the log and for "
            "failed sign-ins",
            address,
        )


def _last(text: str) -> str:
    """Return the value of the nearest proxy if several have appended to a header."""
    return str(text).rpartition(",")[2].strip()


def _address(text: str) -> Address | None:
    """Parse an address with an optional port; None if it is malformed."""
    bracketed = re.fullmatch(r"\[([0-9A-Fa-f:.]+)\](:[0-9]{1,5})?", text)
    with_port = re.fullmatch(r"([0-9.]+):[0-9]{1,5}", text)
    match = bracketed or with_port
    try:
        address = ipaddress.ip_address(match[1] if match else text)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address


def _strip_prefix(environ: Environ, prefix: str) -> None:
    path = environ.get("PATH_INFO", "")
    if prefix and (path == prefix or path.startswith(f"{prefix}/")):
        environ["PATH_INFO"] = path[len(prefix) :]
    environ["SCRIPT_NAME"] = prefix
