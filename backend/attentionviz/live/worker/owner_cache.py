"""A cache for passes over all heads of a dataset, some of which may not fit."""

from collections import OrderedDict
from collections.abc import Hashable
from threading import Lock
from typing import Any


class OwnerCache:
    """Keeps the values of the last used owner as far as they fit; evicts those of other owners.

    Each request iterates over all heads in order. An LRU cache slightly smaller than all heads
    would always evict the head that is needed next; here the first heads stay.

    Parameters
    ----------
    max_bytes : int
        Bound on the sum of all sizes.
    """

    def __init__(self, max_bytes: int) -> None:
        self.max_bytes = max_bytes
        self.n_bytes = 0
        self._owners: OrderedDict[Hashable, dict[Hashable, tuple[Any, int]]] = OrderedDict()
        self._lock = Lock()

    def get(self, owner: Hashable, key: Hashable) -> Any:
        """Return the cached value of an owner and a key, or None."""
        with self._lock:
            if owner not in self._owners:
                return None
            self._owners.move_to_end(owner)
            return self._owners[owner].get(key, (None, 0))[0]

    def put(self, owner: Hashable, key: Hashable, value: Any, n_bytes: int) -> bool:
        """Cache a value if it fits after evicting other owners; return whether it was cached."""
        with self._lock:
            if key in self._owners.get(owner, {}):
                return True
            while self.n_bytes + n_bytes > self.max_bytes:
                oldest = next((other for other in self._owners if other != owner), None)
                if oldest is None:
                    return False
                self.n_bytes -= sum(size for _, size in self._owners.pop(oldest).values())
            self._owners.setdefault(owner, {})[key] = (value, n_bytes)
            self._owners.move_to_end(owner)
            self.n_bytes += n_bytes
            return True
