"""Damage is remembered of the file that has it, and of builders that died."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.support.fake_dataset import (
    FakeSpec,
    republish,
    write_fake_building,
    write_fake_dataset,
)

from attentionviz.core.types import HeadId
from attentionviz.errors import DamagedDatasetError, OutdatedDatasetError
from attentionviz.store.building import HEARTBEAT_TIMEOUT_SECONDS, KILLED, read_progress
from attentionviz.store.lock import dataset_lock
from attentionviz.store.reader import DatasetLibrary, list_datasets
from attentionviz.store.schema import canonical_json

SPEC = FakeSpec("small", n_tokens=40, maps=("pca-2d",))
HEAD = HeadId(1, 0)


def test_damage_is_recorded_for_the_damaged_file_only(
    tmp_path: Path,
) -> None:
    folder = write_fake_dataset(tmp_path, SPEC)
    library = DatasetLibrary(tmp_path)
    reader = library.open_dataset("small")
    keys = folder / reader.keys_path(HEAD)
    content = keys.read_bytes()
    keys.write_bytes(content[:200])
    with pytest.raises(DamagedDatasetError), reader.open_array(reader.queries_path(HEAD)):
        with reader.open_array(reader.keys_path(HEAD)) as array:
            array.all()
    assert library.entry("small").state == "damaged"
    keys.write_bytes(content)
    assert library.entry("small").state == "complete"


def test_an_unreadable_block_is_damage_of_its_file(tmp_path, monkeypatch) -> None:
    write_fake_dataset(tmp_path, SPEC)
    reader = DatasetLibrary(tmp_path).open_dataset("small")

    def fails(*_: object) -> bytes:
        raise OSError(5, "Input/output error")

    with reader.open_array(reader.queries_path(HEAD)) as array:
        monkeypatch.setattr(os, "pread", fails)
        with pytest.raises(
            DamagedDatasetError, match="cannot read L01H00.queries.npy: Input/output"
        ):
            array.all()


def test_a_data_folder_that_is_a_link_is_followed(tmp_path: Path) -> None:
    write_fake_dataset(tmp_path / "disk", SPEC)
    (tmp_path / "link").symlink_to(tmp_path / "disk")
    assert DatasetLibrary(tmp_path / "link").entry("small").state == "complete"


@pytest.mark.parametrize(("age", "phase"), [(0.5, "maps"), (1.5, "stopped")])
def test_a_builder_without_a_heartbeat_is_reported_as_ended(tmp_path, age, phase) -> None:
    folder = write_fake_building(tmp_path, SPEC, n_units_done=2)
    last = datetime.now(UTC) - timedelta(seconds=age * HEARTBEAT_TIMEOUT_SECONDS)
    progress = {**(read_progress(folder) or {}), "heartbeat_utc": last.isoformat()}
    (folder / "progress.json").write_bytes(canonical_json(progress))
    found = read_progress(folder)
    assert found is not None
    assert found["phase"] == phase
    assert ("same command" in found["message"]) == (phase == "stopped")
    assert (found["remaining_seconds"] is None) == (phase == "stopped")
    assert list_datasets(tmp_path)[0].state == {"maps": "building"}.get(phase, phase)
    with dataset_lock(tmp_path, SPEC.dataset_id):  # alive, however long it is silent
        assert list_datasets(tmp_path)[0].state == "building"
    (entry,) = list_datasets(tmp_path)  # its builder ended on this machine, just now
    assert (entry.state, entry.reason) == ("stopped", KILLED["message"])


def test_a_dataset_of_an_earlier_version_is_outdated_and_not_damaged(tmp_path: Path) -> None:
    folder = republish(write_fake_dataset(tmp_path, SPEC), {}, schema_version=1)
    library = DatasetLibrary(tmp_path)
    (entry,) = library.list_datasets()
    assert (entry.state, entry.folder, entry.manifest) == ("outdated", folder, None)
    assert entry.reason is not None and "build it again" in entry.reason
    assert "damaged" not in entry.reason
    with pytest.raises(OutdatedDatasetError, match="earlier version"):
        library.open_dataset("small")


def test_a_rebuild_of_an_outdated_dataset_shows_its_progress(tmp_path: Path) -> None:
    republish(write_fake_dataset(tmp_path, SPEC), {}, schema_version=1)
    library = DatasetLibrary(tmp_path)
    assert library.entry("small").state == "outdated"
    write_fake_building(tmp_path, SPEC, n_units_done=2)
    assert library.entry("small").state == "building"
    assert library.open_dataset("small").state == "building"
    folder = write_fake_dataset(tmp_path / "new", SPEC)
    republish(folder, {})
    write_fake_building(tmp_path / "new", SPEC, n_units_done=2)
    assert DatasetLibrary(tmp_path / "new").entry("small").state == "complete"


def test_an_unfinished_build_of_an_earlier_version_is_outdated(tmp_path: Path) -> None:
    folder = write_fake_building(tmp_path, SPEC, n_units_done=2)
    path = folder / "manifest.partial.json"
    path.write_bytes(path.read_bytes().replace(b'"schema_version": 4', b'"schema_version": 1'))
    (entry,) = DatasetLibrary(tmp_path).list_datasets()
    assert entry.state == "outdated"
    newer = write_fake_dataset(tmp_path, SPEC)  # the same, built again
    assert DatasetLibrary(tmp_path).entry("small").folder == newer
