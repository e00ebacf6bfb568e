"""What the strict layer reports when it refuses; the exception never leaves the package."""

from __future__ import annotations

from validators.base import ErrorKind
from validators.excel.lexer import Lexeme

_STRANGERS = {
    "\u201c": 'a curly quote has no meaning in a formula; strings take the straight quote "',
    "\u201d": 'a curly quote has no meaning in a formula; strings take the straight quote "',
    "\u2018": "a curly quote has no meaning in a formula; sheet names take the straight quote '",
    "\u2019": "a curly quote has no meaning in a formula; sheet names take the straight quote '",
    "'": "this quote belongs to no sheet name such as 'My sheet'!A1",
    "!": "an exclamation mark stands between a sheet name and a reference",
}


class Fault(Exception):
    """What Excel would complain of, and where."""

    def __init__(self, kind: ErrorKind, message: str, offset: int) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message
        self.offset = offset  # in characters


def operand_missing(found: Lexeme) -> Fault:
    """``found`` stands where an operand is wanted."""
    return Fault(ErrorKind.MISSING_TOKEN, f"a value is missing before {found.text}", found.start)


def operator_missing(left: Lexeme, right: Lexeme, spaced: bool) -> Fault:
    """Two operands stand side by side, ``spaced`` or not."""
    if left.group == "number" and not spaced and right.group in ("number", "name", "cell"):
        return Fault(ErrorKind.BAD_LITERAL, f"{left.text}{right.text} is not a number", left.start)
    message = f"an operator or a comma is missing before {right.text}"
    return Fault(ErrorKind.MISSING_TOKEN, message, right.start)


def not_a_range(side: Lexeme) -> Fault:
    """A value stands on one side of a colon."""
    return Fault(ErrorKind.BAD_REFERENCE, f"a colon joins references, not the value {side.text}", side.start)


def not_a_union(found: Lexeme) -> Fault:
    """A comma that separates no arguments has a value on one side."""
    message = "a comma outside the brackets of a function joins references, not values"
    return Fault(ErrorKind.UNEXPECTED_TOKEN, message, found.start)


def stranger(found: Lexeme) -> Fault:
    """A character outside of strings that formulas do not know."""
    text = found.text
    if text not in _STRANGERS and len(text) == 1 and not text.isprintable():
        message = f"the invisible character U+{ord(text):04X} stands outside a string"
        return Fault(ErrorKind.ENCODING, message, found.start)
    message = _STRANGERS.get(text, f"{text} has no meaning here")
    return Fault(ErrorKind.UNEXPECTED_TOKEN, message, found.start)
