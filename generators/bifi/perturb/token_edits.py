"""Slips with one sign, word or quote, in either language."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from generators.bifi.critic import Category
from generators.bifi.perturb.operator import Operator
from generators.bifi.perturb.source import Edit, Source
from validators import TokenKind

_OPERANDS = (TokenKind.NAME, TokenKind.NUMBER, TokenKind.STRING, TokenKind.VARIABLE)
_SIGNS = (TokenKind.OPERATOR, TokenKind.SEPARATOR, TokenKind.BRACKET, TokenKind.KEYWORD)
_CONFUSED = {  # signs that people take for one another
    ",": (".", ";", ":"),
    ":": (";", ",", "="),
    ";": (",", ":"),
    ".": (",", "->", ":"),
    "=": (":", "-", "=>"),
    "==": ("=", "==="),
    "!=": ("!", "!=="),
    "->": ("=>", "-"),
    "::": (":", "."),
    "|": ("\\", "||"),
    "+": (".", "&"),
}


class _Slip(Operator):
    category: ClassVar[Category] = "syntax"


class DeleteComma(_Slip):
    """A comma is missing."""

    weight = 3.0
    python = (("f(a, b)", "f(a b)"), ("x = ['a', 'b', c]", "x = ['a', 'b' c]"))
    powershell = (("$x = @($a, $b)", "$x = @($a $b)"),)

    def sites(self, source: Source) -> Sequence[int]:
        return source.texts(",")

    def edits(self, source: Source, site: int) -> Sequence[Edit]:
        return [source.delete(site)]


class DuplicateSign(_Slip):
    """A comma, colon or operator is there twice."""

    python = (("f(a, b)", "f(a,, b)"), ("a.b", "a..b"), ("for i in x:\n    pass", "for i in x::\n    pass"))
    powershell = (("$x = $y.Name", "$x = $y..Name"),)

    def sites(self, source: Source) -> Sequence[int]:
        return source.sites(TokenKind.SEPARATOR, TokenKind.OPERATOR)

    def edits(self, source: Source, site: int) -> Sequence[Edit]:
        return [source.insert_after(site, source.text(site))]


class ReplaceSign(_Slip):
    """A comma, colon or operator that looks or sounds like the right one."""

    weight = 2.0
    python = (
        ("[a, b]", "[a; b]"),
        ("x = {1: 2, 3: 4}", "x = {1: 2, 3; 4}"),
        ("f(a=1)", "f(a:1)"),
        ("if a == 1:\n    pass", "if a = 1:\n    pass"),
        ("with a:\n    pass", "with a;\n    pass"),
    )
    powershell = (("@{a = 1; b = 2}", "@{a = 1, b = 2}"), ("@{a = 1}", "@{a : 1}"))

    def sites(self, source: Source) -> Sequence[int]:
        return source.texts(_CONFUSED)

    def edits(self, source: Source, site: int) -> Sequence[Edit]:
        return [source.replace(site, text) for text in _CONFUSED[source.text(site)]]


class ReverseOperator(_Slip):
    """The two signs of an operator in the wrong order, or apart."""

    python = (("a = b >= c", "a = b => c"), ("x != y", "x =! y"), ("x += 1", "x + = 1"))
    powershell = (("$x += 1", "$x + = 1"),)

    def sites(self, source: Source) -> Sequence[int]:
        return [i for i in source.sites(TokenKind.OPERATOR) if len(set(source.text(i))) == 2 == len(source.text(i))]

    def edits(self, source: Source, site: int) -> Sequence[Edit]:
        text = source.text(site)
        return [source.replace(site, text[1] + text[0]), source.replace(site, f"{text[0]} {text[1]}")]


class DeleteOperator(_Slip):
    """An operator is missing."""

    weight = 2.0
    python = (("f(a=1)", "f(a 1)"), ("x = 1", "x 1"), ("a + b", "a b"))
    powershell = (("$x = 1", "$x 1"), ("if ($a -eq 1) { $b }", "if ($a 1) { $b }"))

    def sites(self, source: Source) -> Sequence[int]:
        return source.sites(TokenKind.OPERATOR)

    def edits(self, source: Source, site: int) -> Sequence[Edit]:
        return [source.delete(site)]


class DeleteOperand(_Slip):
    """What stands beside an operator, a comma, a colon or a keyword is missing."""

    weight = 2.0
    python = (("x = 1", "x ="), ("for i in x:\n    pass", "for i in :\n    pass"), ("d = {1: a}", "d = {1: }"))
    powershell = (("$x = $y", "$x ="), ("@{a = 1; b = $c}", "@{a = ; b = $c}"))

    def sites(self, source: Source) -> Sequence[int]:
        return [
            i for i in source.sites(*_OPERANDS)
            if "\n" not in source.text(i) and (at := source.before(i)) >= 0
            and source.tokens[at].kind in (TokenKind.OPERATOR, TokenKind.SEPARATOR, TokenKind.KEYWORD)
        ]  # fmt: skip

    def edits(self, source: Source, site: int) -> Sequence[Edit]:
        return [source.delete(site)]


class SwapTokens(_Slip):
    """Two neighbours in the wrong order, one of them a sign or a keyword."""

    python = (("def f(x):\n    return x", "def f(x:)\n    return x"), ("x = 1", "= x 1"), ("a in b", "in a b"))
    powershell = (("$x = 1", "$x 1 ="), ("foreach ($a in $b) { $c }", "foreach (in $a $b) { $c }"))

    def sites(self, source: Source) -> Sequence[int]:
        return [
            i for i in source.solid
            if (j := source.after(i)) > 0 and source.text(i) != source.text(j)
            and (source.tokens[i].kind in _SIGNS or source.tokens[j].kind in _SIGNS)
            and "\n" not in source.code[source.tokens[i].start : source.end(j)]
        ]  # fmt: skip

    def edits(self, source: Source, site: int) -> Sequence[Edit]:
        other = source.after(site)
        start, end = source.end(site), source.tokens[other].start
        text = source.text(other) + source.code[start:end] + source.text(site)
        return [Edit(source.tokens[site].start, source.end(other), text)]


class StraySign(_Slip):
    """A sign that does not belong there, at the end of a line."""

    python = (("x = 1", "x = 1:"), ("f(a)\ng(b)", "f(a).\ng(b)"), ("print(x)", "print(x)**"))
    powershell = (("$x = 1", "$x = 1,"), ("Get-Date", "Get-Date|"))

    def sites(self, source: Source) -> Sequence[int]:
        return [
            i for i in source.solid
            if i + 1 == len(source.tokens) or source.tokens[i + 1].kind is TokenKind.NEWLINE
        ]  # fmt: skip

    def edits(self, source: Source, site: int) -> Sequence[Edit]:
        return [source.insert_after(site, sign) for sign in (":", ",", ".", "=", "|", ">", "**", "\\", " +", "`")]


class DeleteKeyword(_Slip):
    """A keyword is missing."""

    weight = 2.0
    python = (("for i in x:\n    pass", "for i x:\n    pass"), ("def f(x):\n    pass", "f(x):\n    pass"))
    powershell = (("foreach ($a in $b) { $c }", "foreach ($a $b) { $c }"),)

    def sites(self, source: Source) -> Sequence[int]:
        return source.sites(TokenKind.KEYWORD)

    def edits(self, source: Source, site: int) -> Sequence[Edit]:
        return [source.delete(site)]


class DuplicateKeyword(_Slip):
    """A keyword is there twice."""

    python = (("any(x for x in y)", "any(x for for x in y)"), ("import a", "import import a"))

    def sites(self, source: Source) -> Sequence[int]:
        return source.sites(TokenKind.KEYWORD)

    def edits(self, source: Source, site: int) -> Sequence[Edit]:
        return [source.insert_after(site, " " + source.text(site))]


class MisspellKeyword(_Slip):
    """A keyword with a letter lost, doubled, exchanged, or in upper case."""

    weight = 2.0
    python = (
        ("if x:\n    pass", "If x:\n    pass"),
        ("import a", "imprt a"),
        ("def f():\n    yield 1", "def f():\n    yeild 1"),
    )
    powershell = (("foreach ($a in $b) { $c }", "foreach ($a ni $b) { $c }"),)

    def sites(self, source: Source) -> Sequence[int]:
        return source.sites(TokenKind.KEYWORD)

    def edits(self, source: Source, site: int) -> Sequence[Edit]:
        word = source.text(site)
        places = range(1, len(word))
        spelled = {word.capitalize(), word + "s", word + word[-1]}
        spelled |= {word[:i] + word[i + 1 :] for i in places}
        spelled |= {word[: i - 1] + word[i] + word[i - 1] + word[i + 1 :] for i in places}
        same = str.lower if source.language == "powershell" else str
        return [source.replace(site, text) for text in sorted(spelled) if same(text) != same(word)]


class _OnStrings(_Slip):
    """A site is a string of one line."""

    def sites(self, source: Source) -> Sequence[int]:
        return [i for i in source.sites(TokenKind.STRING) if "\n" not in source.text(i) and _quote(source.text(i))]


class DeleteQuote(_OnStrings):
    """A string lost one of its quotes."""

    weight = 2.0
    python = (("f('a', 'b')", "f('a', 'b)"), ("f('a', 'b')", "f('a', b')"))
    powershell = (('Write-Host "a"', 'Write-Host "a'), ("$x = 'a b'", "$x = a b'"))

    def edits(self, source: Source, site: int) -> Sequence[Edit]:
        text = source.text(site)
        opening = text.index(_quote(text))
        return [source.replace(site, text[:-1]), source.replace(site, text[:opening] + text[opening + 1 :])]


class MixQuotes(_OnStrings):
    """A string that opens with one kind of quote and closes with the other."""

    python = (("f('a')", "f('a\")"), ('x = "a"', "x = \"a'"))

    def edits(self, source: Source, site: int) -> Sequence[Edit]:
        text = source.text(site)
        return [source.replace(site, text[:-1] + _other(_quote(text)))]


class InnerQuote(_OnStrings):
    """A quote within a string that ends it."""

    python = (('x = "don\'t"', "x = 'don't'"), ("x = 'don\\'t'", "x = 'don't'"))
    powershell = (('$x = "don\'t"', "$x = 'don't'"),)

    def sites(self, source: Source) -> Sequence[int]:
        return [
            i for i in super().sites(source)
            if _other(_quote(source.text(i))) in source.text(i) or "\\" + _quote(source.text(i)) in source.text(i)
        ]  # fmt: skip

    def edits(self, source: Source, site: int) -> Sequence[Edit]:
        text = source.text(site)
        quote = _quote(text)
        opening, other = text.index(quote), _other(quote)
        broken = [text[:opening] + other + text[opening + 1 : -1] + other] if other in text else []
        broken += [text.replace("\\" + quote, quote, 1)] if "\\" + quote in text else []
        return [source.replace(site, new) for new in broken]


def _quote(text: str) -> str:
    """The quote of a string on one line that is enclosed in two of them; empty for other strings."""
    quote = text[-1]
    return quote if quote in "'\"" and text.count(quote) >= 2 and quote * 3 not in text else ""


def _other(quote: str) -> str:
    return "'" if quote == '"' else '"'


OPERATORS = (
    DeleteComma(), DuplicateSign(), ReplaceSign(), ReverseOperator(), DeleteOperator(), DeleteOperand(), SwapTokens(),
    StraySign(), DeleteKeyword(), DuplicateKeyword(), MisspellKeyword(), DeleteQuote(), MixQuotes(), InnerQuote(),
)  # fmt: skip
