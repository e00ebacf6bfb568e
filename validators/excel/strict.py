"""One pass over the lexemes of a formula that refuses what Excel refuses at entry.

A pushdown automaton: at any moment either an operand is wanted or an operator, and brackets open frames. Of an operand
it needs to know one thing, whether it may be a reference: ranges, unions, intersections and some arguments take no
value.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import isinf

from validators.base import ErrorKind
from validators.excel.brackets import Frame, array_end
from validators.excel.faults import Fault, not_a_range, not_a_union, operand_missing, operator_missing, stranger
from validators.excel.functions import MAX_ARGUMENTS, lookup
from validators.excel.lexer import NOT_OPERATORS, Lexeme
from validators.excel.references import TABLE_REFERENCE, is_cell, range_fault, reference_fault, sheet_fault

MAX_STRING = 255  # characters in a string of a formula; "Excel specifications and limits"

_PREFIXES = frozenset("+-@")
_INFIXES = frozenset(("+", "-", "*", "/", "^", "&", "=", "<", ">", "<=", ">=", "<>"))
_LOGICALS = frozenset(("TRUE", "FALSE"))
_BINDING = frozenset(("LET", "LAMBDA"))
_CALLABLE = _BINDING | {"IF", "IFS", "SWITCH", "CHOOSE", "INDEX"}  # their result may be a function


class Checker:
    """Reads the lexemes of one formula whose brackets are balanced."""

    def __init__(self, code: str, lexemes: Sequence[Lexeme]) -> None:
        self.code = code
        self.lexemes = lexemes
        self.index = 1  # of the lexeme being read; the first is the equals sign
        self.previous = lexemes[0]  # the last lexeme that is no space
        self.frame = Frame(lexemes[0])
        self.outer: list[Frame] = []
        self.wants_operand = True
        self.spaced = False  # white space lies before the lexeme being read
        self.space_joins = False  # white space intersects two references, or lies beside a colon

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

    def begin(self, lexeme: Lexeme) -> None:
        """An operand begins: where none is wanted, it must intersect the reference before it."""
        frame = self.frame
        if not self.wants_operand:
            if not (self.spaced and frame.reference):
                raise operator_missing(self.previous, lexeme, self.spaced)
            frame.joint = " "
            self.space_joins = True
        frame.first = frame.first or lexeme

    def end(self, lexeme: Lexeme, *, reference: bool, callee: bool = False) -> None:
        """The operand that began is complete."""
        frame = self.frame
        if frame.joint and not reference:
            if frame.joint == " ":
                raise operator_missing(self.previous, lexeme, True)
            raise not_a_range(lexeme) if frame.joint == ":" else not_a_union(lexeme)
        frame.joint = ""
        frame.reference = reference
        frame.callee = callee
        self.wants_operand = False

    def operand(self, lexeme: Lexeme, *, reference: bool) -> None:
        """An operand of one lexeme."""
        self.begin(lexeme)
        self.end(lexeme, reference=reference)

    def following(self) -> Sequence[Lexeme]:
        """The next two lexemes, as far as there are any."""
        return self.lexemes[self.index + 1 : self.index + 3]

    def read_string(self, lexeme: Lexeme) -> None:
        if len(lexeme.text) > MAX_STRING + 2 and len(lexeme.text[1:-1].replace('""', '"')) > MAX_STRING:
            raise Fault(ErrorKind.BAD_LITERAL, f"a string holds at most {MAX_STRING} characters", lexeme.start)
        self.operand(lexeme, reference=False)

    def read_number(self, lexeme: Lexeme) -> None:
        if isinf(float(lexeme.text)):
            raise Fault(ErrorKind.BAD_LITERAL, f"{lexeme.text} is too large a number", lexeme.start)
        self.operand(lexeme, reference=False)

    def read_error(self, lexeme: Lexeme) -> None:
        self.operand(lexeme, reference=lexeme.text.upper() == "#REF!")

    def read_reference(self, lexeme: Lexeme) -> None:
        fault = reference_fault(lexeme.group, lexeme.text)
        if fault is not None:
            raise Fault(ErrorKind.BAD_REFERENCE, fault, lexeme.start)
        self.operand(lexeme, reference=True)

    def read_sheet(self, lexeme: Lexeme) -> None:
        """A sheet only begins an operand; what it is a sheet of ends it."""
        if self.spaced and not self.wants_operand and self.previous.group in ("name", "number"):
            message = f"a sheet name with a space stands in quotes: '{self.previous.text} {lexeme.text[:-1]}'!"
            raise Fault(ErrorKind.BAD_REFERENCE, message, self.previous.start)
        fault = sheet_fault(lexeme, self.following())
        if fault is not None:
            raise Fault(ErrorKind.BAD_REFERENCE, fault, lexeme.start)
        self.begin(lexeme)
        self.wants_operand = True

    def read_name(self, lexeme: Lexeme) -> None:
        match self.following():
            case [Lexeme(text="[") as bracket, *_]:
                self.begin(lexeme)
                self.index += 1
                self.read_table(bracket)
            case [Lexeme(group="space"), Lexeme(text="(")] if lookup(lexeme.text) is not None:
                self.index += 2  # Excel drops the space of SUM (A1)
                self.open_call(lexeme)
            case _:
                self.operand(lexeme, reference=lexeme.text.upper() not in _LOGICALS)

    def read_table(self, bracket: Lexeme) -> None:
        """A structured reference from its opening bracket on."""
        match = TABLE_REFERENCE.match(self.code, bracket.start)
        if match is None:
            message = "the brackets of a table hold a column, such as Sales[Price] or [@Price]"
            raise Fault(ErrorKind.BAD_REFERENCE, message, bracket.start)
        while self.lexemes[self.index].start < match.end() - 1:
            self.index += 1
        self.end(bracket, reference=True)

    def read_operator(self, lexeme: Lexeme) -> None:
        text, frame = lexeme.text, self.frame
        if text in NOT_OPERATORS:
            message = f"{text} is no operator of Excel; {NOT_OPERATORS[text]} is"
            raise Fault(ErrorKind.UNEXPECTED_TOKEN, message, lexeme.start)
        if self.wants_operand:
            if frame.joint or text not in _PREFIXES:
                raise operand_missing(lexeme)
            frame.first = frame.first or lexeme
            frame.value = frame.value or text != "@"
        elif text in _INFIXES:
            frame.value, self.wants_operand = True, True
        elif text == "%":
            frame.value, frame.reference = True, False
        elif text == "#":
            if not frame.reference:
                raise Fault(ErrorKind.UNEXPECTED_TOKEN, "# for a spilled range follows a reference", lexeme.start)
        elif text == "@":
            raise operator_missing(self.previous, lexeme, self.spaced)
        else:
            self.read_colon()

    def read_colon(self) -> None:
        following = self.following()
        spaced = bool(following) and following[0].group == "space"
        if len(following) > spaced:
            fault = range_fault(self.previous, following[spaced])
            if fault is not None:
                raise Fault(ErrorKind.BAD_REFERENCE, fault, self.previous.start)
        if not self.frame.reference:
            raise not_a_range(self.previous)
        self.frame.joint = ":"
        self.space_joins = self.space_joins or self.spaced or spaced
        self.wants_operand = True

    def read_bracket(self, lexeme: Lexeme) -> None:
        text = lexeme.text
        if text == ")":
            self.close(lexeme)
        elif text == "(":
            called = self.frame.callee and not self.wants_operand and not self.spaced
            if not called:
                self.begin(lexeme)
            self.open(Frame(lexeme, call=called))
        elif text == "{":
            self.begin(lexeme)
            self.index = array_end(self.lexemes, self.index)
            self.end(lexeme, reference=False)
        else:
            self.begin(lexeme)
            self.read_table(lexeme)

    def read_function(self, name: Lexeme) -> None:
        self.index += 1  # its bracket
        self.open_call(name)

    def open_call(self, name: Lexeme) -> None:
        function = lookup(name.text)
        if function is None and is_cell(name.text):
            raise operator_missing(name, self.lexemes[self.index], False)
        self.begin(name)
        self.open(Frame(name, call=True, function=function))

    def open(self, frame: Frame) -> None:
        self.outer.append(self.frame)
        self.frame = frame
        self.wants_operand = True

    def close(self, bracket: Lexeme) -> None:
        frame = self.frame
        if frame.call:
            reference, callee = self.close_call(bracket)
        elif self.wants_operand:
            raise operand_missing(bracket)
        else:
            reference, callee = frame.reference and not frame.value, frame.callee
        self.frame = self.outer.pop()
        self.end(frame.opening, reference=reference, callee=callee)

    def close_call(self, bracket: Lexeme) -> tuple[bool, bool]:
        """End the call; whether its result may be a reference, and whether it may be a function."""
        frame = self.frame
        if frame.first is not None or frame.arguments:
            self.end_argument(bracket)
            frame.next_argument()
        function = frame.function
        if function is None:
            return True, True
        fault = function.fault(frame.arguments)
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
            frame.next_argument()
        elif self.wants_operand:
            raise operand_missing(lexeme)
        elif not frame.reference:
            raise not_a_union(lexeme)
        else:
            frame.joint = ","
        self.wants_operand = True

    def end_argument(self, ending: Lexeme) -> None:
        """The argument before ``ending`` is complete, and a reference where the function takes no value."""
        frame = self.frame
        first, function, position = frame.first, frame.function, frame.arguments + 1
        if self.wants_operand and first is not None:
            raise operand_missing(ending)
        if function is not None and position in function.references and (frame.value or not frame.reference):
            found = "nothing" if first is None else "a value"
            message = f"{function.name} takes a reference as argument {position}, not {found}"
            raise Fault(ErrorKind.ARGUMENT_TYPE, message, (first or ending).start)
        if position > MAX_ARGUMENTS:
            message = f"a function takes at most {MAX_ARGUMENTS} arguments"
            raise Fault(ErrorKind.ARGUMENT_COUNT, message, (first or ending).start)

    def check_binding(self, comma: Lexeme) -> None:
        """LET names its values and LAMBDA its parameters; ``[name]`` is a parameter that may be left out."""
        frame = self.frame
        binder = frame.function.name if frame.function is not None else ""
        if binder not in _BINDING or (binder == "LET" and frame.arguments % 2):
            return
        name = frame.first or comma
        optional = binder == "LAMBDA" and name.text == "["
        if not optional and (name.group != "name" or name is not self.previous or name.text.upper() in _LOGICALS):
            message = f"{binder} takes a name as argument {frame.arguments + 1}"
            raise Fault(ErrorKind.ARGUMENT_TYPE, message, name.start)

    def read_stranger(self, lexeme: Lexeme) -> None:
        raise stranger(lexeme)


_READERS: Mapping[str, Callable[[Checker, Lexeme], None]] = {
    "string": Checker.read_string,
    "number": Checker.read_number,
    "error": Checker.read_error,
    "columns": Checker.read_reference,
    "rows": Checker.read_reference,
    "cell": Checker.read_reference,
    "part": Checker.read_reference,
    "sheet": Checker.read_sheet,
    "name": Checker.read_name,
    "function": Checker.read_function,
    "operator": Checker.read_operator,
    "bracket": Checker.read_bracket,
    "separator": Checker.read_separator,
    "column_name": Checker.read_stranger,
    "other": Checker.read_stranger,
}
