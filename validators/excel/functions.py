"""What Excel knows of its functions: how many arguments, which of them must be references, what comes back.

The facts stand in functions.tsv, taken from Microsoft's function reference. Its columns:

- ``min``, ``max``: arguments; ``*`` is as many as a call can have, ``*2`` the same in steps of two (pairs)
- ``references``: positions from 1 that take a reference and no value; ``3+2`` means 3, 5, 7, ...
- ``returns``: ``reference`` where the result may be used as one (``A1:INDEX(B:B,3)``), otherwise ``value``
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

MAX_ARGUMENTS = 255
_PREFIXES = ("_XLFN.", "_XLWS.", "_XLUDF.")  # how files mark functions that came after the file format


@dataclass(frozen=True, slots=True, kw_only=True)
class Function:
    """The signature of one function."""

    name: str
    minimum: int
    maximum: int
    step: int  # between allowed numbers of arguments above the minimum
    references: frozenset[int]  # positions, from 1
    returns_reference: bool

    def fault(self, count: int) -> str | None:
        """What is wrong with ``count`` arguments, if anything is."""
        if self.minimum <= count <= self.maximum and (count - self.minimum) % self.step == 0:
            return None
        return f"{self.name} takes {self._allowed()}, not {count}"

    def _allowed(self) -> str:
        if self.step > 1:
            return f"{self.minimum}, {self.minimum + self.step}, ... arguments"
        if self.maximum == MAX_ARGUMENTS:
            return f"at least {_plural(self.minimum)}"
        if self.minimum == self.maximum:
            return _plural(self.minimum) if self.minimum else "no arguments"
        return f"{self.minimum} to {self.maximum} arguments"


def lookup(name: str) -> Function | None:
    """The function called ``name`` in any case and with or without a file prefix; None where Excel knows none."""
    found = _table().get(name)
    if found is not None:
        return found
    name = name.upper()
    while name.startswith(_PREFIXES):
        name = name.split(".", 1)[1]
    return _table().get(name)


def names() -> tuple[str, ...]:
    """Every function of the table, in alphabetical order."""
    return tuple(_table())


@cache
def _table() -> dict[str, Function]:
    text = Path(__file__).with_name("functions.tsv").read_text(encoding="utf-8")
    functions = (_parse(*line.split("\t")) for line in text.splitlines()[1:])
    return {function.name: function for function in functions}


def _parse(name: str, minimum: str, maximum: str, references: str, returns: str) -> Function:
    unbounded = maximum.startswith("*")
    return Function(
        name=name,
        minimum=int(minimum),
        maximum=MAX_ARGUMENTS if unbounded else int(maximum),
        step=int(maximum[1:] or 1) if unbounded else 1,
        references=frozenset(_positions(references)),
        returns_reference=returns == "reference",
    )


def _positions(text: str) -> list[int]:
    positions: list[int] = []
    for item in text.split(",") if text != "-" else []:
        first, _, step = item.partition("+")
        positions += range(int(first), MAX_ARGUMENTS + 1, int(step)) if step else [int(first)]
    return positions


def _plural(count: int) -> str:
    return f"{count} argument" if count == 1 else f"{count} arguments"
