"""A cache of computed answers, bounded in bytes."""

from collections.abc import Callable, Hashable
from contextlib import AbstractContextManager, nullcontext
from typing import TypeVar

from attentionviz.store.dataset import DatasetReader

Answer = TypeVar("Answer")


def cached(
    reader: DatasetReader,
    key: Hashable,
    compute: Callable[[], Answer],
    n_bytes: Callable[[Answer], int],
    heavy: AbstractContextManager[object] | None = None,
) -> Answer:
    """Return what was computed before under this key, or compute it.

    Parameters
    ----------
    reader : DatasetReader
        Whose cache keeps it.
    key : hashable
        Changes when the answer does.
    compute : callable
        Called where the answer is not there. Never returns None.
    n_bytes : callable
        What an answer takes of the cache, in bytes.
    heavy : context manager or None
        Held while it is computed: how many may compute at once.
    """
    found: Answer | None = reader.cache.get(key)
    if found is None:
        with heavy or nullcontext():
            found = compute()
        reader.cache.put(key, found, n_bytes(found))
    return found
