"""Cells, columns and rows: what lies in Excel's grid, what may stand on the two sides of a colon; table references."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from validators.excel.lexer import REACH, Lexeme

LAST_COLUMN = "XFD"
LAST_ROW = 1_048_576

_CELL = re.compile(r"\$?([A-Za-z]{1,3})\$?([0-9]{1,7})")
_COLUMN_LIKE = re.compile(r"[A-Za-z]{1,3}")
_ROW_LIKE = re.compile(r"[0-9]{1,7}")

_AFTER_SHEETS = frozenset(("cell", "columns", "rows", "part", "error"))
_AFTER_SHEET = _AFTER_SHEETS | {"name", "function"}

_ITEM = r"#(?:All|Data|Headers|Totals|This Row)"
_COLUMN_NAME = rf"(?:'.|[^\[\]'\"@#]){{1,{REACH}}}+"
_PLAIN_NAME = rf"(?:'.|[^\[\]'\"@#,:]){{1,{REACH}}}+"  # without brackets of its own
_INNER = rf"\[ *(?:{_ITEM}|@?{_COLUMN_NAME}) *\]"
TABLE_REFERENCE = re.compile(
    rf"\[ *(?:{_ITEM}|@(?:{_INNER}(?::{_INNER})?|{_PLAIN_NAME})?|{_INNER}(?: *[,:] *{_INNER})*|{_PLAIN_NAME})? *\]",
    re.IGNORECASE,
)
"""``[Price]``, ``[@Price]``, ``[[#This Row],[Price]:[Tax]]``, ``[]``: what follows the name of a table."""


@lru_cache(maxsize=65_536)
def reference_fault(group: str, text: str) -> str | None:
    """What is wrong with one reference token of a lexer group, if anything is.

    Without a dollar sign, what looks like a cell beyond the grid is a name to Excel: E0, XSR2.
    """
    if group == "part":
        return f"{text} is not a cell: a cell is a column, then a row, such as $B$2"
    if group == "cell":
        return grid_fault(text) if "$" in text else None
    return grid_fault(f"{text}1" if group == "columns" else f"A{text}")


def grid_fault(cell: str) -> str | None:
    """Why ``cell`` lies outside of Excel's grid, or None if it does not."""
    match = _CELL.fullmatch(cell)
    assert match is not None
    column, row = match.groups()
    if len(column) == 3 and column.upper() > LAST_COLUMN:
        return f"column {column} lies beyond the last one, {LAST_COLUMN}"
    if not 1 <= int(row) <= LAST_ROW:
        return f"there is no row {row}: rows count from 1 to {LAST_ROW}"
    return None


def is_cell(text: str) -> bool:
    """Whether ``text`` is a cell of the grid."""
    return _CELL.fullmatch(text) is not None and grid_fault(text) is None


def range_fault(left: Lexeme, right: Lexeme) -> str | None:
    """What is wrong with the two tokens around a colon, if anything is.

    Excel has cells with cells, columns with columns, rows with rows; names and results of functions go with anything.
    """
    shapes = {_shape(left), _shape(right)} - {"any"}
    if len(shapes) > 1 or "number" in shapes:
        return f"{left.text}:{right.text} is not a range: its ends must be two cells, two columns or two rows"
    for lexeme in (left, right):
        fault = grid_fault(lexeme.text) if lexeme.group == "cell" else None
        if fault is not None:
            return fault
    return None


def sheet_fault(sheet: Lexeme, following: Sequence[Lexeme]) -> str | None:
    """What is wrong with a sheet and the lexemes that follow it, if anything is."""
    group = following[0].group if following else ""
    if ":" in sheet.text and not set(sheet.text) & set("/\\"):  # from one sheet to another; not a drive and its path
        return None if group in _AFTER_SHEETS else f"{sheet.text} must be followed by a cell or a range"
    return None if group in _AFTER_SHEET else f"{sheet.text} must be followed by a reference or a name"


def _shape(lexeme: Lexeme) -> str:
    if lexeme.group == "cell":
        return "cell"
    if lexeme.group == "columns" or (lexeme.group == "name" and _COLUMN_LIKE.fullmatch(lexeme.text)):
        return "column"
    if lexeme.group == "rows":
        return "rows"
    if lexeme.group == "number" and _ROW_LIKE.fullmatch(lexeme.text):
        return "number"
    return "any"
