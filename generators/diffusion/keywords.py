"""The words that a language itself gives its programs, which paragraph denoising noises (paper, section 4.1).

They are functions of Excel, keywords and built-in functions and types of Python, keywords and commands of PowerShell.
"""

from __future__ import annotations

from collections.abc import Iterator

from validators import Language, TokenKind
from validators.excel import functions

# Fixed here, and not read off the running interpreter: the same noise with every version of it.
_PYTHON_BUILTINS = frozenset(
    (
        *("abs", "all", "any", "ascii", "bin", "bool", "bytearray", "bytes", "callable", "chr", "classmethod"),
        *("compile", "complex", "delattr", "dict", "dir", "divmod", "enumerate", "eval", "exec", "filter", "float"),
        *("format", "frozenset", "getattr", "globals", "hasattr", "hash", "help", "hex", "id", "input", "int"),
        *("isinstance", "issubclass", "iter", "len", "list", "locals", "map", "max", "memoryview", "min", "next"),
        *("object", "oct", "open", "ord", "pow", "print", "property", "range", "repr", "reversed", "round", "set"),
        *("setattr", "slice", "sorted", "staticmethod", "str", "sum", "super", "tuple", "type", "vars", "zip"),
    )
)


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
                found = token.kind is TokenKind.KEYWORD or (word and token.text in _PYTHON_BUILTINS)
            case _:
                found = token.kind in (TokenKind.KEYWORD, TokenKind.FUNCTION)
        if found:
            yield token.start, token.start + len(token.text)
        before = token.text
