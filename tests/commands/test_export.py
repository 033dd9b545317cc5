"""What `attentionviz export` writes, refuses and leaves behind."""

import json
from pathlib import Path

import numpy as np
import pytest
from tests.conftest import TinyDataset

from attentionviz.commands.export import export_site
from attentionviz.commands.main import main
from attentionviz.errors import DatasetNotFoundError, InvalidRequestError, NotReadyError
from attentionviz.settings.settings import Settings


@pytest.fixture(scope="module")
def site(tiny_image_dataset: TinyDataset, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("export")
    (folder / ".DS_Store").write_bytes(b"")  # so it counts as empty
    settings = Settings(data_dir=tiny_image_dataset.data_dir)
    return export_site(settings, ["tiny-image"], folder).folder


def test_a_site_contains_the_arrays_of_its_dataset(
    site: Path, tiny_image_dataset: TinyDataset
) -> None:
    base = site / "api" / "v1" / "datasets" / "tiny-image"
    queries = np.load(tiny_image_dataset.folder / "L01H01" / "queries.npy")
    np.testing.assert_array_equal(np.load(base / "heads/1/1/queries.npy"), queries)
    drawn = np.load(tiny_image_dataset.folder / "L00H01" / "pca-2d.npy")
    one = np.load(base / "projections" / "pca-2d--head-1--layer-0.npy")
    np.testing.assert_array_equal(one, drawn)
    assert (base / "images" / "4.png").read_bytes().startswith(b"\x89PNG")
    assert (base / "images" / "4" / "thumbnail.png").is_file()


def test_a_site_lists_its_dataset_and_no_path_of_this_machine(
    site: Path, tiny_image_dataset: TinyDataset
) -> None:
    listed = json.loads((site / "api" / "v1" / "datasets.json").read_text())
    assert [entry["id"] for entry in listed["datasets"]] == ["tiny-image"]
    text = "".join(path.read_text() for path in site.rglob("*.json"))
    assert str(tiny_image_dataset.data_dir) not in text
    assert not [path for path in site.rglob("*") if path.name.endswith(".d.ts")]


def test_the_page_of_a_site_has_its_policy_before_its_scripts(site: Path) -> None:
    page = (site / "index.html").read_text()
    assert page.index("Content-Security-Policy") < page.index("<script")
    assert "default-src &#x27;none&#x27;" in page
    assert "frame-ancestors" not in page  # has no meaning there
    assert 'src="/' not in page and 'href="/' not in page  # opens below any prefix


def test_a_folder_that_is_not_empty_is_refused(tiny_dataset: TinyDataset, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    settings = Settings(data_dir=tiny_dataset.data_dir)
    with pytest.raises(InvalidRequestError, match="exists already"):
        export_site(settings, ["tiny-text"], tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_a_failed_export_leaves_nothing(
    tiny_dataset: TinyDataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("attentionviz.commands.export._write_files", refuse)
    settings = Settings(data_dir=tiny_dataset.data_dir)
    with pytest.raises(Exception, match="No space left on device"):
        export_site(settings, ["tiny-text"], tmp_path / "site")
    assert list(tmp_path.iterdir()) == []


def test_only_complete_datasets_are_exported(tmp_path: Path) -> None:
    from tests.support.fake_dataset import FakeSpec, write_fake_building

    write_fake_building(tmp_path, FakeSpec("growing", n_tokens=40), n_units_done=1)
    with pytest.raises(NotReadyError, match="growing is still being built"):
        export_site(Settings(data_dir=tmp_path), ["growing"], tmp_path / "site")
    with pytest.raises(DatasetNotFoundError, match="there is no dataset 'other'"):
        export_site(Settings(data_dir=tmp_path), ["other"], tmp_path / "site")
    assert not (tmp_path / "site").exists()


@pytest.mark.parametrize(("kept", "n_files"), [(1, 1), (0, 0)])
def test_a_site_has_the_vectors_that_are_stored(tmp_path: Path, kept: int, n_files: int) -> None:
    from tests.support.fake_dataset import FakeSpec, write_fake_dataset

    folder = write_fake_dataset(tmp_path, FakeSpec("few", n_tokens=60, kept_sequences=kept))
    site = export_site(Settings(data_dir=tmp_path), ["few"], tmp_path / "site").folder
    base = site / "api" / "v1" / "datasets" / "few"
    assert (base / "heads/0/0/norms.npy").is_file()
    files = [base / "heads/0/0/queries.npy"] * n_files + [base / "vector_tokens.npy"] * n_files
    stored = [folder / "L00H00" / "queries.npy", folder / "vector_tokens.npy"][: 2 * n_files]
    assert [np.load(path).tolist() for path in files] == [np.load(path).tolist() for path in stored]
    assert len(list(base.rglob("keys.npy"))) == 4 * n_files


def test_the_command_prints_the_size_and_how_to_view_the_site(
    tiny_dataset: TinyDataset, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "site"
    arguments = ["tiny-text", str(folder), "--data-dir", str(tiny_dataset.data_dir)]
    assert main(["export", *arguments]) == 0
    said = capsys.readouterr().out
    n_files = len([path for path in folder.rglob("*") if path.is_file()])
    assert f"{n_files:,} files" in said
    assert f"python -m http.server --directory {folder}" in said
