"""One pass over the lexemes of a formula that refuses what Excel refuses at entry.

A pushdown automaton: at any moment either an operand is wanted or an operator, and brackets open frames. Of an operand
it needs to know one thing, whether it may be a reference: ranges, intersections, unions and some arguments take no value.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import isinf

from validators.base import ErrorKind
from validators.excel.brackets import array_end
from validators.excel.faults import Fault
from validators.excel.functions import MAX_ARGUMENTS, Function, lookup
from validators.excel.lexer import NOT_OPERATORS, Lexeme
from validators.excel.references import TABLE_REFERENCE, grid_fault, is_cell, range_fault

MAX_STRING = 255  # characters in a string of a formula; "Excel specifications and limits"

_INFIXES = frozenset(("+", "-", "*", "/", "^", "&", "=", "<", ">", "<=", ">=", "<>"))
_AFTER_SHEET = frozenset(("cell", "columns", "rows", "part", "name", "function", "error"))
_CALLABLE = frozenset(("LAMBDA", "LET", "IF", "IFS", "SWITCH", "CHOOSE", "INDEX"))  # their result may be a function
_BINDING = frozenset(("LET", "LAMBDA"))
_LOGICALS = frozenset(("TRUE", "FALSE"))
_NO_NAMES = _LOGICALS | {"R", "C"}  # R and C stand for the row and the column in the other notation of references
_STRANGERS = {
    "\u201c": "a curly quote; strings take the straight quote \"",
    "\u201d": "a curly quote; strings take the straight quote \"",
    "\u2018": "a curly quote; sheet names take the straight quote '",
    "\u2019": "a curly quote; sheet names take the straight quote '",
    "'": "a quote that belongs to no sheet name such as 'My sheet'!A1",
    "!": "an exclamation mark without a sheet name before it or a reference behind it",
    "#": "no error value such as #N/A",
}  # fmt: skip


@dataclass(slots=True)
class Frame:
    """An open bracket, or the formula itself, and the argument that is being read in it."""

    opening: Lexeme  # the bracket, or the name of the function
    call: bool = False
    function: Function | None = None  # None where Excel knows none of that name
    separators: int = 0
    first: Lexeme | None = None  # opens the argument; None while it is empty
    value: bool = False  # an operator has made a value of the argument
    reference: bool = False  # the last operand may be a reference
    callee: bool = False  # the last operand may be called: LAMBDA(x,x+1)(2)
    joint: str = ""  # ":" or " " where the next operand must be a reference

    def next_argument(self) -> None:
        """Forget the argument that ended."""
        self.separators += 1
        self.first = None
        self.value = self.reference = self.callee = False


class Checker:
    """Reads the lexemes of one formula, whose brackets are balanced; `run` raises the first `Fault`."""

    def __init__(self, code: str, lexemes: list[Lexeme]) -> None:
        self.code = code
        self.lexemes = lexemes
        self.index = 1  # of the lexeme being read; the first is the equals sign
        self.previous = lexemes[0]  # the last lexeme that is no space
        self.frame = Frame(lexemes[0])
        self.outer: list[Frame] = []
        self.wants_operand = True
        self.spaced = False  # white space lies before the lexeme being read

    def run(self) -> None:
        """Read everything.

        Raises:
            Fault: the first thing that Excel refuses.
        """
        lexemes, count = self.lexemes, len(self.lexemes)
        while self.index < count:
            lexeme = lexemes[self.index]
            if lexeme.group == "space":
                self.spaced = True
            else:
                _READERS[lexeme.group](self, lexeme)
                self.spaced = False
                self.previous = lexemes[self.index]
            self.index += 1
        if self.wants_operand:
            raise Fault(ErrorKind.MISSING_TOKEN, "the formula ends where a value is wanted", len(self.code))
        if self.frame.separators:
            self.check_union(self.previous)

    # Operands

    def begin(self, lexeme: Lexeme) -> None:
        """An operand begins: where none is wanted, it must intersect the reference before it."""
        frame = self.frame
        if not self.wants_operand:
            if not (self.spaced and frame.reference):
                raise self.missing_operator(lexeme)
            frame.joint = " "
        if frame.first is None:
            frame.first = lexeme

    def end(self, lexeme: Lexeme, *, reference: bool, callee: bool = False) -> None:
        """An operand that began is complete."""
        frame = self.frame
        if frame.joint:
            if not reference:
                raise self.missing_operator(lexeme) if frame.joint == " " else self.not_a_range(lexeme)
            frame.joint = ""
        frame.reference = reference
        frame.callee = callee
        self.wants_operand = False

    def read_string(self, lexeme: Lexeme) -> None:
        if len(lexeme.text) > MAX_STRING + 2 and len(lexeme.text[1:-1].replace('""', '"')) > MAX_STRING:
            raise Fault(ErrorKind.BAD_LITERAL, f"a string holds at most {MAX_STRING} characters", lexeme.start)
        self.begin(lexeme)
        self.end(lexeme, reference=False)

    def read_number(self, lexeme: Lexeme) -> None:
        if isinf(float(lexeme.text)):
            raise Fault(ErrorKind.BAD_LITERAL, f"{lexeme.text} is too large a number", lexeme.start)
        self.begin(lexeme)
        self.end(lexeme, reference=False)

    def read_error(self, lexeme: Lexeme) -> None:
        self.begin(lexeme)
        self.end(lexeme, reference=lexeme.text.upper() == "#REF!")

    def read_reference(self, lexeme: Lexeme) -> None:
        fault = grid_fault(lexeme.group, lexeme.text)
        if fault is not None:
            raise Fault(ErrorKind.BAD_REFERENCE, fault, lexeme.start)
        self.begin(lexeme)
        self.end(lexeme, reference=True)

    def read_sheet(self, lexeme: Lexeme) -> None:
        if self.spaced and not self.wants_operand and self.previous.group in ("name", "number"):
            name = f"{self.previous.text} {lexeme.text[:-1]}"
            message = f"a sheet name with a space stands in quotes: '{name}'!"
            raise Fault(ErrorKind.BAD_REFERENCE, message, self.previous.start)
        follower = self.lexemes[self.index + 1] if self.index + 1 < len(self.lexemes) else None
        if follower is None or follower.group not in _AFTER_SHEET:
            message = f"{lexeme.text} must be followed by a reference or a name"
            raise Fault(ErrorKind.BAD_REFERENCE, message, lexeme.start)
        # The reference begins here; white space counts before the sheet, there is none behind it.
        self.begin(lexeme)
        self.wants_operand = True

    def read_name(self, lexeme: Lexeme) -> None:
        following = self.lexemes[self.index + 1 : self.index + 3]
        if following and following[0].text == "[":
            self.begin(lexeme)
            self.index += 1
            self.read_table(following[0])
        elif len(following) == 2 and following[0].group == "space" and following[1].text == "(" and lookup(lexeme.text):
            self.index += 2  # Excel drops the space of SUM (A1)
            self.open_call(lexeme)
        else:
            self.begin(lexeme)
            self.end(lexeme, reference=lexeme.text.upper() not in _LOGICALS)

    def read_table(self, bracket: Lexeme) -> None:
        """A structured reference from its opening bracket on."""
        match = TABLE_REFERENCE.match(self.code, bracket.start)
        if match is None:
            message = "the brackets of a table hold a column, such as Sales[Price] or [@Price]"
            raise Fault(ErrorKind.BAD_REFERENCE, message, bracket.start)
        while self.lexemes[self.index].start < match.end() - 1:
            self.index += 1
        self.end(bracket, reference=True)

    def read_array(self, bracket: Lexeme) -> None:
        self.begin(bracket)
        self.index = array_end(self.lexemes, self.index)
        self.end(bracket, reference=False)

    # Operators

    def read_operator(self, lexeme: Lexeme) -> None:
        text, frame = lexeme.text, self.frame
        if text in NOT_OPERATORS:
            message = f"{text} is no operator of Excel; {NOT_OPERATORS[text]} is"
            raise Fault(ErrorKind.UNEXPECTED_TOKEN, message, lexeme.start)
        if self.wants_operand:
            if frame.joint or text not in "+-@":
                raise self.missing_operand(lexeme)
            frame.first = frame.first or lexeme
            frame.value = frame.value or text != "@"
        elif ":" in text:
            self.read_colon(lexeme)
        elif text == "#":
            if not frame.reference:
                raise Fault(ErrorKind.UNEXPECTED_TOKEN, "# for a spilled range follows a reference", lexeme.start)
        elif text == "%":
            frame.value, frame.reference = True, False
        elif text in _INFIXES:
            frame.value, self.wants_operand = True, True
        else:
            raise self.missing_operator(lexeme)

    def read_colon(self, colon: Lexeme) -> None:
        following = (lexeme for lexeme in self.lexemes[self.index + 1 :] if lexeme.group != "space")
        right = next(following, colon)
        fault = range_fault(self.previous, right)
        if fault is not None:
            raise Fault(ErrorKind.BAD_REFERENCE, fault, self.previous.start)
        if not self.frame.reference:
            raise self.not_a_range(self.previous)
        self.frame.joint = ":"
        self.wants_operand = True

    # Brackets and separators

    def read_bracket(self, lexeme: Lexeme) -> None:
        text = lexeme.text
        if text == ")":
            self.close(lexeme)
        elif text == "{":
            self.read_array(lexeme)
        elif text == "[":
            self.begin(lexeme)
            self.read_table(lexeme)
        elif text == "(" and not self.wants_operand and self.frame.callee and not self.spaced:
            self.open(Frame(lexeme, call=True))
        elif text == "(":
            self.begin(lexeme)
            self.open(Frame(lexeme))
        else:
            raise Fault(ErrorKind.UNEXPECTED_TOKEN, f"{text} has no meaning here", lexeme.start)

    def read_function(self, name: Lexeme) -> None:
        self.index += 1
        self.open_call(name)

    def open_call(self, name: Lexeme) -> None:
        function = lookup(name.text)
        if function is None and is_cell(name.text):
            raise self.missing_operator(self.lexemes[self.index])
        self.begin(name)
        self.open(Frame(name, call=True, function=function))

    def open(self, frame: Frame) -> None:
        self.outer.append(self.frame)
        self.frame = frame
        self.wants_operand = True

    def close(self, bracket: Lexeme) -> None:
        frame = self.frame
        if not self.outer:
            raise Fault(ErrorKind.UNBALANCED, "nothing opens this )", bracket.start)
        if frame.call:
            reference, callee = self.close_call(bracket)
        else:
            if self.wants_operand:
                raise self.missing_operand(bracket)
            if frame.separators:
                self.check_union(bracket)
            reference, callee = frame.reference and not frame.value, frame.callee
        self.frame = self.outer.pop()
        self.end(frame.opening, reference=reference, callee=callee)

    def close_call(self, bracket: Lexeme) -> tuple[bool, bool]:
        """End the call: whether its result may be a reference, whether it may be a function."""
        frame = self.frame
        count = 0 if frame.first is None and not frame.separators else frame.separators + 1
        if count:
            self.end_argument(bracket)
        function = frame.function
        if function is None:
            return True, True
        fault = function.fault(count)
        if fault is not None:
            raise Fault(ErrorKind.ARGUMENT_COUNT, fault, frame.opening.start)
        return function.returns_reference, function.name in _CALLABLE

    def read_separator(self, lexeme: Lexeme) -> None:
        frame = self.frame
        if lexeme.text == ";":
            message = "a semicolon separates the rows of an array; arguments are separated by commas"
            raise Fault(ErrorKind.UNEXPECTED_TOKEN, message, lexeme.start)
        if frame.call:
            self.end_argument(lexeme)
            self.check_binding(lexeme)
        elif self.wants_operand:
            raise self.missing_operand(lexeme)
        else:
            self.check_union(lexeme)
        frame.next_argument()
        self.wants_operand = True

    def end_argument(self, ending: Lexeme) -> None:
        """The argument that ``ending`` ends is complete, and a reference where the function takes no value."""
        frame = self.frame
        first, function = frame.first, frame.function
        position = frame.separators + 1
        if self.wants_operand and first is not None:
            raise self.missing_operand(ending)
        if function is not None and position in function.references and (frame.value or not frame.reference):
            message = f"{function.name} takes a reference as argument {position}, not {'nothing' if first is None else 'a value'}"
            raise Fault(ErrorKind.ARGUMENT_TYPE, message, (first or ending).start)
        if position > MAX_ARGUMENTS:
            message = f"a function takes at most {MAX_ARGUMENTS} arguments"
            raise Fault(ErrorKind.ARGUMENT_COUNT, message, (first or ending).start)

    def check_binding(self, comma: Lexeme) -> None:
        """LET names its values and LAMBDA its parameters; ``[name]`` is a parameter that may be left out."""
        frame = self.frame
        if frame.function is None or frame.function.name not in _BINDING:
            return
        if frame.function.name == "LET" and frame.separators % 2:
            return
        name = frame.first or comma
        optional = frame.function.name == "LAMBDA" and name.text == "["
        if not optional and (name.group != "name" or name is not self.previous or name.text.upper() in _NO_NAMES):
            message = f"{frame.function.name} wants a name as argument {frame.separators + 1}"
            raise Fault(ErrorKind.ARGUMENT_TYPE, message, name.start)

    def check_union(self, ending: Lexeme) -> None:
        """Outside the brackets of a function a comma joins references, and nothing else."""
        frame = self.frame
        if frame.value or not frame.reference:
            message = "a comma outside the brackets of a function joins references only"
            raise Fault(ErrorKind.UNEXPECTED_TOKEN, message, ending.start)

    # What is wrong

    def read_stranger(self, lexeme: Lexeme) -> None:
        known = _STRANGERS.get(lexeme.text)
        if known is None and not lexeme.text.isprintable():
            message = f"the invisible character U+{ord(lexeme.text):04X} stands outside a string"
            raise Fault(ErrorKind.ENCODING, message, lexeme.start)
        raise Fault(ErrorKind.UNEXPECTED_TOKEN, known or f"{lexeme.text} has no meaning in a formula", lexeme.start)

    def missing_operand(self, lexeme: Lexeme) -> Fault:
        return Fault(ErrorKind.MISSING_TOKEN, f"a value is missing before {lexeme.text}", lexeme.start)

    def missing_operator(self, lexeme: Lexeme) -> Fault:
        if self.previous.group == "number" and not self.spaced and lexeme.group in ("number", "name", "cell"):
            message = f"{self.previous.text}{lexeme.text} is not a number"
            return Fault(ErrorKind.BAD_LITERAL, message, self.previous.start)
        message = f"an operator or a comma is missing before {lexeme.text}"
        return Fault(ErrorKind.MISSING_TOKEN, message, lexeme.start)

    def not_a_range(self, lexeme: Lexeme) -> Fault:
        return Fault(ErrorKind.BAD_REFERENCE, f"a range needs a reference on each side, not {lexeme.text}", lexeme.start)


_READERS: Mapping[str, Callable[[Checker, Lexeme], None]] = {
    "start": Checker.read_operator,
    "string": Checker.read_string,
    "sheet": Checker.read_sheet,
    "error": Checker.read_error,
    "columns": Checker.read_reference,
    "rows": Checker.read_reference,
    "cell": Checker.read_reference,
    "part": Checker.read_reference,
    "function": Checker.read_function,
    "number": Checker.read_number,
    "name": Checker.read_name,
    "column_name": Checker.read_stranger,
    "operator": Checker.read_operator,
    "bracket": Checker.read_bracket,
    "separator": Checker.read_separator,
    "other": Checker.read_stranger,
}
