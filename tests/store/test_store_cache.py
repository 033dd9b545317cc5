"""Memory that stays flat, whatever is read."""

import threading
from pathlib import Path

from tests.support.fake_dataset import FakeSpec, write_fake_dataset

from attentionviz.store.cache import ByteCache
from attentionviz.store.reader import DatasetLibrary


def test_the_cache_stays_within_its_limit() -> None:
    cache = ByteCache(100)
    for i in range(50):
        cache.put(i, str(i), 20)
    assert cache.n_bytes <= 100
    assert len(cache) == 5
    assert cache.get(49) == "49"
    assert cache.get(0) is None
    cache.put(48, "again", 10)
    assert cache.n_bytes == 90
    cache.put("large", "x", 26)
    assert cache.get("large") is None


def test_the_cache_keeps_what_was_used_last() -> None:
    cache = ByteCache(100)
    for name in "abcd":
        cache.put(name, name, 25)
    cache.get("a")
    cache.put("e", "e", 25)
    assert cache.get("a") == "a"
    assert cache.get("b") is None


def test_threads_share_a_cache() -> None:
    cache = ByteCache(1000)

    def work(seed: int) -> None:
        for i in range(2000):
            cache.put((seed * i) % 37, i, 1 + i % 100)
            cache.get(i % 37)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(1, 5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert 0 <= cache.n_bytes <= 1000


def test_the_number_of_open_datasets_is_limited(tmp_path: Path) -> None:
    library = DatasetLibrary(tmp_path)
    for i in range(12):
        write_fake_dataset(tmp_path, FakeSpec(f"d{i}", n_tokens=10, maps=("pca-2d",)))
        library.open_dataset(f"d{i}")
    assert len(library._readers) == 8
    assert len(library.list_datasets()) == 12
