"""PowerShell's own words, and the texts that slots are filled with: each is what its slot says."""

from __future__ import annotations

import random

import pytest

from validators import get_language
from validators.powershell.structure import fill, structure
from validators.powershell.words import ALWAYS, AUTOMATIC, BANK

POWERSHELL = get_language("powershell")
PLACES = {
    "V": ("${}", "foo {}", "@{{{} = 1}}", "function {} {{ }}"), "member": ("$a.{}", "[b]::{}()"), "C": ("{}", "a | {}"),
    "W": ("foo {}", "foo -Path {}"), "P": ("foo {}", "foo {}:1"), "T": ("[{}]$a", "[{}]::b"), "S": ("'{}'", '"{}"'),
    "N": ("$a = {}", "foo {}", "$a[{}]"),
}  # fmt: skip


@pytest.mark.parametrize("role", sorted(BANK))
def test_texts_of_a_bank_are_what_their_slot_says(role: str) -> None:
    """Where one were a word that PowerShell gives, or of another kind, the slot would be lost."""
    assert len(set(BANK[role])) == len(BANK[role])
    for text in BANK[role]:
        for place in PLACES[role]:
            code = place.format(text)
            kind = "V" if role == "member" else role
            found = structure(code, frozenset()).slots
            assert [slot[1] for slot, own in found.items() if own == text] == [kind], code
            assert POWERSHELL.check(code).accepted, code


@pytest.mark.parametrize("name", sorted(AUTOMATIC))
def test_automatic_variables_are_words_in_lower_case_and_without_their_sign_no_more(name: str) -> None:
    assert structure(f"${name.upper()}").tokens == ("$", name)
    if name.isalpha():
        assert structure(f"foo {name}").tokens == ("foo", "<V0>")


@pytest.mark.parametrize("word", sorted(ALWAYS))
def test_arguments_of_attributes_and_keys_of_properties_are_words_everywhere(word: str) -> None:
    assert word in structure(f"[a({word}=1)]$b", frozenset()).tokens
    assert word in structure(f"@{{{word} = 1}}", frozenset()).tokens


@pytest.mark.parametrize("kind", ["C", "N", "P", "S", "T", "V", "W"])
def test_every_text_of_a_bank_is_used_before_one_comes_twice(kind: str) -> None:
    size = len(BANK[kind])
    tokens = [each for number in range(size + 1) for each in (f"<{kind}{number}>", "+")]
    filled = fill(tokens, random.Random(3))
    texts = [filled[f"<{kind}{number}>"] for number in range(size + 1)]
    assert set(texts[:size]) == set(BANK[kind]) and texts[size] in BANK[kind]


@pytest.mark.parametrize(("kind", "before"), [("C", "|"), ("P", "foo"), ("T", "["), ("V", "."), ("V", "::")])
def test_no_slot_gets_a_word_of_the_vocabulary(kind: str, before: str) -> None:
    own = BANK["member" if kind == "V" else kind]
    words = frozenset(own[1:])
    for seed in range(20):
        assert fill([before, f"<{kind}0>"], random.Random(seed), words=words) == {f"<{kind}0>": own[0]}
    everything = fill([before, f"<{kind}0>"], random.Random(0), words=frozenset(own))
    assert everything[f"<{kind}0>"] in own  # there is no other


@pytest.mark.parametrize(
    ("tokens", "role"),
    [(["$", "<V0>"], "V"), (["foo", "<V0>"], "V"), (["$", "a", ".", "<V0>"], "member"),
     (["]", "::", "<V0>"], "member"), (["$", "a", "?.", "<V0>"], "member"),
     (["$", "<V0>", ".", "<V0>"], "V")],  # as it first stands
)  # fmt: skip
def test_a_name_is_filled_with_what_its_place_asks_for(tokens: list[str], role: str) -> None:
    assert {fill(tokens, random.Random(seed))["<V0>"] for seed in range(500)} == set(BANK[role])


@pytest.mark.parametrize("seed", range(20))
def test_settled_slots_keep_their_texts_and_no_other_slot_gets_them(seed: int) -> None:
    tokens = structure("$a = $b + 'c' + 'd'").tokens
    settled = {"<V1>": "data", "<S0>": "Name", "<S7>": "user"}
    filled = fill(tokens, random.Random(seed), settled)
    assert filled.keys() == {"<V0>", "<V1>", "<S0>", "<S1>", "<S7>"}
    assert settled.items() <= filled.items()
    assert filled["<V0>"] not in ("data", "user") and filled["<S1>"] not in ("data", "Name", "user")


def test_another_bank_comes_first_where_it_has_the_kind() -> None:
    for seed in range(10):
        filled = fill(["$", "<V0>", ".", "<V1>", "+", "<N0>"], random.Random(seed), None, {"V": ["mine", "yours"]})
        assert {filled["<V0>"], filled["<V1>"]} == {"mine", "yours"} and filled["<N0>"] in BANK["N"]
