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
    """Counts failed sign-ins of the last minutes.

    A client that signed in before is not held up by what others do; sessions never are.

    Parameters
    ----------
    clock : callable
        Returns seconds that only grow.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._failed: deque[tuple[float, str]] = deque()
        self._known: OrderedDict[str, None] = OrderedDict()
        self._lock = Lock()

    def wait_seconds(self, address: str) -> int:
        """Return how long a client has to wait before it may try again; 0 for not at all."""
        client = client_of(address)
        now = self._clock()
        with self._lock:
            while self._failed and self._failed[0][0] <= now - WINDOW_SECONDS:
                self._failed.popleft()
            own = [at for at, one in self._failed if one == client]
            if len(own) >= MAX_PER_CLIENT:
                return _until(own[-MAX_PER_CLIENT], now)
            if len(self._failed) >= MAX_IN_ALL and client not in self._known:
                return _until(self._failed[-MAX_IN_ALL][0], now)
        return 0

    def note_failure(self, address: str) -> None:
        """Count one failure."""
        with self._lock:
            self._failed.append((self._clock(), client_of(address)))

    def note_success(self, address: str) -> None:
        """Remember that a client knows a token."""
        client = client_of(address)
        with self._lock:
            self._known[client] = None
            self._known.move_to_end(client)
            if len(self._known) > MAX_KNOWN_CLIENTS:
                self._known.popitem(last=False)


def client_of(address: str) -> str:
    """Return what stands for a client: its address, or in IPv6 its network of 64 bits."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address[:64]
    if isinstance(found, ipaddress.IPv4Address):
        return str(found)
    if found.ipv4_mapped:
        return str(found.ipv4_mapped)
    return str(ipaddress.ip_network((found, 64), strict=False))


def _until(failed_at: float, now: float) -> int:
    return max(1, ceil(failed_at + WINDOW_SECONDS - now))
