"""Formula text to lexemes: tolerant, lossless, linear in the length of the text.

Each alternative of the one pattern consumes what it looked at, or looks at most `REACH` characters ahead, and no long
run is given back once taken: no input makes it slow.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from validators.base import Token, TokenKind

MAX_CHARS = 8192  # in a formula; "Excel specifications and limits"
_REMEMBERED = 64  # formulas; verdict, distance and sketch of a pair look at the same two
REACH = 255  # the longest sheet, name or table column that is looked for

ERRORS = (
    "#NULL!", "#DIV/0!", "#VALUE!", "#REF!", "#NAME?", "#NUM!", "#N/A", "#GETTING_DATA", "#SPILL!", "#CALC!",
    "#FIELD!", "#BLOCKED!", "#CONNECT!", "#UNKNOWN!", "#BUSY!", "#PYTHON!", "#EXTERNAL!", "#TIMEOUT!",
)  # fmt: skip
# what is written, and what is meant
NOT_OPERATORS = {"==": "=", "=>": ">=", "=<": "<=", "><": "<>", "!=": "<>", "=!": "<>"}


class Lexeme(NamedTuple):
    """A token with its finer class: the group of the pattern that matched."""

    group: str
    text: str
    start: int


_COLON = r"\.?:\.?"  # the dots trim blank cells: A1:.B9
_BOOK = rf"\[[^\[\]]{{1,{REACH}}}+\]"
_SHEET = rf"[\w.]{{1,{REACH}}}+"
_NAME = rf"(?:[^\W\d]|\\)[\w.\\?]{{0,{REACH}}}+"
_GROUPS: dict[str, tuple[TokenKind, str]] = {
    "start": (TokenKind.OPERATOR, r"\A="),
    "column_name": (TokenKind.NAME, rf"(?:(?<=\[)|(?<=\[@))(?:'.|[^\[\]'\"@]){{1,{REACH}}}+(?=\])"),
    "space": (TokenKind.SPACE, r"[ \t\r\n]+"),
    "string": (TokenKind.STRING, r'"[^"]*+(?:""[^"]*+)*+"?'),
    # 'My sheet'!  [1]Sheet1!  Sheet1:Sheet3!  [Book.xlsx]!  After an exclamation mark a colon joins two cells instead.
    "sheet": (
        TokenKind.SHEET,
        rf"'(?:[^']|''){{1,{REACH}}}+'!|(?:{_BOOK})?{_SHEET}!(?!=)|(?<!!)(?:{_BOOK})?{_SHEET}:{_SHEET}!(?!=)|{_BOOK}!",
    ),
    "error": (TokenKind.OTHER, f"(?i:{'|'.join(map(re.escape, ERRORS))})"),
    "columns": (TokenKind.REFERENCE, rf"\$?[A-Za-z]{{1,3}}{_COLON}\$?[A-Za-z]{{1,3}}(?![\w$(\[?\\]|\.(?!:))"),
    "rows": (TokenKind.REFERENCE, rf"\$?[0-9]{{1,7}}{_COLON}\$?[0-9]{{1,7}}(?![\w$(.])"),
    "cell": (TokenKind.REFERENCE, r"\$?[A-Za-z]{1,3}\$?[0-9]{1,7}(?![\w$(\[?\\]|\.(?!:))"),
    "function": (TokenKind.FUNCTION, rf"{_NAME}(?=\()"),
    "part": (TokenKind.REFERENCE, r"[A-Za-z0-9]{0,10}+\$[A-Za-z0-9$]{0,20}+"),  # $B$B, A$1$, $Y, $1
    "number": (TokenKind.NUMBER, r"(?:[0-9]++\.?+[0-9]*+|\.[0-9]++)(?:[Ee][+-]?[0-9]++)?+"),
    "name": (TokenKind.NAME, _NAME),
    "operator": (TokenKind.OPERATOR, rf"<>|<=|>=|{'|'.join(NOT_OPERATORS)}|{_COLON}|[-+*/^&=<>%#@]"),
    "bracket": (TokenKind.BRACKET, r"[()\[\]{}]"),
    "separator": (TokenKind.SEPARATOR, r"[,;]"),
    "other": (TokenKind.OTHER, r"[\s\S]"),
}
_PATTERN = re.compile("|".join(f"(?P<{group}>{pattern})" for group, (_, pattern) in _GROUPS.items()))
_COLON_PATTERN = re.compile(_COLON)
_KINDS = {group: kind for group, (kind, _) in _GROUPS.items()}


@lru_cache(_REMEMBERED)
def scan(code: str) -> tuple[Lexeme, ...]:
    """The lexemes of the first `MAX_CHARS` characters; the two ends of ``A:B`` and ``1:9`` apart from their colon."""
    lexemes: list[Lexeme] = []
    append = lexemes.append
    for match in _PATTERN.finditer(code, 0, MAX_CHARS):
        group = match.lastgroup or "other"
        start = match.start()
        if group in ("columns", "rows"):
            text = match.group()
            colon = _COLON_PATTERN.search(text)
            assert colon is not None
            left, right = colon.span()
            append(Lexeme(group, text[:left], start))
            append(Lexeme("operator", text[left:right], start + left))
            append(Lexeme(group, text[right:], start + right))
        else:
            append(Lexeme(group, match.group(), start))
    return tuple(lexemes)


def tokens(code: str) -> list[Token]:
    """The token stream of ``code``; what lies beyond the longest formula is one token of the kind OTHER."""
    stream = [Token(lexeme.text, _KINDS[lexeme.group], lexeme.start) for lexeme in scan(code)]
    if len(code) > MAX_CHARS:
        stream.append(Token(code[MAX_CHARS:], TokenKind.OTHER, MAX_CHARS))
    return stream
