"""An LRU cache bounded in bytes, which bounds the memory of the server."""

from collections import OrderedDict
from collections.abc import Hashable
from threading import Lock
from typing import Any


class ByteCache:
    """LRU cache: evicts the least recently used values; thread-safe.

    Parameters
    ----------
    max_bytes : int
        Bound on the sum of all sizes; a value larger than a quarter of it is not cached.
    """

    def __init__(self, max_bytes: int) -> None:
        self.max_bytes = max_bytes
        self.n_bytes = 0
        self._values: OrderedDict[Hashable, tuple[Any, int]] = OrderedDict()
        self._lock = Lock()

    def __len__(self) -> int:
        return len(self._values)

    def get(self, key: Hashable) -> Any:
        """Return the cached value of a key, or None."""
        with self._lock:
            if key not in self._values:
                return None
            self._values.move_to_end(key)
            return self._values[key][0]

    def put(self, key: Hashable, value: Any, n_bytes: int) -> None:
        """Cache a value of this size; evict old values until the bound holds."""
        if n_bytes > self.max_bytes // 4:
            return
        with self._lock:
            if key in self._values:
                self.n_bytes -= self._values.pop(key)[1]
            self._values[key] = (value, n_bytes)
            self.n_bytes += n_bytes
            while self.n_bytes > self.max_bytes:
                self.n_bytes -= self._values.popitem(last=False)[1][1]
