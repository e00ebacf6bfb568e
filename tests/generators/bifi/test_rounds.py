"""The parts of BIFI's loop that make pairs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from hypothesis import given
from hypothesis import strategies as st

from generators.bifi.critic import CATEGORIES, is_breakage, is_repair
from generators.bifi.rounds import Pair, breaker_pairs, real_pairs, round0_pairs
from validators import get_language

PYTHON = get_language("python")
GOOD = ["f(a, b)\ng(c)", "x = [1, 2]\nprint(x)", "if a:\n    b()", "for i in x:\n    print(i)"]


class Says:
    """A rewriter that gives prepared outputs."""

    def __init__(self, outputs: dict[str, list[str]]) -> None:
        self.outputs = outputs

    def rewrite(self, codes: Sequence[str], outputs: int) -> Iterator[list[str]]:
        for code in codes:
            yield self.outputs.get(code, [])[:outputs]


def test_round_0_breaks_every_snippet_as_often_as_the_others() -> None:
    made = [pair for found in round0_pairs(PYTHON, GOOD, 40, seed=3) for pair in found]
    assert set(Counter(pair.fixed for pair in made).values()) == {10}
    assert all(is_breakage(PYTHON, pair.broken, pair.fixed) for pair in made)
    assert {pair.category for pair in made} == set(CATEGORIES)
    assert len({pair.broken for pair in made}) > 25


def test_round_0_gives_an_empty_list_for_what_it_cannot_break() -> None:
    assert list(round0_pairs(PYTHON, ["\0"], 3, seed=3)) == [[], [], []]


def test_a_pair_of_round_0_depends_on_seed_and_draw_alone() -> None:
    few, many = (list(round0_pairs(PYTHON, GOOD, draws, seed=3)) for draws in (5, 20))
    assert few == many[:5]
    assert few != list(round0_pairs(PYTHON, GOOD, 5, seed=4))


def test_every_output_of_the_fixer_that_repairs_is_kept_and_no_other() -> None:
    bad = ["print(x", "print x", "f(((", "nothing here for it ("]
    fixer = Says(
        {
            "print(x": ["print(x)", "print(x", "print(x]", "print((x))", "print(xx)"],
            "print x": ["print(x)"],
            "f(((": ["x = 1\ny = 2\nz = 3"],  # accepted, too far away
        }
    )
    found = list(real_pairs(PYTHON, fixer, bad, outputs=4))
    assert found == [
        [Pair("print(x", "print(x)", "brackets"), Pair("print(x", "print((x))", "brackets")],
        [Pair("print x", "print(x)", "syntax")],
        [],
        [],
    ]


def test_code_that_is_not_broken_gives_no_real_pair() -> None:
    assert list(real_pairs(PYTHON, Says({"x = 1": ["x = 2"]}), ["x = 1"], outputs=4)) == [[]]


def test_every_output_of_the_breaker_that_breaks_is_kept_with_its_category() -> None:
    breaker = Says(
        {
            "if a:\n    b()": ["if a\n    b()", "if a:\nb()", "if a:\n    b(", "if a:\n    c()", "if a:\n    b()", ""],
            "f(a, b)\ng(c)": ["f(a"],
        }
    )
    found = list(breaker_pairs(PYTHON, breaker, ["if a:\n    b()", "f(a, b)\ng(c)"], outputs=10, max_distance=3))
    assert [(pair.broken, pair.category) for pair in found[0]] == [
        ("if a\n    b()", "syntax"), ("if a:\nb()", "indentation"), ("if a:\n    b(", "brackets"),
    ]  # fmt: skip
    assert all(pair.fixed == "if a:\n    b()" for pair in found[0])
    assert found[1] == []


@given(st.lists(st.text("if:\n ()x=,'", max_size=14), max_size=6))
def test_whatever_a_model_says_the_pairs_pass_the_critic(outputs: list[str]) -> None:
    for code in ("if x:\n    f(x)", "f(x"):
        says = Says({code: outputs})
        for found in breaker_pairs(PYTHON, says, [code], outputs=6):
            assert all(is_breakage(PYTHON, pair.broken, pair.fixed) and pair.broken in outputs for pair in found)
        for found in real_pairs(PYTHON, says, [code], outputs=6):
            assert all(is_repair(PYTHON, pair.broken, pair.fixed) and pair.fixed in outputs for pair in found)
