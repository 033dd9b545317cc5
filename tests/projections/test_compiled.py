"""Compiled loops are read from disk by whoever needs them next, each for its own types."""

from pathlib import Path
from typing import Any

import numba
import numpy as np
import pytest

from attentionviz.projections import forces
from attentionviz.projections.compiled import compiled, import_compiled


@pytest.fixture(autouse=True)
def folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "numba"))
    return tmp_path / "numba" / "compiled"


def repulsion(dims: int, dtype: type = np.float32) -> tuple[np.ndarray, int]:
    """Return forces by a function jitted anew, and how many times it read code from disk."""
    repel: Any = forces.kernels.__wrapped__(dims).repel
    points = np.random.default_rng(0).standard_normal((dims, 6)).astype(dtype)
    found = np.zeros_like(points)
    repel(points, points, np.zeros(6, dtype), found)
    return found, sum(repel.stats.cache_hits.values())


def expected(dims: int) -> np.ndarray:
    points = np.random.default_rng(0).standard_normal((dims, 6)).astype(np.float32)
    steps = points[:, :, None] - points[:, None]  # (axis, point, other)
    return (steps / (1 + (steps**2).sum(axis=0)) ** 2).sum(axis=2)


def test_compiled_code_is_reused_for_the_same_types_only(folder: Path) -> None:
    kinds: tuple[tuple[int, type], ...] = ((2, np.float32), (3, np.float32), (2, np.float64))
    first = [repulsion(*kind) for kind in kinds]
    again = [repulsion(*kind) for kind in kinds]
    assert [n_read for _, n_read in (*first, *again)] == [0, 0, 0, 1, 1, 1]
    assert [found.tobytes() for found, _ in first] == [found.tobytes() for found, _ in again]
    np.testing.assert_allclose(again[0][0], expected(2), atol=1e-5)
    np.testing.assert_allclose(again[1][0], expected(3), atol=1e-5)
    assert len(list(folder.iterdir())) == 3  # one a signature


def test_other_compiler_options_compile_again() -> None:
    def halve(values: Any) -> None:
        values[0] = 1 / values[1]

    values = np.zeros(2)
    compiled(error_model="numpy")(halve)(values)
    assert values[0] == np.inf
    with pytest.raises(ZeroDivisionError):
        compiled()(halve)(values)


@pytest.mark.parametrize("ending", ["nbi", "nbc"])
@pytest.mark.parametrize("share", [0, 0.5])
def test_a_file_that_is_incomplete_is_compiled_again(
    folder: Path, ending: str, share: float
) -> None:
    repulsion(2)
    (path,) = folder.glob(f"*/*.{ending}")
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    assert repulsion(2)[1] == 0
    assert repulsion(2)[1] == 1


def test_compiled_code_of_another_user_is_not_run(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repulsion(2)
    monkeypatch.setattr("os.geteuid", lambda: folder.stat().st_uid + 1)
    assert repulsion(2)[1] == 0


def test_without_a_writable_cache_each_process_compiles(folder: Path) -> None:
    folder.parent.write_bytes(b"")
    found, n_read = repulsion(2)
    assert n_read == 0
    np.testing.assert_allclose(found, expected(2), atol=1e-5)


def test_a_library_is_imported_where_numba_may_write_nowhere(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = "from numba import njit\n@njit('f8(f8)', cache=True)\ndef same(x): return x\n"
    (folder.parents[1] / "own_loops.py").write_text(source, encoding="utf-8")
    monkeypatch.syspath_prepend(str(folder.parents[1]))
    monkeypatch.delenv("NUMBA_CACHE_DIR")
    monkeypatch.setenv("NUMBA_CACHE_LOCATOR_CLASSES", "UserProvidedCacheLocator")
    numba.config.reload_config()
    assert import_compiled("own_loops").same(2.0) == 2.0
    monkeypatch.undo()
    numba.config.reload_config()
