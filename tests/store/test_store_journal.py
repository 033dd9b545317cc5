import pytest

from attentionviz.store.journal import Journal, parse_journal, read_journal
from attentionviz.store.writer import FileRecord, write_bytes


@pytest.fixture
def folder(tmp_path):
    with Journal(tmp_path) as journal:
        for name in ("a.json", "b.json", "c.json"):
            journal.add(write_bytes(tmp_path, name, name.encode()))
    return tmp_path


def test_a_reopened_journal_contains_the_finished_units(folder):
    with Journal(folder) as journal:
        assert journal.paths() == {"a.json", "b.json", "c.json"}
        assert journal["a.json"].n_bytes == 6
        assert journal.has_all(["a.json", "b.json"])
        assert not journal.has_all(["a.json", "d.json"])


def test_an_array_keeps_dtype_and_shape(tmp_path):
    record = FileRecord("a.npy", "0" * 64, 7, "uint16", (3, 2))
    with Journal(tmp_path) as journal:
        journal.add(record)
    assert read_journal(tmp_path) == {"a.npy": record}


def test_a_missing_journal_is_empty(tmp_path):
    assert read_journal(tmp_path) == {}


@pytest.mark.parametrize("n_bytes_lost", [1, 2, 20, 100])
def test_an_incomplete_last_line_is_skipped_and_the_next_is_complete(folder, n_bytes_lost):
    path = folder / "journal.jsonl"
    path.write_bytes(path.read_bytes()[:-n_bytes_lost])
    with Journal(folder) as journal:
        assert journal.paths() == {"a.json", "b.json"}
        journal.add(write_bytes(folder, "c.json", b"c.json"))
    assert set(read_journal(folder)) == {"a.json", "b.json", "c.json"}


@pytest.mark.parametrize(
    "line", [b"", b"{}", b"null", b"[1]", b'{"path": "a"}', b"\xff\xfe", b"[" * 100_000]
)
def test_a_malformed_line_of_the_journal_is_skipped(folder, line):
    content = (folder / "journal.jsonl").read_bytes()
    assert set(parse_journal(line + b"\n" + content)) == {"a.json", "b.json", "c.json"}


def test_a_missing_or_changed_file_is_discarded(folder):
    (folder / "a.json").unlink()
    (folder / "b.json").write_bytes(b"b.jso")
    (folder / "c.json").write_bytes(b"C.json")
    with Journal(folder) as journal:
        assert journal.paths() == set()
        assert set(journal.discarded) == {"a.json", "b.json", "c.json"}


def test_the_later_of_two_lines_applies(folder):
    with Journal(folder) as journal:
        journal.add(write_bytes(folder, "a.json", b"another"))
    with Journal(folder) as journal:
        assert journal["a.json"].n_bytes == 7


def test_a_removed_unit_stays_removed_after_a_kill(folder):
    with Journal(folder) as journal:
        journal.discard(["a.json", "unknown.json"])
        assert "a.json" not in journal
        journal.add(write_bytes(folder, "d.json", b"d"))
    assert set(read_journal(folder)) == {"b.json", "c.json", "d.json"}
