"""A build that is killed, and the same request again: it goes on, and ends with the same bytes."""

import json
from pathlib import Path

import pytest
from tests.support.harness import FAILPOINT_NAMES, killed_builds, require_same
from tests.support.tiny_models import break_token, save_tiny_bert

from attentionviz.errors import BuildError
from attentionviz.pipeline.build import build
from attentionviz.store import writer
from attentionviz.store.failpoints import EXIT_STATUS
from attentionviz.store.lock import DatasetLockedError, dataset_lock

FAILPOINTS = (
    "before rename",
    "before journal line:2",
    "after journal line:3",
    "before rename:45",
    "after journal line:22",
    "before manifest",
    "after manifest",
    "after journal",
    "before folder rename",
    "before pointer",
)


def test_every_failpoint_of_the_writer_is_tried():
    assert {place.partition(":")[0] for place in FAILPOINTS} == set(FAILPOINT_NAMES)
    assert len(FAILPOINT_NAMES) >= 8


def test_a_build_killed_at_any_step_resumes_to_the_same_bytes(tiny_bert, tiny_text, tmp_path):
    options = [part for name in FAILPOINTS for part in ("--failpoint", name)]
    methods = ["--method", "pca", "--method", "biplot"]
    options += ["--random", "5"]
    whole, reports = killed_builds(tmp_path, tiny_bert, tiny_text, *methods, *options)
    wanted = [EXIT_STATUS] * len(FAILPOINTS) + [-9] * 5
    assert [report["killed"] for report in reports] == wanted
    assert any(report["n_finished"] > 10 for report in reports)
    require_same(whole, reports)


def test_a_resumed_build_leaves_out_the_same_sequences(tiny_text, tmp_path):
    model = break_token(save_tiny_bert(tmp_path / "tiny-bert"), "snow")
    places = ("before rename", "after journal line", "before rename:2", "after journal line:30")
    options = [part for name in places for part in ("--failpoint", name)]
    whole, reports = killed_builds(
        tmp_path, model, tiny_text, "--method", "pca", "--skip-bad-sequences", *options
    )
    assert [report["killed"] for report in reports] == [EXIT_STATUS] * len(places)
    require_same(whole, reports)


def test_a_full_disk_is_one_message_and_the_build_resumes(request_, monkeypatch):
    written = []
    replace = Path.replace

    def fills_up(path, target):
        if target.name == "pca-2d.npy":
            written.append(target)
        if target.name == "pca-2d.npy" and len(written) == 3:
            raise OSError(28, "No space left on device")
        return replace(path, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", fills_up)
        with pytest.raises(writer.DiskFullError, match="same command again"):
            build(request_)
    staging = next((request_.output / ".staging").iterdir())
    assert json.loads((staging / "progress.json").read_bytes())["phase"] == "failed"
    kept = (staging / "L00H00/pca-2d.npy").stat().st_ino
    result = build(request_)
    assert (result.folder / "L00H00/pca-2d.npy").stat().st_ino == kept


def test_files_missing_from_the_journal_are_removed(request_, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr("attentionviz.pipeline.build.write_grids", _fail)
        with pytest.raises(BuildError, match="on purpose"):
            build(request_)
    staging = next((request_.output / ".staging").iterdir())
    (staging / "L00H00/x.npy.123.tmp").write_bytes(b"half")
    (staging / "L77H00").mkdir()
    (staging / "L77H00/queries.npy").write_bytes(b"of another model")
    result = build(request_)
    names = {p.name for p in result.folder.rglob("*")}
    assert "x.npy.123.tmp" not in names
    assert "L77H00" not in names


def test_a_map_that_changed_on_disk_is_computed_again(request_, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr("attentionviz.pipeline.build.write_grids", _fail)
        with pytest.raises(BuildError, match="on purpose"):
            build(request_)
    path = next((request_.output / ".staging").iterdir()) / "L00H01/pca-2d.npy"
    content = path.read_bytes()
    path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    result = build(request_)
    assert (result.folder / "L00H01/pca-2d.npy").read_bytes() == content


def test_vectors_that_changed_on_disk_are_captured_again(request_, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr("attentionviz.pipeline.build.write_grids", _fail)
        with pytest.raises(BuildError, match="on purpose"):
            build(request_)
    path = next((request_.output / ".staging").iterdir()) / "L01H00/keys.npy"
    content = path.read_bytes()
    path.unlink()
    result = build(request_)
    assert (result.folder / "L01H00/keys.npy").read_bytes() == content


def test_two_builders_of_one_dataset_exclude_each_other(request_):
    with dataset_lock(request_.output, "small"):
        with pytest.raises(DatasetLockedError, match="being built by another process"):
            build(request_)


def _fail(*_):
    raise BuildError("on purpose")
