"""Headers of trusted proxies: client, host, scheme and path prefix.

Only a proxy that the settings name is believed. From anybody else such headers are taken away, so
that nothing behind this ever sees them.
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
    """Tells whom a request is from, where proxies stand between.

    Parameters
    ----------
    trusted : iterable of str
        Addresses and networks.
    """

    def __init__(self, trusted: Iterable[str]) -> None:
        self._networks = tuple(ipaddress.ip_network(one) for one in trusted)

    def has(self, text: str) -> bool:
        """Whether an address is that of a trusted proxy."""
        address = _address(text)
        return address is not None and any(
            address.version == network.version and address in network for network in self._networks
        )

    def client(self, nearest: str, hops: str) -> str:
        """Return the last address that no trusted proxy has; those before it may be made up.

        Parameters
        ----------
        nearest : str
            Address that the connection came from.
        hops : str
            X-Forwarded-For.
        """
        client = nearest
        for hop in reversed(hops.split(",")):
            address = _address(hop.strip()) if self.has(client) else None
            if address is None:
                break
            client = str(address)
        return client


class Proxies:
    """Wraps a WSGI application; puts into each request what a trusted proxy says of it.

    Parameters
    ----------
    app : callable
    trusted : iterable of str
        Addresses and networks.
    prefix : str
        Path below which the page is shown, without the last slash; "" takes X-Forwarded-Prefix.
        A proxy may take it off or leave it on.
    """

    def __init__(self, app: WsgiApp, trusted: Iterable[str], prefix: str) -> None:
        self._app = app
        self._trusted = TrustedProxies(trusted)
        self._prefix = prefix
        self._has_warned = False

    def __call__(self, environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answer one request."""
        said = {name: _last(environ.pop(name, "")) for name in FORWARDED}
        hops = environ.pop(_FOR, "")
        prefix = self._prefix
        if self._trusted.has(environ.get("REMOTE_ADDR", "")):
            environ["REMOTE_ADDR"] = self._trusted.client(environ["REMOTE_ADDR"], hops)
            if said["HTTP_X_FORWARDED_PROTO"].lower() in ("http", "https"):
                environ["wsgi.url_scheme"] = said["HTTP_X_FORWARDED_PROTO"].lower()
            if said["HTTP_X_FORWARDED_HOST"]:
                environ["HTTP_HOST"] = said["HTTP_X_FORWARDED_HOST"]
            if not prefix and _PREFIX.fullmatch(said["HTTP_X_FORWARDED_PREFIX"]):
                prefix = said["HTTP_X_FORWARDED_PREFIX"].rstrip("/")
        elif hops:
            self._warn_once(environ.get("REMOTE_ADDR", ""))
        _take_off(environ, prefix)
        return self._app(environ, start_response)

    def _warn_once(self, address: str) -> None:
        """Say what else shows only once everybody waits for the failed sign-ins of one."""
        if self._has_warned:
            return
        self._has_warned = True
        _log.warning(
            "%s says whom it asks for (X-Forwarded-For) and is not believed; if it is your proxy, "
            "name it in trusted_proxies: until then all who come through it count as one visitor, "
            "in the log and for failed sign-ins",
            address,
        )


def _last(text: str) -> str:
    """Return what the nearest proxy said, where several wrote into one header."""
    return str(text).rpartition(",")[2].strip()


def _address(text: str) -> Address | None:
    """Return an address, which may have a port behind it."""
    bracketed = re.fullmatch(r"\[([0-9A-Fa-f:.]+)\](:[0-9]{1,5})?", text)
    with_port = re.fullmatch(r"([0-9.]+):[0-9]{1,5}", text)
    found = bracketed or with_port
    try:
        address = ipaddress.ip_address(found[1] if found else text)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address


def _take_off(environ: Environ, prefix: str) -> None:
    path = environ.get("PATH_INFO", "")
    if prefix and (path == prefix or path.startswith(f"{prefix}/")):
        environ["PATH_INFO"] = path[len(prefix) :]
    environ["SCRIPT_NAME"] = prefix
