"""Texts are read in every format, and what is wrong is said with file and line."""

import codecs
import csv
import io
import json
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from attentionviz.core.text_formats import TEXT_FORMATS
from attentionviz.errors import CorpusError
from attentionviz.pipeline.corpora import READERS, records
from attentionviz.pipeline.corpora.records import TextFile
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
    assert corpus.locations == ["line 1", "line 3", "line 5"]
    words = "5 lines read, 3 taken, 2 left out: 2 blank (line 2, line 4)"
    assert corpus.account.summary() == words
    assert corpus.name == "mine"
    assert corpus.columns == {}


def test_a_line_ends_at_line_ends_only(tmp_path: Path) -> None:
    corpus = read(tmp_path, "a.txt", "one\u2028still one\x0cand still\x85yes\rtwo")
    assert corpus.sequences == ["one\u2028still one\x0cand still\x85yes", "two"]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
def test_a_byte_order_mark_is_not_text(encoding: str, tmp_path: Path) -> None:
    assert read(tmp_path, "a.txt", "für\nzwei".encode(encoding)).sequences == ["für", "zwei"]
    assert read(tmp_path, "a.csv", "text,b\nfür,1".encode(encoding)).columns == {"b": ["1"]}


def test_a_byte_that_is_not_utf8_is_named_with_its_line(tmp_path: Path) -> None:
    message = problem(tmp_path, "a.txt", b"one\ntwo\nf\xfcr\n")
    assert message.startswith("a.txt, line 3: byte 0xFC is not UTF-8")


def test_a_non_utf8_file_of_excel_is_refused_with_how_to_convert_it(
    tmp_path: Path,
) -> None:
    message = problem(tmp_path, "a.csv", "text;n\r\nschöner Tag;1\r\n".encode("cp1252"))
    assert "line 2: byte 0xF6 is not UTF-8" in message
    assert "'schöner'" in message
    assert "iconv -f WINDOWS-1252 -t UTF-8" in message


def test_a_broken_utf16_file_is_refused(tmp_path: Path) -> None:
    assert "is not UTF-16" in problem(tmp_path, "a.txt", codecs.BOM_UTF16_LE + b"a\0b")


def test_a_binary_file_is_refused(tmp_path: Path) -> None:
    assert "line 2: a zero byte" in problem(tmp_path, "a.txt", b"a\nPK\x03\0\0")


@pytest.mark.parametrize("name", ["a.txt", "a.jsonl"])
def test_an_empty_file_is_refused(name: str, tmp_path: Path) -> None:
    assert "has no text" in problem(tmp_path, name, " \n\n")


def test_a_table_without_rows_or_header_is_refused(tmp_path: Path) -> None:
    assert "has no text" in problem(tmp_path, "a.csv", "text,b\n")
    assert "2 rows read, 0 taken, 2 left out: 2 blank" in problem(tmp_path, "a.csv", "\n\n")


def test_an_unknown_extension_lists_the_known_ones(tmp_path: Path) -> None:
    message = problem(tmp_path, "a.docx", "one")
    assert all(suffix in message for suffix in READERS)


def test_a_folder_or_missing_file_is_refused(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "none.txt"):
        with pytest.raises(CorpusError, match="is not a file"):
            read_text_corpus(path)


def test_a_file_that_is_too_large_is_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(records, "MAX_FILE_BYTES", 2**20)
    assert "more than 1; split it" in problem(tmp_path, "a.txt", b"a" * (2**20 + 1))


@pytest.mark.parametrize("name", ["a.txt", "a.csv", "a.jsonl"])
def test_a_long_text_is_cut_before_tokenization(name: str, tmp_path: Path) -> None:
    long = "ab " * 100_000
    content = {"a.txt": long, "a.csv": f"text\n{long}", "a.jsonl": json.dumps({"text": long})}
    corpus = read(tmp_path, name, content[name])
    assert len(corpus.sequences[0]) == records.MAX_CHARACTERS
    assert corpus.is_cut == [True]


def test_further_columns_are_kept(tmp_path: Path) -> None:
    table = 'topic,text,year\nsea,"One, ""two""\nand three",1990\n\nsky, ,1991\nsky,four,1992\n'
    corpus = read(tmp_path, "a.csv", table)
    assert corpus.locations == ["line 2", "line 6"]
    assert "4 rows read, 2 taken, 2 left out: 2 blank (line 4, line 5)" == corpus.account.summary()
    assert "quoted cells of several lines: 1 (line 2)" in corpus.account.notes
    assert corpus.sequences == ['One, "two"\nand three', "four"]
    assert corpus.columns == {"topic": ["sea", "sky"], "year": ["1990", "1992"]}


@pytest.mark.parametrize("name", ["a.csv", "a.tsv"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize(
    ("delimiter", "word"), [(",", "comma"), (";", "semicolon"), ("\t", "tab"), ("|", "bar")]
)
def test_delimiter_and_line_ends_are_detected_regardless_of_the_extension(
    delimiter: str, word: str, end: str, name: str, tmp_path: Path
) -> None:
    others = "".join({",", ";", "|"} - {delimiter})
    rows = [["text", "b", "c"], [f'"x{delimiter}y{others}"', "1", "2"], [f"z{others}", "3", "4"]]
    corpus = read(tmp_path, name, end.join(map(delimiter.join, rows)) + end)
    assert corpus.sequences == [f"x{delimiter}y{others}", f"z{others}"]
    assert corpus.columns == {"b": ["1", "3"], "c": ["2", "4"]}
    assert corpus.account.notes[0].startswith(f"{word}-separated, ")
    assert corpus.account.notes[0].endswith("3 columns: text, b, c")


def test_line_ends_may_be_mixed(tmp_path: Path) -> None:
    corpus = read(tmp_path, "a.csv", "text,b\r\none,1\ntwo,2\rthree,3\r\n")
    assert corpus.locations == ["line 2", "line 3", "line 4"]
    assert "CRLF and CR and LF line ends" in corpus.account.notes[0]


@pytest.mark.parametrize("header", ["a,Sentence", "content,b", "a,text,content"])
def test_the_usual_names_of_the_text_column_are_found(header: str, tmp_path: Path) -> None:
    cells = ["yes" if name.lower() in ("sentence", "text") else "no" for name in header.split(",")]
    cells = ["yes" if header == "content,b" and i == 0 else cell for i, cell in enumerate(cells)]
    assert read(tmp_path, "a.csv", f"{header}\n{','.join(cells)}").sequences == ["yes"]


@pytest.mark.parametrize("name", ["a.csv", "a.tsv"])
def test_a_single_column_has_a_header_only_if_its_name_is_known(name: str, tmp_path: Path) -> None:
    table = 'Rain fell, again.\n"She reads, he cooks."\n'
    corpus = read(tmp_path, name, table)
    assert corpus.sequences == ["Rain fell, again.", "She reads, he cooks."]
    assert "1 column without a header, so line 1 is a text" in corpus.account.notes[0]
    for header in ("Text", "sentence", "CONTENT"):
        assert read(tmp_path, name, f"{header}\n{table}").sequences == corpus.sequences
    assert read(tmp_path, name, f"quote\n{table}", "quote").sequences == corpus.sequences
    assert "has no column 'other'" in problem(tmp_path, name, f"quote\n{table}", "other")


def test_ambiguous_lines_are_refused_with_what_to_do(tmp_path: Path) -> None:
    some_commas = "He eats, then sleeps.\n" * 3 + "She reads.\n" * 2
    assert "rename the file to .txt" in problem(tmp_path, "a.csv", some_commas)
    title = "Export of today\n" + "quote,author\n" * 20
    message = problem(tmp_path, "a.csv", title)
    assert "line 1: 1 cell, but 95% of the rows have 2 (comma-separated)" in message


def test_columns_without_a_name_are_dropped_with_a_notice(tmp_path: Path) -> None:
    corpus = read(tmp_path, "a.csv", ",text,b,\n0,one,1,\n1,two,2,\n")
    assert (corpus.sequences, corpus.columns) == (["one", "two"], {"b": ["1", "2"]})
    assert corpus.account.notes == (
        "comma-separated, 2 columns: text, b",
        "columns without a name, left out: 2 (column 1, column 4)",
    )


def test_a_repeated_column_name_is_numbered_with_a_notice(tmp_path: Path) -> None:
    corpus = read(tmp_path, "a.csv", "text,b,b\none,1,2\n")
    assert corpus.columns == {"b": ["1"], "b (2)": ["2"]}
    assert "columns with a duplicate name, numbered: 1 (column 3)" in corpus.account.notes


def test_the_sep_line_of_excel_is_not_a_row(tmp_path: Path) -> None:
    corpus = read(tmp_path, "a.csv", "sep=;\r\ntext;b\r\none, two, three;1\r\n")
    assert (corpus.sequences, corpus.locations) == (["one, two, three"], ["line 3"])


BARE_QUOTES = ["text|n", '"Tired.|1', 'Home."|2', '"Stop!|3', "she said.|4", 'At nine."|5']


@pytest.mark.parametrize("delimiter", ["\t", ",", ";"])
def test_unquoted_quotation_marks_do_not_join_rows(delimiter: str, tmp_path: Path) -> None:
    table = "\n".join(BARE_QUOTES).replace("|", delimiter)
    corpus = read(tmp_path, "a.csv", table)
    assert corpus.sequences == ['"Tired.', 'Home."', '"Stop!', "she said.", 'At nine."']
    assert "kept as characters: 2 (line 2, line 4)" in corpus.account.notes[-1]


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        ('a "b" c', 'a "b" c'),
        ('"a "b" c"', '"a "b" c"'),
        ('"Stop" he said', '"Stop" he said'),
        ('"one', '"one'),
        ('one"', 'one"'),
        ('"one ""two"" three"', 'one "two" three'),
        ('"one\n\ntwo"', "one\n\ntwo"),
        ('""""', '"'),
    ],
)
@pytest.mark.parametrize("delimiter", [",", "\t"])
def test_a_quotation_mark_quotes_a_whole_cell_or_is_a_character(
    cell: str, text: str, delimiter: str, tmp_path: Path
) -> None:
    table = f"text|b\n{cell}|1\nnext|2\n".replace("|", delimiter)
    corpus = read(tmp_path, "a.csv", table)
    assert corpus.sequences == [text, "next"]
    assert corpus.columns == {"b": ["1", "2"]}


def test_quoted_texts_of_several_lines_are_one_each(tmp_path: Path) -> None:
    poem = '"Roses are red,\nviolets blue, too,\nsugar is sweet,\nand so are you."'
    assert len(read(tmp_path, "a.csv", f"text,b\n{poem},1\nplain,2\n").sequences) == 2
    table = 'b\ttext\n1\t"one\nand two"\n2\t"def f():\n\treturn 1"\n'
    corpus = read(tmp_path, "a.tsv", table)
    assert corpus.sequences == ["one\nand two", "def f():\n\treturn 1"]


CELL = st.text('ab ",;|\t\n', max_size=8)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.lists(st.tuples(CELL, CELL), min_size=1, max_size=8), st.sampled_from(",;|\t"))
def test_a_correctly_quoted_table_is_read_back(rows: list[tuple[str, str]], delimiter: str) -> None:
    # One text of two lines that are no rows says that quotation marks quote.
    rows = [("first\nsecond", "1"), *rows]
    if delimiter == "\t":
        rows = [(text.replace("\t", ""), cell.replace("\t", "")) for text, cell in rows]
    stream = io.StringIO()
    writer = csv.writer(stream, delimiter=delimiter, lineterminator="\n")
    writer.writerows([("text", "b"), *rows])
    found = READERS[".csv"](TextFile("a.csv", stream.getvalue()), None)
    kept = [row for row in rows if row[0].strip()]
    assert [(one.text, one.columns["b"]) for one in found.taken] == kept
    assert found.account().n_read == len(rows)
    assert found.account().n_taken == len(kept)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.lists(st.tuples(st.text('ab "', min_size=1), st.text('ab "')), min_size=1))
def test_no_row_of_a_tsv_without_quoting_is_lost(rows: list[tuple[str, str]]) -> None:
    lines = ["text\tb", *("\t".join(row) for row in rows)]
    found = READERS[".tsv"](TextFile("a.tsv", "\n".join(lines)), None)
    assume(found.taken)
    account = found.account()
    assert account.n_read == len(rows)
    assert [(part.reason, part.n) for part in account.left_out] in (
        [], [("blank", len(rows) - len(found.taken))]
    )  # fmt: skip


def test_the_named_column_is_taken(tmp_path: Path) -> None:
    corpus = read(tmp_path, "a.csv", "text,b\none,two\n", "b")
    assert (corpus.sequences, corpus.columns) == (["two"], {"text": ["one"]})


@pytest.mark.parametrize("column", [None, "text"])
def test_a_missing_text_column_lists_the_columns(column: str | None, tmp_path: Path) -> None:
    message = problem(tmp_path, "a.csv", "quote,author\na,b\n", column)
    assert "2 columns: quote, author (--text-column)" in message


@pytest.mark.parametrize("ending", TEXT_FORMATS)
def test_a_text_column_can_be_named_where_the_page_asks_for_one(
    ending: str, tmp_path: Path
) -> None:
    message = problem(tmp_path, f"a{ending}", '{"b": 1}\n{"b": 2}\n', "text")
    has_columns = "(--text-column)" in message  # else: "leave out --text-column"
    assert has_columns == TEXT_FORMATS[ending].has_columns


@settings(max_examples=400, deadline=None, derandomize=True)
@given(
    st.sampled_from(sorted(READERS)),
    st.lists(st.sampled_from([*'a ",;|[]{}:\t\r\n', "text", '"text"', "null", "\r\n"])).map(
        "".join
    ),
)
def test_every_random_file_is_accounted_for_or_refused_with_a_message(
    ending: str, content: str
) -> None:
    try:
        found = READERS[ending](TextFile(f"a{ending}", content), None)
        account = found.account()
    except CorpusError as error:
        assert "\n" not in str(error)
        return
    assert account.n_read == len(found.taken) + sum(part.n for part in account.left_out)
    assert account.n_taken == len(found.taken) > 0
    assert len({one.location for one in found.taken}) == len(found.taken)
    if ending == ".txt":
        assert account.n_read == len(io.StringIO(content, newline=None).readlines())


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ("text,b\none\n", "line 2: 1 cell, the header has 2"),
        ("text,b\n\none,2\nthree,4,5\nsix\n", "line 4: 3 cells, the header has 2"),
        ('"text","b"\n"1","one","a"\n"2","two","b"\n', "2 of 2 rows are malformed"),
    ],
)
def test_a_table_most_of_whose_rows_are_broken_is_refused(
    table: str, words: str, tmp_path: Path
) -> None:
    assert words in problem(tmp_path, "a.csv", table)


def test_a_few_broken_rows_are_left_out_with_their_lines(tmp_path: Path) -> None:
    table = 'text,b\none,1\ntwo, three,2\nfour\n"He said "yes, sir"",5\nsix,6,\n;\ntext,b\nend,8\n'
    account = read(tmp_path, "a.csv", table + "more,9\n" * 2).account
    assert account.summary() == (
        "10 rows read, 5 taken, 5 left out: 4 with more or fewer cells than the header "
        "(line 3, line 4, line 5, …), 1 repeating the header (line 8)"
    )
    assert account.left_out[0].examples == ("line 3", "line 4", "line 5", "line 7")


def test_fields_of_json_lines_are_kept_as_text(tmp_path: Path) -> None:
    lines = [{"text": " one ", "n": 1.5, "tags": ["a"]}, {"text": "two", "ok": None}, {"text": ""}]
    corpus = read(tmp_path, "a.jsonl", "\n".join(map(json.dumps, lines)))
    assert corpus.sequences == [" one ", "two"]
    assert corpus.columns == {"n": ["1.5", ""], "tags": ['["a"]', ""], "ok": ["", ""]}


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('{"text": "one"', "1 not JSON (line 2)"),
        ("[" * 200_000, "1 not JSON (line 2)"),
        ('{"text": "a", "n": ' + "9" * 5_000 + "}", "1 not JSON (line 2)"),
        ('["one"]', "1 not an object (line 2)"),
        ('{"text": "a", "text": "b"}', "1 with a duplicate field (line 2)"),
        ('{"text": 5}', "1 with a text that is no string (line 2)"),
        ('{"text": null}', "1 without a text (line 2)"),
        ('{"b": "one"}', "1 without a text (line 2)"),
        ('{"text": "\\ud800"}', "1 with an unpaired surrogate (line 2)"),
        (" ", "1 blank (line 2)"),
    ],
)
def test_a_json_line_without_a_text_is_left_out_with_its_reason(
    line: str, words: str, tmp_path: Path
) -> None:
    corpus = read(tmp_path, "a.jsonl", f'{{"text": "fine"}}\n{line}\n{{"text": "too"}}\n')
    assert corpus.sequences == ["fine", "too"]
    assert corpus.account.summary() == f"3 lines read, 2 taken, 1 left out: {words}"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("{}\n[1]\n2\n", "a.jsonl, line 2: neither a JSON object"),
        ('{"text": 1}\n{"text": null}\n', "has no text: 2 lines read, 0 taken, 2 left out: "),
        ('{"text": "one"\n{"text": "two"\n', "line 1: not JSON"),
        ('[{"text": "one"},\n{"text": "two" 3},\n{"text": "four"}]', "line 2: not JSON"),
        ('{"version": 1, "data": [{"text": "one"}]}', "take the array alone"),
    ],
)
def test_json_without_texts_is_refused(content: str, words: str, tmp_path: Path) -> None:
    assert words in problem(tmp_path, "a.jsonl", content)


ROWS = [{"text": "one", "n": 1}, {"text": " two", "n": 2}]


@pytest.mark.parametrize("name", ["a.jsonl", "a.json"])
@pytest.mark.parametrize(
    ("content", "unit"),
    [
        ("\n".join(map(json.dumps, ROWS)), "line"),
        (json.dumps(ROWS), "element"),
        (json.dumps(ROWS, indent=1), "element"),
        ("\n".join(json.dumps(row, indent=1) for row in ROWS), "element"),
        (json.dumps({"text": ["one", " two"], "n": [1, 2]}), "row"),
        (json.dumps({"text": {"0": "one", "1": " two"}, "n": {"0": 1, "1": 2}}), "row"),
    ],
)
def test_common_layouts_of_json_are_read(
    content: str, unit: str, name: str, tmp_path: Path
) -> None:
    corpus = read(tmp_path, name, content)
    assert (corpus.sequences, corpus.columns) == (["one", " two"], {"n": ["1", "2"]})
    assert corpus.locations == [f"{unit} 1", f"{unit} 2"]


def test_an_array_of_strings_is_a_corpus_and_its_cut_off_end_is_counted(tmp_path: Path) -> None:
    whole = json.dumps(["one", "two", "", "three"])
    assert read(tmp_path, "a.json", whole).sequences == ["one", "two", "three"]
    corpus = read(tmp_path, "a.json", whole[:-3])
    assert corpus.sequences == ["one", "two"]
    assert "1 not JSON (element 4)" in corpus.account.summary()


def test_the_corpus_hash_depends_on_content_not_on_format(tmp_path: Path) -> None:
    table = read(tmp_path, "a.csv", "text,b\none,1\n").sha256
    lines = read(tmp_path, "b.jsonl", '{"b": "1", "text": "one"}').sha256
    other = read(tmp_path, "a.csv", "text,b\none,2\n").sha256
    assert table == lines != other


def test_source_and_licence_come_from_the_metadata_file(tmp_path: Path) -> None:
    (tmp_path / "a.about.json").write_text('{"source": "ours", "license": "CC0-1.0"}')
    corpus = read(tmp_path, "a.txt", "one")
    assert (corpus.source, corpus.license) == ("ours", "CC0-1.0")
    assert read(tmp_path, "b.txt", "one").source is None


def test_a_malformed_metadata_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.about.json").write_text("ours")
    assert "a.about.json is not valid JSON" in problem(tmp_path, "a.txt", "one")


def test_long_cells_of_other_columns_are_cut_with_a_notice(tmp_path: Path) -> None:
    corpus = read(tmp_path, "a.csv", f"text,b\none,{'x' * 1001}\ntwo,{'x' * 1000}\n")
    assert [len(cell) for cell in corpus.columns["b"]] == [1000, 1000]
    assert "cells of other columns cut at 1,000 characters: 1 (line 2)" in corpus.account.notes


def test_a_table_named_txt_gets_a_notice(tmp_path: Path) -> None:
    account = read(tmp_path, "a.txt", "text\tlabel\none\t1\n").account
    assert "rename the file to .tsv" in account.notes[0]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.txt", "def f(x):\n    return  x  \n\n\tpass\n"),
        ("a.csv", 'text,b\ndef f(x):,1\n    return  x  ,2\n,3\n"\tpass",4\n'),
        ("a.jsonl", '"def f(x):"\n"    return  x  "\n\n"\\tpass"\n'),
    ],
)
def test_whitespace_is_part_of_the_text(name: str, content: str, tmp_path: Path) -> None:
    corpus = read(tmp_path, name, content)
    assert corpus.sequences == ["def f(x):", "    return  x  ", "\tpass"]
    assert [part.reason for part in corpus.account.left_out] == ["blank"]


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
    assert "an unpaired surrogate" in problem(tmp_path, "a.jsonl", line)
