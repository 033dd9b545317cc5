"""A corpus of eighty hostile texts is built as it is, and the terminal shows it without obeying."""

import csv
import shutil
from pathlib import Path

import pytest
from tests.support.hostile_strings import STRINGS

from attentionviz.commands.main import main
from attentionviz.store.reader import open_dataset

# What a table may hold: a zero byte makes it no text.
HELD = [text for text in STRINGS if "\0" not in text]
COLUMNS = ("text", "__proto__", "<img src=x onerror=pwned=1>", "=1+1", "\x1b[31m\u202ecolumn")


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """Return a CSV whose every name and cell is hostile, its own name included."""
    path = tmp_path / "\x1b[31mcorpus\u202e.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file, quoting=csv.QUOTE_ALL)
        rows.writerow(COLUMNS)
        rows.writerows([f"a {text}", text, text, text, text] for text in HELD)
    return path


def run(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str]:
    """Return the status of a command and all that it wrote, after looking at every character."""
    status = main([str(part) for part in arguments])
    written = "".join(capsys.readouterr())
    bars = written.replace("\n", "").replace("\r", "")  # a bar returns to the start of its line
    assert bars.isprintable(), ascii(written)
    return status, written


def test_a_hostile_corpus_is_built_shown_and_verified(
    tiny_bert: Path, table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = shutil.copytree(tiny_bert, tmp_path / "\x1b]0;model\x07")
    data = tmp_path / "built"
    options = ("--id", "hostile", "--method", "pca", "--dims", "2", "--workers", "1")
    status, _ = run(
        capsys, "build", "--model", model, "--text", table, "--output", data, *options,
        "--device", "cpu",
    )  # fmt: skip
    assert status == 0
    reader = open_dataset(data, "hostile")
    sequences = reader.tokens.document()["sequences"]
    assert sequences["text"] == [f"a {text}" for text in HELD]
    for column in COLUMNS[1:]:
        assert sequences["columns"][column] == [text[:1000] for text in HELD]
    for command in ("info", "verify"):
        status, written = run(capsys, command, "hostile", "--data-dir", data)
        assert status == 0
        assert "hostile" in written
    _, written = run(capsys, "info", "all", "--scores", "--data-dir", data)
    assert r"\x1b]0;model\x07" in written  # a name is still told from another


@pytest.mark.parametrize("content", [b"a\0b\n", b'{"text": "\\ud800"}\n', b"\xff\xfe\xff\n"])
def test_text_that_cannot_be_stored_is_refused_with_a_message(
    content: bytes, tiny_bert: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "\x1b[2Jcorpus.jsonl"
    path.write_bytes(content)
    status, written = run(
        capsys, "build", "--model", tiny_bert, "--text", path, "--output", tmp_path / "built"
    )
    assert status == 2
    assert written.startswith(r"attentionviz: \x1b[2Jcorpus.jsonl")
    assert written.count("\n") == 1
