"""How deep Python code is nested, without a parser.

CPython's compiler and LibCST recurse on nested code. Past a few thousand levels the first gives up at a depth
that depends on its caller's stack, and the second overflows the native stack or runs for minutes; so a limit
well below both is checked first, and a verdict depends on the snippet alone.
"""

from __future__ import annotations

from collections.abc import Iterable

from validators.base import ErrorKind, Token, TokenKind, Verdict
from validators.python.lexer import tokenize


def too_deep(code: str, max_depth: int) -> Verdict | None:
    """The verdict on code nested more than ``max_depth`` deep, None for all other."""
    if len(code) <= max_depth:
        return None  # n characters nest at most n deep
    depth, offset = nesting(tokenize(code))
    if depth <= max_depth:
        return None
    message = f"an expression nested {depth} deep; at most {max_depth} levels are parsed"
    return Verdict.reject(code, ErrorKind.TOO_DEEP, message, offset)


def nesting(tokens: Iterable[Token]) -> tuple[int, int]:
    """An upper bound on how deep the syntax tree of a statement gets, and the offset in characters of that place.

    Every bracket, operator and keyword may open a level; a comma closes those since its bracket, the end of a
    statement closes all. An ``elif`` is nested in the one before it. What an f-string holds counts as code.
    """
    deepest, where = 0, 0
    depth, elifs = 0, 0
    outer: list[int] = []  # the depth before each open bracket
    for token in tokens:
        reached = depth
        match token.kind:
            case TokenKind.BRACKET if token.text in "([{":
                outer.append(depth)
                reached = depth = depth + 1
            case TokenKind.BRACKET:
                reached = depth = (outer.pop() if outer else depth) + 1
            case TokenKind.OPERATOR | TokenKind.KEYWORD:
                elifs += token.text == "elif"
                reached = depth = depth + 1
            case TokenKind.SEPARATOR if token.text == ",":
                depth = outer[-1] + 1 if outer else elifs
            case TokenKind.SEPARATOR if token.text == ";":
                depth = elifs
            case TokenKind.NEWLINE if not outer:
                depth = elifs
            case TokenKind.STRING:
                reached = depth + nesting(tokenize(_code_in_string(token.text)))[0]
        if reached > deepest:
            deepest, where = reached, token.start
    return deepest, where


def _code_in_string(text: str) -> str:
    """The text between the quotes of an f-string; nothing for other strings."""
    quote = min(at for at in (text.find('"'), text.find("'")) if at >= 0)
    return text[quote:].strip(text[quote]) if "f" in text[:quote].lower() else ""
