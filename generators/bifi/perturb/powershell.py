"""Slips with PowerShell's grammar; in place of indentation, which it does not read, with spaces and line breaks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from generators.bifi.critic import Category
from generators.bifi.perturb.operator import Operator
from generators.bifi.perturb.source import Edit, Source
from validators import TokenKind

_ELSEWHERE = {  # what other languages write
    "-eq": ("=", "=="),
    "-ne": ("!=", "<>"),
    "-lt": ("<",),
    "-le": ("<=", "=<"),
    "-gt": (">",),
    "-ge": (">=", "=>"),
    "-and": ("&&", "and"),
    "-or": ("||", "or"),
    "-not": ("not",),
    "!": ("not",),
    "-match": ("=~", "~"),
    "-like": ("like", "="),
    "-f": ("%", "f"),
    "+=": ("=+", "+ ="),
    "elseif": ("else if", "elif", "elsif"),
    "foreach": ("for", "for each"),
    "function": ("def", "func"),
    "try": ("try:",),
    "catch": ("except", "catch:"),
    "in": ("of", "-in", "=", ":"),
    "return": ("return:", "return ="),
}


class _Space(Operator):
    category: ClassVar[Category] = "indentation"


class SplitToken(_Space):
    """A blank within a parameter, a variable or an operator."""

    weight = 2.0
    powershell = (
        ("if ($a -eq 1) { $b }", "if ($a - eq 1) { $b }"),
        ("$x = 1 + $y", "$x = 1 + $ y"),
        ("[Math]::PI", "[Math]: :PI"),
        ("foreach ($i in $items) { $i }", "foreach ($ i in $items) { $i }"),
    )

    def sites(self, source: Source) -> Sequence[int]:
        kinds = (TokenKind.PARAMETER, TokenKind.VARIABLE, TokenKind.OPERATOR)
        return [i for i in source.sites(*kinds) if len(source.text(i)) > 1]

    def edits(self, source: Source, site: int) -> Sequence[Edit]:
        at = source.tokens[site].start + 1
        return [Edit(at, at, " ")]


class BreakLine(_Space):
    """A line broken where it does not go on."""

    weight = 2.0
    powershell = (
        ("if ($a -eq $b) { $c }", "if ($a\n-eq $b) { $c }"),
        ("$x = ($y + 1)", "$x = ($y\n+ 1)"),
    )

    def sites(self, source: Source) -> Sequence[int]:
        return [i for i in source.sites(TokenKind.SPACE) if source.before(i) >= 0 and source.after(i) > 0]

    def edits(self, source: Source, site: int) -> Sequence[Edit]:
        return [source.replace(site, "\n")]


class JoinLines(_Space):
    """Two statements in one line with nothing between."""

    powershell = (("$x = 1\n$y = 2", "$x = 1 $y = 2"), ("$x = 1; $y = 2", "$x = 1 $y = 2"))

    def sites(self, source: Source) -> Sequence[int]:
        return source.sites(TokenKind.NEWLINE) + source.texts(";")

    def edits(self, source: Source, site: int) -> Sequence[Edit]:
        if source.text(site) == ";":
            return [source.delete(site)]
        end = source.tokens[source.after(site)].start if source.after(site) > 0 else source.end(site)
        return [Edit(source.tokens[site].start, end, " ")]


class _Slip(Operator):
    category: ClassVar[Category] = "syntax"


class ForeignOperator(_Slip):
    """A comparison, operator or keyword as other languages write it."""

    weight = 4.0
    powershell = (
        ("if ($a -ne 1) { $b }", "if ($a != 1) { $b }"),
        ("if ($a -lt 1) { $b }", "if ($a < 1) { $b }"),
        ("if ($a) { 1 } elseif ($b) { 2 }", "if ($a) { 1 } else if ($b) { 2 }"),
    )

    def sites(self, source: Source) -> Sequence[int]:
        return [i for i in source.sites(TokenKind.OPERATOR, TokenKind.KEYWORD) if source.text(i).lower() in _ELSEWHERE]

    def edits(self, source: Source, site: int) -> Sequence[Edit]:
        return [source.replace(site, text) for text in _ELSEWHERE[source.text(site).lower()]]


class MissingSigil(_Slip):
    """A variable without its sign, with that of another language, or with two."""

    weight = 2.0
    powershell = (
        ("foreach ($a in $b) { $c }", "foreach (a in $b) { $c }"),
        ("$x = $a + $b", "$x = $a + b"),
        ("$x = 1", "$$x = 1"),
    )

    def sites(self, source: Source) -> Sequence[int]:
        return [i for i in source.sites(TokenKind.VARIABLE) if source.text(i)[1:].isidentifier()]

    def edits(self, source: Source, site: int) -> Sequence[Edit]:
        name = source.text(site)[1:]
        return [source.replace(site, text) for text in (name, f"$${name}", f"{{${name}}}", f"%{name}")]


class BareCondition(_Slip):
    """A condition without its brackets."""

    powershell = (("if ($a) { $b }", "if $a { $b }"), ("foreach ($a in $b) { $c }", "foreach $a in $b { $c }"))

    def sites(self, source: Source) -> Sequence[int]:
        return [
            i for i in source.sites(TokenKind.KEYWORD)
            if source.text(source.after(i)) == "(" and source.after(i) in source.partners
        ]  # fmt: skip

    def edits(self, source: Source, site: int) -> Sequence[Edit]:
        opening = source.after(site)
        closing = source.partners[opening]
        inner = source.code[source.end(opening) : source.tokens[closing].start]
        return [Edit(source.tokens[opening].start, source.end(closing), inner)]


class StrayPipe(_Slip):
    """A pipe that leads from nothing, or to nothing."""

    weight = 0.5
    powershell = (("Get-Date", "| Get-Date"), ("Get-A | Get-B", "Get-A | | Get-B"))

    def sites(self, source: Source) -> Sequence[int]:
        return source.sites(TokenKind.FUNCTION)

    def edits(self, source: Source, site: int) -> Sequence[Edit]:
        return [source.insert_before(site, "| ")]


OPERATORS = (
    SplitToken(), BreakLine(), JoinLines(), ForeignOperator(), MissingSigil(), BareCondition(), StrayPipe(),
)  # fmt: skip
