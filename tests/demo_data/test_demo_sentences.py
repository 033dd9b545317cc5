import csv
import re
from collections import Counter
from pathlib import Path

import pytest

CORPORA = Path(__file__).parents[2] / "data" / "corpora"


@pytest.fixture(scope="module")
def rows():
    with (CORPORA / "sentences.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_there_are_two_hundred_different_sentences(rows):
    assert len(rows) == 200
    assert len({row["text"] for row in rows}) == 200


def test_sentences_have_five_to_forty_words(rows):
    lengths = [len(row["text"].split()) for row in rows]
    assert (min(lengths), max(lengths)) == (5, 40)


def test_every_row_has_text_topic_kind_and_sense(rows):
    assert list(rows[0]) == ["text", "topic", "kind", "sense"]
    assert all(value and value == value.strip() for row in rows for value in row.values())


def test_many_subjects_and_kinds_are_there(rows):
    topics = Counter(row["topic"] for row in rows)
    kinds = Counter(row["kind"] for row in rows)
    assert len(topics) >= 15 and min(topics.values()) >= 5
    assert set(kinds) == {"statement", "question", "quotation", "exclamation", "repetition"}
    assert kinds["question"] >= 15 and kinds["repetition"] >= 5


def test_april_is_in_several_sentences(rows):
    with_april = [row for row in rows if re.search(r"\bApril\b", row["text"])]
    assert len(with_april) >= 8


def test_ambiguous_words_occur_in_several_senses(rows):
    senses = {row["sense"] for row in rows if row["sense"] != "none"}
    by_word = Counter(sense.split(": ")[0] for sense in senses)
    assert all(by_word[word] >= 2 for word in ("bank", "spring", "bat", "light", "match", "wind"))


def test_the_ambiguous_word_is_in_its_sentence(rows):
    for row in rows:
        word = row["sense"].split(": ")[0]
        assert word == "none" or re.search(rf"\b{word}\b", row["text"], re.IGNORECASE), row["text"]


def test_there_are_numbers_dates_and_quotations(rows):
    texts = [row["text"] for row in rows]
    assert sum(bool(re.search(r"\d", text)) for text in texts) >= 25
    assert sum(bool(re.search(r"\b(1[4-9]|20)\d\d\b", text)) for text in texts) >= 8
    assert sum(text.count('"') >= 2 for text in texts) >= 10


def test_words_repeat_across_sentences(rows):
    words = Counter(
        word for row in rows for word in set(re.findall(r"[a-z]{4,}", row["text"].lower()))
    )
    assert sum(n >= 4 for n in words.values()) >= 60


def test_sentences_are_clean_single_lines(rows):
    for row in rows:
        assert not re.search(r"\s\s|[\n\t]", row["text"]), row["text"]
        assert row["text"][-1] in '.?!"', row["text"]
