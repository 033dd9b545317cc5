"""Every single damage is found, and named."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scripts.make_deep_datasets import deep_spec
from tests.support.damages import (
    cut,
    flip_bit,
    folder_instead,
    lengthen,
    link,
    pipe,
    remove,
    zeros,
)
from tests.support.fake_dataset import FakeSpec, write_fake_building, write_fake_dataset

from attentionviz.store.reader import list_datasets
from attentionviz.store.verify import ignored, verify, verify_pointer

SPEC = FakeSpec("small", modality="image", n_layers=1, n_tokens=50, n_key_heads=1, maps=("pca-2d",))


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a whole dataset, which no test changes."""
    return write_fake_dataset(tmp_path_factory.mktemp("built"), SPEC)


@pytest.fixture
def folder(whole: Path, tmp_path: Path) -> Path:
    """Return a copy of it."""
    return Path(shutil.copytree(whole, tmp_path / whole.name))


def all_files(folder: Path) -> list[str]:
    return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())


def restore(path: Path, good: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        path.rmdir()
    path.unlink(missing_ok=True)
    shutil.copy(good, path)


DAMAGES = (flip_bit, flip_bit, flip_bit, cut, lengthen, remove, link, pipe, folder_instead, zeros)


def test_an_undamaged_dataset_has_no_problems(whole: Path) -> None:
    assert verify(whole) == []
    assert verify_pointer(whole.parent, SPEC.dataset_id) == []


def test_datasets_of_deep_models_are_valid(tmp_path: Path) -> None:
    few_layers = replace(deep_spec("30x9"), n_layers=2, n_tokens=60)
    assert verify(write_fake_dataset(tmp_path, few_layers)) == []


def test_every_single_damage_of_every_file_is_found_and_named(whole: Path, tmp_path: Path) -> None:
    rng = np.random.default_rng(20)
    folder = Path(shutil.copytree(whole, tmp_path / whole.name))
    n_damages = 0
    for name in all_files(whole):
        for damage in DAMAGES:
            damage(folder / name, rng)
            found = [problem.path for problem in verify(folder)]
            assert name in found, f"{damage.__name__} of {name}: found {found}"
            restore(folder / name, whole / name)
            n_damages += 1
    assert verify(folder) == []
    assert n_damages >= 160


def a_file(folder: Path) -> None:
    (folder / "notes.txt").write_text("mine")


def a_hidden_file(folder: Path) -> None:
    (folder / "L00H00" / ".swap").write_text("")


def a_map_of_a_head_that_is_not_there(folder: Path) -> None:
    (folder / "L07H00").mkdir()
    shutil.copy(folder / "L00H00" / "pca-2d.npy", folder / "L07H00")


def an_empty_folder(folder: Path) -> None:
    (folder / "more").mkdir()


def a_link_to_a_folder(folder: Path) -> None:
    (folder / "more").symlink_to(folder / "grid")


def a_link_in_place_of_a_folder(folder: Path) -> None:
    shutil.move(folder / "grid", folder.parent / "grid")
    (folder / "grid").symlink_to(folder.parent / "grid")


@pytest.mark.parametrize(
    "add",
    [
        a_file,
        a_hidden_file,
        a_map_of_a_head_that_is_not_there,
        an_empty_folder,
        a_link_to_a_folder,
        a_link_in_place_of_a_folder,
    ],
)
def test_an_additional_file_is_found(folder: Path, add: Callable[[Path], None]) -> None:
    add(folder)
    assert verify(folder)


def test_files_left_by_systems_are_ignored_and_reported(folder: Path) -> None:
    (folder / "@eaDir" / "heads.json").mkdir(parents=True)
    (folder / "L00H00" / ".DS_Store").write_bytes(b"")
    (folder / ".#heads.json").symlink_to("somebody@somewhere.1")
    for name in (".DS_Store", "@eaDir"):  # beside it they are no datasets
        (folder.parent / name).mkdir()
    assert verify(folder) == []
    assert ignored(folder) == [".#heads.json", "@eaDir", "L00H00/.DS_Store"]
    assert [entry.state for entry in list_datasets(folder.parent)] == ["complete"]
    a_file(folder)
    assert [problem.path for problem in verify(folder)] == ["notes.txt"]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"seed": 0', b'"seed": 1'),
        (b'"license": "MIT"', b'"license": "GPL"'),
        (b'"schema_version": 4', b'"schema_version": 5'),
        (b"{\n", b"{\n\n"),
    ],
)
def test_an_edited_manifest_is_found(folder: Path, old: bytes, new: bytes) -> None:
    path = folder / "manifest.json"
    assert old in path.read_bytes()
    path.write_bytes(path.read_bytes().replace(old, new, 1))
    assert [problem.path for problem in verify(folder)] == ["manifest.json"]


def test_a_renamed_folder_is_found(folder: Path) -> None:
    for name in ("small@000000000000", "other@" + folder.name.partition("@")[2], "small"):
        renamed = folder.rename(folder.with_name(name))
        assert verify(renamed)
        folder = renamed


def test_two_damages_are_both_named(folder: Path) -> None:
    (folder / "tokens/code.npy").unlink()
    (folder / "L00H01" / "norms.npy").write_bytes(b"")
    assert [problem.path for problem in verify(folder)] == ["L00H01/norms.npy", "tokens/code.npy"]
    assert "is missing" in str(verify(folder)[1])


@pytest.mark.parametrize(
    "text",
    [
        "small@0123456789ab\n",
        "other@{}\n",
        "../{}\n",
        "",
        "small\n",
        "small@{}\nmore\n",
        "small@{}",
    ],
)
def test_a_pointer_to_nothing_is_found(whole: Path, tmp_path: Path, text: str) -> None:
    shutil.copytree(whole, tmp_path / whole.name)
    (tmp_path / "small.current").write_text(text.format(whole.name.partition("@")[2]))
    assert [problem.path for problem in verify_pointer(tmp_path, "small")] == ["small.current"]


def test_a_pointer_that_is_a_link_or_missing_is_found(whole: Path, tmp_path: Path) -> None:
    shutil.copytree(whole, tmp_path / whole.name)
    assert verify_pointer(tmp_path, "small")
    (tmp_path / "small.current").symlink_to(whole.parent / "small.current")
    assert verify_pointer(tmp_path, "small")


def test_a_half_built_dataset_is_not_complete(tmp_path: Path) -> None:
    assert verify(write_fake_building(tmp_path, SPEC))
