"""The tokens of a PowerShell snippet in the classes that all languages share."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from validators.base import Token, TokenKind
from validators.powershell import parser
from validators.powershell.parser.tokens import KEYWORDS, STRINGS, WORDS

MAX_CHARS = 100_000

_BRACKETS = frozenset(
    (
        *("LParen", "RParen", "LCurly", "RCurly", "LBracket", "RBracket"),
        *("AtParen", "AtCurly", "DollarParen", "QuestionLBracket"),
    )
)
_KINDS: Mapping[str, TokenKind] = {
    "Variable": TokenKind.VARIABLE,
    "SplattedVariable": TokenKind.VARIABLE,
    "Parameter": TokenKind.PARAMETER,
    "Number": TokenKind.NUMBER,
    "Comma": TokenKind.SEPARATOR,
    "Semi": TokenKind.SEPARATOR,
    "Comment": TokenKind.COMMENT,
    "NewLine": TokenKind.NEWLINE,
    "LineContinuation": TokenKind.SPACE,
    "Label": TokenKind.NAME,
    "Unknown": TokenKind.OTHER,
    **dict.fromkeys(STRINGS, TokenKind.STRING),
    **dict.fromkeys(_BRACKETS, TokenKind.BRACKET),
    **dict.fromkeys(WORDS, TokenKind.NAME),
    **dict.fromkeys(KEYWORDS.values(), TokenKind.NAME),
}
_FLAGS: Mapping[str, TokenKind] = {
    "CommandName": TokenKind.FUNCTION,
    "TypeName": TokenKind.TYPE,
    "TypeName, AttributeName": TokenKind.TYPE,
    "Keyword": TokenKind.KEYWORD,
}
_SIGNS_OF_COMMANDS = ("%", "?")  # the aliases of ForEach-Object and Where-Object
_STOP_PARSING = "--%"
_NAMED = re.compile(r"\w")
_BETWEEN = re.compile(r"(?P<newline>\r\n|[\r\n])|(?P<space>(?:[^\S\r\n]|`(?:\r\n|[\r\n]))+)|(?P<other>(?s:.))")


def tokenize(code: str) -> list[Token]:
    """The tokens of ``code``, which joined give it back.

    They are PowerShell's own (`validators.powershell.parser.tokenize`), with the white space between them: FUNCTION is
    the name of a command, PARAMETER ``-Name``, TYPE a type's or an attribute's name, NAME any other bare word and a
    member. Any sign that is no bracket is an OPERATOR; what stands behind ``--%`` is one OTHER. A string is one token,
    whatever expands in it; one without its closing quote runs to the end of its line. Text too long to be judged is one
    OTHER.
    """
    if len(code) > MAX_CHARS:
        return [Token(code, TokenKind.OTHER, 0)]
    tokens: list[Token] = []
    for token in _covering(code):
        before = tokens[-1] if tokens else None
        if before and token.kind is before.kind is TokenKind.SPACE:
            tokens[-1] = Token(before.text + token.text, TokenKind.SPACE, before.start)
        else:
            tokens.append(token)
    return tokens


def _covering(code: str) -> Iterator[Token]:
    """The tokens, and what stands between them."""
    place = 0
    verbatim = False
    for token in parser.tokenize(code):
        if token.start > place:
            yield from _between(code, place, token.start)
        text = code[token.start : token.end]
        if text:
            kind = TokenKind.OTHER if verbatim and token.kind == "Generic" else _kind(token, text)
            yield Token(text, kind, token.start)
        verbatim = text == _STOP_PARSING
        place = token.end
    yield from _between(code, place, len(code))


def _kind(token: parser.Token, text: str) -> TokenKind:
    kind = _KINDS.get(token.kind, TokenKind.OPERATOR)
    if text == _STOP_PARSING:
        return TokenKind.OPERATOR
    if kind not in (TokenKind.NAME, TokenKind.OPERATOR):
        return kind
    flag = _FLAGS.get(token.flags, kind)
    is_sign = flag is TokenKind.FUNCTION and text not in _SIGNS_OF_COMMANDS and not _NAMED.search(text)
    return TokenKind.OPERATOR if is_sign else flag  # the second "=" of "==" is a command to PowerShell


def _between(code: str, start: int, end: int) -> Iterator[Token]:
    for match in _BETWEEN.finditer(code, start, end):
        yield Token(match.group(), TokenKind(match.lastgroup or "other"), match.start())
