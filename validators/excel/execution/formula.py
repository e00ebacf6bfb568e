"""What a formula needs of a sheet: the cells it refers to, and the constants they are compared with."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import formualizer

from validators.excel.execution.engine import HERE, Scalar, column_number, constants_of, is_known
from validators.excel.execution.localise import NotExecutable, localise
from validators.excel.references import LAST_COLUMN as LAST_LETTERS
from validators.excel.references import LAST_ROW

LAST_COLUMN = column_number(LAST_LETTERS)

_REFERENCE = re.compile(r"(?:'((?:[^']|'')+)'!)?([A-Z]{1,3})([0-9]+)(?::([A-Z]{1,3})([0-9]+))?")
_ADDRESS = re.compile(  # "B2", "'My sheet'!B"
    r"(?:'?([^'!]+)'?!)?\$?([A-Z]{1,3})\$?([0-9]{0,7})(?::\$?([A-Z]{1,3})\$?([0-9]{0,7}))?"
)
_ADDRESSED_ROWS = 14  # where the row is computed: INDIRECT("B"&ROW())
_COMPARISONS = frozenset(("=", "<>", "<", ">", "<=", ">="))
_RESULTS = {  # arguments that are answers: no cell is compared with them
    "IF": slice(1, None),
    "IFS": slice(1, None, 2),
    "IFERROR": slice(1, None),
    "IFNA": slice(1, None),
    "CHOOSE": slice(1, None),
    "SWITCH": slice(2, None, 2),
}
_PLAIN = frozenset(("SUM", "AVERAGE", "PRODUCT"))  # functions that decide nothing
_DYNAMIC = frozenset(("OFFSET", "INDIRECT"))
_INCONSTANT = _DYNAMIC | {"NOW", "TODAY", "RAND", "RANDBETWEEN", "RANDARRAY", "ROW", "COLUMN", "CELL", "LET"}
_NOT_BY_VALUE = frozenset(("HYPERLINK",))  # its value is a caption; what matters is where it leads


class Box(NamedTuple):
    """A rectangle of cells."""

    sheet: str
    top: int
    left: int
    bottom: int
    right: int

    @property
    def area(self) -> int:
        """How many cells lie in the box."""
        return (self.bottom - self.top + 1) * (self.right - self.left + 1)

    def covers(self, sheet: str, row: int, column: int) -> bool:
        """Whether a cell lies in the box."""
        return self.sheet == sheet and self.top <= row <= self.bottom and self.left <= column <= self.right


@dataclass(frozen=True, slots=True)
class Formula:
    """A formula that the engine can run."""

    text: str  # localised
    boxes: frozenset[Box]
    wanted: Mapping[Box, frozenset[Scalar]]  # the constants that cells of a box are compared with
    dynamic: bool  # it computes the place it reads
    branching: bool  # it may decide something: it compares, or calls a function that may


@lru_cache(4096)
def read_formula(code: str, block: bool) -> Formula:
    """The accepted formula ``code``, localised with names as blocks of cells or as single ones.

    Raises:
        NotExecutable: the engine cannot run it.
    """
    text = localise(code, block)
    try:
        tree = formualizer.parse(text)
    except formualizer.ParserError as error:
        raise NotExecutable(f"formualizer: {error}") from error
    reader = _Reader()
    boxes, _, _ = reader.visit(tree)
    wanted = {box: frozenset(constants) for box, constants in reader.wanted.items()}
    return Formula(text, frozenset(boxes), wanted, reader.dynamic, reader.branching)


class _Reader:
    """Walks a tree once, from the leaves up."""

    def __init__(self) -> None:
        self.wanted: dict[Box, set[Scalar]] = {}
        self.dynamic = False
        self.branching = False

    def visit(self, node: formualizer.ASTNode) -> tuple[list[Box], list[formualizer.ASTNode], bool]:
        """The boxes below ``node``, the constant trees that nothing has been compared with, whether it is constant."""
        function = node.get_function_name() or ""
        if function in _NOT_BY_VALUE or (function and not is_known(function)):
            raise NotExecutable(f"{function} is not run")
        self.dynamic |= function in _DYNAMIC
        self.branching |= node.get_operator() in _COMPARISONS or (function != "" and function not in _PLAIN)
        reference = node.get_reference_string()
        if reference is not None:
            box = _box(reference)
            return ([box] if box else []), [], False
        children = node.children()
        visited = [self.visit(child) for child in children]
        if function not in _INCONSTANT and all(is_constant for _, _, is_constant in visited):
            return [], [node], True
        boxes = [box for below, _, _ in visited for box in below]
        if function == "INDIRECT":
            boxes += [box for text in _texts(node) if (box := _addressed(text.upper())) is not None]
        results = range(len(children))[_RESULTS.get(function, slice(0, 0))]
        constants = [tree for index, (_, below, _) in enumerate(visited) if index not in results for tree in below]
        if not function and node.get_operator() not in _COMPARISONS:
            return boxes, constants, False  # A1+1 may be compared above
        self._compare(boxes, constants, flags=not function)
        return boxes, [], False

    def _compare(self, boxes: list[Box], trees: Iterable[formualizer.ASTNode], *, flags: bool) -> None:
        """Note what the cells of the boxes are compared with; a logical argument of a function is a mere switch."""
        if boxes:
            values = {value for tree in trees for value in constants_of(tree, flags=flags)}
            for box in boxes:
                self.wanted.setdefault(box, set()).update(values)


def _box(reference: str) -> Box | None:
    """The cells of a localised reference; None for a name that LET gives."""
    match = _REFERENCE.fullmatch(reference)
    if match is None:
        return None
    sheet, left, top, right, bottom = match.groups()
    columns = [column_number(left), column_number(right or left)]
    rows = [int(top), int(bottom or top)]
    return Box((sheet or HERE).replace("''", "'"), min(rows), min(columns), max(rows), max(columns))


def _texts(node: formualizer.ASTNode) -> Iterator[str]:
    """The strings in a tree."""
    if node.node_type() == "Literal" and isinstance(node.get_literal_value(), str):
        yield str(node.get_literal_value())
    for child in node.children():
        yield from _texts(child)


def _addressed(text: str) -> Box | None:
    """The cells at which a text points that INDIRECT takes, whole or in parts."""
    match = _ADDRESS.fullmatch(text)
    if match is None:
        return None
    sheet, left, top, right, bottom = match.groups()
    columns = [column_number(left), column_number(right or left)]
    rows = [int(top or 1), int(bottom or (top if right is None else "") or _ADDRESSED_ROWS)]
    if min(rows) < 1 or max(rows) > LAST_ROW or max(columns) > LAST_COLUMN:
        return None
    return Box(sheet or HERE, min(rows), min(columns), max(rows), max(columns))
