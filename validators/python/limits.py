"""What no parser of Python gets to see: too much text, too much nesting, what is not text at all.

CPython's compiler and LibCST recurse on nested code. Past a few thousand levels the first gives up at a depth
that depends on its caller's stack, and the second overflows the native stack or runs for minutes; so a limit
well below both is checked first, and a verdict depends on the snippet alone.
"""

from __future__ import annotations

from collections.abc import Iterable

from validators.base import ErrorKind, Token, TokenKind, Verdict
from validators.python.lexer import tokenize

MAX_CHARS = 20_000
MAX_DEPTH = 500


def beyond_limits(code: str) -> Verdict | None:
    """The verdict on a snippet that no parser should see, None for all others."""
    if len(code) > MAX_CHARS:
        message = f"{len(code)} characters; at most {MAX_CHARS} are parsed"
        return Verdict.reject(code, ErrorKind.TOO_LONG, message, MAX_CHARS)
    if not code.strip():
        return Verdict.reject(code, ErrorKind.EMPTY, "no code", 0)
    if "\0" in code:
        return Verdict.reject(code, ErrorKind.ENCODING, "NUL character", code.index("\0"))
    try:
        code.encode()
    except UnicodeEncodeError as error:
        message = f"lone surrogate U+{ord(code[error.start]):04X}"
        return Verdict.reject(code, ErrorKind.ENCODING, message, error.start)
    if len(code) > MAX_DEPTH:  # n characters nest at most n deep
        depth, offset = nesting(tokenize(code))
        if depth > MAX_DEPTH:
            message = f"an expression nested {depth} deep; at most {MAX_DEPTH} levels are parsed"
            return Verdict.reject(code, ErrorKind.TOO_DEEP, message, offset)
    return None


def nesting(tokens: Iterable[Token]) -> tuple[int, int]:
    """An upper bound on how deep a syntax tree of ``tokens`` gets within a statement, and the offset of that place.

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
            case TokenKind.STRING if (body := _code_of_fstring(token.text)) is not None:
                reached = depth + nesting(tokenize(body))[0]
        if reached > deepest:
            deepest, where = reached, token.start
    return deepest, where


def _code_of_fstring(text: str) -> str | None:
    """The text inside the quotes of an f-string, None for other strings."""
    quote = min(at for at in (text.find('"'), text.find("'")) if at >= 0)
    if "f" not in text[:quote].lower():
        return None
    return text[quote:].strip(text[quote])
