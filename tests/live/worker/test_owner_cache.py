"""What the cache of the worker keeps when all of it does not fit."""

from attentionviz.live.worker.owner_cache import OwnerCache


def test_a_pass_that_does_not_fit_keeps_its_first_part() -> None:
    cache = OwnerCache(100)
    for _ in range(3):
        kept = [cache.get("a", n) is not None for n in range(20)]
        for n in range(20):
            cache.put("a", n, object(), 10)
    assert kept == [True] * 10 + [False] * 10
    assert cache.n_bytes == 100


def test_another_owner_makes_room_the_one_unused_for_longest_first() -> None:
    cache = OwnerCache(100)
    for owner in ("a", "b"):
        for n in range(4):
            assert cache.put(owner, n, (owner, n), 10)
    assert cache.get("a", 0) == ("a", 0)  # now "b" is the older
    assert cache.put("c", 0, "new", 50)
    assert cache.get("b", 0) is None
    assert cache.get("a", 3) == ("a", 3)
    assert cache.n_bytes == 90


def test_a_value_that_never_fits_costs_its_owner_nothing() -> None:
    cache = OwnerCache(100)
    cache.put("a", 0, "kept", 60)
    assert not cache.put("a", 1, "too large", 101)
    assert cache.get("a", 0) == "kept"


def test_a_value_that_is_there_is_counted_once() -> None:
    cache = OwnerCache(100)
    cache.put("a", 0, "first", 60)
    assert cache.put("a", 0, "again", 60)
    assert (cache.get("a", 0), cache.n_bytes) == ("first", 60)
