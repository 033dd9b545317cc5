"""Datasets that tests build are cached between runs until the code that builds them changes."""

import os
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from tests.support.dataset_cache import cache_folder, cached_folder, code_digest


def test_concurrent_requests_share_one_complete_build(tmp_path: Path) -> None:
    made: list[Path] = []

    def make(folder: Path) -> None:
        made.append(folder)
        (folder / "first").touch()
        time.sleep(0.05)  # the others ask meanwhile
        (folder / "last").touch()

    def ask(_: int) -> list[str]:
        return sorted(path.name for path in cached_folder("thing", make, tmp_path).iterdir())

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(ask, range(4))) == [["first", "last"]] * 4
    assert len(made) == 1


def test_an_unfinished_build_is_repeated(tmp_path: Path) -> None:
    def fail(folder: Path) -> None:
        (folder / "half").touch()
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        cached_folder("thing", fail, tmp_path)
    assert [
        p.name for p in cached_folder("thing", lambda f: (f / "all").touch(), tmp_path).iterdir()
    ] == ["all"]


def test_changed_code_gets_a_new_folder_and_old_ones_expire_after_a_day(tmp_path: Path) -> None:
    (tmp_path / "part").mkdir()
    module = tmp_path / "part" / "module.py"
    module.write_text("x = 1")
    before = code_digest(tmp_path, ("part",))
    assert code_digest(tmp_path, ("part",)) == before
    module.write_text("x = 2")
    assert code_digest(tmp_path, ("part",)) != before
    for name, age in (("old", 2 * 86_400), ("recent", 60)):
        (tmp_path / "kept" / name).mkdir(parents=True)
        os.utime(tmp_path / "kept" / name, (time.time() - age,) * 2)
    folder = cache_folder.__wrapped__(tmp_path / "kept")
    assert {p.name for p in (tmp_path / "kept").iterdir()} == {"recent", folder.name}
