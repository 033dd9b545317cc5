"""Text on a terminal is shown and never obeyed."""

import pytest
from tests.support.hostile_strings import STRINGS

from attentionviz.core.terminal import visible


@pytest.mark.parametrize("text", STRINGS, ids=ascii)
def test_control_and_direction_characters_are_escaped(text: str) -> None:
    assert visible(text).isprintable()


def test_printable_text_is_unchanged() -> None:
    assert visible("Grüße, 日本語 and q·k ≤ 1") == "Grüße, 日本語 and q·k ≤ 1"


def test_unprintable_characters_are_escaped() -> None:
    assert visible("\x1b[31mred\n\u202e\U000e0041\ud800") == (
        r"\x1b[31mred\n\u202e\U000e0041\ud800"
    )
