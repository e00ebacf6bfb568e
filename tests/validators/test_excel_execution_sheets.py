"""What the Excel engine is given: formulas it can resolve, sheets that fill them; and when two values are one."""

from __future__ import annotations

import math
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from validators.excel.execution.engine import (
    HERE,
    NOON,
    Cell,
    EngineFailure,
    ErrorValue,
    Scalar,
    Value,
    Workbook,
    column_letters,
    column_number,
    is_error,
    is_known,
    same,
)
from validators.excel.execution.formula import Box, read_formula
from validators.excel.execution.localise import NotExecutable, localise
from validators.excel.execution.sheets import MAX_AIMED, MIN_AIMED, make_layout, make_plan, now, values
from validators.excel.references import LAST_COLUMN

LOCALISED = [
    ("= sum( $a$1 : b2 )", "=SUM(A1:B2)"),
    ("=Sum (A1)", "=SUM(A1)"),
    ("=_xlfn._xlws.SORT(A1:A3)", "=SORT(A1:A3)"),
    ('="Keep $a$1 "&a1', '="Keep $a$1 "&A1'),
    ("=A:B+$3:4", "=A1:B100+A3:CV4"),
    ("=SUM(A2:A1048576)+A1048576", "=SUM(A2:A100)+A1048576"),
    ("='it''s'!a1+Data!B:B", "='IT''S'!A1+'DATA'!B1:B100"),
    ("=SUM(Data!A1:Data!B2)", "=SUM('DATA'!A1:B2)"),
    ("=[Book.xlsx]Data!A1", "='(BOOK.XLSX)DATA'!A1"),
    ("=rate+TRUE", "='~RATE'!B2+TRUE"),
    ("=Data!rate", "='~DATA|RATE'!B2"),
    ("=Book.xlsx!Sales[Price]", "='~BOOK.XLSX|SALES[PRICE]'!B2:B7"),
    ("=XSR2", "='~XSR2'!B2"),
    ("=LET(x,rate,x+x)", "=LET(X,'~RATE'!B2,X+X)"),
    ("=Sales[Price]", "='~SALES[PRICE]'!B2:B7"),
    ("=[@Price]", "='~[PRICE]'!B4"),
    ("=Sales[[#This Row],[Price]]", "='~SALES[PRICE]'!B4"),
    ("=Sales[[#Headers],[Price]]", "='~SALES[PRICE]'!B1"),
    ("=Sales[[#All],[Price]]", "='~SALES[PRICE]'!B1:B8"),
    ("=Sales[[Price]:[Count]]", "='~SALES[PRICE:COUNT]'!B2:M7"),
    ("=Sales[#Totals]", "='~SALES[]'!B8:M8"),
    ("=Data!#REF!+A1", "=#REF!+A1"),
]


@pytest.mark.parametrize(("code", "text"), LOCALISED)
def test_the_engine_gets_plain_references(code: str, text: str) -> None:
    assert localise(code, False) == text


def test_a_name_is_a_block_by_turns() -> None:
    assert localise("=SUM(Rate)", True) == "=SUM('~RATE'!B2:M7)"


@pytest.mark.parametrize(
    "code", ["=A1#", "=S1:S3!A1", "=A1:B2 B1:C3", "=A1:.B9", "=[1]!Function(1)", "=UNKNOWN(1)", '=HYPERLINK("u")']
)
def test_what_no_sheet_can_stand_for_is_not_run(code: str) -> None:
    with pytest.raises(NotExecutable):
        read_formula(code, False)


def sheets_of(left: str, right: str, sheets: int = 8, seed: int = 0) -> list[dict[Cell, Scalar]]:
    formulas = read_formula(left, False), read_formula(right, False)
    layout = make_layout(*formulas)
    plan = make_plan(layout, any(formula.branching for formula in formulas), sheets, seed)
    return [dict(values(layout, plan, index)) for index in range(plan.total)]


def test_cells_and_small_ranges_are_filled_wholly() -> None:
    filled = set(sheets_of("=SUM(B2:C4)+Data!A1", "=F9")[0])
    wanted = {(HERE, row, column) for row in (2, 3, 4) for column in (2, 3)} | {("DATA", 1, 1), (HERE, 9, 6)}
    assert filled == wanted


def test_long_ranges_are_filled_at_both_ends_where_others_end_and_where_constants_point() -> None:
    rows = {row for _, row, _ in sheets_of("=INDEX(A1:A9000,77)", "=SUM(A1:A500)")[0]}
    assert rows == {*range(1, 13), 77, 499, 500, 501, 8999, 9000}


def test_the_first_sheets_are_clean_numbers_and_all_types_come_up() -> None:
    sheets = sheets_of("=SUM(A1:F12)", "=COUNT(A1:F12)")
    assert all(isinstance(value, float) and value > 0 for value in sheets[0].values())
    assert all(isinstance(value, float) for sheet in sheets[:3] for value in sheet.values())
    types = {type(value) for sheet in sheets[:8] for value in sheet.values()}
    assert types == {float, str, bool, date, type(None), ErrorValue}
    assert any(isinstance(value, str) and value.isdigit() for sheet in sheets for value in sheet.values())


def test_cells_take_each_constant_they_are_compared_with_and_its_neighbours() -> None:
    sheets = sheets_of('=IF(A1>=40,B1,IF(C1="north",D1,0))', '=COUNTIF(E1:E3,">70")')
    taken = {cell: {sheet[cell] for sheet in sheets[8:]} for cell in sheets[0]}
    assert taken[HERE, 1, 1] >= {39.0, 40.0, 41.0}
    assert taken[HERE, 1, 3] >= {"north", "norths"}
    assert taken[HERE, 2, 5] >= {69.0, 70.0, 71.0}
    assert 40.0 not in taken[HERE, 1, 2]


def test_computed_constants_count_and_results_do_not() -> None:
    formula = read_formula('=IF(A1>DATE(2020,1,1)+1,"late",B1=TRUE)', False)
    assert formula.wanted == {Box(HERE, 1, 1, 1, 1): {43832.0}, Box(HERE, 1, 2, 1, 2): {"TRUE"}}


def test_a_cell_that_one_formula_refers_to_stands_out() -> None:
    sheets = sheets_of("=MAX(A1:A40)", "=MAX(A1:A39)")
    assert [max(sheet, key=lambda cell: abs(float(str(sheet[cell])))) for sheet in sheets[:2]] == [(HERE, 40, 1)] * 2


def test_formulas_stand_where_nothing_is_filled() -> None:
    left, right = read_formula("=SUM(A1:AZ9)", False), read_formula("=SUM(1:1)", False)
    layout = make_layout(left, right)
    columns = {column for (_, _, column), _, _ in layout.cells}
    places = [layout.place(index) for index in range(40)]
    assert min(column for _, column in places) > max(columns) and len(set(places)) == 8


def test_large_sheets_get_fewer_aimed_ones_and_plain_sums_the_fewest() -> None:
    def aimed(code: str) -> int:
        return len(sheets_of(code, code)) - 8

    assert aimed("=IF(A1>1,2,3)") == MAX_AIMED
    assert MIN_AIMED <= aimed("=COUNTIF(A1:D12,3)") < MAX_AIMED
    assert aimed("=COUNTIF(A1:A60000,3)") == aimed("=SUM(A1:A20)") == MIN_AIMED
    assert aimed("=IF(1>2,3,4)") == 0


def test_equal_seeds_give_equal_sheets_and_other_seeds_others() -> None:
    pair = "=IF(A1>3,B1:B5,0)", "=A1"
    assert sheets_of(*pair) == sheets_of(*pair)
    assert all(one != other for one, other in zip(sheets_of(*pair), sheets_of(*pair, seed=1), strict=True))


def test_too_many_cells_are_not_filled() -> None:
    code = "=SUM(" + ",".join(f"A{row}:Z{row + 20}" for row in range(1, 3000, 30)) + ")"
    with pytest.raises(NotExecutable, match="3000 cells"):
        sheets_of(code, code)


VALUES: dict[Cell, Scalar] = {
    (HERE, 1, 1): 1.5,
    (HERE, 2, 1): "12",
    (HERE, 3, 1): True,
    (HERE, 4, 1): None,
    (HERE, 5, 1): ErrorValue("Na"),
    (HERE, 6, 1): date(2020, 5, 17),
    ("DATA", 1, 1): 7.0,
}


@pytest.mark.parametrize(
    ("formula", "value"),
    [
        ("=A1+1", 2.5),
        ("=A2&A3", "12TRUE"),
        ("=A3", True),
        ("=ISBLANK(A4)", True),
        ("=A5", ErrorValue("Na")),
        ("=A6", 43968.0),
        ("=DATE(2020,5,17)=A6", True),
        ("=1/0", ErrorValue("Div")),
        ("='DATA'!A1", 7.0),
        ("=A1:A3", ((1.5,), ("12",), (True,))),
        ("=SEQUENCE(1)", 1.0),
        ("=TODAY()", 45366.0),
        ("=RAND()-RAND()", 0.0),
    ],
)
def test_the_engine_knows_every_type(formula: str, value: Value) -> None:
    workbook = Workbook()
    workbook.fill(VALUES, NOON)
    assert workbook.evaluate(formula, 1, 30) == value


@pytest.mark.parametrize("formula", ["=NOFUNCTION(1)", "=(A1,B1)", "=SEQUENCE(100,100)", "=AD1"])
def test_failures_of_the_engine_are_no_values(formula: str) -> None:
    with pytest.raises(EngineFailure):
        Workbook().evaluate(formula, 1, 30)


def test_a_workbook_that_is_filled_again_answers_as_a_new_one() -> None:
    code = "=IF(A1:A9>1,Rate,B1:B9&C1)"
    formula = read_formula(code, True)
    layout = make_layout(formula, formula)
    plan = make_plan(layout, formula.branching, 8, 0)
    used = Workbook()
    for index in range(plan.total):
        new = Workbook()
        for workbook in (used, new):
            workbook.fill(values(layout, plan, index), now(index))
        answers = [workbook.evaluate(formula.text, *layout.place(index)) for workbook in (used, new)]
        assert same(*answers), index


def test_a_cell_that_turns_from_true_to_one_is_filled_again() -> None:
    workbook = Workbook()
    for value, total in ((True, 0.0), (1.0, 1.0), (True, 0.0)):
        workbook.fill({(HERE, 1, 1): value}, NOON)
        assert workbook.evaluate("=SUM(A1:A2)", 1, 30) == total


def test_functions_that_the_engine_lacks_are_known_as_such() -> None:
    assert is_known("SUM") and is_known("XLOOKUP") and not is_known("CUBEVALUE") and not is_known("NOFUNCTION")


@pytest.mark.parametrize(
    ("left", "right", "equal"),
    [
        (1.0, 1.0 + 1e-12, True),
        (1e12, 1e12 + 1, True),
        (1.0, 1.0001, False),
        (0.0, 1e-13, True),
        (0.0, 1e-6, False),
        (1.0, True, False),
        (1.0, "1", False),
        ("a", "A", False),
        ("", None, False),
        (ErrorValue("Na"), ErrorValue("Na"), True),
        (ErrorValue("Na"), ErrorValue("Div"), False),
        (((1.0,), (2.0,)), ((1.0,), (2.0,)), True),
        (((1.0,), (2.0,)), ((1.0, 2.0),), False),
        (((1.0,), (2.0,)), ((1.0,), (3.0,)), False),
        (((1.0,), (2.0,)), 1.0, False),
    ],
)
def test_values_are_one_by_type_and_within_the_tolerance(left: Value, right: Value, equal: bool) -> None:
    assert same(left, right) is equal and same(right, left) is equal


def test_an_array_is_an_error_only_if_all_of_it_is() -> None:
    error = ErrorValue("Na")
    assert is_error(error) and is_error(((error,), (error,)))
    assert not is_error(((error,), (1.0,))) and not is_error(math.pi)


@given(st.integers(1, 16_384))
def test_columns_have_letters_and_numbers(number: int) -> None:
    assert column_number(column_letters(number)) == number
    assert number < 16_384 or column_letters(number) == LAST_COLUMN
