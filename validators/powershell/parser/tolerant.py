"""The tokens of any text, right or broken."""

from __future__ import annotations

import re

from validators.powershell.parser.errors import SyntaxFault
from validators.powershell.parser.findings import Findings
from validators.powershell.parser.statements import Parser
from validators.powershell.parser.tokens import DOUBLE_QUOTES, SINGLE_QUOTES, Token

REREAD = 2
"""How often a text and `SHORT` characters more may be read again; then the rest is taken as it stands."""
SHORT = 100

_UNTERMINATED = "TerminatorExpectedAtEndOfString"
_QUOTES = f"@{SINGLE_QUOTES}{DOUBLE_QUOTES}"
_CLOSED = re.compile(f"[{DOUBLE_QUOTES}](?:[^`{DOUBLE_QUOTES}]|`.|[{DOUBLE_QUOTES}]{{2}})*[{DOUBLE_QUOTES}]", re.DOTALL)
_PIECES = (
    ("StringLiteral", re.compile(f"[{SINGLE_QUOTES}][^\r\n]*")),
    ("StringExpandable", re.compile(f"[{DOUBLE_QUOTES}][^\r\n]*")),
    ("Variable", re.compile(r"\$[\w?:]+")),
    ("Number", re.compile(r"[0-9]\w*")),
    ("Generic", re.compile(f"[^\\s{{}}();,|&$`{SINGLE_QUOTES}{DOUBLE_QUOTES}]+")),
)
_TO_THE_END = frozenset(
    (
        *("IncompleteDollarSubexpressionReference", "IncompleteDollarVariableReference"),
        "WhitespaceBeforeHereStringFooter",
    )
)


def tokenize(code: str) -> list[Token]:
    """The tokens of ``code``: those of `parse` where that accepts it, without the EndOfInput.

    Behind an error the text is read on as if a statement began at the token that cannot stand there. A string without
    its closing quote ends with its line, whatever else has no end runs to the end of the text, and what begins no token
    is an Unknown of one character. An error may lie far behind the token that it spoils, as where a string has no end;
    once the text between the two adds up to about `REREAD` times the length, the rest is one Unknown. Never raises; the
    cost is linear in the length.
    """
    tokens: list[Token] = []
    position, spare = 0, REREAD * (len(code) + SHORT)
    while True:
        parser = Parser(code, position, len(code), 0, Findings())
        parser.precise = False
        try:
            parser.script()
        except SyntaxFault as fault:
            token = _unread(code, parser, fault)
            tokens += parser.lexer.tokens
            if token is not None:
                tokens.append(token)
            position = max(tokens[-1].end if tokens else 0, position)
            spare -= max(0, parser.reached(fault) - position)
            if spare < 0:
                return _rest(code, tokens)
        else:
            tokens += parser.lexer.tokens
            return [token for token in tokens if token.kind != "EndOfInput"]


def _rest(code: str, tokens: list[Token]) -> list[Token]:
    """The tokens, and what stands behind them as one."""
    behind = tokens[-1].end if tokens else 0
    return [*tokens, Token("Unknown", behind, len(code))] if behind < len(code) else tokens


def _unread(code: str, parser: Parser, fault: SyntaxFault) -> Token | None:
    """The token that the parser had before it when it gave up; None if it had consumed it."""
    ahead = parser.ahead
    if ahead is not None and ahead.kind == "EndOfInput":
        return None
    if ahead is not None:
        longer = ahead.end < fault.error.start < len(code)  # it was being cut anew, as the start of a word
        return Token("Generic", ahead.start, fault.error.start) if longer else ahead
    try:
        token = parser.lexer.scan()
    except SyntaxFault as own:
        return _piece(code, parser.lexer.position, own)
    return None if token.kind == "EndOfInput" else token


def _piece(code: str, start: int, fault: SyntaxFault) -> Token:
    """What stands at ``start``, where the tokenizer found an error."""
    id = fault.error.id
    if id == "MissingTerminatorMultiLineComment":
        return Token("Comment", fault.error.start, len(code))
    if fault.error.start >= start and (id in _TO_THE_END or (id == _UNTERMINATED and code[start] == "@")):
        return Token("Unknown", start, len(code))
    if code[start] not in _QUOTES and start < fault.error.start < len(code):
        return Token("Generic", start, fault.error.start)
    if id != _UNTERMINATED and (match := _CLOSED.match(code, start)):
        return Token("StringExpandable", start, match.end())
    for kind, pattern in _PIECES:
        match = pattern.match(code, start)
        if match:
            return Token(kind, start, match.end())
    return Token("Unknown", start, start + 1)
