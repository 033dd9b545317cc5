"""Rate limit of failed sign-ins, per client and in total."""

import ipaddress
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from math import ceil
from threading import Lock

WINDOW_SECONDS = 300
MAX_PER_CLIENT = 10
MAX_IN_ALL = 200
MAX_KNOWN_CLIENTS = 1024


class LoginThrottle:
    """Counts failed sign-ins in a sliding window.

    The total limit does not apply to clients that signed in before, nor any limit to sessions.

    Parameters
    ----------
    clock : callable
        Returns monotonic time in seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._failed: deque[tuple[float, str]] = deque()
        self._known: OrderedDict[str, None] = OrderedDict()
        self._lock = Lock()

    def wait_seconds(self, address: str) -> int:
        """Return the seconds after which a client may retry; 0 if it is not limited."""
        client = client_of(address)
        now = self._clock()
        with self._lock:
            while self._failed and self._failed[0][0] <= now - WINDOW_SECONDS:
                self._failed.popleft()
            own = [at for at, failed_client in self._failed if failed_client == client]
            if len(own) >= MAX_PER_CLIENT:
                return _until(own[-MAX_PER_CLIENT], now)
            if len(self._failed) >= MAX_IN_ALL and client not in self._known:
                return _until(self._failed[-MAX_IN_ALL][0], now)
        return 0

    def note_failure(self, address: str) -> None:
        """Count a failed sign-in."""
        with self._lock:
            self._failed.append((self._clock(), client_of(address)))

    def note_success(self, address: str) -> None:
        """Record that a client has signed in."""
        client = client_of(address)
        with self._lock:
            self._known[client] = None
            self._known.move_to_end(client)
            if len(self._known) > MAX_KNOWN_CLIENTS:
                self._known.popitem(last=False)


def client_of(address: str) -> str:
    """Return the rate limit key of a client: its IPv4 address, or its IPv6 /64 network."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address[:64]
    if isinstance(parsed, ipaddress.IPv4Address):
        return str(parsed)
    if parsed.ipv4_mapped:
        return str(parsed.ipv4_mapped)
    return str(ipaddress.ip_network((parsed, 64), strict=False))


def _until(failed_at: float, now: float) -> int:
    return max(1, ceil(failed_at + WINDOW_SECONDS - now))
