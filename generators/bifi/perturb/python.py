"""Slips with Python's grammar: headers, statements of Python 2, habits from other languages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from generators.bifi.critic import Category
from generators.bifi.perturb.operator import Operator
from generators.bifi.perturb.source import Edit, Source
from validators import TokenKind

_COMPOUND = frozenset(
    ("async", "class", "def", "elif", "else", "except", "finally", "for", "if", "try", "while", "with")
)
_ELSEWHERE = {  # what other languages write, and what sounds like it
    "and": ("&&", "&"),
    "class": ("struct", "Class"),
    "def": ("function", "func", "define", "void"),
    "elif": ("else if", "elseif", "elsif"),
    "else": ("otherwise", "else if"),
    "except": ("catch", "else"),
    "finally": ("final",),
    "for": ("foreach", "for each", "while"),
    "from": ("form", "import"),
    "import": ("include", "imports", "using"),
    "in": ("of", "=", "on", "is"),
    "is": ("in", "=", "equals"),
    "lambda": ("function", "lamda", "def"),
    "not": ("!",),
    "or": ("||", "|"),
    "raise": ("throw",),
    "while": ("until", "While"),
    "with": ("using",),
}


class _Slip(Operator):
    category: ClassVar[Category] = "syntax"


class DropColon(_Slip):
    """The header of a compound statement lacks its colon."""

    weight = 8.0
    python = (("if a:\n    b()", "if a\n    b()"), ("while f(x[1:2]): g()", "while f(x[1:2]) g()"))

    def sites(self, source: Source) -> Sequence[int]:
        sites = []
        for line in source.lines:
            if source.text(line.last) == ":":  # soft keywords too: match, case
                sites.append(line.last)
            elif source.text(line.first) in _COMPOUND:
                outer = (i for i in range(line.first, line.last) if not source.depths[i] and source.text(i) == ":")
                sites += list(outer)[:1]
        return sites

    def edits(self, source: Source, site: int) -> Sequence[Edit]:
        return [source.delete(site)]


class PrintStatement(_Slip):
    """Python 2's print."""

    weight = 40.0  # one in seven of the mistakes that people post, and few snippets print
    python = (("print(x)", "print x"), ("print('a', b)", "print 'a', b"), ("if a: print (b)", "if a: print b"))

    def sites(self, source: Source) -> Sequence[int]:
        firsts, lasts = {line.first for line in source.lines}, {line.last for line in source.lines}
        return [
            i for i in source.texts(("print", "exec"))
            if (i in firsts or source.text(source.before(i)) in (":", ";")) and self._argument(source, i).strip()
            and source.partners.get(source.after(i)) in lasts and "\n" not in self._argument(source, i)
        ]  # fmt: skip

    @staticmethod
    def _argument(source: Source, site: int) -> str:
        opening = source.after(site)
        closing = source.partners.get(opening, opening)
        return source.code[source.end(opening) : source.tokens[closing].start]

    def edits(self, source: Source, site: int) -> Sequence[Edit]:
        closing = source.partners[source.after(site)]
        return [Edit(source.end(site), source.end(closing), " " + self._argument(source, site).strip())]


class ExceptComma(_Slip):
    """Python 2's except clause, and exceptions listed without brackets."""

    weight = 10.0
    python = (
        ("try:\n    f()\nexcept E as e:\n    g()", "try:\n    f()\nexcept E, e:\n    g()"),
        ("try:\n    f()\nexcept (A, B):\n    g()", "try:\n    f()\nexcept A, B:\n    g()"),
    )

    def sites(self, source: Source) -> Sequence[int]:
        return [
            i for line in source.headers if source.text(line.first) == "except"
            for i in range(line.first, line.last)
            if source.text(i) == "as" or (source.text(i) == "(" and source.before(i) == line.first)
        ]  # fmt: skip

    def edits(self, source: Source, site: int) -> Sequence[Edit]:
        if source.text(site) == "as":
            return [Edit(source.end(source.before(site)), source.end(site), ",")]
        closing = source.partners[site]
        inner = source.code[source.end(site) : source.tokens[closing].start]
        return [Edit(source.tokens[site].start, source.end(closing), inner)]


class RaiseComma(_Slip):
    """Python 2's raise with a message."""

    python = (("raise E('no')", "raise E, 'no'"),)

    def sites(self, source: Source) -> Sequence[int]:
        return [
            line.first for line in source.lines
            if source.text(line.first) == "raise" and source.text(opening := line.first + 3) == "("
            and source.partners.get(opening) == line.last
        ]  # fmt: skip

    def edits(self, source: Source, site: int) -> Sequence[Edit]:
        closing = source.partners[site + 3]
        inner = source.code[source.end(site + 3) : source.tokens[closing].start]
        return [Edit(source.tokens[site + 3].start, source.end(closing), f", {inner}")]


class OldLiteral(_Slip):
    """Python 2's long and octal numbers, and its sign for unequal."""

    python = (("x = 10", "x = 10L"), ("x = 7", "x = 07"), ("a != b", "a <> b"))

    def sites(self, source: Source) -> Sequence[int]:
        return [i for i in source.sites(TokenKind.NUMBER) if source.text(i).isdigit()] + source.texts(("!=",))

    def edits(self, source: Source, site: int) -> Sequence[Edit]:
        text = source.text(site)
        return [source.replace(site, new) for new in (("<>",) if text == "!=" else (text + "L", "0" + text))]


class ForeignKeyword(_Slip):
    """A keyword or operator of another language, or one that sounds like the right one."""

    weight = 3.0
    python = (
        ("if a:\n    b()\nelif c:\n    d()", "if a:\n    b()\nelse if c:\n    d()"),
        ("try:\n    a()\nexcept E:\n    b()", "try:\n    a()\ncatch E:\n    b()"),
        ("if a and not b:\n    c()", "if a && not b:\n    c()"),
        ("def f(x):\n    pass", "function f(x):\n    pass"),
    )

    def sites(self, source: Source) -> Sequence[int]:
        return source.texts(_ELSEWHERE)

    def edits(self, source: Source, site: int) -> Sequence[Edit]:
        return [source.replace(site, text) for text in _ELSEWHERE[source.text(site)]]


class Declaration(_Slip):
    """An assignment as other languages write it: with a type, or by counting up."""

    python = (("x = 1", "int x = 1"), ("x = []", "var x = []"), ("i += 1", "i++"))

    def sites(self, source: Source) -> Sequence[int]:
        return [line.first for line in source.lines if source.text(source.after(line.first)) in ("=", "+=", "-=")]

    def edits(self, source: Source, site: int) -> Sequence[Edit]:
        sign = source.after(site)
        value = source.after(sign)
        if source.text(sign) != "=":
            return [Edit(source.end(site), source.end(value), source.text(sign)[0] * 2)]
        return [source.insert_before(site, f"{word} ") for word in ("int", "var", "let", "list", "string", "my")]


class StrayReturn(_Slip):
    """A statement where only an expression may stand."""

    python = (("f = lambda x: x", "f = lambda x: return x"), ("y = a if b else c", "y = a if b else return c"))

    def sites(self, source: Source) -> Sequence[int]:
        firsts = {line.first for line in source.lines}
        return [i for i in source.texts(("lambda", "else", "=")) if i not in firsts]

    def edits(self, source: Source, site: int) -> Sequence[Edit]:
        colons = (i for i in range(site, len(source.tokens)) if source.text(i) == ":")
        at = next(colons, site) if source.text(site) == "lambda" else site
        return [source.insert_after(at, f" {word}") for word in ("return", "print", "yield return")]


class MissingElse(_Slip):
    """A conditional expression without its alternative."""

    python = (("x = a if b else c", "x = a if b"),)

    def sites(self, source: Source) -> Sequence[int]:
        lasts = {line.last for line in source.lines}
        return [
            i for i in source.texts(("else",))
            if source.text(j := source.after(i)) != ":"
            and (j in lasts or source.text(source.after(j)) in (",", ")", "]", "}"))
        ]  # fmt: skip

    def edits(self, source: Source, site: int) -> Sequence[Edit]:
        return [Edit(source.end(source.before(site)), source.end(source.after(site)), "")]


class MissingTarget(_Slip):
    """A comprehension without ``for`` and its variable."""

    python = (("[x for x in y if x > 1]", "[x in y if x > 1]"),)

    def sites(self, source: Source) -> Sequence[int]:
        return [
            i for i in source.texts(("for",))
            if source.depths[i] and source.text(source.after(source.after(i))) == "in"
        ]  # fmt: skip

    def edits(self, source: Source, site: int) -> Sequence[Edit]:
        return [Edit(source.tokens[site].start, source.tokens[source.after(source.after(site))].start, "")]


class MissingParentheses(_Slip):
    """A call or a definition without its brackets."""

    weight = 2.0
    python = (("def f():\n    pass", "def f:\n    pass"), ("len('a')", "len'a'"), ("x = len(y) + 1", "x = len y + 1"))

    def sites(self, source: Source) -> Sequence[int]:
        return [
            i for i in source.texts(("(",)) if i in source.partners and source.before(i) == i - 1
            and source.tokens[i - 1].kind in (TokenKind.NAME, TokenKind.FUNCTION)
        ]  # fmt: skip

    def edits(self, source: Source, site: int) -> Sequence[Edit]:
        closing = source.partners[site]
        inner = source.code[source.end(site) : source.tokens[closing].start]
        gap = " " if inner[:1].isalnum() else ""
        return [Edit(source.tokens[site].start, source.end(closing), gap + inner)]


class BadName(_Slip):
    """A name with a hyphen, a blank or a digit where none may be."""

    weight = 2.0
    python = (("my_name = 1", "my name = 1"), ("my_name = 1", "my-name = 1"), ("x1 = f(2)", "1x = f(2)"))

    def sites(self, source: Source) -> Sequence[int]:
        return [
            i for i in source.sites(TokenKind.NAME, TokenKind.FUNCTION)
            if "_" in source.text(i).strip("_") or source.text(i)[-1].isdigit()
        ]  # fmt: skip

    def edits(self, source: Source, site: int) -> Sequence[Edit]:
        name = source.text(site)
        names = [name[-1] + name[:-1]] if name[-1].isdigit() else []
        if "_" in name.strip("_"):
            at = name.index("_", len(name) - len(name.lstrip("_")))
            names += [name[:at] + sign + name[at + 1 :] for sign in " -"]
        return [source.replace(site, text) for text in names]


class KeywordName(_Slip):
    """A keyword where a name should be."""

    python = (("x = 1", "class = 1"), ("f(x, y)", "f(x, from)"))

    def sites(self, source: Source) -> Sequence[int]:
        return source.sites(TokenKind.NAME)

    def edits(self, source: Source, site: int) -> Sequence[Edit]:
        return [source.replace(site, word) for word in ("class", "from", "in", "is", "lambda", "not", "def", "pass")]


class Prompt(_Slip):
    """The interpreter's prompt, copied along."""

    weight = 2.0
    python = (("f(x)", ">>> f(x)"), ("x = 1\ny", "x = 1\n>>> y"))

    def sites(self, source: Source) -> Sequence[int]:
        return [line.first for line in source.lines if not line.indent]

    def edits(self, source: Source, site: int) -> Sequence[Edit]:
        return [source.insert_before(site, text) for text in (">>> ", "... ")]


class BreakLine(_Slip):
    """A statement that is broken in two outside brackets, or lost the escape that would allow it."""

    python = (("x = a + b", "x = a +\nb"), ("a = 1 + \\\n    2", "a = 1 +\n    2"))

    def sites(self, source: Source) -> Sequence[int]:
        return [
            i for i in source.sites(TokenKind.SPACE)
            if not source.depths[i] and source.before(i) >= 0 and source.after(i) > 0
        ]  # fmt: skip

    def edits(self, source: Source, site: int) -> Sequence[Edit]:
        space = source.text(site)
        return [source.replace(site, "\n" + space[space.rindex("\n") + 1 :] if "\n" in space else "\n")]


class JoinLines(_Slip):
    """Two lines in one."""

    python = (("x = 1\ny = 2", "x = 1 y = 2"),)

    def sites(self, source: Source) -> Sequence[int]:
        return [line.first for line in source.lines[1:]]

    def edits(self, source: Source, site: int) -> Sequence[Edit]:
        return [Edit(source.end(source.before(site)), source.tokens[site].start, " ")]


OPERATORS = (
    DropColon(), PrintStatement(), ExceptComma(), RaiseComma(), OldLiteral(), ForeignKeyword(), Declaration(),
    StrayReturn(), MissingElse(), MissingTarget(), MissingParentheses(), BadName(), KeywordName(), Prompt(),
    BreakLine(), JoinLines(),
)  # fmt: skip
