"""Operators 13 to 17: brackets and symbols where they do not belong.

A random place is one before a token: no token is torn apart.
"""

from __future__ import annotations

from collections.abc import Sequence

from generators.flame.base import Edit, Edits, EvenSites, Example, LazySites, Operator, Sites, replace
from generators.flame.formula import Formula

SYMBOLS = "+-*/^&<>=.)#"
"""What operators 14 and 15 add. The paper's set is not known with certainty; ``<>`` may be one symbol of it."""

DELIMITERS = '()[]{},;:"'
"""What operator 17 adds, deletes and puts in each other's place or replaces with a space. The set is ours: the paper
says delimiters."""
_REPLACEMENTS = DELIMITERS + " "


class AddCommaOrRemoveParenthesis(Operator):
    """13, "Add comma / remove parenthesis": a comma before a closing parenthesis, or in its place."""

    name = "add_comma_or_remove_parenthesis"
    examples = (
        Example("=SUM(A1)", "=SUM(A1,"),
        Example("=ROUND(A1,2)", "=ROUND(A1,2,)"),
        Example("=SUM(A1)", "=SUM(A1,)", accepted=True),  # an empty argument
    )

    def sites(self, formula: Formula) -> list[Edits]:
        found = formula.having("bracket", ")")
        return [site for _, _, start in found for site in replace(start, start + 1, ",)", ",")]


class AddRandomOperator(Operator):
    """14, "Add random operator": a symbol at a random place, but the end."""

    name = "add_random_operator"
    examples = (
        Example("=A1+B1", "=A1+^B1"),
        Example("=SUM(A1:A4)", "=SUM)(A1:A4)"),
        Example("=A1+B1", "=A1+-B1", accepted=True),
    )

    def sites(self, formula: Formula) -> Sites:
        return _insertions([x.start for x in formula.lexemes], SYMBOLS)


class AddOperatorAtTheEnd(Operator):
    """15, "Add operator at the end": a symbol after everything else."""

    name = "add_operator_at_the_end"
    examples = (
        Example("=SUM(A1:A4)", "=SUM(A1:A4)*"),
        Example("=SUM(A1:A4)", "=SUM(A1:A4))"),
        Example("=A1+2", "=A1+2.", accepted=True),
    )

    def sites(self, formula: Formula) -> Sites:
        return _insertions([len(formula.text)] if formula.lexemes else [], SYMBOLS)


class AddParentheses(Operator):
    """16, "Add parentheses": an opening and a closing one, at two random places, in any order."""

    name = "add_parentheses"
    examples = (
        Example("=A1*B1", "=A1)*(B1"),
        Example("=SUM(A1:A4)/2", "=(SUM)(A1:A4)/2"),
        Example("=A1*B1+2", "=A1*(B1+2)", accepted=True),
    )

    def sites(self, formula: Formula) -> Sites:
        places = [*(x.start for x in formula.lexemes), len(formula.text)]
        others = len(places) - 1

        def make(index: int) -> Edits:
            opening, closing = divmod(index, others)
            closing += closing >= opening
            edits = Edit(places[opening], places[opening], "("), Edit(places[closing], places[closing], ")")
            return tuple(sorted(edits))

        return LazySites(len(places) * others, make)


class CorruptUnreliableTokens(Operator):
    """17, "Corrupt unreliable tokens": a delimiter is added at a random place, deleted, or becomes another.

    After LaMirage (OOPSLA 2022), one token a formula. Each of the three has the same share: among all sites,
    additions outnumber deletions many times, and users forget more delimiters than they add.
    """

    name = "corrupt_unreliable_tokens"
    examples = (
        Example("=IF(A1,2,3)", "=IF(A1 2,3)"),
        Example("=IF(A1,2,3)", "=IF(A1,2,3"),
        Example("=IF(A1,2,3)", "=IF((A1,2,3)"),
        Example("=IF(A1,2,3)", "=IF(A1;2,3)"),
        Example('=IF(A1,"y",3)', '=IF(A1,"y,3)'),
        Example("=IF(A1,2,3)", "=IF(A1,2,,3)"),
    )

    def sites(self, formula: Formula) -> Sites:
        places = [*(x.start for x in formula.lexemes), len(formula.text)] if formula.lexemes else []
        delimiters = _delimiters(formula)

        def delete(index: int) -> Edits:
            return (Edit(delimiters[index], delimiters[index] + 1, ""),)

        def exchange(index: int) -> Edits:
            which, new = divmod(index, len(DELIMITERS))
            start = delimiters[which]
            new += new >= DELIMITERS.index(formula.text[start])
            return (Edit(start, start + 1, _REPLACEMENTS[new]),)

        return EvenSites(
            (
                _insertions(places, DELIMITERS),
                LazySites(len(delimiters), delete),
                LazySites(len(delimiters) * len(DELIMITERS), exchange),
            )
        )


def _insertions(places: Sequence[int], symbols: str) -> Sites:
    """Each symbol at each place."""

    def make(index: int) -> Edits:
        place, symbol = divmod(index, len(symbols))
        return (Edit(places[place], places[place], symbols[symbol]),)

    return LazySites(len(places) * len(symbols), make)


def _delimiters(formula: Formula) -> list[int]:
    """The offsets of all delimiters, the two quotes of a string included."""
    offsets: list[int] = []
    for group, text, start in formula.lexemes:
        if group == "string":
            offsets += (start, start + len(text) - 1) if len(text) > 1 and text[-1] == '"' else (start,)
        elif group in ("bracket", "separator") or text == ":":
            offsets.append(start)
    return offsets
