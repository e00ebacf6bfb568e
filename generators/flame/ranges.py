"""Operators 1 and 2: ranges."""

from __future__ import annotations

from generators.flame.base import Edits, Example, Operator, replace
from generators.flame.formula import Formula


class WrongRange(Operator):
    """1, "Wrong range": the colon becomes another symbol or vanishes.

    The paper's symbols are not known with certainty; these four are the ones that its text can be read to name.
    """

    name = "wrong_range"
    examples = (
        Example("=SUM(B2:B9)", "=SUM(B2;B9)"),
        Example("=SUM(B2:B9)", '=SUM(B2"B9)'),
        Example("=SUM(B2:B9)", "=SUM(B2,B9)", accepted=True),
        Example("=SUM(B2:B9)", "=SUM(B2 B9)", accepted=True),  # the cells that both have
        Example("=SUM(B2:B9)", "=SUM(B2B9)", accepted=True),  # a name
        Example("=SUM($B$2:$B$9)", "=SUM($B$2$B$9)"),
    )

    def sites(self, formula: Formula) -> list[Edits]:
        return [
            site
            for _, (_, text, start), _ in formula.ranges
            for site in replace(start, start + len(text), ";", ",", " ", '"', "")
        ]


class MalformedRange(Operator):
    """2, "Malformed range": one of the columns and rows of the two cells is missing, with its dollar sign."""

    name = "malformed_range"
    examples = (
        Example("=SUM(B2:B9)", "=SUM(B2:9)"),
        Example("=SUM(B2:B9)", "=SUM(B:B9)"),
        Example("=MAX(Data!$B$2:$C$9)", "=MAX(Data!$2:$C$9)"),
    )

    def sites(self, formula: Formula) -> list[Edits]:
        sites: list[Edits] = []
        for left, _, right in formula.ranges:
            if left.group == right.group == "cell":
                for _, text, start in (left, right):
                    row = start + _row(text)
                    sites += replace(start, row, "") + replace(row, start + len(text), "")
        return sites


def _row(cell: str) -> int:
    """Where the row of a cell begins, its dollar sign included."""
    digit = next(i for i, character in enumerate(cell) if character.isdigit())
    return digit - (cell[digit - 1] == "$")
