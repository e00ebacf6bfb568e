"""Cells, columns and rows: what lies in Excel's grid, what may stand on the two sides of a colon; table references."""

from __future__ import annotations

import re
from functools import lru_cache

from validators.excel.lexer import REACH, Lexeme

LAST_COLUMN = "XFD"
LAST_ROW = 1_048_576

_CELL = re.compile(r"\$?([A-Za-z]{1,3})\$?([0-9]{1,7})")
_COLUMN_LIKE = re.compile(r"[A-Za-z]{1,3}")
_ROW_LIKE = re.compile(r"[0-9]{1,7}")

_ITEM = r"#(?:All|Data|Headers|Totals|This Row)"
_COLUMN_NAME = rf"(?:'.|[^\[\]'\"@#]){{1,{REACH}}}+"
_INNER = rf"\[ *(?:{_ITEM}|@?{_COLUMN_NAME}) *\]"
TABLE_REFERENCE = re.compile(
    rf"\[ *(?:{_ITEM}|@(?:{_INNER}(?::{_INNER})?|{_COLUMN_NAME})?|{_INNER}(?: *[,:] *{_INNER})*|{_COLUMN_NAME})? *\]",
    re.IGNORECASE,
)
"""``[Price]``, ``[@Price]``, ``[[#This Row],[Price]:[Tax]]``, ``[]``: what follows the name of a table."""


@lru_cache(maxsize=65_536)
def grid_fault(group: str, text: str) -> str | None:
    """What is wrong with one reference token of a lexer group, if anything is."""
    if group == "part":
        return f"{text} is not a cell: a cell is a column, then a row, such as $B$2"
    if group == "cell":
        match = _CELL.fullmatch(text)
        assert match is not None
        column, row = match.groups()
    else:
        bare = text.replace("$", "")
        column, row = (bare, "1") if group == "columns" else ("A", bare)
    if len(column) == 3 and column.upper() > LAST_COLUMN:
        return f"{text} lies beyond the last column, {LAST_COLUMN}"
    if not 1 <= int(row) <= LAST_ROW:
        return f"{text} lies outside the rows 1 to {LAST_ROW}"
    return None


def is_cell(text: str) -> bool:
    """Whether ``text`` is a cell of the grid."""
    return _CELL.fullmatch(text) is not None and grid_fault("cell", text) is None


def range_fault(left: Lexeme, right: Lexeme) -> str | None:
    """What is wrong with the two tokens around a colon, if anything is.

    Excel has cells with cells, columns with columns, rows with rows; names and results of functions go with anything.
    """
    sides = {_shape(left), _shape(right)}
    if len(sides - {"any"}) > 1 or "row" in sides:
        return f"{left.text}:{right.text} is not a range: its ends must be two cells, two columns or two rows"
    return None


def _shape(lexeme: Lexeme) -> str:
    if lexeme.group == "cell":
        return "cell"
    if lexeme.group == "columns" or (lexeme.group == "name" and _COLUMN_LIKE.fullmatch(lexeme.text)):
        return "column"
    if lexeme.group == "rows":
        return "rows"
    if lexeme.group == "number" and _ROW_LIKE.fullmatch(lexeme.text):
        return "row"
    return "any"
