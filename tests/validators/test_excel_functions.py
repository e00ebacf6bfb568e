"""The table of function signatures says what Excel's help says."""

from __future__ import annotations

import pytest

from validators.excel.functions import MAX_ARGUMENTS, lookup, names


def test_the_table_is_complete_sorted_and_free_of_repetition() -> None:
    found = names()
    assert len(found) >= 480
    assert list(found) == sorted(set(found))
    assert all(name == name.upper() for name in found)


def test_every_signature_is_possible() -> None:
    for name in names():
        function = lookup(name)
        assert function is not None and function.name == name
        assert 0 <= function.minimum <= function.maximum <= MAX_ARGUMENTS, name
        assert function.step >= 1, name
        assert all(1 <= position <= function.maximum for position in function.references), name
        assert function.fault(function.minimum) is None, name
        assert function.fault(function.maximum + 1) is not None, name
        assert function.minimum == 0 or function.fault(function.minimum - 1) is not None, name


@pytest.mark.parametrize(
    ("name", "allowed", "refused"),
    [
        ("IF", [2, 3], [1, 4]),
        ("TODAY", [0], [1]),
        ("SUM", [1, 255], [0, 256]),
        ("SUMIFS", [3, 5, 7], [2, 4, 6]),
        ("COUNTIFS", [2, 4, 126], [0, 1, 3]),
        ("IFS", [2, 4], [1, 3]),
        ("LET", [3, 5], [1, 2, 4]),
        ("XLOOKUP", [3, 6], [2, 7]),
        ("DATEDIF", [3], [2]),
    ],
)
def test_known_functions_take_the_known_numbers_of_arguments(name: str, allowed: list[int], refused: list[int]) -> None:
    function = lookup(name)
    assert function is not None
    assert [count for count in allowed if function.fault(count)] == []
    assert [count for count in refused if not function.fault(count)] == []


@pytest.mark.parametrize(
    ("name", "positions", "values"),
    [
        ("SUMIF", {1, 3}, {2}),
        ("SUMIFS", {1, 2, 4, 6}, {3, 5, 7}),
        ("COUNTIFS", {1, 3, 5}, {2, 4}),
        ("SUBTOTAL", {2, 3, 4}, {1}),
        ("RANK", {2}, {1, 3}),
        ("OFFSET", {1}, {2, 3}),
        ("VLOOKUP", set(), {1, 2, 3, 4}),
    ],
)
def test_reference_only_arguments_are_the_known_ones(name: str, positions: set[int], values: set[int]) -> None:
    function = lookup(name)
    assert function is not None
    assert positions <= function.references
    assert not values & function.references


@pytest.mark.parametrize("name", ["xlookup", "_xlfn.XLOOKUP", "_XLFN.xlookup", "_xlfn._xlws.XLOOKUP"])
def test_letter_case_and_file_prefixes_do_not_hide_a_function(name: str) -> None:
    function = lookup(name)
    assert function is not None and function.name == "XLOOKUP"


def test_what_excel_does_not_know_is_not_found() -> None:
    assert lookup("SUMPROUDCT") is None
    assert lookup("_xlfn.") is None
    assert lookup("") is None
