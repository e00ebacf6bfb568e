"""Words and strings: everything of a token in which a variable or a subexpression may stand."""

from __future__ import annotations

import re
from typing import NoReturn

from validators.powershell.parser.errors import ParseError, SyntaxFault
from validators.powershell.parser.tokens import DOUBLE_QUOTES, SINGLE_QUOTES, SPACES, Mode, Token

_RUN = re.compile(f"[^{SPACES}\r\n{{}}();,|&$`{SINGLE_QUOTES}{DOUBLE_QUOTES}]+")
_WORD_NAME = re.compile(r"[^\W\d]\w*\Z")
_VERBATIM = re.compile(f"[^{SINGLE_QUOTES}]*")
_EXPANDABLE = re.compile(f"[^$`{DOUBLE_QUOTES}]*")
_HERE_EXPANDABLE = re.compile(r"[^$`\r\n]*")
_PARENS = re.compile(r"[()]")
_BRACED = re.compile(r"[^}`{]*")
_VARIABLE = re.compile(r"::(?:[\w?]|:(?!:))*|(?:[\w?]|:(?!:))+")
_HEADER = re.compile(f"[{SPACES}]*(?=\r|\n|\\Z)")
_UNICODE = re.compile(r"\{([0-9A-Fa-f]*)")
_SCOPES = frozenset(("", "global", "local", "private", "script", "using", "workflow", "variable"))
_FOOTER = {
    False: re.compile(f"(?:\r\n|\r|\n)([{SPACES}]*)[{SINGLE_QUOTES}]@"),
    True: re.compile(f"(?:\r\n|\r|\n)([{SPACES}]*)[{DOUBLE_QUOTES}]@"),
}


class Quoted:
    """The part of the tokenizer that scans words, variables and strings, from ``position`` up to ``end``."""

    __slots__ = ("end", "mode", "position", "text")

    def __init__(self, text: str, position: int, end: int) -> None:
        self.text = text
        self.position = position
        self.end = end
        self.mode = Mode.EXPRESSION

    def fail(self, id: str, message: str, start: int, end: int, *, incomplete: bool | None = None) -> NoReturn:
        """Ends the parsing with this error; it is incomplete where it reaches the text's end."""
        reaches = end >= self.end if incomplete is None else incomplete
        raise SyntaxFault(ParseError(id, message, start, end, reaches))

    def word(self, start: int, position: int) -> Token:
        """A word of which ``position`` is known to be part, or a string or variable inside it (generic_token)."""
        text, end = self.text, self.end
        parts: list[tuple[int, int]] = []
        while True:
            match = _RUN.match(text, position, end)
            if match:
                position = match.end()
            if position >= end:
                break
            char = text[position]
            if char == "$":
                position = self._expansion(position, parts)
            elif char == "`":
                position = end if position + 1 >= end and position > start else self.escape(position)
            elif char in SINGLE_QUOTES:
                position = self._verbatim_end(position, position)
            elif char in DOUBLE_QUOTES:
                position = self._expandable_end(position, position, parts)
            else:
                break
        self.position = position
        token = Token("Generic", start, position, parts or None)
        token.expands = self.mode == Mode.COMMAND
        return token

    def quoted(self, start: int) -> Token:
        """A string from its opening quote on."""
        if self.text[start] in SINGLE_QUOTES:
            self.position = self._verbatim_end(start, start)
            return Token("StringLiteral", start, self.position)
        parts: list[tuple[int, int]] = []
        self.position = self._expandable_end(start, start, parts)
        return Token("StringExpandable", start, self.position, parts or None)

    def here_string(self, start: int) -> Token:
        """A here-string from its ``@`` on (specification, 2.3.5.2)."""
        text, end = self.text, self.end
        expandable = text[start + 1] in DOUBLE_QUOTES
        header = _HEADER.match(text, start + 2, end)
        if header is None:
            place = start + 2
            while place < end and text[place] in SPACES:
                place += 1
            message = "No characters may follow the header of a here-string on its line."
            self.fail("UnexpectedCharactersAfterHereStringHeader", message, place, place + 1)
        footer = _FOOTER[expandable]
        position = header.end()
        parts: list[tuple[int, int]] = []
        blank: int | None = None
        while position < end:
            char = text[position]
            if char in "\r\n":
                close = footer.match(text, position, end)
                if close and not close[1]:
                    self.position = close.end()
                    kind = "HereStringExpandable" if expandable else "HereStringLiteral"
                    return Token(kind, start, self.position, parts or None)
                if close and blank is None:
                    blank = close.end() - 2
                position += 2 if text.startswith("\r\n", position) else 1
            elif expandable and char == "$":
                position = self._expansion(position, parts)
            elif expandable and char == "`":
                position = self.escape(position)
            else:
                match = _HERE_EXPANDABLE.match(text, position, end)
                position = max(match.end() if match else 0, position + 1)
        if blank is not None:
            message = "White space stands before the here-string's closing mark, which must open its line."
            self.fail("WhitespaceBeforeHereStringFooter", message, blank, blank + 2, incomplete=True)
        self.fail("TerminatorExpectedAtEndOfString", "The here-string has no closing mark.", start, end)

    def dollar(self, start: int, in_command: bool) -> Token:
        """What a ``$`` begins: a subexpression, a variable, or a word."""
        char = self.text[start + 1] if start + 1 < self.end else ""
        if char == "(":
            self.position = start + 2
            return Token("DollarParen", start, start + 2)
        if char == "{":
            position = self.braced_end(start)
        elif char and (char in "$^?:_" or char.isalnum()):
            position = self.variable_end(start)
        else:
            return self.word(start, start + 1)
        if in_command and position < self.end and self.goes_on(start, position):
            return self.word(start, start)
        self.position = position
        return Token("Variable", start, position)

    def goes_on(self, start: int, position: int) -> bool:
        """Whether a variable among arguments is only the start of a word: ``$a-b``, but not ``$a.b``, ``$a[0]``."""
        char = self.text[position]
        if char in ".[:" and position == start + 2 and self.text[start + 1] in "$^?":
            return True
        if char in ".[":
            return False
        if char == "=":
            return self.text[start + 1] in "{$^?"
        if char == ":":
            return not self.text.startswith("::", position)
        if char == "`":
            return self.text[position + 1 : position + 2] not in ("\r", "\n")
        return char in "$'\"" or char in DOUBLE_QUOTES or char in SINGLE_QUOTES or _RUN.match(char) is not None

    def variable_end(self, start: int) -> int:
        """Where the variable ends whose ``$`` or ``@`` stands at ``start``."""
        text, end = self.text, self.end
        if text[start + 1] in "$^?":
            return start + 2
        match = _VARIABLE.match(text, start + 1, end)
        if match is None:
            return start + 1
        stop = match.end()
        if text[stop - 1] == ":" and match[0].count(":") == 1:
            name = text[start + 1 : stop - 1].lower()
            id = "InvalidVariableReference" if name in _SCOPES else "InvalidVariableReferenceWithDrive"
            message = "A variable's name ends with ':'; to end it before the colon, enclose the name in braces."
            self.fail(id, message, start, stop, incomplete=False)
        return stop

    def braced_end(self, start: int) -> int:
        """Where ``${name}`` ends."""
        text, end = self.text, self.end
        position = start + 2
        while True:
            match = _BRACED.match(text, position, end)
            position = match.end() if match else position
            if position >= end:
                message = "The variable's name has no closing '}'."
                self.fail("IncompleteDollarVariableReference", message, start, end)
            char = text[position]
            if char == "}":
                self._check_braced(start, position)
                return position + 1
            if char == "{":
                message = "'{' in a variable's name needs a backtick before it."
                self.fail("OpenBraceNeedsToBeBackTickedInVariableName", message, position + 1, position + 2)
            position += 2

    def _check_braced(self, start: int, stop: int) -> None:
        name = self.text[start + 2 : stop]
        if not name:
            message = "'${}' names no variable."
            self.fail("EmptyVariableReference", message, stop, stop + 1, incomplete=False)
        if name[-1] == ":" and name.count(":") == 1:
            message = "The variable has a drive or a scope and no name."
            self.fail("InvalidBracedVariableReference", message, start, stop + 1, incomplete=False)

    def escape(self, position: int) -> int:
        """Behind the backtick at ``position`` and what it escapes (about_Special_Characters)."""
        text, end = self.text, self.end
        if position + 1 >= end:
            message = "A backtick ends the text and escapes nothing."
            self.fail("IncompleteString", message, end + 1, end + 1, incomplete=True)
        if text[position + 1] != "u":
            return position + (3 if text.startswith("\r\n", position + 1) else 2)
        match = _UNICODE.match(text, position + 2, end)
        if match is None or not match[1]:
            place = position + (2 if match is None else 3)
            message = "A Unicode escape is written `u{x}, with 1 to 6 hexadecimal digits."
            self.fail("InvalidUnicodeEscapeSequence", message, place, place + 1)
        place = match.end()
        if len(match[1]) > 6:
            message = "A Unicode escape has at most 6 digits."
            self.fail("TooManyDigitsInUnicodeEscapeSequence", message, position + 9, position + 10)
        if not text.startswith("}", place, end):
            id = "MissingUnicodeEscapeSequenceTerminator" if place >= end else "InvalidUnicodeEscapeSequence"
            self.fail(id, "The Unicode escape has no closing '}'.", place, place + 1)
        if int(match[1], 16) > 0x10FFFF:
            message = "The number of a Unicode escape is at most 10FFFF."
            self.fail("InvalidUnicodeEscapeSequenceValue", message, position + 3, place)
        return place + 1

    def _expansion(self, position: int, parts: list[tuple[int, int]]) -> int:
        """Behind the ``$`` at ``position`` and the variable or subexpression that it begins."""
        char = self.text[position + 1] if position + 1 < self.end else ""
        if char == "(":
            stop = self.subexpression_end(position)
        elif char == "{":
            stop = self.braced_end(position)
        elif char and (char in "$^?:_" or char.isalnum()):
            stop = self.variable_end(position)
        else:
            return position + 1
        parts.append((position, stop))
        return stop

    def subexpression_end(self, start: int) -> int:
        """Where the subexpression of a string ends: only parentheses are counted, those in quotes too."""
        position, open_parens = start + 2, 1
        while open_parens:
            match = _PARENS.search(self.text, position, self.end)
            if match is None:
                message = "The subexpression in the string has no closing ')'."
                self.fail("IncompleteDollarSubexpressionReference", message, start, self.end)
            position = match.end()
            open_parens += 1 if match[0] == "(" else -1
        return position

    def _verbatim_end(self, start: int, position: int) -> int:
        text, end = self.text, self.end
        position += 1
        while True:
            match = _VERBATIM.match(text, position, end)
            position = match.end() if match else position
            if position >= end:
                self.fail("TerminatorExpectedAtEndOfString", "The string has no closing quote.", start, end)
            if position + 1 < end and text[position + 1] in SINGLE_QUOTES:
                position += 2
            else:
                return position + 1

    def _expandable_end(self, start: int, position: int, parts: list[tuple[int, int]]) -> int:
        text, end = self.text, self.end
        position += 1
        while True:
            match = _EXPANDABLE.match(text, position, end)
            position = match.end() if match else position
            if position >= end:
                self.fail("TerminatorExpectedAtEndOfString", "The string has no closing quote.", start, end)
            char = text[position]
            if char == "$":
                position = self._expansion(position, parts)
            elif char == "`":
                position = self.escape(position) if position + 1 < end else end
            elif position + 1 < end and text[position + 1] in DOUBLE_QUOTES:
                position += 2
            else:
                return position + 1
