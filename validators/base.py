"""The contract of a language: verdict, tolerant tokens, sketch.

A language never raises on any ``str``, however hostile: limits come before parsers, and what cannot be
parsed gets a rejecting `Verdict`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class ErrorKind(StrEnum):
    """Why a snippet is not accepted."""

    EMPTY = "empty"
    TOO_LONG = "too_long"
    TOO_DEEP = "too_deep"
    ENCODING = "encoding"  # NUL, lone surrogates, bidirectional controls where the language refuses them
    UNBALANCED = "unbalanced"  # a bracket without its partner
    UNTERMINATED_STRING = "unterminated_string"
    INDENTATION = "indentation"
    UNEXPECTED_TOKEN = "unexpected_token"
    MISSING_TOKEN = "missing_token"
    BAD_LITERAL = "bad_literal"
    BAD_REFERENCE = "bad_reference"  # Excel: A1:10, $B$B, a sheet name without its exclamation mark
    ARGUMENT_COUNT = "argument_count"
    ARGUMENT_TYPE = "argument_type"  # Excel: a value where only a reference is allowed
    CONTEXT = "context"  # grammatical, but not here: return outside a function
    OTHER = "other"


class TokenKind(StrEnum):
    """The class of a token; what a delexicaliser, a sketch and an operator need to know of it."""

    KEYWORD = "keyword"
    FUNCTION = "function"  # Excel function, PowerShell command
    NAME = "name"
    VARIABLE = "variable"  # PowerShell $name
    PARAMETER = "parameter"  # PowerShell -Name
    TYPE = "type"  # PowerShell [type] name
    REFERENCE = "reference"  # Excel cell, column or row reference, without sheet and without colon
    SHEET = "sheet"  # Excel sheet prefix with its exclamation mark
    STRING = "string"  # with its quotes; an unterminated one runs to the end of what can belong to it
    NUMBER = "number"
    OPERATOR = "operator"
    BRACKET = "bracket"
    SEPARATOR = "separator"
    COMMENT = "comment"
    INDENT = "indent"  # white space that opens a line, where it has meaning (Python)
    NEWLINE = "newline"
    SPACE = "space"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Token:
    """One token of a tolerant stream; the texts of a stream, joined, give the snippet back."""

    text: str
    kind: TokenKind
    start: int  # offset in characters


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a language's parser says of a snippet."""

    accepted: bool
    kind: ErrorKind | None = None
    message: str | None = None
    line: int | None = None  # from 1
    column: int | None = None  # from 1, in characters
    offset: int | None = None  # from 0, in characters

    @classmethod
    def reject(cls, code: str, kind: ErrorKind, message: str, offset: int) -> Verdict:
        """A rejection at ``offset`` characters into ``code``; line and column follow from it."""
        offset = max(0, min(offset, len(code)))
        line = code.count("\n", 0, offset) + 1
        column = offset - (code.rfind("\n", 0, offset) + 1) + 1
        return cls(False, kind, message, line, column, offset)


ACCEPTED = Verdict(accepted=True)


class Language(Protocol):
    """One programming language: what decides, how it is cut into tokens, what its sketch is."""

    name: str
    max_chars: int

    @property
    def parsers(self) -> Mapping[str, str]:
        """Name and version of everything that decides a verdict; part of the identity of the data."""
        ...

    def check(self, code: str) -> Verdict:
        """The verdict on ``code``. Never raises."""
        ...

    def tokens(self, code: str) -> list[Token]:
        """A tolerant token stream: ``"".join(t.text for t in tokens(code)) == code`` for every string."""
        ...

    def sketch(self, code: str) -> str:
        """``code`` with its constants anonymised (paper, section 4.1); equal sketches mean the same shape."""
        ...
