import errno
import hashlib
import os
import secrets

import numpy as np
import pytest

from attentionviz.errors import BuildError
from attentionviz.store import writer
from attentionviz.store.writer import DiskFullError, FileRecord


def test_an_array_is_written_as_numpy_reads_it(tmp_path):
    array = np.arange(12, dtype=np.uint16).reshape(3, 4)
    record = writer.write_array(tmp_path, "L00H00/pca-2d.npy", array)
    path = tmp_path / "L00H00/pca-2d.npy"
    np.testing.assert_array_equal(np.load(path, allow_pickle=False), array)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    assert record == FileRecord("L00H00/pca-2d.npy", digest, path.stat().st_size, "uint16", (3, 4))


@pytest.mark.parametrize(
    "array",
    [
        np.arange(12, dtype=">f4").reshape(3, 4).T,
        np.zeros((2, 0), dtype=np.float16),
        np.asfortranarray(np.ones((2, 3, 4), dtype=np.int32)),
    ],
    ids=["big-endian and transposed", "empty", "fortran"],
)
def test_arrays_are_written_little_endian_in_c_order(tmp_path, array):
    writer.write_array(tmp_path, "a.npy", array)
    with (tmp_path / "a.npy").open("rb") as file:
        np.lib.format.read_magic(file)
        shape, is_fortran, dtype = np.lib.format.read_array_header_1_0(file)
    assert (shape, is_fortran, dtype.str[0] != ">") == (array.shape, False, True)
    np.testing.assert_array_equal(np.load(tmp_path / "a.npy", allow_pickle=False), array)


def test_the_same_array_gives_the_same_bytes(tmp_path):
    array = np.linspace(0, 1, 50, dtype=np.float32)
    first = writer.write_array(tmp_path, "a.npy", array)
    assert writer.write_array(tmp_path, "b.npy", array.copy()).sha256 == first.sha256


def test_objects_are_never_written(tmp_path):
    with pytest.raises(TypeError):
        writer.write_array(tmp_path, "a.npy", np.array([{}], dtype=object))
    assert not (tmp_path / "a.npy").exists()


def test_a_file_is_replaced_atomically(tmp_path, monkeypatch):
    writer.write_bytes(tmp_path, "a.json", b"old")
    seen = []
    monkeypatch.setattr(os, "fsync", lambda _: seen.append((tmp_path / "a.json").read_bytes()))
    writer.write_bytes(tmp_path, "a.json", b"new")
    assert seen == [b"old"]
    assert (tmp_path / "a.json").read_bytes() == b"new"


def test_a_full_disk_is_reported_and_leaves_no_partial_file(tmp_path, monkeypatch):
    def no_room(_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", no_room)
    with pytest.raises(DiskFullError, match="not enough disk space.*same command again"):
        writer.write_bytes(tmp_path, "a.json", b"content")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs the device that is always full")
def test_a_really_full_disk_is_reported(tmp_path, monkeypatch):
    monkeypatch.setattr(secrets, "token_hex", lambda _: "0")
    (tmp_path / f"a.json.{os.getpid()}-0.tmp").symlink_to("/dev/full")
    with pytest.raises(DiskFullError, match="not enough disk space"):
        writer.write_bytes(tmp_path, "a.json", b"content")


def test_a_file_in_place_of_the_folder_is_reported(tmp_path):
    (tmp_path / "L00H00").write_bytes(b"")
    with pytest.raises(BuildError, match="cannot write"):
        writer.write_bytes(tmp_path, "L00H00/a.json", b"")


def test_only_named_files_are_kept(tmp_path):
    for path in ("a.json", "L00H00/b.npy", "L00H00/b.npy.77.tmp", "capture/c.npy"):
        writer.write_bytes(tmp_path, path, b"x")
    writer.write_bytes(tmp_path, "capture/@eaDir/c.npy/thumbnail.jpg", b"x")
    (tmp_path / "capture" / ".DS_Store").write_bytes(b"")
    (tmp_path / "empty").mkdir()
    (tmp_path / "link").symlink_to(tmp_path)
    writer.remove_unlisted(tmp_path, {"a.json", "L00H00/b.npy"})
    left = {p.relative_to(tmp_path).as_posix() for p in tmp_path.rglob("*")}
    assert left == {"a.json", "L00H00", "L00H00/b.npy"}
