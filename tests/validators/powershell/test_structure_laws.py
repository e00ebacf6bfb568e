"""Laws of PowerShell's structure tokens: any text is covered, a right script comes back with the same tokens."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Container
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tests.validators.powershell.fragments import texts
from tests.validators.powershell.scripts import SCRIPTS, damaged
from validators import get_language
from validators.powershell.parser.tokens import DASHES, DOUBLE_QUOTES, SINGLE_QUOTES
from validators.powershell.structure import fill, joins, structure, write
from validators.powershell.style import BREAKS, SPACE
from validators.structure import Structure, slot_kind, splice

POWERSHELL = get_language("powershell")
VOCABULARY = frozenset({"Get-Item", "Get-ChildItem", "foo", "-Path", "int", "Length"})
WORDS: list[Container[str] | None] = [None, VOCABULARY, frozenset()]
VALID = sorted((Path(__file__).parent / "valid").glob("*.json"))
COMMANDS_OF_SIGNS = {"-notmatch + 1", "($_, $:a) == [ int ]$script:a"}  # "-notmatch" and the second "=" are commands
PLAIN = str.maketrans(
    dict.fromkeys(DASHES, "-") | dict.fromkeys(SINGLE_QUOTES, "'") | dict.fromkeys(DOUBLE_QUOTES, '"')
)
COMMENT = re.compile(r"(?s)<#.*?(?:#>|$)|#[^\r\n]*")


def is_layout(text: str) -> bool:
    """Nothing but white space, continued lines and comments."""
    return not COMMENT.sub("", text).replace("`", "").strip()


def check_stretches(code: str, found: Structure) -> None:
    """Every token is what stands in its stretch, stretches follow one another, and only layout is left out."""
    assert len(found.tokens) == len(found.starts) == len(found.ends)
    last = 0
    for token, start, end in zip(found.tokens, found.starts, found.ends, strict=True):
        assert last <= start < end <= len(code)
        assert is_layout(code[last:start])
        stretch = code[start:end]
        if slot_kind(token) is not None:
            assert found.slots[token] == stretch
        elif token in (SPACE, *BREAKS):
            assert is_layout(stretch)
        elif token in ('@"', "@'", '"@', "'@"):
            assert stretch.translate(PLAIN).strip() == token
        else:
            assert token.lower() in (stretch.lower(), stretch.translate(PLAIN).lower())
        last = end
    assert is_layout(code[last:])
    assert {token for token in found.tokens if slot_kind(token)} == found.slots.keys()


def check_round_trip(code: str, words: Container[str] | None) -> None:
    """What is written is right, and has the tokens and slots of the code."""
    found = structure(code, words)
    written = write(found.tokens, found.slots)
    assert POWERSHELL.check(written).accepted, (code, written)
    again = structure(written, words)
    assert (again.tokens, again.slots) == (found.tokens, found.slots), (code, written)
    assert write(again.tokens, again.slots) == written


@given(words=st.sampled_from(WORDS), code=st.one_of(texts, damaged(), SCRIPTS, st.text("$a.(1)[]{}@'\"` \n-=|:#%")))
def test_any_text_is_covered_by_its_tokens(words: Container[str] | None, code: str) -> None:
    found = structure(code, words)
    check_stretches(code, found)
    assert isinstance(write(found.tokens, found.slots), str)


def test_text_that_is_too_long_and_quotes_in_quotes_are_no_trouble() -> None:
    codes = ["foo 1\n" * 9_000, "a\n" * 60_000, "(" * 5_000, "\ud800\x00" * 50]
    for code in [*codes, "='" * 300, "('\"" * 300, '"$(' * 300, "@'\n" * 300]:
        check_stretches(code, structure(code))


@given(words=st.sampled_from(WORDS), code=SCRIPTS)
def test_a_script_that_is_accepted_comes_back_with_the_same_tokens(words: Container[str] | None, code: str) -> None:
    assume(POWERSHELL.check(code).accepted)
    check_round_trip(code, words)


@pytest.mark.parametrize("words", WORDS)
@pytest.mark.parametrize("file", VALID, ids=lambda file: file.stem)
def test_every_construct_comes_back_with_the_same_tokens(file: Path, words: Container[str] | None) -> None:
    codes = set(json.loads(file.read_text(encoding="utf-8"))) - COMMANDS_OF_SIGNS
    for code in codes:
        if structure(code).tokens:  # not a comment alone
            check_round_trip(code, words)


@given(code=SCRIPTS, data=st.data())
def test_a_token_that_is_put_in_its_own_place_changes_nothing_that_is_read(code: str, data: st.DataObject) -> None:
    found = structure(code)
    assume(found.tokens and POWERSHELL.check(code).accepted)
    place = data.draw(st.integers(0, len(found.tokens) - 1))
    text = found.slots.get(found.tokens[place], found.tokens[place])
    assume(text == text.strip() and text not in ('@"', "@'", '"@', "'@"))  # the spaces of a text are left to the place
    changed = splice(code, found, place, 1, text, joins)
    assert changed.startswith(code[: found.starts[place]]) and changed.endswith(code[found.ends[place] :])
    assert structure(changed).tokens == found.tokens, changed


@given(code=SCRIPTS, seed=st.integers(0, 99))
def test_filled_slots_are_distinct_and_give_the_same_structure(code: str, seed: int) -> None:
    found = structure(code, VOCABULARY)
    assume(found.tokens and POWERSHELL.check(code).accepted and len(found.slots) <= 10)
    filled = fill(found.tokens, random.Random(seed), words=VOCABULARY)
    assert filled.keys() == found.slots.keys()
    assert len(set(filled.values())) == len(filled) and not {*filled.values()} & {*found.tokens}
    written = write(found.tokens, filled)
    again = structure(written, VOCABULARY)
    assert again.tokens == found.tokens, written
    assert again.slots == filled
    assert fill(found.tokens, random.Random(seed), words=VOCABULARY) == filled
