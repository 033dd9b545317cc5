"""Tokens and sequences: written, read by the piece, and converted from former formats."""

import os
from pathlib import Path

import numpy as np
import pytest
from tests.support.fake_dataset import (
    FakeSpec,
    as_former,
    npy_bytes,
    republish,
    stored_tokens,
    with_tokens,
    write_fake_dataset,
)

from attentionviz.errors import DamagedDatasetError
from attentionviz.store import layout
from attentionviz.store.dataset import DatasetReader
from attentionviz.store.reader import DatasetLibrary
from attentionviz.store.verify import verify

SPECS = (
    FakeSpec("words", n_tokens=90, maps=("pca-2d",), has_pairs=True),
    FakeSpec("both", n_tokens=90, maps=("pca-2d",), modality="image-text", patch_rows=3),
    FakeSpec("two-texts", n_layers=3, n_tokens=90, maps=("pca-2d",), has_two_texts=True),
)


def reader_of(folder: Path) -> DatasetReader:
    dataset_id, version = folder.name.split("@")
    return DatasetLibrary(folder.parent).open_dataset(dataset_id, version)


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.dataset_id)
@pytest.mark.parametrize("version", [2, 3])
def test_a_former_format_is_read_as_the_current_one(
    tmp_path: Path, spec: FakeSpec, version: int
) -> None:
    folder = write_fake_dataset(tmp_path, spec)
    tokens = stored_tokens(folder)
    former = as_former(folder, tokens, version)
    assert (former / layout.TOKENS).exists() and not (former / layout.CODES).exists()
    assert stored_tokens(former) == tokens
    reader = reader_of(former).tokens
    assert reader.document(1, 3)["sequences"]["text"] == tokens["sequences"]["text"][1:3]
    assert reader.array(layout.CODES, 3, 5).dtype == np.int32
    assert verify(former) == []


def test_values_of_any_json_survive(tmp_path: Path) -> None:
    folder = write_fake_dataset(tmp_path, FakeSpec("words", n_tokens=120, maps=("pca-2d",)))
    tokens = stored_tokens(folder)
    n = len(tokens["sequences"]["text"])
    values = [None, 1, 1.0, True, "1", "", [1, None], {"a": "天"}]
    tokens["sequences"]["columns"]["topic"] = (values * n)[:n]
    tokens["sequences"]["text"] = ["", "\ufeff天\u0000", "a\r\n", *["🐍"] * (n - 3)]
    tokens["surface"] = [None, "", "☃", *[None] * (len(tokens["text"]) - 3)]
    kept = stored_tokens(with_tokens(folder, tokens))
    assert kept == tokens
    found = kept["sequences"]["columns"]["topic"][:4]
    assert [type(value) for value in found] == [type(value) for value in values[:4]]


def test_one_sequence_is_read_without_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = FakeSpec("words", n_tokens=4000, maps=("pca-2d",))
    reader = reader_of(write_fake_dataset(tmp_path, spec))
    start, length, _ = reader.sequences().one(40)  # checks everything once
    wanted: list[int] = []
    pread = os.pread
    monkeypatch.setattr(os, "pread", lambda f, n, at: wanted.append(n) or pread(f, n, at))
    (text,) = reader.tokens.texts(first=40, end=41)
    reader.tokens.array(layout.CODES, start, start + length)
    assert sum(wanted) < 6 * 4 + len(text.encode()) + 4 * length


def test_a_text_that_begins_within_a_character_is_damage(tmp_path: Path) -> None:
    folder = write_fake_dataset(tmp_path, FakeSpec("words", n_tokens=60, maps=("pca-2d",)))
    tokens = stored_tokens(folder)
    tokens["sequences"]["text"] = ["天" for _ in tokens["sequences"]["text"]]
    folder = with_tokens(folder, tokens)
    ends = reader_of(folder).tokens.array(layout.text_ends_path("text")).copy()
    ends[0] -= 1
    lying = republish(folder, {layout.text_ends_path("text"): npy_bytes(ends)})
    with pytest.raises(DamagedDatasetError, match="begins within a character"):
        reader_of(lying).tokens.texts()
