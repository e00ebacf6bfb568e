"""The syntax tree: one class of node, named as PowerShell names its own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any


class Node:
    """A node of the syntax tree.

    ``kind`` is the name of PowerShell's class without its ending ``Ast``, ``fields`` that class's public properties by
    their names: nodes, lists of nodes, lists of pairs of nodes, or plain values. Offsets are in characters.
    """

    __slots__ = ("end", "fields", "kind", "start")

    def __init__(self, kind: str, start: int, end: int, fields: dict[str, Any]) -> None:
        self.kind = kind
        self.start = start
        self.end = end
        self.fields = fields

    def __repr__(self) -> str:
        return f"Node({self.kind!r}, {self.start}, {self.end}, {self.fields!r})"

    def children(self) -> Iterator[Node]:
        """The nodes directly below, in the order of the fields."""
        for value in self.fields.values():
            if isinstance(value, Node):
                yield value
            elif isinstance(value, list):
                for item in value:
                    if isinstance(item, Node):
                        yield item
                    elif isinstance(item, tuple):
                        yield from (part for part in item if isinstance(part, Node))

    def walk(self) -> Iterator[Node]:
        """This node and all below it, each before what it holds."""
        waiting = [self]
        while waiting:
            node = waiting.pop()
            yield node
            waiting.extend(reversed(list(node.children())))
