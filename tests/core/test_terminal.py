"""Text on a terminal is shown and never obeyed."""

import pytest
from tests.support.hostile_strings import STRINGS

from attentionviz.core.terminal import visible


@pytest.mark.parametrize("text", STRINGS, ids=ascii)
def test_no_control_character_and_no_turn_of_direction_is_left(text: str) -> None:
    assert visible(text).isprintable()


def test_plain_text_stays_as_it_is() -> None:
    assert visible("Grüße, 日本語 and q·k ≤ 1") == "Grüße, 日本語 and q·k ≤ 1"


def test_what_is_not_shown_is_written_out() -> None:
    assert visible("\x1b[31mred\n\u202e\U000e0041\ud800") == (
        r"\x1b[31mred\n\u202e\U000e0041\ud800"
    )
