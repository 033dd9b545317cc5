"""What the cache of the worker keeps when all of it does not fit."""

from attentionviz.live.worker.owner_cache import OwnerCache


def test_the_first_values_of_a_pass_that_does_not_fit_stay_cached() -> None:
    cache = OwnerCache(100)
    for _ in range(3):
        kept = [cache.get("a", n) is not None for n in range(20)]
        for n in range(20):
            cache.put("a", n, object(), 10)
    assert kept == [True] * 10 + [False] * 10
    assert cache.n_bytes == 100


def test_the_least_recently_used_owner_is_evicted_first() -> None:
    cache = OwnerCache(100)
    for owner in ("a", "b"):
        for n in range(4):
            assert cache.put(owner, n, (owner, n), 10)
    assert cache.get("a", 0) == ("a", 0)  # now "b" is the older
    assert cache.put("c", 0, "new", 50)
    assert cache.get("b", 0) is None
    assert cache.get("a", 3) == ("a", 3)
    assert cache.n_bytes == 90


def test_a_value_that_cannot_fit_does_not_evict_its_owners_values() -> None:
    cache = OwnerCache(100)
    cache.put("a", 0, "kept", 60)
    assert not cache.put("a", 1, "too large", 101)
    assert cache.get("a", 0) == "kept"


def test_a_cached_value_is_counted_once() -> None:
    cache = OwnerCache(100)
    cache.put("a", 0, "first", 60)
    assert cache.put("a", 0, "again", 60)
    assert (cache.get("a", 0), cache.n_bytes) == ("first", 60)
