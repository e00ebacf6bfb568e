"""What readers of source files give, and why something is left out."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from validators import Language
from validators.diff import significant


class FileReason(StrEnum):
    """Why nothing was taken from a file."""

    UNREADABLE = "unreadable"
    NOT_A_FILE = "not a regular file"
    TOO_LARGE = "too large"
    BINARY = "binary"
    ENCODING = "encoding"
    DOES_NOT_PARSE = "does not parse"
    NOT_A_NOTEBOOK = "not a notebook"
    OTHER_LANGUAGE = "notebook of another language"
    ENCRYPTED_WORKBOOK = "encrypted workbook, or an old .xls"
    CORRUPT_WORKBOOK = "corrupt workbook"
    ZIP_BOMB = "zip bomb"


class SnippetReason(StrEnum):
    """Why a snippet was not kept."""

    TOO_SHORT = "too short"
    TOO_LONG = "too long"
    DANGLING = "dangling reference"
    DUPLICATE = "duplicate"
    DUPLICATE_SKETCH = "duplicate sketch"
    BENCHMARK = "benchmark overlap"
    DOES_NOT_PARSE = "does not parse by itself"
    SECRET = "does not parse without its secret"
    UNDECODABLE = "undecodable"  # of a model's samples
    TRIVIAL = "trivial"  # no function, keyword or operator


class SkippedFileError(Exception):
    """A file that cannot be used; the build goes on without it."""

    def __init__(self, reason: FileReason, detail: str = "") -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = " ".join(detail.split())[:200]


class Excerpt(NamedTuple):
    """A snippet as it stands in a source file."""

    code: str
    line: int | None = None  # from 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Length:
    """How long a snippet may be: in significant tokens, in lines, and, for what a token may hold, in characters."""

    min_tokens: int = 4
    max_tokens: int = 120
    max_lines: int = 20
    max_chars: int = 2_000

    def judge(self, language: Language, code: str) -> SnippetReason | None:
        """Whether a snippet is too short or too long."""
        if self._is_larger(code):
            return SnippetReason.TOO_LONG
        tokens = len(significant(language, code))
        if tokens > self.max_tokens:
            return SnippetReason.TOO_LONG
        return SnippetReason.TOO_SHORT if tokens < self.min_tokens else None

    def is_exceeded(self, language: Language, code: str) -> bool:
        """Whether a snippet is too long."""
        if len(code) <= self.max_tokens and code.count("\n") < self.max_lines:
            return False  # a token has a character at least
        return self._is_larger(code) or len(significant(language, code)) > self.max_tokens

    def _is_larger(self, code: str) -> bool:
        return len(code) > self.max_chars or code.count("\n") >= self.max_lines


def unindented(lines: list[str]) -> str:
    """Lines without the indentation of the first; one that has less, as inside a string, stays as it is."""
    indent = lines[0][: len(lines[0]) - len(lines[0].lstrip(" \t\f"))]
    return "\n".join(line.removeprefix(indent) for line in lines)
