"""What operators see of a formula."""

from __future__ import annotations

import pytest
from hypothesis import given

from generators.flame.formula import Formula
from tests.generators.flame.formulas import FORMULAS, TEXTS
from validators import get_language


@given(FORMULAS)
def test_the_formulas_of_these_tests_are_correct(text: str) -> None:
    assert get_language("excel").check(text).accepted


def calls(text: str) -> dict[str, list[str]]:
    """The arguments of each call by its function's name."""
    return {c.name.text: [text[a.start : a.stop] for a in c.arguments] for c in Formula(text).calls}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("=TODAY()", {"TODAY": []}),
        ("=TODAY( )", {"TODAY": []}),
        ('=IF( A1 , SUM(B2:B9, 3) ,,"a,b")', {"IF": ["A1", "SUM(B2:B9, 3)", "", '"a,b"'], "SUM": ["B2:B9", "3"]}),
        ("=SUM (A1,2)", {"SUM": ["A1", "2"]}),  # Excel drops the space
        ("=MAX((A1,B1),{1,2;3,4})", {"MAX": ["(A1,B1)", "{1,2;3,4}"]}),
        ("=ABS(Sales[[#This Row],[Net pay]])", {"ABS": ["Sales[[#This Row],[Net pay]]"]}),
        ("=(A1,B1)", {}),
        ("=total (A1)", {}),  # an intersection with a name
        ("=SUM(ABS(1,2", {}),
    ],
)
def test_a_call_has_the_arguments_between_its_own_commas(text: str, expected: dict[str, list[str]]) -> None:
    assert calls(text) == expected


@given(FORMULAS)
def test_the_arguments_of_accepted_calls_are_as_many_as_excel_allows(text: str) -> None:
    for call in Formula(text).calls:
        assert call.function is not None
        assert call.function.fault(len(call.arguments)) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("=SUM(B2:B9)", [("B2", "B9")]),
        ("=SUM($A:$C,1:9)", [("$A", "$C"), ("1", "9")]),
        ("=SUM(Data!B2:Data!B9)", [("B2", "B9")]),
        ("=SUM(A1:INDEX(B:B,3))", [("A1", "INDEX"), ("B", "B")]),
        ('="A1:A2"', []),
        ("=SUM(Sheet1:Sheet3!A1)", []),  # that colon is part of the sheets
        ("=SUM(Sales[[a]:[b]])", []),
        ("=A1:", []),
    ],
)
def test_a_range_has_two_ends(text: str, expected: list[tuple[str, str]]) -> None:
    assert [(r.left.text, r.right.text) for r in Formula(text).ranges] == expected


@given(TEXTS)
def test_any_text_has_a_structure(text: str) -> None:
    formula = Formula(text)
    for call in formula.calls:
        assert all(call.name.start < a.start <= a.stop <= len(text) for a in call.arguments)
    assert all(text[r.colon.start : r.colon.start + len(r.colon.text)] == r.colon.text for r in formula.ranges)
