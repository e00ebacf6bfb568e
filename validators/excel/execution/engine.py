"""formualizer as a calculator: sheets of values in, the value of a formula out."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache, lru_cache
from typing import Any

import formualizer
from formualizer import LiteralValue


@dataclass(frozen=True, slots=True)
class ErrorValue:
    """An error of Excel, by formualizer's name for its kind: Na, Div, Value, ..."""

    kind: str


Scalar = float | str | bool | date | ErrorValue | None
Array = tuple[tuple[Scalar, ...], ...]
Value = Scalar | Array
Cell = tuple[str, int, int]  # sheet, row, column

HERE = "~HERE"  # the sheet of the formula itself; no other sheet is called so
MAX_ARRAY = 4096  # cells of a result
RELATIVE_TOLERANCE = 1e-9
ABSOLUTE_TOLERANCE = 1e-11
NOON = datetime(2024, 3, 15, 12, tzinfo=UTC)
_OWN_ERRORS = frozenset(("Name", "NImpl", "Error", "Circ", "Cancelled", "Spill"))  # of the engine, not of the values
_SEED = 1  # of RAND and its like, which also depend on the cell they stand in


class EngineFailure(Exception):
    """The engine gave no value; the message says why."""


class Workbook:
    """Sheets of values in which one cell after another takes a formula.

    Clock and random numbers stand still: every RAND at one place gives one number.
    """

    def __init__(self) -> None:
        settings = formualizer.EvaluationConfig()
        settings.enable_parallel = False
        settings.workbook_seed = _SEED
        self._engine = formualizer.Workbook(config=formualizer.WorkbookConfig(eval_config=settings))
        self._engine.set_temporal_egress("serial")
        self._engine.set_deterministic_clock(NOON)
        self._engine.add_sheet(HERE)
        self._values: dict[Cell, tuple[type, Scalar]] = {}

    def fill(self, values: Mapping[Cell, Scalar], now: datetime) -> None:
        """Give cells their values, and set the clock; a cell that is not mentioned keeps what it has."""
        self._engine.set_deterministic_clock(now)
        for cell, value in values.items():
            if (type(value), value) != self._values.get(cell):  # 1.0 equals True
                sheet, row, column = cell
                self._engine.add_sheet(sheet)
                native = LiteralValue.error(value.kind, None) if isinstance(value, ErrorValue) else value
                self._engine.set_value(sheet, row, column, native)
                self._values[cell] = (type(value), value)

    def evaluate(self, formula: str, row: int, column: int) -> Value:
        """The value of a localised formula in a cell of the sheet `HERE`, which is empty again afterwards.

        Dates are serial numbers; an array of one cell is that cell.

        Raises:
            EngineFailure: there is no value.
        """
        try:
            self._engine.set_formula(HERE, row, column, formula)
            value = self._engine.evaluate_cell(HERE, row, column)
            spill = self._engine.inspect_cell(f"'{HERE}'!{column_letters(column)}{row}").cell.spill
            area = None if spill is None else spill.extent
            result = _scalar(value) if area is None else self._array(area, row, column)
        except (RuntimeError, ValueError, formualizer.ExcelEvaluationError, formualizer.FormualizerHostError) as error:
            raise EngineFailure(str(error)) from error
        finally:
            self._engine.set_value(HERE, row, column, None)
        return result

    def _array(self, extent: str, row: int, column: int) -> Value:
        corner = extent.rsplit(":", 1)[-1].rsplit("!", 1)[-1]
        letters = corner.rstrip("0123456789")
        bottom, right = int(corner.removeprefix(letters)), column_number(letters)
        if (bottom - row + 1) * (right - column + 1) > MAX_ARRAY:
            raise EngineFailure(f"the result has more than {MAX_ARRAY} cells")
        area = formualizer.RangeAddress(HERE, row, column, bottom, right)
        array = tuple(tuple(map(_scalar, line)) for line in self._engine.sheet(HERE).get_values(area))
        return array if len(array) > 1 or len(array[0]) > 1 else array[0][0]


def constants_of(tree: formualizer.ASTNode, *, flags: bool) -> list[Scalar]:
    """The value or values of a tree without references, none where it has none; logical ones, if at all, as text, since
    True equals 1."""
    literal = tree.get_literal_value()
    if isinstance(literal, float):
        return [literal]
    values = () if tree.node_type() == "Omitted" else _constants(tree.to_formula())
    return [
        str(value).upper() if isinstance(value, bool) else value
        for value in values
        if flags or not isinstance(value, bool)
    ]


@lru_cache(4096)
def _constants(formula: str) -> tuple[Scalar, ...]:
    try:
        value = _scratch().evaluate(formula, 1, 1)
    except EngineFailure:
        return ()
    return tuple(cell for row in value for cell in row) if isinstance(value, tuple) else (value,)


@cache
def is_known(function: str) -> bool:
    """Whether the engine has a function of this name, in capitals."""
    try:
        _scratch().evaluate(f"={function}()", 1, 1)
    except EngineFailure as failure:
        return str(failure) != _failure("Name")
    return True


def same(left: Value, right: Value) -> bool:
    """Whether two values are one: numbers within a tolerance, errors of one kind, arrays of one shape cell by cell.

    The tolerance is 1e-9 relatively: another order of the same operations moves a double by 1e-16 for each of them, and
    more where they nearly cancel, while the last of the 15 digits that Excel shows is 1e-15. Near zero, where nothing
    is left of the digits, it is 1e-11: the values of the sheets are mostly below 100, and 1e-14 is their last digit.
    """
    if isinstance(left, tuple) and isinstance(right, tuple):
        return [len(row) for row in left] == [len(row) for row in right] and all(
            same(a, b) for rows in zip(left, right, strict=True) for a, b in zip(*rows, strict=True)
        )
    if type(left) is not type(right):
        return False
    if isinstance(left, float) and isinstance(right, float):
        return math.isclose(left, right, rel_tol=RELATIVE_TOLERANCE, abs_tol=ABSOLUTE_TOLERANCE)
    return left == right


def is_error(value: Value) -> bool:
    """Whether a value is an error, or an array of nothing but errors."""
    if isinstance(value, tuple):
        return all(is_error(cell) for row in value for cell in row)
    return isinstance(value, ErrorValue)


def column_letters(number: int) -> str:
    """28 gives AB."""
    letters = ""
    while number:
        number, letter = divmod(number - 1, 26)
        letters = chr(ord("A") + letter) + letters
    return letters


def column_number(letters: str) -> int:
    """AB gives 28; no letters give 0."""
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - ord("A") + 1
    return number


@cache
def _scratch() -> Workbook:
    return Workbook()


def _failure(kind: str) -> str:
    return f"the engine answers {kind}"


def _scalar(value: Any) -> Scalar:
    """A value of formualizer as one of ours."""
    if isinstance(value, dict):
        kind = str(value.get("kind"))
        if kind in _OWN_ERRORS:
            raise EngineFailure(_failure(kind))
        return ErrorValue(kind)
    if isinstance(value, float) and not math.isfinite(value):
        return ErrorValue("Num")  # as Excel has it
    if isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if value is None or isinstance(value, (float, str, bool)):
        return value
    raise EngineFailure(f"the engine answers with a {type(value).__name__}")
