"""Slips with Python's indentation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from generators.bifi.critic import Category
from generators.bifi.perturb.operator import Operator
from generators.bifi.perturb.source import Edit, Line, Source


class _OnLines(Operator):
    """A site is the first token of a logical line. A line alone is left as it is: it has nothing to stand out from."""

    category: ClassVar[Category] = "indentation"

    def sites(self, source: Source) -> Sequence[int]:
        return [line.first for line in source.lines] if len(source.lines) > 1 else []


class _OnIndentedLines(_OnLines):
    def sites(self, source: Source) -> Sequence[int]:
        return [line.first for line in source.lines if line.indent]


class IndentLine(_OnLines):
    """A line is a level too deep."""

    python = (("x = 1\ny = 2", "x = 1\n    y = 2"),)

    def edits(self, source: Source, site: int) -> Sequence[Edit]:
        return [source.insert_before(site, source.unit)]


class DedentLine(_OnIndentedLines):
    """A line is a level too shallow, or at the margin."""

    weight = 2.0
    python = (
        ("def f():\n    return 1", "def f():\nreturn 1"),
        ("class A:\n    def f(self):\n        pass", "class A:\n    def f(self):\npass"),
    )

    def edits(self, source: Source, site: int) -> Sequence[Edit]:
        indent = source.tokens[site - 1]
        shallower = {"", indent.text.removesuffix(source.unit)}
        return [source.replace(site - 1, text) for text in sorted(shallower) if text != indent.text]


class ShiftLine(_OnLines):
    """A line is some spaces too far to the right or to the left."""

    python = (
        ("if a:\n    b = 1\n    c = 2", "if a:\n    b = 1\n     c = 2"),
        ("if a:\n    b = 1\n    c = 2", "if a:\n    b = 1\n  c = 2"),
        ("x = 1\ny = 2", " x = 1\ny = 2"),
    )

    def edits(self, source: Source, site: int) -> Sequence[Edit]:
        edits = [source.insert_before(site, " " * spaces) for spaces in (1, 2, 3)]
        start = source.tokens[site].start
        spaces = start - len(source.code[:start].rstrip(" "))
        return edits + [Edit(start - fewer, start, "") for fewer in (1, 2, 3) if fewer < spaces]


class IndentBlock(_OnLines):
    """A line and those that belong to it, to the end of its block, are a level too deep."""

    python = (("import a\nb = 1\nc = 2", "import a\n    b = 1\n    c = 2"),)

    def edits(self, source: Source, site: int) -> Sequence[Edit]:
        return [_shifted(source, _block(source, site), source.unit)]


class DedentBlock(_OnIndentedLines):
    """A line and those that belong to it, to the end of its block, are a level too shallow."""

    weight = 2.0
    python = (
        ("for a in b:\n    c(a)\n    d(a)", "for a in b:\nc(a)\nd(a)"),
        ("try:\n    f()\nexcept E:\n    g()", "try:\nf()\nexcept E:\n    g()"),
    )

    def edits(self, source: Source, site: int) -> Sequence[Edit]:
        block = _block(source, site)
        unit = source.unit if block[0].indent.endswith(source.unit) else block[0].indent
        return [_shifted(source, block, "", unit)]


def _block(source: Source, site: int) -> list[Line]:
    """The line at ``site`` and those that follow it, as long as they are as deep."""
    at = next(i for i, line in enumerate(source.lines) if line.first == site)
    block = [source.lines[at]]
    for line in source.lines[at + 1 :]:
        if not line.indent.startswith(block[0].indent):
            break
        block.append(line)
    return block


def _shifted(source: Source, block: Sequence[Line], more: str, less: str = "") -> Edit:
    """The lines of a block with other indentation, the lines of their strings and brackets as they were."""
    pieces, at = [], block[0].start
    for line in block:
        pieces += [source.code[at : line.start], more, line.indent.removesuffix(less)]
        at = source.tokens[line.first].start
    return Edit(block[0].start, at, "".join(pieces))


OPERATORS = (IndentLine(), DedentLine(), ShiftLine(), IndentBlock(), DedentBlock())
