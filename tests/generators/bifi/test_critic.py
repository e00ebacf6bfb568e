"""BIFI's critic: categories of mistakes, distances, what counts as a repair and as a breakage."""

from __future__ import annotations

import pytest

from generators.bifi.critic import balanced, bifi_success, breakage, category, distance, is_breakage, is_repair
from validators import get_language

PYTHON, POWERSHELL = get_language("python"), get_language("powershell")
GOOD = "def f(x):\n    return [x, 'one']\n"


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (GOOD, None),
        ("f(x", "brackets"),
        ("f([x)]", "brackets"),
        ("x = f(1))", "brackets"),
        ("if f(x:\n    y", "brackets"),  # by the counters, whatever the compiler stumbles over first
        ("def f(x:)\n    pass", "syntax"),  # as many open as close, and none closes the wrong one
        ("def f():\nreturn 1", "indentation"),
        (" x = 1\ny = 2", "indentation"),
        ("if f(x:\ny", "brackets"),  # both: the bracket check comes first
        ("if x\n    y", "syntax"),
        ("print x", "syntax"),
        ("x = 'one", "syntax"),
        ("f('one)", "syntax"),  # the lost quote hides a bracket
        ("x = 09", "syntax"),
        ("1 = x", "syntax"),
        ("return 1", "syntax"),
        ("", None),
        (" \n", None),
        ("x = '\0'", None),
        ("(" * 600 + ")" * 600, None),
        ("x" * 30_000, None),
    ],
)
def test_rejected_python_has_one_of_three_categories(code: str, expected: str | None) -> None:
    assert category(PYTHON, code) == expected


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("Get-Item $x", None),
        ("if ($x) { $y", "brackets"),
        ("$x[0", "brackets"),  # which the grammar, not the lexer, refuses
        ("if ($a - eq 1) { $b }", "syntax"),
        ("Write-Host 'one", "syntax"),
    ],
)
def test_rejected_powershell_is_unbalanced_or_syntax(code: str, expected: str | None) -> None:
    assert category(POWERSHELL, code) == expected


def test_the_bracket_check_counts_each_kind_and_not_their_order() -> None:
    assert balanced(PYTHON, "([)]{}")
    assert balanced(PYTHON, "x = '(' # [")
    assert not balanced(PYTHON, "(]")
    assert balanced(POWERSHELL, "$x = @{a = $(1)}")
    assert not balanced(POWERSHELL, "$x = @{a = @(1}")


@pytest.mark.parametrize(
    ("broken", "fixed", "expected"),
    [
        ("print(x", "print(x)", 1),
        ("x = 1", "x  =  1", 0),
        ("x = 'one'", 'x = "two"', 0),  # strings are anonymised
        ("x = 1", "x = 2", 1),  # numbers are not
        ("x = 1  # one", "x = 1  # two", 0),
        ("if x:\ny", "if x:\n    y", 1),
        ("for a in b:\n    c\n    d", "for a in b:\n    c\n        d", 1),
        ("print x", "print(x)", 2),
        ("x = 'one", "x = 'one'", 1),
        ("x" * 30_000, "x", None),
    ],
)
def test_the_distance_counts_words(broken: str, fixed: str, expected: int | None) -> None:
    assert distance(PYTHON, broken, fixed) == expected
    assert distance(PYTHON, fixed, broken) == expected


def test_a_repair_is_accepted_and_one_to_four_edits_away() -> None:
    assert is_repair(PYTHON, "print(x", "print(x)")
    assert not is_repair(PYTHON, "print(x", "print(x]")
    assert not is_repair(PYTHON, "x = 'a'", "x = 'b'")  # no edit
    assert is_repair(PYTHON, "f(", "f(a, b)")
    assert not is_repair(PYTHON, "f(", "f(a, b, c)")
    assert is_repair(PYTHON, "f(", "f(a, b, c)", max_distance=6)
    assert not is_repair(PYTHON, "f(", "f(a, b)", max_distance=3)


def test_a_breakage_is_rejected_and_one_to_four_edits_away() -> None:
    assert breakage(PYTHON, "print(x", "print(x)") == "brackets"
    assert is_breakage(PYTHON, "print(x", "print(x)")
    assert not is_breakage(PYTHON, "print(y)", "print(x)")  # accepted
    assert not is_breakage(PYTHON, "", "x")  # nothing is left to repair
    assert not is_breakage(PYTHON, "f(a b c d e f)", "f(a, b, c, d, e, f)")
    assert is_breakage(PYTHON, "f(a b c d e f)", "f(a, b, c, d, e, f)", max_distance=5)


def test_bifis_own_measure_asks_of_unbalanced_code_only_that_it_is_balanced() -> None:
    assert bifi_success(PYTHON, "if f(x", "if f(x)") and not is_repair(PYTHON, "if f(x", "if f(x)")
    assert bifi_success(PYTHON, "f(x", "f(x)")
    assert not bifi_success(PYTHON, "f(x", "f(x")
    assert not bifi_success(PYTHON, "f((((((x", "f((((((x))))))")  # six edits
    assert not bifi_success(PYTHON, "if x", "if x]:")  # was balanced: must parse
    assert not bifi_success(PYTHON, "if f(x)", "if f(x) y")
    assert bifi_success(PYTHON, "print x", "print(x)")
    assert not bifi_success(PYTHON, "f('one)", "f 'one'")  # a lost quote is no unbalanced bracket
