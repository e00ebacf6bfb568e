"""Operators 6 to 9: relational operators."""

from __future__ import annotations

from generators.flame.base import Edit, Edits, Example, Operator, replace
from generators.flame.formula import Formula

_TWO_CHARACTERS = ("<=", ">=", "<>")


class SpaceInsideRelationalOperator(Operator):
    """6, "Space inside a relational operator": one of two characters is torn apart."""

    name = "space_inside_relational_operator"
    examples = (
        Example("=A1>=4", "=A1> =4"),
        Example('=IF(A1<>"",1,2)', '=IF(A1< >"",1,2)'),
    )

    def sites(self, formula: Formula) -> list[Edits]:
        found = formula.having("operator", *_TWO_CHARACTERS)
        return [(Edit(start + 1, start + 1, " "),) for _, _, start in found]


class SwapRelationalOperatorCharacters(Operator):
    """7, "Swap relational operator characters": the two characters change places."""

    name = "swap_relational_operator_characters"
    examples = (
        Example("=A1>=4", "=A1=>4"),
        Example("=A1<=4", "=A1=<4"),
        Example("=A1<>4", "=A1><4"),
    )

    def sites(self, formula: Formula) -> list[Edits]:
        found = formula.having("operator", *_TWO_CHARACTERS)
        return [(Edit(start, start + 2, text[::-1]),) for _, text, start in found]


class InequalityNoise(Operator):
    """8, "Inequality noise": unequal as other languages write it, or nearly so."""

    name = "inequality_noise"
    examples = (
        Example("=A1<>0", "=A1!=0"),
        Example("=A1<>0", "=A1=!0"),
    )

    def sites(self, formula: Formula) -> list[Edits]:
        found = formula.having("operator", "<>")
        return [site for _, _, start in found for site in replace(start, start + 2, "!=", "=!")]


class InvalidEquality(Operator):
    """9, "Invalid equality": equal as other languages write it. The equals sign in front of the formula is none."""

    name = "invalid_equality"
    examples = (
        Example("=IF(A1=2,B1,C1)", "=IF(A1==2,B1,C1)"),
        Example("=IF(A1=2,B1,C1)", "=IF(A1===2,B1,C1)"),
    )

    def sites(self, formula: Formula) -> list[Edits]:
        found = formula.having("operator", "=")
        return [site for _, _, start in found for site in replace(start, start + 1, "==", "===")]
