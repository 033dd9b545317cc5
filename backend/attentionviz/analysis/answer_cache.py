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
    limiter: AbstractContextManager[object] | None = None,
) -> Answer:
    """Return the cached answer of a key, or compute and cache it.

    Parameters
    ----------
    reader : DatasetReader
        Whose cache is used.
    key : hashable
        Changes when the answer does.
    compute : callable
        Called on a cache miss. Never returns None.
    n_bytes : callable
        Returns the size of an answer in bytes.
    limiter : context manager or None
        Held during the computation, such as a semaphore that limits concurrent computations.
    """
    answer: Answer | None = reader.cache.get(key)
    if answer is None:
        with limiter or nullcontext():
            answer = compute()
        reader.cache.put(key, answer, n_bytes(answer))
    return answer
