"""What is wrong with the meaning of a text whose syntax is right, and what is still to be looked at."""

from __future__ import annotations

from validators.powershell.parser.errors import ParseError
from validators.powershell.parser.nodes import Node
from validators.powershell.parser.tokens import Token


class Findings:
    """Collects errors of meaning while a text is parsed, and the nodes to check once it is.

    Errors come in the order of the tree, a node before what it holds, whenever they were found.
    """

    __slots__ = ("_errors", "requirements", "watched")

    def __init__(self) -> None:
        self._errors: list[tuple[int, int, ParseError]] = []
        self.watched: list[tuple[str, Node]] = []  # a check's name and what it is to check
        self.requirements: list[tuple[int, int]] = []  # the places of #requires comments

    def add(self, id: str, message: str, place: Node | Token, of: Node | None = None) -> None:
        """Notes an error at ``place``, which belongs to the node ``of`` if not to the place itself."""
        rank = place if of is None else of
        self._errors.append((rank.start, -rank.end, ParseError(id, message, place.start, place.end)))

    def watch(self, check: str, node: Node) -> None:
        """Has ``node`` checked at the end."""
        self.watched.append((check, node))

    def errors(self) -> list[ParseError]:
        """The errors in their order."""
        return [error for _, _, error in sorted(self._errors, key=lambda entry: entry[:2])]

    def __len__(self) -> int:
        return len(self._errors)

    def move(self, since: int, places: list[int]) -> None:
        """Gives all errors but the first ``since`` the places where their characters stood before."""
        for index in range(since, len(self._errors)):
            start, end, error = self._errors[index]
            moved = ParseError(error.id, error.message, places[error.start], places[error.end])
            self._errors[index] = (places[start], -places[-end], moved)
