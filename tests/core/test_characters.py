"""Bytes of characters are written as parts of them, and are read back from that."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attentionviz.core.characters import (
    characters_of,
    rewrite_byte_tokens,
    token_bytes,
    written_tokens,
)

YOU, GOOD = "你".encode(), "好".encode()


@pytest.mark.parametrize(
    ("tokens", "written"),
    [
        ([YOU[:1], YOU[1:2], YOU[2:]], ["你 1⁄3", "你 2⁄3", "你 3⁄3"]),
        ([YOU[:2], YOU[2:]], ["你 1–2⁄3", "你 3⁄3"]),
        (
            [b" " + YOU[:2], YOU[2:] + GOOD[:1], GOOD[1:]],
            [" 你 1–2⁄3", "你 3⁄3 + 好 1⁄3", "好 2–3⁄3"],
        ),
        ([b"ab" + YOU[:1], YOU[1:] + b"c"], ["ab + 你 1⁄3", "你 2–3⁄3 + c"]),
        (["é".encode() + b"t", "é".encode()[:1], "é".encode()[1:]], ["ét", "é 1⁄2", "é 2⁄2"]),
        # Each code point of an emoji or a pointed letter is a character of its own.
        (["👩".encode(), b"\xe2\x80", b"\x8d"], ["👩", "\u200d 1–2⁄3", "\u200d 3⁄3"]),
        (["ש".encode(), b"\xd6", b"\xb8"], ["ש", "\u05b8 1⁄2", "\u05b8 2⁄2"]),
        ([YOU[:2]], ["<0xE4><0xBD>"]),
        ([b"\xff", YOU[:1], b"a", YOU[2:]], ["<0xFF>", "<0xE4>", "a", "<0xA0>"]),
        ([YOU[:1], b"<s>", YOU[1:]], ["<0xE4>", "<s>", "<0xBD><0xA0>"]),
        ([b"1", b"\xe2\x81\x84", b"2"], ["1", "⁄", "2"]),
    ],
)  # fmt: skip
def test_a_token_of_a_split_character_names_its_bytes(tokens, written):
    assert written_tokens(tokens) == written
    assert [token_bytes(text) for text in written] == tokens


@pytest.mark.parametrize(
    ("written", "characters", "is_continued"),
    [
        ("april", "april", False),
        (" 你 1–2⁄3", " 你", False),
        ("你 3⁄3 + 好 1⁄3", "你好", True),
        ("\u3000 2⁄3", "\u3000", True),
        # These are no parts: that character has another number of bytes, or all of them are here.
        ("a 1⁄2", "a 1⁄2", False),
        ("é 1⁄3", "é 1⁄3", False),
        ("é 1–2⁄2", "é 1–2⁄2", False),
        ("1 + 1", "1 + 1", False),
        ("", "", False),
    ],
)
def test_characters_of_returns_the_characters_of_a_token(written, characters, is_continued):
    assert characters_of(written) == (characters, is_continued)


@given(text=st.text("你é🙂ש\u05b8\u200d ab\n", max_size=12), cuts=st.lists(st.integers(0, 48)))
def test_written_tokens_and_token_bytes_are_inverse_for_any_split(text, cuts):
    content = text.encode()
    edges = sorted({0, len(content), *(cut for cut in cuts if cut < len(content))})
    tokens = [content[a:b] for a, b in zip(edges, edges[1:], strict=False)]
    written = written_tokens(tokens)
    assert [token_bytes(one) for one in written] == tokens
    found = [characters_of(one) for one in written]
    assert "".join(s.characters[s.is_continued :] for s in found) == text
    assert not any("<0x" in one for one in written)


def test_byte_tokens_of_format_2_are_rewritten():
    old = ["a", " <0xE4>", "<0xBD>", "<0xA0>", "<0xFF>", "<0x0A>"]
    assert rewrite_byte_tokens(old) == ["a", " 你 1⁄3", "你 2⁄3", "你 3⁄3", "<0xFF>", "\n"]
