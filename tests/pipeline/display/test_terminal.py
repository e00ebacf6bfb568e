from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pipeline.display.terminal import printable


@given(st.text())
def test_nothing_that_is_printed_can_command_a_terminal(text: str) -> None:
    assert all(c.isprintable() or c in "\n\t" for c in printable(text))


def test_control_characters_are_shown_escaped() -> None:
    assert printable("a\x1b[2J\u202e\ud800\tb\n") == "a\\x1b[2J\\u202e\\ud800\tb\n"


@given(st.text(st.characters(categories=["L", "N", "P", "S"])))
def test_ordinary_text_stays_as_it_is(text: str) -> None:
    assert printable(text) == text
