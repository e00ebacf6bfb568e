"""A tolerant lexer for Python.

One regular expression, linear in the text. On correct code it agrees with the standard library's
``tokenize``; on broken code it does what keeps the untouched rest of a snippet cut as before, so that one
edit stays one edit: it never looks at how brackets nest, and an unterminated string ends with its line.
(A grammar-driven tokenizer does neither: error recovery drops and re-cuts text far from the mistake.)
"""

from __future__ import annotations

import keyword
import re

from validators.base import Token, TokenKind

MAX_CHARS = 20_000
KEYWORDS = frozenset(keyword.kwlist)

_STRING = r"""
    (?:[rR][bBfF]?|[bBfF][rR]?|[uU])?
    (?:\"\"\" [^\\"]* (?:(?:\\.?|"(?!""))[^\\"]*)* (?:\"\"\"|\Z)
    |  ''' [^\\']* (?:(?:\\.?|'(?!''))[^\\']*)* (?:'''|\Z)
    |  " [^\\"\r\n]* (?:\\(?:\r\n|.)?[^\\"\r\n]*)* "?
    |  ' [^\\'\r\n]* (?:\\(?:\r\n|.)?[^\\'\r\n]*)* '?)
"""
_NUMBER = r"""
    0[xX][\da-fA-F_]+ | 0[bB][01_]+ | 0[oO][0-7_]+
    | (?:[0-9][0-9_]*(?:\.[0-9_]*)? | \.[0-9][0-9_]*) (?:[eE][+-]?[0-9][0-9_]*)? [jJ]?
"""
_TOKEN = re.compile(
    rf"""
    (?P<string>{_STRING})
    | (?P<number>{_NUMBER})
    | (?P<name>[^\W\d]\w*)
    | (?P<comment>\#[^\r\n]*)
    | (?P<newline>\r\n|\r|\n)
    | (?P<space>(?:[ \t\f]|\\(?:\r\n|\r|\n))+)
    | (?P<bracket>[()\[\]{{}}])
    | (?P<operator>\*\*=?|//=?|>>=?|<<=?|!=|->|:=|\.\.\.|[-+*/%@&|^=<>]=?|[~.])
    | (?P<separator>[,:;])
    | (?P<other>.)
    """,
    re.VERBOSE | re.DOTALL,
)


def tokenize(code: str) -> list[Token]:
    """The tokens of ``code``, which joined give it back.

    INDENT is white space before the first token of a line, brackets or not; blank and comment lines have
    SPACE. ``.``, ``=``, ``->`` and ``...`` are operators; ``,``, ``:`` and ``;`` are separators. FUNCTION is
    a name directly before an opening parenthesis, unless ``def`` or ``class`` introduces it. Text too long to be
    judged is one OTHER.
    """
    if len(code) > MAX_CHARS:
        return [Token(code, TokenKind.OTHER, 0)]
    tokens: list[Token] = []
    line_opens, introduced = True, False
    for match in _TOKEN.finditer(code):
        text, start, end = match.group(), match.start(), match.end()
        kind = TokenKind(match.lastgroup or "other")
        if kind is TokenKind.NAME:
            if text in KEYWORDS:
                kind = TokenKind.KEYWORD
            elif code.startswith("(", end) and not introduced:
                kind = TokenKind.FUNCTION
        elif kind is TokenKind.SPACE and line_opens and end < len(code) and code[end] not in "#\r\n":
            kind = TokenKind.INDENT
        if kind is not TokenKind.SPACE:
            introduced = text in ("def", "class")
        line_opens = kind is TokenKind.NEWLINE
        tokens.append(Token(text, kind, start))
    return tokens
