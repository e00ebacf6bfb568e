"""Slips with one bracket, in either language."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from generators.bifi.critic import Category
from generators.bifi.perturb.operator import Operator
from generators.bifi.perturb.source import Edit, Source
from validators import TokenKind

OPENING, CLOSING = "([{", ")]}"


class _OnBrackets(Operator):
    category: ClassVar[Category] = "brackets"

    def sites(self, source: Source) -> Sequence[int]:
        return source.sites(TokenKind.BRACKET)


class DeleteBracket(_OnBrackets):
    """A bracket is missing."""

    weight = 3.0  # more than half of the mistakes with brackets that people post
    python = (("print(max(a, b))", "print(max(a, b)"), ("x = [1, 2]", "x = 1, 2]"))
    powershell = (("if ($a) { $b }", "if ($a) { $b"), ("$x = @(1, 2)", "$x = 1, 2)"))

    def edits(self, source: Source, site: int) -> Sequence[Edit]:
        return [source.delete(site)]


class DuplicateBracket(_OnBrackets):
    """A bracket is there twice."""

    python = (("print(max(a, b))", "print(max(a, b)))"), ("x = [1, 2]", "x = [[1, 2]"))
    powershell = (("if ($a) { $b }", "if ($a) { $b }}"),)

    def edits(self, source: Source, site: int) -> Sequence[Edit]:
        return [source.insert_after(site, source.text(site)[-1])]


class ReplaceBracket(_OnBrackets):
    """A bracket of another kind, or one that opens for one that closes."""

    python = (("x = f([1, 2])", "x = f([1, 2))"), ("x = f(1)", "x = f(1("), ("x = {1: 2}", "x = [1: 2}"))
    powershell = (("$x[0]", "$x(0]"), ("if ($a) { $b }", "if ($a} { $b }"))

    def edits(self, source: Source, site: int) -> Sequence[Edit]:
        bracket = source.text(site)[-1]
        others = OPENING if bracket in OPENING else CLOSING
        mirrored = (OPENING + CLOSING)[(OPENING + CLOSING).index(bracket) - 3]
        return [source.replace(site, other) for other in others.replace(bracket, "") + mirrored]


class InsertBracket(Operator):
    """A stray bracket, before or behind some token."""

    category: ClassVar[Category] = "brackets"
    python = (("x = 1", "x = 1)"), ("c = a + b", "c = (a + b"), ("x = y[0]", "x = y[0}]"))
    powershell = (("Get-Item $path", "Get-Item $path)"), ("$a = $b", "$a = ($b"))

    def sites(self, source: Source) -> Sequence[int]:
        return source.solid

    def edits(self, source: Source, site: int) -> Sequence[Edit]:
        opened = [source.insert_before(site, bracket) for bracket in OPENING]
        return opened + [source.insert_after(site, bracket) for bracket in CLOSING]


class SwapBrackets(_OnBrackets):
    """A closing bracket and the sign behind it in the wrong order."""

    python = (("f([1])", "f([1)]"), ("if f(x):\n    pass", "if f(x:)\n    pass"))
    powershell = (("f @(1, $a[0])", "f @(1, $a[0)]"),)

    def sites(self, source: Source) -> Sequence[int]:
        return [
            i for i in super().sites(source)
            if source.text(i) in CLOSING and source.text(i + 1) not in ("", source.text(i))
            and source.text(i + 1)[-1] in ")]}:,;."
        ]  # fmt: skip

    def edits(self, source: Source, site: int) -> Sequence[Edit]:
        following = source.text(site + 1)
        return [Edit(source.tokens[site].start, source.end(site + 1), following + source.text(site))]


OPERATORS = (DeleteBracket(), DuplicateBracket(), ReplaceBracket(), InsertBracket(), SwapBrackets())
