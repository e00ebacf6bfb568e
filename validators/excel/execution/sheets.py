"""Random typed sheets that fill what two formulas refer to.

Random sheets take turns in eight mixes of types; the first three hold nothing but numbers, since in most sheets of all
types most formulas are errors. An aimed sheet is about branches: most of its cells hold the constants that the formulas
compare them with, or the neighbours of these numbers, and the rest mostly one of few numbers, so that both equal and
unequal cells come up.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from itertools import product
from typing import NamedTuple

from schemas.ids import derive_seed
from validators.excel.execution.engine import HERE, NOON, Cell, ErrorValue, Scalar
from validators.excel.execution.formula import LAST_COLUMN, Box, Formula
from validators.excel.execution.localise import NotExecutable
from validators.excel.references import LAST_ROW

MAX_CELLS = 3000  # that two formulas may fill
MIN_AIMED, MAX_AIMED = 8, 32  # aimed sheets
AIMED_BURDEN = 1000  # of all aimed sheets: a long range holds many cases in one sheet
_HEAD, _TAIL = 12, 2  # rows or columns of a longer range that are filled
_MARGIN = 4  # at least so many more rows and columns where a formula computes the place it reads
_PLACES, _PLACE_WIDTH = 8, 128  # where formulas stand, so far apart that their arrays do not meet

_WORDS = ("apple", "Berlin", "x", "Yes", "north west")
_ERRORS = tuple(map(ErrorValue, ("Na", "Div", "Value", "Ref")))
_CRITERION = re.compile(r"(?:<>|<=|>=|[=<>])?(.*)", re.DOTALL)

_DRAWS: Mapping[str, Callable[[random.Random, datetime], Scalar]] = {
    "number": lambda rng, now: round(rng.uniform(1, 100), 6),
    "fraction": lambda rng, now: round(rng.random(), 6),
    "few": lambda rng, now: float(rng.randint(0, 2)),
    "small": lambda rng, now: float(rng.randint(-2, 9)),
    "text": lambda rng, now: rng.choice(_WORDS),
    "long text": lambda rng, now: " ".join(rng.choices(_WORDS, k=8)),
    "numeric text": lambda rng, now: str(rng.randint(0, 99)),
    "boolean": lambda rng, now: rng.random() < 0.5,
    "date": lambda rng, now: (now + timedelta(rng.choice((-400, -31, -1, 0, 1, 30)) + rng.randint(-5, 5))).date(),
    "empty": lambda rng, now: None,
    "error": lambda rng, now: rng.choice(_ERRORS),
}
# weights of the types in a random sheet; "rising" numbers grow down a column, as tables for approximate lookups do
_MIXES: tuple[Mapping[str, int], ...] = (
    {"number": 1},
    {"few": 1},
    {"rising": 1},
    {"number": 2, "small": 2, "text": 2, "date": 2, "fraction": 1},
    {"date": 2, "number": 1, "few": 1},
    {"text": 2, "long text": 2, "numeric text": 1, "fraction": 1, "small": 1},
    {"few": 3, "number": 1, "text": 1, "date": 1, "boolean": 1, "empty": 2, "error": 1},
    {"few": 3, "small": 2, "number": 1, "text": 1, "numeric text": 1, "empty": 1, "error": 1},
)
_BY_COLUMN = 3  # the mix that gives a whole column one type
_FAR = {0: 10_000.0, 1: -10_000.0}  # mixes in which a cell that only one formula refers to stands out
_HIT = 0.75  # of the cells that are compared with constants hold one in an aimed sheet; the others have one of
_REST = ("few", "number", "empty", "text", "error")
_REST_WEIGHTS = (*[(5, 4, 3, 2, 0)] * 3, (5, 4, 3, 2, 6))  # an error hides all else: in one sheet of four


@dataclass(frozen=True, slots=True, eq=False)  # a key of caches: by identity, which is quick
class Layout:
    """What two formulas refer to, and where a formula can stand."""

    cells: tuple[tuple[Cell, tuple[Scalar, ...], bool], ...]  # with values to take, and whether one formula reads it
    burden: int  # what a sheet costs, about as many units as it has cells
    column: int  # from which on all is free

    def place(self, index: int) -> tuple[int, int]:
        """Row and column of a formula on a sheet: ROW() and RAND() depend on them."""
        place = index % _PLACES
        return 2 + place, self.column + place * _PLACE_WIDTH


class Plan(NamedTuple):
    """How many sheets there are: random ones, then aimed ones; and the seed of all."""

    random: int
    aimed: int
    seed: int

    @property
    def total(self) -> int:
        """All sheets."""
        return self.random + self.aimed


def make_layout(left: Formula, right: Formula) -> Layout:
    """The layout for two formulas; their order does not matter.

    Raises:
        NotExecutable: there are too many cells, or no room for the formulas themselves.
    """
    none = frozenset[Scalar]()
    wanted = tuple(
        (box, left.wanted.get(box, none) | right.wanted.get(box, none)) for box in sorted(left.boxes | right.boxes)
    )
    return _layout(wanted, frozenset((left.boxes, right.boxes)), left.dynamic or right.dynamic)


def make_plan(layout: Layout, branching: bool, sheets: int, seed: int) -> Plan:
    """``sheets`` random sheets, and aimed ones: none without cells, few without branches or with large ranges."""
    if branching and layout.cells:
        aimed = max(MIN_AIMED, min(MAX_AIMED, AIMED_BURDEN // layout.burden))
    else:
        aimed = min(MIN_AIMED, len(layout.cells))
    return Plan(sheets, aimed, seed)


@lru_cache(256)
def values(layout: Layout, plan: Plan, index: int) -> Mapping[Cell, Scalar]:
    """The cells of sheet number ``index`` of a plan."""
    if index < plan.random:
        return dict(_random_values(layout, index, plan.seed))
    return _aimed_values(layout, plan)[index - plan.random]


def now(index: int) -> datetime:
    """The moment at which the clock of a sheet stands."""
    return NOON + timedelta(days=97 * index)


@lru_cache(1024)
def _layout(
    wanted: tuple[tuple[Box, frozenset[Scalar]], ...], sides: frozenset[frozenset[Box]], dynamic: bool
) -> Layout:
    boxes = [box for box, _ in wanted]
    offsets = {int(c) for _, constants in wanted for c in constants if isinstance(c, float) and c in range(2, 100)}
    margin = 0
    if dynamic:
        offsets |= {offset + 1 for offset in offsets}
        margin = max((_MARGIN, *offsets))
    cells: dict[Cell, dict[str, Scalar]] = {}  # values by their representation: 1.0 equals True
    for box, constants in wanted:
        aims = {repr(aim): aim for constant in constants for aim in _aims(constant)}
        for cell in _filled(box, [other for other in boxes if other.sheet == box.sheet], offsets, margin):
            cells.setdefault(cell, {}).update(aims)
        if len(cells) > MAX_CELLS:
            raise NotExecutable(f"the formulas refer to more than {MAX_CELLS} cells")
    if dynamic:
        for row, column in product(range(1, _HEAD + 1), repeat=2):
            cells.setdefault((HERE, row, column), {})
    ordered = tuple(
        (cell, tuple(v for _, v in sorted(cells[cell].items())), _apart(cell, sides)) for cell in sorted(cells)
    )
    burden = len(cells) + sum(box.area for box in boxes) // 100
    return Layout(ordered, burden, _free_column(boxes, margin))


def _random_values(layout: Layout, index: int, seed: int) -> Iterator[tuple[Cell, Scalar]]:
    rng, moment = random.Random(derive_seed(seed, "random", index)), now(index)
    number = index % len(_MIXES)
    kinds, weights = list(_MIXES[number]), list(_MIXES[number].values())
    columns: dict[tuple[str, int], str] = {}
    rising: dict[tuple[str, int], int] = {}
    for cell, _, apart in layout.cells:
        kind = rng.choices(kinds, weights)[0]
        column = (cell[0], cell[2])
        if number == _BY_COLUMN:
            kind = columns.setdefault(column, kind)
        if apart and number in _FAR:
            yield cell, _FAR[number] + rng.randint(0, 99)
        elif kind == "rising":
            rising[column] = rising.get(column, rng.randint(0, 20)) + rng.randint(1, 5)
            yield cell, float(rising[column])
        else:
            yield cell, _DRAWS[kind](rng, moment)


@lru_cache(16)
def _aimed_values(layout: Layout, plan: Plan) -> list[dict[Cell, Scalar]]:
    """The aimed sheets: a cell takes each of its values once before it takes one again, in an order of its own."""
    rng = random.Random(derive_seed(plan.seed, "aimed"))
    sheets: list[dict[Cell, Scalar]] = [{} for _ in range(plan.aimed)]
    for cell, wanted, _ in layout.cells:
        order: list[Scalar] = []
        for index, sheet in enumerate(sheets):
            if wanted and rng.random() < _HIT:
                order = order or rng.sample(wanted, len(wanted))
                sheet[cell] = order.pop()
            else:
                kind = rng.choices(_REST, _REST_WEIGHTS[index % len(_REST_WEIGHTS)])[0]
                sheet[cell] = _DRAWS[kind](rng, NOON)
    return sheets


def _aims(constant: Scalar) -> list[Scalar]:
    """What a cell may hold so that a comparison with the constant turns out either way."""
    if isinstance(constant, float):
        return [constant, constant - 1, constant + 1]
    if not isinstance(constant, str):
        return [constant]
    if constant.upper() in ("TRUE", "FALSE"):
        return [constant.upper() == "TRUE", constant]
    match = _CRITERION.fullmatch(constant)
    assert match is not None  # it matches every text
    text = match[1].replace("*", "").replace("?", "z")
    try:
        return [text, *_aims(float(text))]
    except ValueError:
        return [text, f"{text}s"] if text else [None]


def _filled(box: Box, others: Iterable[Box], offsets: set[int], margin: int) -> Iterator[Cell]:
    """The cells of a box, and of a margin below and to the right of it, that are filled."""
    sheet, top, left, bottom, right = box
    bottom, right = min(bottom + margin, LAST_ROW), min(right + margin, LAST_COLUMN)
    rows = _picked(top, bottom, [(other.top, other.bottom) for other in others], offsets)
    columns = _picked(left, right, [(other.left, other.right) for other in others], offsets)
    return ((sheet, row, column) for row in rows for column in columns)


def _picked(first: int, last: int, ends: Iterable[tuple[int, int]], offsets: Iterable[int]) -> list[int]:
    """The rows or columns from ``first`` to ``last`` that are filled: of many the first and last ones, those at which a
    constant may point, and those at or beside which another box begins or ends."""
    if last - first < _HEAD + _TAIL:
        return list(range(first, last + 1))
    picked = {*range(first, first + _HEAD), *range(last - _TAIL + 1, last + 1), *(first + n - 1 for n in offsets)}
    for start, end in ends:
        picked.update((start - 1, start, end, end + 1))
    return sorted(number for number in picked if first <= number <= last)


def _apart(cell: Cell, sides: frozenset[frozenset[Box]]) -> bool:
    """Whether only one of two formulas refers to the cell."""
    return len(sides) == 2 and len({any(box.covers(*cell) for box in boxes) for boxes in sides}) == 2


def _free_column(boxes: Iterable[Box], margin: int) -> int:
    column = max((box.right for box in boxes if box.sheet == HERE), default=0) + margin + 2
    if column > LAST_COLUMN - _PLACES * _PLACE_WIDTH:
        raise NotExecutable("the formulas leave no room on their sheet")
    return max(column, 28)
