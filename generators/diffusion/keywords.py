"""The words that a language itself gives its programs, which paragraph denoising noises (paper, section 4.1).

They are functions of Excel, keywords and built-in functions and types of Python, keywords and commands of PowerShell.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from validators import Language, TokenKind
from validators.excel import functions
from validators.powershell.parser.tokens import KEYWORDS as POWERSHELL_KEYWORDS
from validators.python.lexer import KEYWORDS
from validators.python.words import BUILTINS

_COMMAND = re.compile(r"[A-Z][A-Za-z]*-[A-Za-z]+")  # of a verb and a noun


def keyword_spans(language: Language, code: str) -> Iterator[tuple[int, int]]:
    """Where the keywords of ``code`` begin and end, in characters."""
    before = ""
    for token in language.tokens(code):
        if token.kind is TokenKind.SPACE:
            continue
        match language.name:
            case "excel":
                found = token.kind is TokenKind.FUNCTION and functions.lookup(token.text) is not None
            case "python":
                word = token.kind in (TokenKind.NAME, TokenKind.FUNCTION) and before != "."  # no attribute
                found = token.kind is TokenKind.KEYWORD or (word and token.text in BUILTINS)
            case _:
                found = token.kind in (TokenKind.KEYWORD, TokenKind.FUNCTION)
        if found:
            yield token.start, token.start + len(token.text)
        before = token.text


def keyword_tokens(language: str, tokens: Sequence[str]) -> list[bool]:
    """Which structure tokens are keywords."""
    if language == "excel":
        return [functions.lookup(token) is not None for token in tokens]
    if language == "powershell":
        return [token in POWERSHELL_KEYWORDS or _COMMAND.fullmatch(token) is not None for token in tokens]
    before = ["", *tokens[:-1]]
    return [t in KEYWORDS or (t in BUILTINS and b != ".") for t, b in zip(tokens, before, strict=True)]
