"""Laws of Python's structure tokens: any text is covered, a correct program comes back as the same program."""

from __future__ import annotations

import ast
import random
import warnings
from collections.abc import Container

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tests.validators.python_programs import damaged, programs
from validators import get_language
from validators.python.lexer import KEYWORDS
from validators.python.structure import BANK, fill, structure, write
from validators.python.words import BUILTINS, CONVENTIONS, EXCEPTIONS, SOFT_KEYWORDS
from validators.structure import Structure, slot_kind

PYTHON = get_language("python")
WORDS: list[Container[str] | None] = [None, frozenset({"append", "print"}), frozenset()]


def check_stretches(code: str, found: Structure) -> None:
    """Every token is what stands in its stretch, stretches follow one another, and only layout is left out."""
    assert len(found.tokens) == len(found.starts) == len(found.ends)
    last = 0
    for place, (token, start, end) in enumerate(zip(found.tokens, found.starts, found.ends, strict=True)):
        assert last <= start < end <= len(code)
        assert is_layout(code[last:start])
        stretch = code[start:end]
        if slot_kind(token) is not None:
            assert found.slots[token] == stretch
        elif token.startswith("\n") or (place == 0 and token == "    "):
            assert is_layout(stretch)
        else:
            assert token == stretch
        last = end
    assert is_layout(code[last:])
    assert {token for token in found.tokens if slot_kind(token)} == {slot for slot in found.slots if slot_kind(slot)}


def is_layout(text: str) -> bool:
    """Nothing but white space, continued lines and comments."""
    lines = text.replace("\r", "\n").split("\n")
    return all(line.strip(" \t\x0c\\").startswith("#") or not line.strip(" \t\x0c\\") for line in lines)


@given(
    words=st.sampled_from(WORDS),
    code=st.one_of(
        st.text(max_size=40), st.text("ab1.:=()[]\"'#\\ \t\r\n\x0c,ifé", max_size=40), damaged(), programs()
    ),
)
def test_any_text_is_covered_by_its_tokens(words: Container[str] | None, code: str) -> None:
    found = structure(code, words)
    check_stretches(code, found)
    assert isinstance(write(found.tokens, found.slots), str)


def test_text_that_is_too_long_and_quotes_in_quotes_are_no_trouble() -> None:
    deep = "".join(f"{' ' * level}if x:\n" for level in range(120))
    for code in ("x = 1\n" * 9_000, "='" * 500, "('\"" * 500, "(" * 9_000, "'a" + '"b' * 99, "\ud800\x00" * 50, deep):
        check_stretches(code, structure(code))


def tree(code: str) -> str:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of `1 is 2` and the like
        return ast.dump(ast.parse(code))


@given(words=st.sampled_from(WORDS), code=programs())
def test_an_accepted_program_comes_back_with_the_same_tokens_and_as_the_same_program(
    words: Container[str] | None, code: str
) -> None:
    found = structure(code, words)
    assume(found.tokens and PYTHON.check(code).accepted)
    written = write(found.tokens, found.slots)
    assert PYTHON.check(written).accepted, written
    assert structure(written, words).tokens == found.tokens
    assert tree(written) == tree(code), written
    again = structure(written, words)
    assert write(again.tokens, again.slots) == written


@given(code=programs(depth=1), seed=st.integers(0, 99))
def test_filled_slots_are_distinct_and_give_the_same_structure(code: str, seed: int) -> None:
    found = structure(code)
    slots = [slot for slot in found.slots if slot_kind(slot)]
    assume(found.tokens and len(slots) <= 10 and PYTHON.check(code).accepted)  # the smallest bank holds ten
    filled = fill(found.tokens, random.Random(seed))
    assert sorted(filled) == sorted(slots)
    assert len(set(filled.values())) == len(filled) and not {*filled.values()} & {*found.tokens}
    written = write(found.tokens, filled)
    assert PYTHON.check(written).accepted, written
    again = structure(written)
    assert again.tokens == found.tokens
    assert {slot: again.slots[slot] for slot in slots} == filled
    assert fill(found.tokens, random.Random(seed)) == filled


@pytest.mark.parametrize("kind", ["N", "S", "V"])
def test_every_text_of_a_bank_is_used_before_one_comes_twice(kind: str) -> None:
    size = len(BANK[kind])
    tokens = [each for number in range(size + 1) for each in (f"<{kind}{number}>", ",")]
    filled = fill(tokens, random.Random(3))
    texts = [filled[f"<{kind}{number}>"] for number in range(size + 1)]
    assert set(texts[:size]) == set(BANK[kind]) and len(set(BANK[kind])) == size
    assert texts[size] in BANK[kind]


def test_texts_of_a_bank_are_what_their_slot_says() -> None:
    """A word that Python gives would be no slot, wherever else in the snippet the slot stands."""
    own = BUILTINS | EXCEPTIONS | SOFT_KEYWORDS | CONVENTIONS | KEYWORDS
    for role, texts in BANK.items():
        for text in texts:
            code, slot = (text, "<N0>") if role == "N" else (repr(text), "<S0>") if role == "S" else (text, "<V0>")
            assert structure(code).slots == {slot: text}
            assert role == "S" or text not in own
            assert PYTHON.check(code).accepted


@pytest.mark.parametrize(
    ("code", "role"),
    [
        ("import x", "module"), ("from x import y", "module"), ("class x: pass", "class"), ("x = 1", "V"),
        ("def x(): pass", "call"), ("y = x(1)", "call"), ("return x()", "call"), ("y.x", "attribute"),
        ("y.x()", "call"), ("print(x)", "V"), ("if x (1): pass", "call"),
        ("for x in y: x()", "V"),  # as it first stands
    ],
)  # fmt: skip
def test_a_name_is_filled_with_what_its_place_asks_for(code: str, role: str) -> None:
    found = structure(code, frozenset())
    slot = next(slot for slot, text in found.slots.items() if text == "x")
    texts = {fill(found.tokens, random.Random(seed))[slot] for seed in range(400)}
    assert texts == set(BANK[role])


@pytest.mark.parametrize("seed", range(20))
def test_settled_slots_keep_their_texts_and_no_other_slot_gets_them(seed: int) -> None:
    tokens = structure("a = b + 'c' + 'd'").tokens
    settled = {"<V1>": "data", "<S0>": "hello", "<S7>": "key"}
    filled = fill(tokens, random.Random(seed), settled)
    assert filled.keys() == {"<V0>", "<V1>", "<S0>", "<S1>", "<S7>"}
    assert settled.items() <= filled.items()
    assert filled["<V0>"] not in ("data", "key") and filled["<S1>"] not in ("data", "hello", "key")


def test_another_bank_comes_first_where_it_has_the_kind() -> None:
    tokens = structure("class a: b = 7", frozenset()).tokens
    for seed in range(10):
        filled = fill(tokens, random.Random(seed), None, {"V": ["mine", "yours"]})
        assert {filled["<V0>"], filled["<V1>"]} == {"mine", "yours"} and filled["<N0>"] in BANK["N"]
