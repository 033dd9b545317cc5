import json
from unittest.mock import Mock

import pytest

from attentionviz.errors import BuildError
from attentionviz.pipeline.progress import Progress, RemainingTime, format_duration
from attentionviz.store.building import read_progress
from attentionviz.store.writer import DiskFullError


@pytest.fixture
def said():
    return []


def written(folder):
    return json.loads((folder / "progress.json").read_bytes())


def test_progress_is_written_at_once_and_at_every_announcement(tmp_path, said):
    with Progress(tmp_path, said.append) as progress:
        assert written(tmp_path)["phase"] == "capture"
        progress.announce("maps", "drawing 4 maps")
        assert written(tmp_path)["message"] == "drawing 4 maps"
        assert said == ["drawing 4 maps"]


def test_counts_and_time_are_in_the_file(tmp_path, said):
    with Progress(tmp_path, said.append) as progress:
        progress.update(n_units=8, n_units_done=3, remaining_seconds=4.5)
        progress.announce("maps", "x")
        found = written(tmp_path)
    assert (found["n_units"], found["n_units_done"]) == (8, 3)
    assert found["heartbeat_utc"].endswith("Z")


def test_workers_of_a_cluster_are_in_the_file_and_are_counted_anew_at_each_writing(tmp_path, said):
    cluster = {"n_workers": 0, "hosts": ["node1"], "dashboard": "http://node1:8787/status"}
    with Progress(tmp_path, said.append, lambda: cluster) as progress:
        cluster["n_workers"] = 2
        progress.announce("maps", "x")
        assert read_progress(tmp_path)["cluster"] == cluster


@pytest.mark.parametrize(
    ("stored", "read"),
    [
        (None, None),
        ([2], None),
        ({}, {"n_workers": 0, "hosts": [], "dashboard": None}),
        (
            {"n_workers": -1, "hosts": "node1", "dashboard": "javascript:alert(1)"},
            {"n_workers": 0, "hosts": [], "dashboard": None},
        ),
        ({"n_workers": 2, "hosts": [7], "dashboard": " http://node1"},
         {"n_workers": 2, "hosts": ["7"], "dashboard": None}),
    ],
)  # fmt: skip
def test_of_a_cluster_only_known_entries_and_web_addresses_are_read(tmp_path, stored, read):
    content = {"phase": "maps", "message": "", "cluster": stored}
    (tmp_path / "progress.json").write_text(json.dumps(content))
    assert read_progress(tmp_path)["cluster"] == read


@pytest.mark.parametrize(
    ("error", "phase", "words"),
    [
        (BuildError("layer 1, head 0: no \udcc3\udca4"), "failed", "layer 1, head 0: no ä"),
        (IndexError("out of range"), "failed", "unexpected error, IndexError: out of range"),
        (MemoryError(), "failed", "not enough memory"),
        (KeyboardInterrupt(), "stopped", "run the same command again"),
    ],
)
def test_the_end_of_a_build_is_its_final_state(tmp_path, said, error, phase, words):
    with pytest.raises(type(error)), Progress(tmp_path, said.append):
        raise error
    assert written(tmp_path)["phase"] == phase
    assert words in written(tmp_path)["message"]


def test_a_full_disk_is_reported_even_if_progress_cannot_be_written(tmp_path, said, monkeypatch):
    full = DiskFullError("not enough disk space")
    with pytest.raises(DiskFullError), Progress(tmp_path, said.append) as progress:
        progress.announce("maps", "a message that is longer than the last one" * 9)
        monkeypatch.setattr(
            "attentionviz.pipeline.progress.replace_atomically", Mock(side_effect=full)
        )
        raise full
    assert (written(tmp_path)["phase"], written(tmp_path)["message"]) == (
        "failed",
        "not enough disk space",
    )


def test_nothing_is_written_after_the_end(tmp_path, said):
    with Progress(tmp_path, said.append) as progress:
        progress.close()
        (tmp_path / "progress.json").unlink()
    assert not (tmp_path / "progress.json").exists()


def test_a_disk_that_is_full_does_not_stop_the_heartbeat(tmp_path, said):
    (tmp_path / "file").write_bytes(b"")
    with Progress(tmp_path / "file", said.append) as progress:
        progress.announce("maps", "still here")
    assert said == ["still here"]


def test_there_is_no_estimate_before_the_first_measurement():
    assert RemainingTime({"pca-2d": 4}).seconds(lambda _: 1) is None


def test_time_left_follows_from_maps_of_the_same_name():
    remaining = RemainingTime({"pca-2d": 4})
    remaining.finished("pca-2d", 3.0)
    remaining.finished("pca-2d", 5.0)
    assert remaining.seconds(lambda _: 2) == pytest.approx(2 * 4.0 / 2)
    assert remaining.mean_seconds("pca-2d") == pytest.approx(4.0)


def test_time_of_other_maps_is_estimated_from_cheaper_ones():
    remaining = RemainingTime({"pca-2d": 1, "tsne-2d": 1})
    remaining.finished("pca-2d", 1.0)
    assert remaining.seconds(lambda _: 1) > 1.0
    remaining.finished("tsne-2d", 30.0)
    assert remaining.seconds(lambda _: 1) == 0.0


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "0 s"), (59.4, "59 s"), (60, "1 min 0 s"), (200, "3 min 20 s"), (7500, "2 h 5 min")],
)
def test_durations_are_formatted_as_text(seconds, words):
    assert format_duration(seconds) == words


def test_maps_that_fewer_workers_compute_take_longer():
    remaining = RemainingTime({"pca-2d": 9, "tsne-2d": 9})
    for name in ("pca-2d", "tsne-2d"):
        remaining.finished(name, 4.0)
    assert remaining.seconds({"pca-2d": 8, "tsne-2d": 2}.get) == pytest.approx(4.0 + 16.0)
