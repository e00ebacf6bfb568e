"""The tokenizer: it cuts one token at a time, in the mode that the parser has set.

A token's cut depends on the mode: ``a+b`` is one word among a command's arguments, ``$a+$b`` three tokens of an
expression (about_Parsing). The parser may set the tokenizer back to where a token began and have it cut in another
mode.
"""

from __future__ import annotations

import re

from validators.powershell.parser.numbers import Numbers
from validators.powershell.parser.tokens import (
    DASH_OPERATORS,
    DASHES,
    DOUBLE_QUOTES,
    KEYWORDS,
    SINGLE_QUOTES,
    SPACES,
    Mode,
    Token,
)

_SPACE = re.compile(f"[{SPACES}]+")
_IDENTIFIER = re.compile(r"[^\W\d]\w*")
_TYPE_NAME = re.compile(r"[^\W\d][\w.`+#\\]*")
_AFTER_WORD = re.compile(f"[{SPACES}\r\n{{}}();,|&]|\\Z")  # ends a word in either mode
_DASH_WORD = re.compile(f"[{DASHES}]([A-Za-z]+)(?![^\\W\\d])")
_PARAMETER = re.compile(f"[{DASHES}][^\\W\\d]")
_PARAMETER_REST = re.compile(f"[^{SPACES}\r\n{{}}();,|&.\\[:{SINGLE_QUOTES}{DOUBLE_QUOTES}]*:?")
_LABEL = re.compile(r":[^\W\d]\w*")
_SPLATTED = re.compile(r"@[\w?^$:]")
_MERGING = re.compile(r"[1-6*]>&[12]")
_NUMBERED = re.compile(r"[1-6]>>?")
_STAR = re.compile(r"\*>>?")
_REDIRECTION = re.compile(r">>?")
_LINE_COMMENT = re.compile(r"[^\r\n]*")
_REQUIRES = re.compile(r"#requires(?!\w)", re.IGNORECASE)
_PLAIN = {
    "(": "LParen",
    ")": "RParen",
    "{": "LCurly",
    "}": "RCurly",
    ";": "Semi",
    ",": "Comma",
    "]": "RBracket",
    "[": "LBracket",
    "=": "Equals",
}
_ALWAYS = frozenset("(){};,")
_SIGNS = {
    "+": (("++", "PlusPlus"), ("+=", "PlusEquals"), ("+", "Plus")),
    "*": (("*=", "MultiplyEquals"), ("*", "Multiply")),
    "/": (("/=", "DivideEquals"), ("/", "Divide")),
    "%": (("%=", "RemainderEquals"), ("%", "Rem")),
    "?": (*(("??=", "QuestionQuestionEquals"), ("??", "QuestionQuestion"), ("?", "QuestionMark")),),
    ":": (("::", "ColonColon"), (":", "Colon")),
    "!": (("!", "Exclaim"),),
    "|": (("||", "OrOr"), ("|", "Pipe")),
    "&": (("&&", "AndAnd"), ("&", "Ampersand")),
    "<": (("<", "RedirectInStd"),),
}
_QUOTES = SINGLE_QUOTES + DOUBLE_QUOTES
_BLANK = SPACES + "\r\n"


class Tokenizer(Numbers):
    """Cuts ``text`` up to ``end``, from ``position`` on. Comments and line continuations go to ``trivia``'s list."""

    __slots__ = ("requires", "tokens")

    def __init__(self, text: str, position: int, end: int, requires: list[tuple[int, int]]) -> None:
        super().__init__(text, position, end)
        self.tokens: list[Token] = []  # consumed tokens, comments and line continuations
        self.requires = requires  # takes the places of #requires comments

    def scan(self) -> Token:
        """The next token, behind white space, comments and line continuations."""
        text, end = self.text, self.end
        position = self.skip_trivia()
        if position >= end:
            return Token("EndOfInput", end + 1, end + 1)
        char = text[position]
        if char.isalpha() or char == "_":
            return self._word(position)
        if char in _ALWAYS:
            self.position = position + 1
            return Token(_PLAIN[char], position, position + 1)
        if char == "$":
            return self.dollar(position, self.mode == Mode.COMMAND)
        if char in "\r\n":
            self.position = self.newline_end(position)
            return Token("NewLine", position, self.position)
        if char in "|&":
            return self._sign(position, char)
        if char in _QUOTES:
            return self.quoted(position)
        if char == "@":
            return self._at(position)
        if (char.isdigit() and char.isascii()) or (char == "." and text[position + 1 : position + 2].isdigit()):
            return self._digit(position)
        if char == ">" or (char == "*" and ">" in text[position : position + 2]):
            return self._redirection(position)
        if char in DASHES:
            return self._dash(position)
        if self.mode == Mode.COMMAND:
            return self._argument_sign(position, char)
        if char in _PLAIN:
            self.position = position + 1
            return Token(_PLAIN[char], position, position + 1)
        if char == ".":
            self.position = position + (2 if text.startswith("..", position, end) else 1)
            return Token("DotDot" if self.position == position + 2 else "Dot", position, self.position)
        if char in "!+" and self._names_command(position + 1):
            return self.word(position, position)
        if char in _SIGNS:
            return self._sign(position, char)
        return self.word(position, position)

    def _names_command(self, position: int) -> bool:
        """Whether ``!`` or a sign before this place only begins a word: ``!a``, ``+.Name``."""
        text = self.text
        char = text[position] if position < self.end else ""
        if char == ".":
            after = text[position + 1 : position + 2]
            return after.isalpha() or after in ("_", "\\", "/") or (after == "$" and text[position - 1] == "!")
        if text[position - 1] != "!":
            return False
        if char.isdigit():
            at = self.position
            number = self.number(position, position)
            self.position = at
            return number.kind != "Number" or text[number.end : number.end + 1] in (":", "?", "[")
        return char.isalpha() or char == "_"

    def skip_trivia(self) -> int:
        """Passes white space, comments and line continuations, and gives the place behind them."""
        text, end, position = self.text, self.end, self.position
        while position < end:
            char = text[position]
            if char == " " or char in SPACES:
                match = _SPACE.match(text, position, end)
                position = match.end() if match else position + 1
            elif char == "#":
                position = self._comment(position)
            elif char == "`" and position + 1 < end and text[position + 1] in _BLANK:
                start, position = position, self.newline_end(position + 1)
                if text[start + 1] in "\r\n":
                    self.tokens.append(Token("LineContinuation", start, position))
            elif char == "<" and text.startswith("<#", position, end):
                self.position = position  # what stands before it is passed, even if the comment has no end
                position = self._block_comment(position)
            else:
                break
        self.position = position
        return position

    def at_word(self) -> bool:
        """Whether a word begins behind the trivia, which is passed."""
        position = self.skip_trivia()
        if position >= self.end:
            return False
        char = self.text[position]
        return char.isalpha() or char == "_"

    def newline_end(self, position: int) -> int:
        """Where the line end at ``position`` ends."""
        return position + (2 if self.text.startswith("\r\n", position, self.end) else 1)

    def label(self, position: int) -> Token | None:
        """``:name`` where a statement begins (specification, 8.1.1)."""
        match = _LABEL.match(self.text, position, self.end)
        if match is None or not _AFTER_WORD.match(self.text, match.end(), self.end):
            return None
        self.position = match.end()
        return Token("Label", position, match.end())

    def ends_word(self, position: int) -> bool:
        """Whether what stands at ``position`` cannot be part of a word of which the sign before it is the start."""
        if position >= self.end:
            return True
        return _AFTER_WORD.match(self.text, position, self.end) is not None

    def name(self, position: int) -> Token | None:
        """A type's name or, in the signature mode, a simple name at ``position``, whatever follows it."""
        of_type = self.mode == Mode.TYPE_NAME
        match = (_TYPE_NAME if of_type else _IDENTIFIER).match(self.text, position, self.end)
        if match is None:
            return None
        self.position = match.end()
        token = Token("Identifier", position, match.end())
        token.flags = "TypeName" if of_type else "MemberName"
        return token

    def _word(self, position: int) -> Token:
        text, end = self.text, self.end
        if self.mode >= Mode.TYPE_NAME:
            name = self.name(position)
            return self.word(position, position) if name is None else name
        match = _IDENTIFIER.match(text, position, end)
        if match is None:
            return self.word(position, position)
        stop = match.end()
        if stop < end and not _AFTER_WORD.match(text, stop, end):
            return self.word(position, stop)
        self.position = stop
        keyword = KEYWORDS.get(match[0].lower())
        if keyword is None:
            return Token("Identifier", position, stop)
        return Token("Generic" if self.mode == Mode.COMMAND else keyword, position, stop)

    def _comment(self, position: int) -> int:
        match = _LINE_COMMENT.match(self.text, position, self.end)
        stop = match.end() if match else position + 1
        self.tokens.append(Token("Comment", position, stop))
        if _REQUIRES.match(self.text, position, stop):
            self.requires.append((position, stop))
        return stop

    def _block_comment(self, position: int) -> int:
        close = self.text.find("#>", position + 2, self.end)
        if close < 0:
            self.fail("MissingTerminatorMultiLineComment", "The block comment has no closing '#>'.", position, self.end)
        self.tokens.append(Token("Comment", position, close + 2))
        return close + 2

    def _sign(self, position: int, char: str) -> Token:
        for sign, kind in _SIGNS[char]:
            if self.text.startswith(sign, position, self.end):
                self.position = position + len(sign)
                return Token(kind, position, self.position)
        raise AssertionError(char)

    def _argument_sign(self, position: int, char: str) -> Token:
        """A sign among a command's arguments, where most are parts of words."""
        if char == "<" or char == "]":
            self.position = position + 1
            return Token("RedirectInStd" if char == "<" else "Generic", position, position + 1)
        return self.word(position, position)

    def _at(self, position: int) -> Token:
        text, end = self.text, self.end
        char = text[position + 1] if position + 1 < end else ""
        if char == "{" or char == "(":
            self.position = position + 2
            return Token("AtCurly" if char == "{" else "AtParen", position, position + 2)
        if char and char in _QUOTES:
            return self.here_string(position)
        if _SPLATTED.match(text, position, end):
            self.position = stop = self.variable_end(position)
            if self.mode == Mode.COMMAND and stop < end and self.goes_on(position, stop):
                return self.word(position, position)
            return Token("SplattedVariable", position, self.position)
        self.fail("UnrecognizedToken", "'@' begins nothing here.", position, position + 1)

    def _digit(self, position: int) -> Token:
        text, end = self.text, self.end
        match = _MERGING.match(text, position, end)
        if match is None and self.mode == Mode.COMMAND:
            match = _NUMBERED.match(text, position, end)
        if match:
            self.position = match.end()
            return Token("Redirection", position, match.end())
        return self.number(position, position)

    def _redirection(self, position: int) -> Token:
        for pattern in (_MERGING, _STAR, _REDIRECTION):
            match = pattern.match(self.text, position, self.end)
            if match:
                self.position = match.end()
                return Token("Redirection", position, match.end())
        raise AssertionError(position)

    def _dash(self, position: int) -> Token:
        text, end = self.text, self.end
        if _PARAMETER.match(text, position, end):
            if self.mode != Mode.COMMAND:
                match = _DASH_WORD.match(text, position, end)
                kind = DASH_OPERATORS.get(match[1].lower()) if match else None
                if match and kind:
                    self.position = match.end()
                    return Token(kind, position, match.end())
            return self.parameter(position)
        after = text[position + 1] if position + 1 < end else ""
        if self.mode == Mode.COMMAND:
            return self.parameter(position) if after == "?" else self._argument_dash(position, after)
        if self._names_command(position + 1):
            return self.word(position, position)
        if after and after in DASHES:
            self.position = position + 2
            return Token("MinusMinus", position, position + 2)
        self.position = position + (2 if after == "=" else 1)
        return Token("MinusEquals" if after == "=" else "Minus", position, self.position)

    def parameter(self, position: int) -> Token:
        """``-Name`` or ``-Name:`` (specification, 2.3.4)."""
        match = _PARAMETER_REST.match(self.text, position + 1, self.end)
        self.position = stop = match.end() if match else position + 1
        if stop < self.end and self.text[stop] in _QUOTES and self.text[stop - 1] != ":":
            return self.word(position, stop)
        return Token("Parameter", position, self.position)

    def _argument_dash(self, position: int, after: str) -> Token:
        if after and after in DASHES and self.ends_word(position + 2):
            self.position = position + 2
            return Token("MinusMinus", position, position + 2)
        return self.word(position, position)
