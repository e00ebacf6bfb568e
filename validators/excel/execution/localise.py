"""A formula rewritten so that the engine can resolve all that it names.

Names, tables and other workbooks become plain references to sheets of their own, which are filled as any other sheet:

- ``Rate`` becomes the cell B2, or the block B2:M7, of a sheet for that name; which of the two is the caller's choice: a
  name may mean either;
- ``Sales[Price]`` becomes the column B2:B7 of a sheet for that column, ``[@Price]`` the cell B4 of it, ``[#Headers]``
  its B1, ``[#Totals]`` its B8; several columns together become a block, on a sheet for that choice of columns;
- ``[Book.xlsx]Data!A1`` becomes A1 of a sheet for that book and sheet;
- ``A:A`` becomes A1:A100 and ``1:1`` becomes A1:CV1: searches to the end of the grid can take the engine for ever.

Letters become capitals; dollar signs, spaces and the prefixes of newer functions go.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache

import formualizer

from validators.excel.execution.engine import column_letters
from validators.excel.functions import lookup
from validators.excel.lexer import Lexeme, scan
from validators.excel.references import LAST_COLUMN, LAST_ROW, TABLE_REFERENCE, is_cell

EXTENT = 100  # rows of a whole column, columns of a whole row
_FILE_PREFIXES = ("_XLFN.", "_XLWS.", "_XLUDF.")
_LOGICALS = ("TRUE", "FALSE")


class NotExecutable(Exception):
    """The formula cannot be run; the message says why."""


@lru_cache(4096)
def localise(code: str, block: bool) -> str:
    """The text that the engine gets for an accepted formula; names are blocks of cells or single ones.

    Raises:
        NotExecutable: the formula has something that no sheet can stand for.
    """
    bound = _bound_names(code)
    return "".join(_parts(code, _without_spaces(scan(code)), bound, block))


def function_name(text: str) -> str:
    """The name of a function in capitals, without the prefix that files give to newer ones."""
    name = text.upper()
    while name.startswith(_FILE_PREFIXES):
        name = name.split(".", 1)[1]
    return name


def _parts(code: str, lexemes: Sequence[Lexeme], bound: frozenset[str], block: bool) -> Iterator[str]:
    sheet = first_sheet = ""
    index = 0
    while index < len(lexemes):
        lexeme = lexemes[index]
        text = lexeme.text.upper()
        following = lexemes[index + 1].text if index + 1 < len(lexemes) else ""
        if lexeme.group == "sheet":
            sheet = _sheet_name(text)
        elif lexeme.group == "operator" and (text == "#" or (":" in text and text != ":")):
            raise NotExecutable(f"{text} is not run")
        elif following == "[" and lexeme.group == "name":
            sheet = _key(sheet, text)
        elif text == "[":
            table = TABLE_REFERENCE.match(code, lexeme.start)
            assert table is not None  # the formula is accepted
            yield _column(sheet, table.group().upper())
            sheet = ""
            while index + 1 < len(lexemes) and lexemes[index + 1].start < table.end():
                index += 1
        elif _is_name(lexeme) and text not in bound and text not in _LOGICALS:
            yield _reference(f"~{_key(sheet, text)}", "B2:M7" if block else "B2")
            sheet = ""
        elif lexeme.group in ("cell", "columns", "rows"):
            second = lexemes[index - 2 if lexemes[index - 1].group == "sheet" else index - 1].text == ":"
            repeated = second and sheet == first_sheet  # Sheet1!A1:Sheet1!B2
            yield _reference("" if repeated else sheet, _corner(lexeme.group, text.replace("$", ""), second))
            sheet, first_sheet = "", sheet
        elif lexeme.group == "function":
            if sheet:
                raise NotExecutable(f"{lexeme.text} lies in another workbook")
            yield function_name(text)
        elif lexeme.group == "string":
            yield lexeme.text
        else:
            yield text
            sheet = "" if lexeme.group == "error" else sheet  # Sheet1!#REF!
        index += 1


def _is_name(lexeme: Lexeme) -> bool:
    return lexeme.group == "name" or (lexeme.group == "cell" and not is_cell(lexeme.text))


def _without_spaces(lexemes: Sequence[Lexeme]) -> list[Lexeme]:
    """The lexemes without their spaces.

    Raises:
        NotExecutable: a space intersects two references, which the engine cannot do.
    """
    kept: list[Lexeme] = []
    for index, lexeme in enumerate(lexemes):
        if lexeme.group != "space":
            kept.append(lexeme)
            continue
        before, after = lexemes[index - 1], lexemes[index + 1] if index + 1 < len(lexemes) else None
        if before.group == "name" and after is not None and after.text == "(" and lookup(before.text) is not None:
            kept[-1] = before._replace(group="function")  # SUM (A1)
        elif _ends_operand(before) and after is not None and _begins_operand(after):
            raise NotExecutable("a space that intersects references is not run")
    return kept


def _ends_operand(lexeme: Lexeme) -> bool:
    return lexeme.text in (")", "]", "}") or lexeme.group not in ("start", "operator", "separator", "bracket")


def _begins_operand(lexeme: Lexeme) -> bool:
    return lexeme.text in ("(", "[", "{") or lexeme.group not in ("operator", "separator", "bracket")


def _sheet_name(text: str) -> str:
    """``'[Book.xlsx]It''s'!`` gives ``(BOOK.XLSX)IT'S``: the engine takes brackets for those of a table."""
    name = text[:-1]
    if name.startswith("'"):
        name = name[1:-1].replace("''", "'")
    if ":" in name and not set(name) & set("/\\"):
        raise NotExecutable(f"{text} joins several sheets")
    return name.replace("[", "(").replace("]", ")")


def _key(sheet: str, name: str) -> str:
    return f"{sheet}|{name}" if sheet else name


def _reference(sheet: str, reference: str) -> str:
    quoted = sheet.replace("'", "''")
    return f"'{quoted}'!{reference}" if sheet else reference


def _corner(group: str, text: str, second: bool) -> str:
    """A cell, for a cell or for one side of a range; what reaches to the end of the grid reaches as far as `EXTENT`."""
    if group == "columns":
        text = f"{text}{LAST_ROW if second else 1}"
    elif group == "rows":
        text = f"{LAST_COLUMN if second else 'A'}{text}"
    if not second:
        return text
    column = text.rstrip("0123456789")
    row = int(text.removeprefix(column))
    return f"{column_letters(EXTENT) if column == LAST_COLUMN else column}{EXTENT if row == LAST_ROW else row}"


def _column(table: str, brackets: str) -> str:
    """The reference for the brackets after the name of a table, both in capitals."""
    columns, rows = brackets, "2:7"
    for item, of_item in (("#ALL", "1:8"), ("#DATA", "2:7"), ("#HEADERS", "1:1"), ("#TOTALS", "8:8")):
        if item in columns:
            columns, rows = columns.replace(f"[{item}]", "").replace(item, ""), of_item
    if "#THIS ROW" in columns or "@" in columns:
        columns, rows = columns.replace("[#THIS ROW]", "").replace("#THIS ROW", "").replace("@", ""), "4:4"
    names = columns.replace("[", "").replace("]", "").strip(" ,")
    several = not names or "]:[" in columns or "],[" in columns.replace(" ", "")
    first, last = rows.split(":")
    right = "M" if several else "B"
    cell = f"B{first}"
    return _reference(f"~{table}[{names}]", cell if f"{right}{last}" == cell else f"{cell}:{right}{last}")


def _bound_names(code: str) -> frozenset[str]:
    """The names, in capitals, that LET gives to its values."""
    if "LET" not in code.upper():
        return frozenset()
    try:
        nodes = [formualizer.parse(code)]
    except formualizer.ParserError as error:
        raise NotExecutable(f"formualizer: {error}") from error
    bound: set[str] = set()
    for node in nodes:  # grows
        children = node.children()
        nodes.extend(children)
        if function_name(node.get_function_name() or "") == "LET":
            bound.update((child.get_reference_string() or "").upper() for child in children[:-1:2])
    return frozenset(bound)
