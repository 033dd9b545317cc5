"""Texts are read in every format, and what is wrong is said with file and line."""

import codecs
import json
from pathlib import Path

import pytest

from attentionviz.errors import CorpusError
from attentionviz.pipeline.corpora import TEXT_FORMATS, records
from attentionviz.pipeline.corpus import TextCorpus, read_text_corpus


def read(folder: Path, name: str, content: str | bytes, column: str | None = None) -> TextCorpus:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
    return read_text_corpus(path, column)


def problem(folder: Path, name: str, content: str | bytes, column: str | None = None) -> str:
    with pytest.raises(CorpusError) as caught:
        read(folder, name, content, column)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_lines_are_sequences_with_their_white_space_and_blank_ones_are_counted(
    tmp_path: Path,
) -> None:
    corpus = read(tmp_path, "mine.txt", "one\r\n\r\n  two \n   \nthree")
    assert corpus.sequences == ["one", "  two ", "three"]
    assert corpus.places == ["line 1", "line 3", "line 5"]
    words = "5 lines read, 3 taken, 2 left out: 2 blank (line 2, line 4)"
    assert corpus.account.words() == words
    assert corpus.name == "mine"
    assert corpus.columns == {}


def test_a_line_ends_at_line_ends_only(tmp_path: Path) -> None:
    corpus = read(tmp_path, "a.txt", "one\u2028still one\x0cand still\x85yes\rtwo")
    assert corpus.sequences == ["one\u2028still one\x0cand still\x85yes", "two"]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_byte_order_mark_is_no_text(encoding: str, tmp_path: Path) -> None:
    assert read(tmp_path, "a.txt", "für\nzwei".encode(encoding)).sequences == ["für", "zwei"]
    assert read(tmp_path, "a.csv", "text,b\nfür,1".encode(encoding)).columns == {"b": ["1"]}


def test_a_byte_that_is_not_utf8_is_named_with_its_line(tmp_path: Path) -> None:
    message = problem(tmp_path, "a.txt", b"one\ntwo\nf\xfcr\n")
    assert message.startswith("a.txt, line 3: byte 0xFC is not UTF-8")


def test_a_broken_utf16_file_is_refused(tmp_path: Path) -> None:
    assert "is not UTF-8" in problem(tmp_path, "a.txt", codecs.BOM_UTF16_LE + b"a\0b")


def test_a_binary_file_is_refused(tmp_path: Path) -> None:
    assert "line 2: a zero byte" in problem(tmp_path, "a.txt", b"a\nPK\x03\0\0")


@pytest.mark.parametrize("name", ["a.txt", "a.jsonl"])
def test_an_empty_file_is_refused(name: str, tmp_path: Path) -> None:
    assert "has no text" in problem(tmp_path, name, " \n\n")


def test_a_table_without_rows_or_header_is_refused(tmp_path: Path) -> None:
    assert "has no text" in problem(tmp_path, "a.csv", "text,b\n")
    assert "is empty" in problem(tmp_path, "a.csv", "\n\n")


def test_an_unknown_ending_lists_the_known_ones(tmp_path: Path) -> None:
    message = problem(tmp_path, "a.docx", "one")
    assert all(suffix in message for suffix in TEXT_FORMATS)


def test_a_folder_or_nothing_is_no_text_file(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "none.txt"):
        with pytest.raises(CorpusError, match="is not a file"):
            read_text_corpus(path)


def test_a_file_that_is_too_large_is_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(records, "MAX_FILE_BYTES", 2**20)
    assert "more than 1; split it" in problem(tmp_path, "a.txt", b"a" * (2**20 + 1))


@pytest.mark.parametrize("name", ["a.txt", "a.csv", "a.jsonl"])
def test_a_long_text_is_cut_before_it_meets_a_tokenizer(name: str, tmp_path: Path) -> None:
    long = "ab " * 100_000
    content = {"a.txt": long, "a.csv": f"text\n{long}", "a.jsonl": json.dumps({"text": long})}
    assert len(read(tmp_path, name, content[name]).sequences[0]) == records.MAX_CHARACTERS


def test_further_columns_are_kept(tmp_path: Path) -> None:
    table = 'topic,text,year\nsea,"One, ""two""\nand three",1990\n\nsky, , 1991\nsky,four,1992\n'
    corpus = read(tmp_path, "a.csv", table)
    assert corpus.sequences == ['One, "two"\nand three', "four"]
    assert corpus.columns == {"topic": ["sea", "sky"], "year": ["1990", "1992"]}


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_the_delimiter_is_that_of_the_header(delimiter: str, tmp_path: Path) -> None:
    table = f"text{delimiter}b\none{delimiter}1\n"
    assert read(tmp_path, "a.csv", table).columns == {"b": ["1"]}


@pytest.mark.parametrize("header", ["a,Sentence", "content,b", "a,text,content"])
def test_the_usual_names_of_the_text_column_are_found(header: str, tmp_path: Path) -> None:
    cells = ["yes" if name.lower() in ("sentence", "text") else "no" for name in header.split(",")]
    cells = ["yes" if header == "content,b" and i == 0 else cell for i, cell in enumerate(cells)]
    assert read(tmp_path, "a.csv", f"{header}\n{','.join(cells)}").sequences == ["yes"]


def test_a_single_column_is_the_text(tmp_path: Path) -> None:
    assert read(tmp_path, "a.csv", "quote\none\n").sequences == ["one"]


def test_the_named_column_is_taken(tmp_path: Path) -> None:
    corpus = read(tmp_path, "a.csv", "text,b\none,two\n", "b")
    assert (corpus.sequences, corpus.columns) == (["two"], {"text": ["one"]})


@pytest.mark.parametrize("column", [None, "text"])
def test_a_missing_text_column_lists_the_columns(column: str | None, tmp_path: Path) -> None:
    message = problem(tmp_path, "a.csv", "quote,author\na,b\n", column)
    assert "--text-column: quote, author" in message


def test_plain_text_has_no_columns(tmp_path: Path) -> None:
    assert "leave out --text-column" in problem(tmp_path, "a.txt", "one", "text")


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ("text,b\none\n", "line 2: 1 cells, the header has 2"),
        ("text,b\n\none,2\nthree,4,5\n", "line 4: 3 cells, the header has 2"),
        ("text,text\none,2\n", "line 1: the column 'text' appears twice"),
        ("text,,c\none,2,3\n", "line 1: column 2 has no name"),
        ('text,b\n"one,2\nthree,4\n', "line 2: "),
        ('text,b\none,2\n"a"b,4\n', "line 3: "),
    ],
)
def test_a_broken_table_is_named_with_its_line(table: str, words: str, tmp_path: Path) -> None:
    assert words in problem(tmp_path, "a.csv", table)


def test_fields_of_json_lines_are_kept_as_words(tmp_path: Path) -> None:
    lines = [{"text": " one ", "n": 1.5, "tags": ["a"]}, {"text": "two", "ok": None}, {"text": ""}]
    corpus = read(tmp_path, "a.jsonl", "\n".join(map(json.dumps, lines)))
    assert corpus.sequences == [" one ", "two"]
    assert corpus.columns == {"n": ["1.5", ""], "tags": ['["a"]', ""], "ok": ["", ""]}


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('{"text": "one"', "line 2: not JSON"),
        ('["one"]', "line 2: not a JSON object"),
        ('{"text": 5}', "line 2: the field 'text' is missing or not a string"),
        ('{"b": "one"}', "line 2: the field 'text' is missing"),
        ("[" * 200_000, "line 2: not JSON"),
        ('{"text": "a", "n": ' + "9" * 5_000 + "}", "line 2: not JSON"),
    ],
)
def test_a_broken_json_line_is_named(line: str, words: str, tmp_path: Path) -> None:
    assert words in problem(tmp_path, "a.jsonl", f'{{"text": "fine"}}\n{line}\n')


def test_the_hash_is_that_of_the_content_not_of_the_format(tmp_path: Path) -> None:
    table = read(tmp_path, "a.csv", "text,b\none,1\n").sha256
    lines = read(tmp_path, "b.jsonl", '{"b": "1", "text": "one"}').sha256
    other = read(tmp_path, "a.csv", "text,b\none,2\n").sha256
    assert table == lines != other


def test_source_and_licence_come_from_the_file_beside_it(tmp_path: Path) -> None:
    (tmp_path / "a.about.json").write_text('{"source": "ours", "license": "CC0-1.0"}')
    corpus = read(tmp_path, "a.txt", "one")
    assert (corpus.source, corpus.license) == ("ours", "CC0-1.0")
    assert read(tmp_path, "b.txt", "one").source is None


def test_a_broken_file_beside_it_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.about.json").write_text("ours")
    assert "a.about.json is not JSON" in problem(tmp_path, "a.txt", "one")


def test_in_a_tsv_only_tabs_separate(tmp_path: Path) -> None:
    table = "text\ta, b, c, d\none, two\t1\n"
    assert read(tmp_path, "a.tsv", table).columns == {"a, b, c, d": ["1"]}


def test_too_many_columns_are_refused_in_every_table(tmp_path: Path) -> None:
    names = [f"c{i}" for i in range(records.MAX_COLUMNS + 1)]
    table = f"text,{','.join(names)}\none{',' * len(names)}\n"
    assert "1,002 columns, more than 1,000" in problem(tmp_path, "a.csv", table)
    lines = "".join(json.dumps({"text": "one", name: 1}) + "\n" for name in names)
    assert "1,002 columns, more than 1,000" in problem(tmp_path, "a.jsonl", lines)


def test_half_a_character_in_the_name_of_a_column_is_refused(tmp_path: Path) -> None:
    line = '{"text": "one", "\\ud800": "x"}'
    assert "half of a character" in problem(tmp_path, "a.jsonl", line)
