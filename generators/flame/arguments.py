"""Operators 3 to 5: functions and their arguments."""

from __future__ import annotations

from itertools import combinations, pairwise

from generators.flame.base import Edit, Edits, Example, Operator, replace
from generators.flame.formula import Argument, Call, Formula
from validators.excel.functions import MAX_ARGUMENTS, lookup
from validators.excel.lexer import Lexeme


class SpaceBetweenFunctionAndArguments(Operator):
    """3, "Space between function and arguments": a blank before the bracket of a built-in function.

    Excel takes the blank out without a word, and so the validator accepts it.
    """

    name = "space_between_function_and_arguments"
    examples = (Example("=MAX(C1:C4)", "=MAX (C1:C4)", accepted=True),)

    def sites(self, formula: Formula) -> list[Edits]:
        return [
            (Edit(start + len(name), start + len(name), " "),)
            for _, name, start in formula.having("function")
            if lookup(name) is not None
        ]


class ChangeNumberOfArguments(Operator):
    """4, "Change number of arguments": one too few or one too many, of a function that takes a fixed number.

    Fixed is what has an upper bound. With the fewest arguments that it takes, any one of them is deleted; with the
    most, any one of them is copied to the end.
    """

    name = "change_number_of_arguments"
    examples = (
        Example("=MOD(A1,3)", "=MOD(A1)"),
        Example("=MOD(A1,3)", "=MOD(A1,3,A1)"),
        Example("=LEFT(A1,2)", "=LEFT(A1,2,2)"),
        Example("=ABS(B2)", "=ABS()"),
    )

    def sites(self, formula: Formula) -> list[Edits]:
        sites: list[Edits] = []
        for _, function, arguments in formula.calls:
            if function is None or function.maximum == MAX_ARGUMENTS or not arguments:
                continue
            if len(arguments) == function.minimum:
                sites += _deletions(arguments)
            if len(arguments) == function.maximum:
                end = arguments[-1].stop
                copied = (formula.text[a.start : a.stop] for a in arguments if a.lexemes)
                sites += replace(end, end, *(f",{text}" for text in copied))
        return sites


class SwapArguments(Operator):
    """5, "Swap arguments": two arguments of different types change places.

    The type is what the argument's own tokens say: a string, a number, a reference, a comparison, a concatenation,
    arithmetic, a call, ...
    """

    name = "swap_arguments"
    examples = (
        Example('=COUNTIF(A1:A9,"dog")', '=COUNTIF("dog",A1:A9)'),
        Example('=IF(C4>1,"y","n")', '=IF("y",C4>1,"n")', accepted=True),
    )

    def sites(self, formula: Formula) -> list[Edits]:
        return [site for call in formula.calls for site in _swaps(formula.text, call)]


def _deletions(arguments: tuple[Argument, ...]) -> list[Edits]:
    """Each argument goes, and with it the comma before it; with the first, the comma after it."""
    first_stop = arguments[1].start if len(arguments) > 1 else arguments[0].stop
    spans = [(arguments[0].start, first_stop)]
    spans += [(before.stop, argument.stop) for before, argument in pairwise(arguments)]
    return [(Edit(start, stop, ""),) for start, stop in spans]


def _swaps(text: str, call: Call) -> list[Edits]:
    if len(call.arguments) < 2:
        return []
    typed = [(argument_type(a.lexemes), a.start, a.stop) for a in call.arguments]
    return [
        (Edit(start, stop, text[other_start:other_stop]), Edit(other_start, other_stop, text[start:stop]))
        for (kind, start, stop), (other, other_start, other_stop) in combinations(typed, 2)
        if kind != other
    ]


_COMPARISONS = frozenset(("=", "<", ">", "<=", ">=", "<>"))
_ARITHMETIC = frozenset("+-*/^%")
_BY_GROUP = {
    "string": "string",
    "number": "number",
    "error": "error",
    "function": "call",
    "name": "name",
    "bracket": "array",
}


def argument_type(lexemes: tuple[Lexeme, ...]) -> str:
    """The type of an argument by its tokens, from the operator that binds least."""
    operators = _outer_operators(lexemes)
    while not operators and len(lexemes) > 1 and lexemes[0].text == "(" and lexemes[-1].text == ")":
        lexemes = lexemes[1:-1]
        operators = _outer_operators(lexemes)
    if not lexemes:
        return "empty"
    if operators & _COMPARISONS:
        return "comparison"
    if "&" in operators:
        return "concatenation"
    if operators & _ARITHMETIC:
        negative = len(lexemes) == 2 and lexemes[1].group == "number"
        return "number" if negative else "arithmetic"
    first = lexemes[0]
    if operators or (first.group == "name" and len(lexemes) > 1):  # a range, @, #; a column of a table
        return "reference"
    if first.group == "name" and first.text.upper() in ("TRUE", "FALSE"):
        return "logical"
    return _BY_GROUP.get(first.group, "reference")


def _outer_operators(lexemes: tuple[Lexeme, ...]) -> set[str]:
    """The operators that stand in no bracket."""
    operators: set[str] = set()
    depth = 0
    for group, text, _ in lexemes:
        if group == "bracket":
            depth += 1 if text in "([{" else -1
        elif group == "operator" and not depth:
            operators.add(text)
    return operators
