"""Operators 10 to 12: sheets and strings."""

from __future__ import annotations

from generators.flame.base import Edit, Edits, Example, Operator, replace
from generators.flame.formula import Formula


class MalformedSheetName(Operator):
    """10, "Malformed sheet name": a name of several words loses its quotes or has double ones."""

    name = "malformed_sheet_name"
    examples = (
        Example("='Sales data'!B2", "=Sales data!B2"),
        Example("='Sales data'!B2", '="Sales data"!B2'),
        Example("='Q1 data'!B2", "=Q1 data!B2", accepted=True),  # where Q1 and a cell of the sheet data meet
    )

    def sites(self, formula: Formula) -> list[Edits]:
        sites: list[Edits] = []
        for _, text, start in formula.having("sheet"):
            words = text[1:-2]
            if text[0] == "'" and " " in words:
                sites += replace(start, start + len(text) - 1, words, f'"{words}"')
        return sites


class RemoveExclamationMark(Operator):
    """11, "Remove exclamation mark": the one after a sheet's name."""

    name = "remove_exclamation_mark"
    examples = (
        Example("=SUM('Q1 data'!B2:B9)", "=SUM('Q1 data'B2:B9)"),
        Example("=Sheet2!B2", "=Sheet2B2", accepted=True),  # a name
    )

    def sites(self, formula: Formula) -> list[Edits]:
        found = formula.having("sheet")
        return [(Edit(start + len(text) - 1, start + len(text), ""),) for _, text, start in found]


class MalformedStrings(Operator):
    """12, "Malformed strings": a string loses its quotes or has single ones."""

    name = "malformed_strings"
    examples = (
        Example('=IF(A1>1,"ok","no")', "=IF(A1>1,'ok',\"no\")"),
        Example('=COUNTIF(B2:B9,">5")', "=COUNTIF(B2:B9,>5)"),
        Example('=IF(A1>1,"ok","no")', '=IF(A1>1,ok,"no")', accepted=True),  # a name
    )

    def sites(self, formula: Formula) -> list[Edits]:
        sites: list[Edits] = []
        for _, text, start in formula.having("string"):
            if len(text) > 1 and text[-1] == '"':
                sites += replace(start, start + len(text), text[1:-1], f"'{text[1:-1]}'")
        return sites
