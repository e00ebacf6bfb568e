"""What an operator is: it finds its sites in a formula; drawing one and editing the text are not its business."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from math import lcm
from typing import ClassVar, NamedTuple, Protocol

from generators.flame.formula import Formula


class Edit(NamedTuple):
    """The text between two offsets, in characters, becomes another."""

    start: int
    stop: int
    text: str


Edits = tuple[Edit, ...]  # of one text, in its order, without overlap
"""One way of breaking a formula, or of undoing that."""


class Sites(Protocol):
    """All that an operator can do to a formula; each has the same chance to be drawn."""

    def __len__(self) -> int: ...

    def __getitem__(self, index: int, /) -> Edits: ...


class LazySites:
    """Sites that are made when they are drawn, where there are too many to list."""

    def __init__(self, count: int, make: Callable[[int], Edits]) -> None:
        self._count = count
        self._make = make

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, index: int, /) -> Edits:
        return self._make(index)


class EvenSites:
    """Sites of several kinds. Each kind has the same share, however many sites it has, as they recur."""

    def __init__(self, kinds: Sequence[Sites]) -> None:
        self.kinds = [sites for sites in kinds if len(sites)]
        self._count = len(self.kinds) * lcm(*map(len, self.kinds)) if self.kinds else 0

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, index: int, /) -> Edits:
        place, kind = divmod(index, len(self.kinds))
        sites = self.kinds[kind]
        return sites[place % len(sites)]


class Example(NamedTuple):
    """One thing that an operator does: documentation, and a test."""

    fixed: str
    broken: str
    accepted: bool = False  # whether the validator takes the broken text all the same


class Operator(ABC):
    """One of the paper's operators."""

    name: ClassVar[str]  # the paper's, in small letters
    examples: ClassVar[tuple[Example, ...]]

    @abstractmethod
    def sites(self, formula: Formula) -> Sites:
        """Where and how this operator can break ``formula``; none where it does not apply. Never raises."""


class Applied(NamedTuple):
    """A text after its edits, and the edits that take it back."""

    text: str
    inverse: Edits


def apply(text: str, edits: Edits) -> Applied:
    """Edit ``text``. ``apply(*apply(text, edits))`` gives ``text`` and ``edits`` again."""
    parts: list[str] = []
    inverse: list[Edit] = []
    done = shift = 0
    for start, stop, new in edits:
        parts += text[done:start], new
        inverse.append(Edit(start + shift, start + shift + len(new), text[start:stop]))
        shift += len(new) - (stop - start)
        done = stop
    parts.append(text[done:])
    return Applied("".join(parts), tuple(inverse))


def replace(start: int, stop: int, *texts: str) -> list[Edits]:
    """A site for each text that can stand in place of what lies between two offsets."""
    return [(Edit(start, stop, text),) for text in texts]
