"""Tokens of different tokenizers find the same words in a text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attentionviz.core.token_alignment import shared_words, token_spans


def words_of(text, first, second):
    """Return the words of both sides as lists of tokens, word by word."""
    found = shared_words(text, first, second)
    return [
        (
            [token for token, word in zip(first, found.first, strict=True) if word == i],
            [token for token, word in zip(second, found.second, strict=True) if word == i],
        )
        for i in range(found.n_words)
    ]


def test_word_pieces_align_with_tokens_with_leading_spaces():
    bert = [None, "the", "heron", "##s", "came", ".", None]
    gpt2 = ["The", " her", "ons", " came", "."]
    assert words_of("The herons came.", bert, gpt2) == [
        (["the"], ["The"]),
        (["heron", "##s"], [" her", "ons"]),
        (["came"], [" came"]),
        (["."], ["."]),
    ]
    assert shared_words("The herons came.", bert, gpt2).first.tolist() == [-1, 0, 1, 1, 2, 3, -1]


def test_a_token_that_spans_several_words_merges_them():
    bert = ["i", "don", "'", "t", "know", ".", ".", "."]
    gpt2 = ["I", " don", "'t", " know", "..."]
    assert words_of("I don't know...", bert, gpt2) == [
        (["i"], ["I"]),
        (["don"], [" don"]),
        (["'", "t"], ["'t"]),
        (["know"], [" know"]),
        ([".", ".", "."], ["..."]),
    ]


def test_case_and_accents_are_ignored():
    text = "Ärger im CAFE\u0301, naïve İstanbul"
    bert = ["arger", "im", "cafe", ",", "naive", "istanbul"]
    gpt2 = ["Ä", "rger", " im", " CAFE\u0301", ",", " na", "ï", "ve", " İ", "stanbul"]
    assert [len(first) for first, _ in words_of(text, bert, gpt2)] == [1] * 6
    assert words_of(text, bert, gpt2)[4] == (["naive"], [" na", "ï", "ve"])


def test_an_unknown_token_has_the_span_between_its_neighbours():
    text = "a 🐍 runs"
    bert = [None, "a", "[UNK]", "runs", None]
    gpt2 = ["a", " 🐍 1⁄4", "🐍 2⁄4", "🐍 3⁄4", "🐍 4⁄4", " runs"]
    assert words_of(text, bert, gpt2) == [
        (["a"], ["a"]),
        (["[UNK]"], [" 🐍 1⁄4", "🐍 2⁄4", "🐍 3⁄4", "🐍 4⁄4"]),
        (["runs"], [" runs"]),
    ]


def test_parts_of_a_character_have_its_span():
    tokens = ["[UNK]", " 今 1–2⁄3", "今 3⁄3 + 天 1⁄3", "天 2–3⁄3", "\u0301 1⁄2", "\u0301 2⁄2", "好"]
    spans = token_spans("🐍 今天\u0301好", tokens)
    assert spans == [(0, 1), (2, 3), (2, 4), (3, 4), None, None, (5, 6)]


def test_the_token_after_an_unknown_one_begins_a_word():
    # The first "a" behind the cursor is inside the unknown word.
    assert token_spans("øaø a b", ["[UNK]", "a", "b"]) == [(0, 3), (4, 5), (6, 7)]


def test_word_piece_marks_in_the_text_are_text():
    assert token_spans("c ## d", ["c", "#", "#", "d"]) == [(0, 1), (2, 3), (3, 4), (5, 6)]
    assert token_spans("x##y", ["x", "##", "y"]) == [(0, 1), (1, 3), (3, 4)]


def test_scripts_without_spaces_are_divided_as_finely_as_the_tokens_allow():
    text = "日本語です"
    assert words_of(text, list(text), ["日本", "語", "です"]) == [
        (["日", "本"], ["日本"]),
        (["語"], ["語"]),
        (["で", "す"], ["です"]),
    ]


def test_a_truncated_tokenization_shares_the_words_of_its_start():
    found = words_of("one two three", ["one", "two"], ["one", " two", " three"])
    assert found == [(["one"], ["one"]), (["two"], [" two"])]


@pytest.mark.parametrize("tokens", [[], [None], ["[UNK]"], ["x"], ["", " "], ["##"]])
def test_tokens_that_do_not_match_the_text_are_harmless(tokens):
    for text in ("", " ", "abc", "\u0301"):
        found = shared_words(text, tokens, ["abc"])
        assert len(found.first) == len(tokens)


@given(text=st.text(max_size=30), cuts=st.lists(st.integers(0, 30), max_size=8))
def test_random_splits_of_a_text_are_found_at_their_offsets(text, cuts):
    edges = sorted({0, len(text), *(c for c in cuts if c < len(text))})
    pieces = [text[a:b] for a, b in zip(edges, edges[1:], strict=False)]
    spans = token_spans(text, pieces)
    starts = [span[0] for span in spans if span is not None]
    assert starts == sorted(starts)
    found = shared_words(text, pieces, [text])
    kept = found.first[found.first >= 0].tolist()
    assert kept == sorted(kept)
    assert set(kept) == set(range(found.n_words)) == set(found.second.tolist()) - {-1}
