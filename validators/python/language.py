"""The verdict of CPython's compiler on a snippet, with limits before it. Nothing is ever run."""

from __future__ import annotations

import platform
import re
import warnings
from collections.abc import Mapping

from validators.base import ACCEPTED, ErrorKind, Token, Verdict
from validators.limits import beyond_limits
from validators.python.depth import too_deep
from validators.python.lexer import MAX_CHARS, tokenize
from validators.python.sketch import sketch

MAX_DEPTH = 500
FILENAME = "<snippet>"
_IGNORE = ("ignore", None, Warning, re.compile(re.escape(FILENAME)), 0)  # as `warnings.filterwarnings` stores it
_LINE_BREAK = re.compile(r"\r\n|\r|\n")

# The first pattern found in the message of a SyntaxError names its kind (messages of CPython 3.11 to 3.14).
_KINDS = tuple(
    (kind, re.compile(pattern))
    for kind, pattern in (
        (ErrorKind.UNTERMINATED_STRING, r"^unterminated .*string"),
        (ErrorKind.TOO_DEEP, r"^too many |nested too deeply"),
        (ErrorKind.UNBALANCED, r"was never closed|^unmatched|does not match opening|f-string: expecting '}'"),
        (ErrorKind.CONTEXT, r"cannot (assign to|delete|use)|^assignment|^only single target|follows"),
        (ErrorKind.BAD_LITERAL, r"literal|\((unicode|value) error\)|^invalid digit|^Exceeds the|conversion|empty"),
        (ErrorKind.MISSING_TOKEN, r"\bexpected\b|^Missing parentheses|forgot a comma"),
    )
)


class Python:
    """Python as the running interpreter understands it."""

    name = "python"
    max_chars = MAX_CHARS

    @property
    def parsers(self) -> Mapping[str, str]:
        """The interpreter's name and version."""
        return {platform.python_implementation(): platform.python_version()}

    def check(self, code: str) -> Verdict:
        """Whether ``code`` compiles as a module: what the parser refuses and what the compiler itself refuses."""
        return beyond_limits(code, MAX_CHARS) or too_deep(code, MAX_DEPTH) or _compile(code)

    def tokens(self, code: str) -> list[Token]:
        """See `validators.python.lexer.tokenize`."""
        return tokenize(code)

    def sketch(self, code: str) -> str:
        """See `validators.python.sketch.sketch`."""
        return sketch(tokenize(code))


LANGUAGE = Python()


def _compile(code: str) -> Verdict:
    _ignore_warnings()
    try:
        compile(code, FILENAME, "exec", dont_inherit=True)
    except SyntaxError as error:
        return Verdict.reject(code, _kind(error), error.msg, _offset(code, error))
    except (RecursionError, MemoryError):
        return Verdict.reject(code, ErrorKind.TOO_DEEP, "nested too deeply for the compiler", 0)
    except (ValueError, OverflowError) as error:
        return Verdict.reject(code, ErrorKind.OTHER, str(error), 0)
    return ACCEPTED


def _ignore_warnings() -> None:
    """Make a filter for the snippet's own warnings the first one.

    A SyntaxWarning must not be printed, nor become an error under ``-W error``. ``catch_warnings`` would swap
    state that all threads share at every call; this filter matches nothing but `FILENAME` and can stay.
    """
    if not warnings.filters or warnings.filters[0] != _IGNORE:
        warnings.filterwarnings("ignore", module=re.escape(FILENAME))


def _kind(error: SyntaxError) -> ErrorKind:
    if isinstance(error, IndentationError):
        return ErrorKind.INDENTATION
    if error.text is None:  # the parser quotes the line, the compiler, which refuses what is grammatical, cannot
        return ErrorKind.CONTEXT
    return next((kind for kind, pattern in _KINDS if pattern.search(error.msg)), ErrorKind.UNEXPECTED_TOKEN)


def _offset(code: str, error: SyntaxError) -> int:
    """Where in ``code`` the error is, in characters."""
    starts = [0, *(match.end() for match in _LINE_BREAK.finditer(code))]
    number = min(max(error.lineno or 1, 1), len(starts)) - 1
    start = starts[number]
    line = code[start : starts[number + 1] if number + 1 < len(starts) else None]
    if isinstance(error, IndentationError):
        return start + len(line) - len(line.lstrip())
    if not error.offset:
        return start + len(line.rstrip())
    column = error.offset - 1
    if error.text is None:  # the compiler counts bytes, the parser characters
        column = len(line.encode()[:column].decode(errors="ignore"))
    elif error.msg.startswith("f-string") and error.text.startswith("("):
        # Before 3.12 the parser sees an f-string's expression alone, in parentheses of its own.
        column = max(0, line.find(error.text.strip()[1:-1])) + max(0, column - 1)
    return start + min(column, len(line.rstrip("\r\n")))
