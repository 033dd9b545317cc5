"""Files that say how alike heads are, and some that lie about it."""

from pathlib import Path

import numpy as np
import pytest
from tests.support.fake_dataset import FakeSpec, npy_bytes, republish, write_fake_dataset

from attentionviz.errors import DamagedDatasetError
from attentionviz.measures import similarity
from attentionviz.store import layout
from attentionviz.store.reader import open_dataset
from attentionviz.store.similarity import check_similarity
from attentionviz.store.verify import verify

SPEC = FakeSpec("small", n_tokens=20, maps=("pca-2d",))


def changed(name: str, at: tuple[int, int], value: float, folder: Path) -> np.ndarray:
    array = np.load(folder / name, allow_pickle=False)
    array[at] = value
    return array


NEAREST = "similarity-heads.npy"
LIES = [
    (layout.SIMILARITY_PATTERN, (0, 1), 0.9),  # not the same both ways
    (layout.SIMILARITY_PATTERN, (1, 1), 0.5),
    (layout.SIMILARITY_PATTERN, (2, 2), np.nan),
    (layout.SIMILARITY_VECTORS, (0, 1), 1.5),
    (layout.SIMILARITY_VECTORS, (0, 1), -np.inf),
    (layout.HEAD_MAP, (0, 1), np.nan),
    (layout.HEAD_MAP, (3, 0), 1e30),
]
# Of a dataset with too many heads to compare all pairs.
LIES_OF_NEAREST = [
    (layout.SIMILARITY_PATTERN, (0, 0), 0.9),  # not in order
    (layout.SIMILARITY_PATTERN, (2, 0), np.nan),
    (NEAREST, (1, 0), 1),  # the head itself
    (NEAREST, (1, 1), 10**6),
    (NEAREST, (1, 1), -1),
]


@pytest.mark.parametrize(
    ("n_exact", "name", "at", "value"),
    [(1024, *lie) for lie in LIES] + [(3, *lie) for lie in LIES_OF_NEAREST],
)
def test_invalid_similarity_is_found_by_reader_and_verify(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    n_exact: int,
    name: str,
    at: tuple[int, int],
    value: float,
) -> None:
    monkeypatch.setattr(similarity, "MAX_EXACT_HEADS", n_exact)
    monkeypatch.setattr(similarity, "N_NEAREST", 2)
    folder = write_fake_dataset(tmp_path, SPEC)
    content = npy_bytes(changed(name, at, value, folder))
    folder = republish(folder, {name: content})
    with pytest.raises(DamagedDatasetError, match=name):
        open_dataset(tmp_path, "small").similarity(name)
    assert [problem.path for problem in verify(folder)] == [name]


@pytest.mark.parametrize("n_exact", [1024, 3])
def test_valid_similarity_files_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, n_exact: int
) -> None:
    monkeypatch.setattr(similarity, "MAX_EXACT_HEADS", n_exact)
    monkeypatch.setattr(similarity, "N_NEAREST", 2)
    folder = write_fake_dataset(tmp_path, SPEC)
    reader = open_dataset(tmp_path, "small")
    for name in layout.similarity_files(reader.manifest):
        assert np.array_equal(reader.similarity(name), np.load(folder / name))
    assert verify(folder) == []


def test_an_alignment_may_be_undefined() -> None:
    check_similarity(layout.SIMILARITY_VECTORS, np.full((2, 2), np.nan, dtype=np.float32))
