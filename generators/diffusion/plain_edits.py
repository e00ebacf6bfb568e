"""Edits that need no model: there are few of each kind, and the language says which of them mend a snippet.

A quote or bracket that stands in the wrong place must leave one place and enter another, which no gap does, and where a
quote is missing, what follows is paired off wrongly: text is read as code, code as text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from generators.diffusion.edit_kinds import EditKind
from validators.powershell.parser.tokens import DASH_OPERATORS

Tokens = Sequence[str]

_QUOTES = ('"', "'")
_QUOTE = re.compile(r"[A-Za-z]*(\"\"\"|'''|\"|')")
_PAIRS = {"(": ")", "[": "]", "{": "}"}
_MOVED = frozenset("()[]{},;")
_LONGEST = 5  # tokens that a pair of quotes is put around
_BOUNDARY = re.compile(r"(?<!\w)(?=\S)|(?<=\S)(?!\w)|(?<=\w)(?=\W)")


def quoted(line: str) -> Iterator[tuple[str, int]]:
    """A line with one quote more, or with one in another place, and how many edits that is.

    More only where the number is odd: the opening or the closing one of a string is missing. Places are the boundaries
    of words and signs, within what is read as a string as well.
    """
    for quote in _QUOTES:
        if line.count(quote) % 2:
            yield from ((line[:i] + quote + line[i:], 1) for i in _boundaries(line))
        for start in (i for i, character in enumerate(line) if character == quote):
            rest = line[:start] + line[start + 1 :]
            yield from ((rest[:i] + quote + rest[i:], 2) for i in _boundaries(rest) if i != start)


def _boundaries(line: str) -> list[int]:
    return [match.start() for match in _BOUNDARY.finditer(line)]


_REFERENCES = (  # what was written, and what was meant
    (re.compile(r"(?<![\w$])(\$?[A-Za-z]{1,3})(\$?\d+):(\$?\d+)(?![\w$(])"), r"\1\2:\1\3"),  # A1:10
    (re.compile(r"(?<![\w$])(\$?[A-Za-z]{1,3}):(\$?\d+)(?![\w$(])"), r"\1\2"),  # A:10
    (re.compile(r"(?<![\w$])(\$?[A-Za-z]{1,3}) +(\$?\d+)(?![\w$(])"), r"\1\2"),  # A 10
)


def references(formula: str) -> Iterator[str]:
    """A formula in which one cell, of which a part is missing or stands apart, is whole."""
    for pattern, meant in _REFERENCES:
        for match in pattern.finditer(formula):
            yield formula[: match.start()] + match.expand(meant) + formula[match.end() :]


_WORDS = "|".join(sorted((name for name in DASH_OPERATORS if len(name) > 1), key=len, reverse=True))
_BARE_OPERATOR = re.compile(rf"(?i)(?<=\s)(?:{_WORDS})(?=\s)")
_FOREIGN_OPERATORS = {  # of other languages; each is a text, and what PowerShell writes
    "==": "-eq", "!=": "-ne", "<>": "-ne", "-neq": "-ne", ">=": "-ge", "<=": "-le", "<": "-lt", ">": "-gt",
    "&&": "-and", "||": "-or", "=": "-eq",
}  # fmt: skip
_FOREIGN_OPERATOR = re.compile("(?<=\\s)(?:" + "|".join(map(re.escape, _FOREIGN_OPERATORS)) + ")(?=\\s)")


def operators(code: str) -> Iterator[str]:
    """PowerShell in which one operator has its dash, or is no longer that of another language."""
    for match in _BARE_OPERATOR.finditer(code):
        yield f"{code[: match.start()]}-{code[match.start() :]}"
    for match in _FOREIGN_OPERATOR.finditer(code):
        yield code[: match.start()] + _FOREIGN_OPERATORS[match[0]] + code[match.end() :]


_STRING_ENDS = re.compile(r"(?=\s+-[A-Za-z]|\s*[|;)}]|\s*$)")  # in PowerShell: before a parameter, a closing sign


def closed(line: str) -> Iterator[str]:
    """A line of PowerShell whose last string ends where people end it: before what cannot be meant as its text."""
    for quote in _QUOTES:
        start = line.rfind(quote)
        if line.count(quote) % 2 and (end := _STRING_ENDS.search(line, start + 2)):
            yield line[: end.start()] + quote + line[end.start() :]


def moves(tokens: Tokens) -> Iterator[list[str]]:
    """A bracket or separator in another place."""
    for i, token in enumerate(tokens):
        if token not in _MOVED or (i and tokens[i - 1] == token):
            continue
        rest = [*tokens[:i], *tokens[i + 1 :]]
        yield from ([*rest[:place], token, *rest[place:]] for place in range(len(rest) + 1) if place != i)


def unpaired(tokens: Tokens) -> Iterator[list[str]]:
    """A pair of brackets or quotes left out."""
    open_: list[int] = []
    for i, token in enumerate(tokens):
        if token in _PAIRS:
            open_.append(i)
        elif open_ and token == _PAIRS[tokens[open_[-1]]]:
            start = open_.pop()
            yield [*tokens[:start], *tokens[start + 1 : i], *tokens[i + 1 :]]
    places = [i for i, token in enumerate(tokens) if _QUOTE.fullmatch(token)]
    for start, end in pairwise(places):
        yield [*tokens[:start], *tokens[start + 1 : end], *tokens[end + 1 :]]


def unquoted(tokens: Tokens) -> Iterator[list[str]]:
    """All quotes of a line that stands alone left out, where they are more than a pair: ``MIN("A1":"B1")``."""
    quotes = sum(_QUOTE.fullmatch(token) is not None for token in tokens)
    if quotes > 2 and not any(token.startswith("\n") for token in tokens):
        yield [token for token in tokens if not _QUOTE.fullmatch(token)]


def wrapped(tokens: Tokens) -> Iterator[list[str]]:
    """Quotes around a few tokens, and a comma before where they are a comparison: ``COUNTIF(A1:A9>3)``."""
    for start in range(1, len(tokens)):
        for end in range(start + 1, min(start + _LONGEST, len(tokens)) + 1):
            around = ['"', *tokens[start:end], '"', *tokens[end:]]
            yield [*tokens[:start], *around]
            if tokens[start] in ("<", ">", "="):
                yield [*tokens[:start], ",", *around]


def swaps(tokens: Tokens) -> Iterator[list[str]]:
    """Two neighbouring arguments in each other's place."""
    for first, middle, last in _arguments(tokens):
        one, other = tokens[first:middle], tokens[middle + 1 : last]
        if one and other:
            yield [*tokens[:first], *other, tokens[middle], *one, *tokens[last:]]


def separators(tokens: Tokens) -> Iterator[list[str]]:
    """Every semicolon a comma."""
    if tokens.count(";") > 1:
        yield ["," if token == ";" else token for token in tokens]


def _arguments(tokens: Tokens) -> Iterator[tuple[int, int, int]]:
    """Beginning of an argument, the comma behind it, end of the next argument."""
    open_: list[list[int]] = []  # of each open bracket: its own place and those of its commas
    for i, token in enumerate(tokens):
        if token == "(":
            open_.append([i])
        elif token == "," and open_:
            open_[-1].append(i)
        elif token == ")" and open_:
            places = [*open_.pop(), i]
            for a, b, c in zip(places, places[1:], places[2:], strict=False):
                yield a + 1, b, c


def plain_edits(tokens: Tokens) -> Iterator[tuple[list[str], list[EditKind] | None]]:
    """The snippet after each edit of tokens, and of what kinds that is where the single tokens do not tell."""
    for way in (moves, unpaired, wrapped):
        for made in way(tokens):
            yield made, None
    for made in swaps(tokens):
        yield made, ["swap"]
    for made in separators(tokens):
        yield made, ["separator"]
    for made in unquoted(tokens):
        yield made, ["unquote"]
