"""Execution match of Excel formulas. The paper (section 4.1) names the metric and no harness; this is ours.

Two formulas that the validator accepts match

1. by *text*, if their tokens are the same: white space, the case of letters outside of strings and ``$`` do not count;
2. else by *execution*, if formualizer gives them the same value on every sheet, and not errors on all of them;
3. else by *ast*, where execution cannot tell, if their syntax trees are the same: parentheses that change nothing and
   the spelling of numbers do not count either.

A formula that is not accepted matches nothing.

**The sheets.** All cells that either formula refers to are filled: single cells and small ranges wholly, longer ones in
their first 12 and last 2 rows and columns, at the places a constant of the formulas may point to, and wherever another
range of them begins or ends. Names, tables and other workbooks lie on sheets of their own (`localise`); whole columns
have 100 rows and whole rows 100 columns. There are

- K random typed sheets, 8 unless said otherwise: positive numbers, three small integers, rising numbers, one type to a
  column, dates, texts and numeric texts, and two mixtures of everything with booleans, empty cells and errors. On the
  first two, cells that only one of the formulas refers to hold numbers far above and below the others;
- after these 8 to 32 sheets aimed at the branches, the more the smaller they are: three quarters of the cells that a
  formula compares with constants hold such a constant, or the number one above or below, each in turn.

Clock and random numbers stand still, at another moment and number from sheet to sheet; both formulas see the same.

**Equal values.** Numbers are equal within 1e-9 of the larger or 1e-11; a date is its number; a number equals neither a
text nor a logical value; errors are equal by kind, arrays cell by cell.

**Where execution cannot tell**: functions that formualizer does not have, HYPERLINK (its value is not what it does),
references over several sheets, intersections, unions, spilled ranges, more than 3,000 cells, results of more than 4,096
cells, errors of the engine itself, nothing but errors on all sheets, more than 5 s of processor time or 2 GiB for one
comparison (the engine runs in a process of its own, `guard`).

Equal seeds give equal answers. A match is evidence and no proof: formulas that differ in a case which no sheet happens
to hold are taken for one.
"""

from __future__ import annotations

from functools import lru_cache
from importlib.metadata import version

from validators.comparison import Comparison
from validators.excel.execution.guard import run_guarded
from validators.excel.execution.trees import normal_text, same_tree
from validators.excel.language import LANGUAGE

HARNESS = "excel-execution 1"  # raise it with every change that can change an answer


def harness() -> str:
    """Name and version of what decides, to be published with every figure."""
    return f"{HARNESS} (formualizer {version('formualizer')})"


@lru_cache(4096)
def execution_match(left: str, right: str, *, sheets: int = 8, seed: int = 0) -> Comparison:
    """Whether two formulas match, and by what; ``sheets`` is the number K of random sheets.

    Raises:
        ValueError: ``sheets`` is less than 1.
        RunError: the process that runs formulas does not start.
    """
    if sheets < 1:
        raise ValueError(f"sheets is {sheets}; it must be at least 1")
    for side, code in (("left", left), ("right", right)):
        verdict = LANGUAGE.check(code)
        if not verdict.accepted:
            return Comparison(False, "text", f"the {side} formula is not accepted: {verdict.message}")
    if normal_text(left) == normal_text(right):
        return Comparison(True, "text")
    equal, detail = run_guarded(left, right, sheets, seed)
    if equal is None:
        return Comparison(same_tree(left, right), "ast", detail)
    return Comparison(equal, "execution", detail)
