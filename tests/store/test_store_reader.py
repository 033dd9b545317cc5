"""Datasets that lie, and files that are no files."""

import hashlib
import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from tests.support.fake_dataset import (
    FakeSpec,
    as_former,
    facts_of_heads,
    npy_bytes,
    republish,
    stored_tokens,
    write_fake_building,
    write_fake_dataset,
)

from attentionviz.core.types import HeadId, MapName
from attentionviz.errors import DamagedDatasetError, DatasetNotFoundError, NotReadyError
from attentionviz.store.checked_files import OpenArray, data_start
from attentionviz.store.head_facts import HeadFiles
from attentionviz.store.layout import FileSpec
from attentionviz.store.reader import DatasetLibrary, list_datasets, open_dataset
from attentionviz.store.safe_files import open_regular, read_regular
from attentionviz.store.schema import parse_manifest
from attentionviz.store.verify import verify

SPEC = FakeSpec("small", n_tokens=40, maps=("pca-2d", "tsne-3d"))
HEAD = HeadId(1, 0)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a whole dataset."""
    return write_fake_dataset(tmp_path, SPEC)


def reader_of(folder: Path):
    return open_dataset(folder.parent, SPEC.dataset_id)


@pytest.mark.parametrize("modality", ["text", "image", "image-text"])
def test_the_synthetic_dataset_matches_the_schema(tmp_path: Path, modality: str) -> None:
    spec = FakeSpec("fake", modality=modality, n_tokens=100)
    folder = write_fake_dataset(tmp_path, spec)
    manifest = parse_manifest((folder / "manifest.json").read_bytes())
    assert manifest["n_layers"] == 2
    staging = write_fake_building(tmp_path, spec)
    partial = (staging / "manifest.partial.json").read_bytes()
    assert parse_manifest(partial, is_partial=True)["maps"] == manifest["maps"]


def test_a_dataset_is_read_in_parts(folder: Path) -> None:
    reader = reader_of(folder)
    queries = np.load(folder / "L01H00" / "queries.npy")
    assert np.array_equal(reader.queries(HEAD, 5, 9), queries[5:9])
    assert np.array_equal(reader.keys(HEAD, 0, 40), np.load(folder / "L01H00" / "keys.npy"))
    assert reader.norms(HEAD).shape == (40, 4)
    assert reader.projection(MapName("tsne", 3), HEAD).shape == (80, 3)
    assert reader.head_columns()["self/value"].shape == (4,)
    assert not reader.queries(HEAD, 0, 1).flags.writeable


@pytest.mark.parametrize(("start", "stop"), [(-1, 3), (5, 4), (0, 41)])
def test_rows_outside_of_the_file_are_refused(folder: Path, start: int, stop: int) -> None:
    with pytest.raises(ValueError, match="outside 0..40"):
        reader_of(folder).queries(HEAD, start, stop)


def test_only_the_requested_rows_are_read(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reader = reader_of(folder)
    reader.queries(HEAD, 0, 1)  # the hash is checked once
    wanted = []
    pread = os.pread
    monkeypatch.setattr(os, "pread", lambda f, n, at: wanted.append(n) or pread(f, n, at))
    reader.queries(HEAD, 3, 5)
    assert wanted == [2 * SPEC.d_head * 4]


def test_a_file_that_changes_is_checked_again(folder: Path) -> None:
    reader = reader_of(folder)
    reader.norms(HEAD)
    path = folder / "L01H00" / "norms.npy"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    os.utime(path, ns=(1, 1))
    with pytest.raises(DamagedDatasetError, match="L01H00/norms.npy has changed"):
        reader.norms(HEAD)


def test_a_file_truncated_while_open_is_an_error_not_a_crash(folder: Path) -> None:
    reader = reader_of(folder)
    name = reader.queries_path(HEAD)
    with reader.open_array(name) as array:
        os.truncate(folder / name, 200)
        with pytest.raises(DamagedDatasetError, match="is truncated after"):
            array.all()


def _link(path: Path) -> None:
    shutil.copy(path, path.parents[2] / "outside")
    path.unlink()
    path.symlink_to(path.parents[2] / "outside")


def _pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def _folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def _linked_folder(path: Path) -> None:
    moved = path.parents[2] / "moved"
    shutil.move(path.parent, moved)
    path.parent.symlink_to(moved)


@pytest.mark.parametrize("replace", [_link, _pipe, _folder, _linked_folder])
def test_only_regular_files_inside_the_folder_are_read(folder: Path, replace) -> None:
    reader = reader_of(folder)
    replace(folder / "L01H00" / "norms.npy")
    with pytest.raises(DamagedDatasetError, match="L01H00/norms.npy"):
        reader.norms(HEAD)
    with pytest.raises(DamagedDatasetError):
        read_regular(folder, "L01H00/norms.npy", 1 << 20)


@pytest.mark.parametrize(
    "name", ["", "..", "../x", "a/../../x", "/etc/hostname", "a//b", ".", "a\0b"]
)
def test_names_that_lead_outside_are_refused(folder: Path, name: str) -> None:
    with pytest.raises(DamagedDatasetError, match="not the name"), open_regular(folder, name):
        pass


def test_a_dataset_folder_that_is_a_link_is_not_followed(folder: Path) -> None:
    moved = folder.parent / "moved"
    folder.rename(moved)
    folder.symlink_to(moved)
    entry = list_datasets(folder.parent)[0]
    assert entry.state == "damaged"


@pytest.mark.parametrize(
    "change",
    [
        lambda t: t["text"].pop(),
        lambda t: t.pop("position"),
        lambda t: t["sequences"]["start"].append(0),
        lambda t: t["sequences"]["start"].__setitem__(0, 10**9),
        lambda t: t["sequences"]["start"].__setitem__(0, -1),
        lambda t: t["sequences"]["length"].__setitem__(0, True),
        lambda t: t["sequences"]["length"].__setitem__(0, 1e3),
        lambda t: t["sequences"]["length"].__setitem__(0, 10**40),
        lambda t: t["sequences"].pop("columns"),
        lambda t: t["sequences"]["columns"]["topic"].pop(),
        lambda t: t.__setitem__("sequences", []),
        lambda t: t.__setitem__("surface", [None]),
        lambda t: t.__setitem__("surface", [1] * 40),
    ],
)
def test_columns_that_do_not_match_the_manifest_are_damage(folder: Path, change) -> None:
    tokens = stored_tokens(folder)
    change(tokens)
    lying = as_former(folder, tokens)
    with pytest.raises(DamagedDatasetError, match="tokens.json"):
        reader_of(lying).sequences()
    assert verify_names(lying) == ["tokens.json"]


@pytest.mark.parametrize(("version", "shown"), [(2, "你 3⁄3"), (3, "<0xA0>")])
def test_split_characters_of_format_2_are_rewritten(folder: Path, version: int, shown: str) -> None:
    before = stored_tokens(folder)
    changed = {**before, "text": list(before["text"])}
    changed["text"][1:4] = ["<0xE4>", "<0xBD>", "<0xA0>"]
    old = as_former(folder, changed, version)
    tokens = reader_of(old).tokens.document()
    assert tokens["text"][3] == shown
    assert {**tokens, "text": 0} == {**before, "text": 0}
    assert verify_names(old) == []


def verify_names(folder: Path) -> list[str]:
    return [problem.path for problem in verify(folder)]


@pytest.mark.parametrize("is_former", [False, True])
def test_the_facts_of_heads_are_read_as_they_were_written(folder: Path, is_former: bool) -> None:
    manifest = json.loads((folder / "manifest.json").read_bytes())
    heads = facts_of_heads(folder)
    for i, head in enumerate(heads):
        one = head["maps"]["tsne-3d"]
        one["fallback"] = [None, "few tokens", "few", "few tokens"][i]
        one["fidelity"]["recall_at_100"] = None if i == 1 else 1 / 3
        head["scores"]["self"] = {"value": [None, 1e-9, 0.1, 1.0][i], "n_rows": 3 * i}
    changed = republish(folder, HeadFiles.of(manifest, heads).contents())
    assert facts_of_heads(as_former(changed) if is_former else changed) == heads


@pytest.mark.parametrize(
    "content", [b"", b"null", b"[]", b'{"heads": 1}', b'{"heads": []}', b"[" * 100_000, b"NaN"]
)
def test_malformed_facts_of_heads_are_damage(folder: Path, content: bytes) -> None:
    lying = republish(as_former(folder), {"heads.json": content})
    with pytest.raises(DamagedDatasetError, match="heads.json"):
        reader_of(lying).head_columns()


@pytest.mark.parametrize(
    "change",
    [
        lambda head: head.pop("scores"),
        lambda head: head.pop("profile"),
        lambda head: head["scores"].pop("self"),
        lambda head: head["scores"].__setitem__("surprise", {"value": 0.5, "n_rows": 1}),
        lambda head: head["scores"].__setitem__("self", 0.5),
        lambda head: head["scores"]["self"].pop("n_rows"),
        lambda head: head["scores"]["self"].__setitem__("value", "much"),
        lambda head: head["scores"]["self"].__setitem__("value", True),
        lambda head: head["scores"]["self"].__setitem__("n_rows", -1),
        lambda head: head["scores"]["self"].__setitem__("n_rows", 1.5),
        lambda head: head["profile"]["weights"].pop(),
        lambda head: head["profile"].__setitem__("offsets", None),
        lambda head: head.pop("alignment_scale"),
        lambda head: head["maps"]["pca-2d"].pop("scale"),
        lambda head: head["maps"]["pca-2d"].__setitem__("fallback", ["few"]),
        lambda head: head["maps"]["pca-2d"]["fidelity"].__setitem__("recall_at_10", "much"),
    ],
)
def test_malformed_facts_of_a_former_head_are_damage(folder: Path, change) -> None:
    old = as_former(folder)
    facts = json.loads((old / "heads.json").read_bytes())
    change(facts["heads"][2])
    lying = republish(old, {"heads.json": json.dumps(facts).encode()})
    with pytest.raises(DamagedDatasetError, match="heads.json"):
        reader_of(lying).head_columns()


@pytest.mark.parametrize("tokens", [[0, 0], [1, 0], [-1, 3], [0, 40], [39, 2**31 - 1]])
def test_a_grid_of_missing_tokens_is_damage(tmp_path: Path, tokens: list[int]) -> None:
    folder = write_fake_dataset(tmp_path, FakeSpec("small", n_tokens=40, maps=("pca-2d",)))
    wanted = np.arange(40, dtype=np.int32)
    wanted[-2:] = tokens
    lying = republish(folder, {"grid/tokens.npy": npy_bytes(wanted)})
    with pytest.raises(DamagedDatasetError, match="grid/tokens.npy"):
        reader_of(lying).grid_tokens()


GOOD = np.zeros((3, 2), dtype=np.float32)
HEADER = b"{'descr': '<f4', 'fortran_order': False, 'shape': (3, 2), }"


def npy_file(header: bytes, numbers: bytes = bytes(24), version: bytes = b"\x01\x00") -> bytes:
    padded = header + b" " * (117 - len(header) % 64) + b"\n"
    return b"\x93NUMPY" + version + len(padded).to_bytes(2, "little") + padded + numbers


@pytest.mark.parametrize("content", [npy_bytes(GOOD), npy_file(HEADER)])
def test_array_files_of_numpy_are_read(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.npy").write_bytes(content)
    with open_regular(tmp_path, "a.npy") as file:
        start = data_start(file, FileSpec("float32", (3, 2)))
        rows = OpenArray(file, FileSpec("float32", (3, 2)), start).rows(1, 3)
    assert rows.shape == (2, 2)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x93NUMPY",
        b"PK\x03\x04" + bytes(200),
        npy_file(HEADER, version=b"\x03\x00"),
        npy_file(HEADER, numbers=bytes(23)),
        npy_file(HEADER, numbers=bytes(25)),
        npy_file(HEADER.replace(b"<f4", b">f4")),
        npy_file(HEADER.replace(b"<f4", b"|O8")),
        npy_file(HEADER.replace(b"<f4", b"<f3")),
        npy_file(HEADER.replace(b"False", b"True")),
        npy_file(HEADER.replace(b"(3, 2)", b"(2, 3)")),
        npy_file(HEADER.replace(b"(3, 2)", b"(6,)")),
        npy_file(HEADER.replace(b"(3, 2)", b"(-3, -2)")),
        npy_file(HEADER.replace(b"(3, 2)", b"(9**99, 2)")),
        npy_file(b"__import__('os').abort()"),
        npy_file(b"x" * 5000),
        b"\x93NUMPY\x01\x00\xff\xff" + HEADER,
        b"\x93NUMPY\x02\x00\xff\xff\xff\xff" + HEADER,
    ],
)
def test_other_array_files_are_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.npy").write_bytes(content)
    with open_regular(tmp_path, "a.npy") as file, pytest.raises(DamagedDatasetError):
        data_start(file, FileSpec("float32", (3, 2)))


def test_a_shape_other_than_in_the_manifest_is_damage(folder: Path) -> None:
    swapped = npy_bytes(np.zeros((SPEC.d_head, 40), dtype=np.float32))
    lying = republish(folder, {"L01H00/queries.npy": swapped})
    with pytest.raises(DamagedDatasetError, match="expected float32"):
        reader_of(lying).queries(HEAD, 0, 1)


@pytest.mark.parametrize(
    "manifest",
    [
        {"n_tokens": 10**9},
        {"n_layers": 0},
        {"n_heads": 10**8},
        {"precision": "object"},
        {"id": "../other"},
        {"layers": []},
        {"surprise": 1},
        {"files": {"../../etc/passwd": {"bytes": 1, "sha256": "0" * 64}}},
    ],
)
def test_a_manifest_with_wrong_counts_is_damage(folder: Path, manifest: dict) -> None:
    lying = republish(folder, {}, **manifest)
    with pytest.raises(DamagedDatasetError):
        reader_of(lying)
    assert [entry.state for entry in list_datasets(lying.parent)] == ["damaged"]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"exact_tolerance": 1e-09', '"exact_tolerance": 1e999'),
        ('"scaling": 0.', '"scaling": 1e999'),
        ('"scaling": 0.', '"scaling": 1' + "0" * 400),
        ('"seed": 0', '"seed": 1' + "0" * 5000),
        ('"parameters": {', '"parameters": {"x": -1e999,'),
        ('"parameters": {', '"parameters": {"x": NaN,'),
    ],
)
def test_non_finite_numbers_are_damage(folder: Path, old: str, new: str) -> None:
    text = (folder / "manifest.json").read_text()
    assert old in text
    content = text.replace(old, new, 1).encode()
    name = f"small@{hashlib.sha256(content).hexdigest()[:12]}"
    (folder / "manifest.json").write_bytes(content)
    folder.rename(folder.with_name(name))
    (folder.parent / "small.current").write_text(f"{name}\n")
    assert list_datasets(folder.parent)[0].state == "damaged"
    with pytest.raises(DamagedDatasetError):
        open_dataset(folder.parent, "small")


def test_malformed_facts_of_a_half_built_map_are_left_out(tmp_path: Path) -> None:
    staging = write_fake_building(tmp_path, SPEC, n_units_done=4)
    library = DatasetLibrary(tmp_path)
    for content in (b"", b"[]", b"nothing", b'{"scale": 1e999}', b'{"scale": NaN}'):
        line = {"path": "L00H01/pca-2d.json", "bytes": len(content)}
        line["sha256"] = hashlib.sha256(content).hexdigest()
        (staging / "L00H01" / "pca-2d.json").write_bytes(content)
        with (staging / "journal.jsonl").open("a") as journal:
            journal.write(json.dumps(line) + "\n")
        columns = library.open_dataset("small").head_columns()
        assert columns.is_ready("pca-2d").tolist() == [True, False, True, True]


def test_a_missing_file_is_found_by_the_list(folder: Path) -> None:
    (folder / "grid" / "norms.npy").unlink()
    entry = list_datasets(folder.parent)[0]
    assert (entry.state, entry.folder) == ("damaged", folder)
    assert "grid/norms.npy" in (entry.reason or "")


def test_an_unknown_dataset_is_reported_as_unknown(folder: Path) -> None:
    library = DatasetLibrary(folder.parent)
    for name in ("other", "", "..", "small/..", "SMALL", "small\n"):
        with pytest.raises(DatasetNotFoundError):
            library.open_dataset(name)
        with pytest.raises(DatasetNotFoundError):
            library.entry(name)


def test_a_missing_file_of_a_build_is_not_ready(tmp_path: Path) -> None:
    staging = write_fake_building(tmp_path, SPEC, n_units_done=1)
    reader = open_dataset(tmp_path, "small")
    with pytest.raises(NotReadyError):
        reader.projection(MapName("tsne", 3), HEAD)
    shutil.move(staging / "L00H00", tmp_path / "published")
    with pytest.raises(NotReadyError):
        reader.projection(MapName("pca", 2), HeadId(0, 0))


def test_a_measure_that_an_earlier_dataset_lacks_is_undefined(tmp_path: Path) -> None:
    spec = FakeSpec("old", n_tokens=20, n_layers=1, maps=("pca-2d",), is_earlier=True)
    folder = write_fake_dataset(tmp_path, spec)
    assert b"recall_at_100" not in (folder / "heads.json").read_bytes()
    reader = open_dataset(tmp_path, "old")
    found = [reader.manifest["fidelity"]["pca-2d"]]
    found.append(reader.head(HeadId(0, 0))["maps"]["pca-2d"]["fidelity"])
    assert np.isnan(reader.head_columns()["pca-2d/recall_at_100"]).all()
    assert all(fidelity["recall_at_100"] is None for fidelity in found)
    assert verify(folder) == []
