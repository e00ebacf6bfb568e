"""Strings that end, brackets that have their partner, what an open one holds, arrays of constants."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from validators.base import ErrorKind
from validators.excel.faults import Fault
from validators.excel.functions import Function
from validators.excel.lexer import Lexeme


@dataclass(slots=True)
class Frame:
    """An open bracket, or the formula itself, and the argument that is being read in it."""

    opening: Lexeme  # the bracket, or the name of the function
    call: bool = False
    function: Function | None = None  # None where Excel knows none of that name
    arguments: int = 0  # that have ended
    first: Lexeme | None = None  # opens the argument; None while it is empty
    value: bool = False  # an operator has made a value of the argument
    reference: bool = False  # the last operand may be a reference
    callee: bool = False  # the last operand may be called: LAMBDA(x,x+1)(2)
    joint: str = ""  # the operator ":" or "," or " " whose right side must be a reference

    def next_argument(self) -> None:
        """Forget the argument that ended."""
        self.arguments += 1
        self.first = None
        self.value = self.reference = self.callee = False


MAX_DEPTH = 64  # levels of nesting; "Excel specifications and limits"

_OPENS = {")": "(", "]": "[", "}": "{"}


def check_brackets(lexemes: Sequence[Lexeme]) -> None:
    """Refuse a string without end, a bracket without partner, and nesting beyond `MAX_DEPTH`.

    Raises:
        Fault: the first of these.
    """
    last = lexemes[-1]
    if last.group == "string" and last.text.count('"') % 2:
        raise Fault(ErrorKind.UNTERMINATED_STRING, "no quote ends this string", last.start)
    stack: list[Lexeme] = []
    for lexeme in lexemes:
        if lexeme.group != "bracket":
            continue
        text = lexeme.text
        if text not in _OPENS:
            stack.append(lexeme)
            if len(stack) > MAX_DEPTH:
                raise Fault(ErrorKind.TOO_DEEP, f"brackets nest deeper than {MAX_DEPTH} levels", lexeme.start)
        elif not stack:
            raise Fault(ErrorKind.UNBALANCED, f"nothing opens this {text}", lexeme.start)
        elif stack[-1].text != _OPENS[text]:
            message = f"{text} does not close the {stack[-1].text} before it"
            raise Fault(ErrorKind.UNBALANCED, message, lexeme.start)
        else:
            stack.pop()
    if stack:
        raise Fault(ErrorKind.UNBALANCED, f"nothing closes this {stack[-1].text}", stack[-1].start)


def array_end(lexemes: Sequence[Lexeme], opening: int) -> int:
    """The index of the ``}`` of the array of constants whose ``{`` has the index ``opening``.

    Raises:
        Fault: something in it is no constant, or its rows differ in length.
    """
    width: int | None = None
    column = 0
    wants_constant = True
    sign = False
    index = opening
    while True:
        index += 1
        group, text, start = lexemes[index]
        if group == "space":
            continue
        if not wants_constant and text in (",", ";", "}"):
            column += 1
            if text != ",":
                if width not in (None, column):
                    message = f"this row of the array has {column} values, the one before it {width}"
                    raise Fault(ErrorKind.UNEXPECTED_TOKEN, message, start)
                width, column = column, 0
            if text == "}":
                return index
            wants_constant = True
        elif wants_constant and not sign and text in ("-", "+"):
            sign = True
        elif wants_constant and (group == "number" or (not sign and _is_constant(group, text))):
            wants_constant = sign = False
        else:
            message = f"{text} cannot stand here: an array holds constants, with commas and semicolons between them"
            raise Fault(ErrorKind.UNEXPECTED_TOKEN, message, start)


def _is_constant(group: str, text: str) -> bool:
    return group in ("string", "error") or (group == "name" and text.upper() in ("TRUE", "FALSE"))
