"""Two formulas side by side, sheet after sheet."""

from __future__ import annotations

from functools import lru_cache

from validators.excel.execution.engine import EngineFailure, Value, Workbook, is_error, same
from validators.excel.execution.formula import Formula, read_formula
from validators.excel.execution.localise import NotExecutable
from validators.excel.execution.sheets import Layout, Plan, make_layout, make_plan, now, values


def run(left: str, right: str, sheets: int, seed: int) -> tuple[bool | None, str]:
    """Whether two accepted formulas give the same values on every sheet, and one line about it.

    None where that cannot be told: one of them cannot be run, or nothing but errors comes out.
    """
    try:
        return _run(left, right, sheets, seed)
    except (NotExecutable, EngineFailure) as obstacle:
        return None, str(obstacle)


def _run(left: str, right: str, sheets: int, seed: int) -> tuple[bool | None, str]:
    readings: list[tuple[Formula, Formula, Layout]] = []
    for block in (False, True):  # the two things that a name may mean, by turns
        formulas = read_formula(left, block), read_formula(right, block)
        readings.append((*formulas, make_layout(*formulas)))
    first, second, layout = readings[0]
    plan = make_plan(layout, first.branching or second.branching, sheets, seed)
    informative = False
    for index in range(plan.total):
        first, second, layout = readings[index % 2]
        one, other = _value(first.text, layout, plan, index), _value(second.text, layout, plan, index)
        if not same(one, other):
            return False, f"sheet {index + 1} of {plan.total}: {_show(one)} and {_show(other)}"
        informative = informative or not is_error(one)
    if not informative:
        return None, f"nothing but errors on {plan.total} sheets"
    return True, f"the same on {plan.total} sheets"


@lru_cache(1024)
def _value(text: str, layout: Layout, plan: Plan, index: int) -> Value:
    workbook = _workbook(layout)
    workbook.fill(values(layout, plan, index), now(index))
    return workbook.evaluate(text, *layout.place(index))


@lru_cache(64)
def _workbook(layout: Layout) -> Workbook:
    """One workbook for all sheets of a layout: to fill its cells again is quicker than to make another."""
    return Workbook()


def _show(value: Value) -> str:
    text = value if isinstance(value, str) else str(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
