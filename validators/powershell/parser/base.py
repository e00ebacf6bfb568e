"""What every production of the parser uses: the token ahead, the modes, the errors, the depth."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import NoReturn

from validators.powershell.parser.errors import ParseError, SyntaxFault, too_deep
from validators.powershell.parser.findings import Findings
from validators.powershell.parser.nodes import Node
from validators.powershell.parser.tokenizer import Tokenizer
from validators.powershell.parser.tokens import ENDS_PIPELINE, STRINGS, Mode, Token

_RUNS_ON = frozenset(("Variable", "SplattedVariable", *STRINGS))
MAX_FRAMES = 800
"""How many of Python's frames the productions may take that nest inside one another; Python's own limit is 1,000."""


class Mark:
    """A place to which the parser can return."""

    __slots__ = ("ahead", "consumed", "depth", "last", "position", "requires")

    def __init__(self, parser: ParserBase) -> None:
        lexer = parser.lexer
        self.position = lexer.position
        self.ahead = parser.ahead
        self.consumed = len(lexer.tokens)
        self.last = parser.last
        self.requires = len(lexer.requires)
        self.depth = parser.depth


class ParserBase(ABC):
    """The parser's state over one text, or over a part of one.

    ``ahead`` is the token that was cut and not consumed; ``last`` is where the last consumed token ended.
    """

    __slots__ = ("ahead", "depth", "findings", "in_workflow", "last", "lexer", "no_comma", "pending", "precise", "text")

    def __init__(self, text: str, start: int, end: int, depth: int, findings: Findings) -> None:
        self.text = text
        self.lexer = Tokenizer(text, start, end, findings.requirements)
        self.ahead: Token | None = None
        self.last = start
        self.depth = depth
        self.in_workflow = False
        self.precise = True  # whether an error is to be the one that PowerShell sees first, at the cost of a look ahead
        self.no_comma = False  # whether a comma ends the expression, as it does a method's argument
        self.pending: list[Node] = []  # types and attributes that were parsed before it was known that they cast
        self.findings = findings  # errors of meaning; the text is parsed on behind them

    # Tokens

    def peek(self) -> Token:
        """The next token, in the present mode unless it was cut before."""
        token = self.ahead
        if token is None:
            token = self.ahead = self.lexer.scan()
        return token

    def skip(self) -> Token:
        """Consumes the next token."""
        token = self.ahead
        if token is None:
            token = self.lexer.scan()
        self.ahead = None
        self.last = token.end
        self.lexer.tokens.append(token)
        return token

    def accept(self, kind: str) -> Token | None:
        """Consumes the next token if it is of this kind."""
        return self.skip() if self.peek().kind == kind else None

    def accept_equals(self) -> Token | None:
        """Consumes ``=`` and the line ends around it, if it is next; else nothing."""
        mark = self.mark()
        self.skip_newlines()
        sign = self.accept("Equals")
        if sign is None:
            self.back(mark)
        else:
            self.skip_newlines()
        return sign

    def keyword(self) -> Token:
        """Consumes the next token as a keyword."""
        token = self.skip()
        token.flags = "Keyword"
        return token

    def resync(self, mode: Mode) -> None:
        """Has the token ahead cut again, in this mode, which holds from here on."""
        if self.ahead is not None:
            self.lexer.position = self.ahead.start
            self.ahead = None
        self.lexer.mode = mode

    def use(self, mode: Mode) -> Mode:
        """Sets the mode for what is not cut yet, and gives the one before."""
        before = self.lexer.mode
        self.lexer.mode = mode
        return before

    def mark(self) -> Mark:
        """The present place."""
        return Mark(self)

    def back(self, mark: Mark) -> None:
        """Returns to ``mark``: what was consumed since is not."""
        lexer = self.lexer
        lexer.position = mark.position
        self.ahead = mark.ahead
        del lexer.tokens[mark.consumed :]
        del lexer.requires[mark.requires :]
        self.last = mark.last
        self.depth = mark.depth

    def skip_newlines(self) -> None:
        """Consumes line ends, without having the token behind them cut."""
        lexer = self.lexer
        while True:
            ahead = self.ahead
            if ahead is None:
                position = lexer.skip_trivia()
                if position >= lexer.end or self.text[position] not in "\r\n":
                    return
            elif ahead.kind != "NewLine":
                return
            self.skip()

    def simple_name(self) -> Token | None:
        """Consumes a simple name behind line ends, whatever follows it: a member's, a key's (specification, 2.3.4)."""
        lexer = self.lexer
        while True:
            ahead = self.ahead
            if ahead is None:
                position = lexer.skip_trivia()
            elif ahead.kind == "EndOfInput":
                return None
            else:
                position = ahead.start
            if lexer.mode == Mode.COMMAND or position >= lexer.end or self.text[position] not in "\r\n":
                break
            self.skip()
        before = self.use(Mode.SIGNATURE)
        name = lexer.name(position)
        lexer.mode = before
        if name is not None:
            self.ahead = name
            self.skip()
        return name

    def skip_newlines_and_semicolons(self) -> None:
        """Consumes what parts statements."""
        while self.peek().kind in ("NewLine", "Semi"):
            self.skip()

    def adjoins(self, token: Token) -> bool:
        """Whether nothing stands between the last consumed token and this one."""
        return token.start == self.last

    def only_begins_word(self, token: Token) -> bool:
        """Whether a number is only the start of a word, by what directly follows it: ``1?a``, ``1::a``, ``1[0]``."""
        return token.kind == "Number" and token.end < self.lexer.end and self.text[token.end] in ":?["

    # Errors

    def fail(self, id: str, message: str, start: int, end: int) -> NoReturn:
        """Ends the parsing with this error."""
        ahead, lexer = self.ahead, self.lexer
        incomplete = lexer.skip_trivia() >= lexer.end if ahead is None else ahead.kind == "EndOfInput"
        raise SyntaxFault(ParseError(id, message, start, end, incomplete))

    def fail_after(self, id: str, message: str, place: int | None = None) -> NoReturn:
        """Ends the parsing: something is missing behind the last token, or behind ``place``."""
        place = self.last if place is None else place
        self.fail(id, message, place, place)

    def fail_at(self, id: str, message: str, token: Token | Node) -> NoReturn:
        """Ends the parsing: this should not be here."""
        self.fail(id, message, token.start, token.end)

    def find(self, id: str, message: str, place: Token | Node) -> None:
        """Notes an error of meaning."""
        self.findings.add(id, message, place)

    def unexpected(self, token: Token) -> NoReturn:
        """Ends the parsing at a token that cannot stand here, if what is open in it is closed."""
        if self.precise and self.adjoins(token):
            self._look_further(token)
        self.fail_at("UnexpectedToken", f"Unexpected {self.shown(token)} in an expression or statement.", token)

    def _look_further(self, token: Token) -> None:
        """Finds the errors of what directly follows an unexpected token, which PowerShell reports before it."""
        if token.kind == "DollarParen" and self.lexer.tokens[-1].kind == "Variable":
            self.lexer.subexpression_end(token.start)
        runs_on = token.kind in _RUNS_ON
        if runs_on and (token.kind not in STRINGS or self.lexer.tokens[-1].kind == "Variable"):
            while self.adjoins(self.peek()) and self.peek().kind not in ENDS_PIPELINE:
                self.skip()

    def reached(self, fault: SyntaxFault) -> int:
        """How far the parser has looked when ``fault`` ends the parsing."""
        if fault.error.id == "WhitespaceBeforeHereStringFooter":  # a mark at a line's start was looked for
            return self.lexer.end
        return max(fault.error.end, self.lexer.position, self.ahead.end if self.ahead else 0)

    def shown(self, token: Token) -> str:
        """A token's text for a message."""
        text = self.text[token.start : token.end]
        return "end of text" if not text else "line end" if text.isspace() else repr(text[:40])

    def deeper(self, frames: int) -> int:
        """Enters a production that can hold itself and takes so many frames at most; gives the depth to return to."""
        outer = self.depth
        self.depth += frames
        if self.depth > MAX_FRAMES:
            place = self.ahead.start if self.ahead is not None else self.lexer.position
            raise SyntaxFault(too_deep(place))
        return outer

    # Productions of upper layers that lower ones need

    @abstractmethod
    def statement(self) -> Node | None:
        """statement (specification, 8)."""

    @abstractmethod
    def statement_block(self) -> Node | None:
        """statement_block (specification, 8.1.2)."""

    @abstractmethod
    def statement_list(self) -> list[Node]:
        """statement_list, up to what cannot begin a statement."""

    @abstractmethod
    def pipeline_chain(self) -> Node | None:
        """pipeline, chained by && and || perhaps, or an assignment."""

    @abstractmethod
    def script_block(self, opening: Token, *, is_filter: bool = False) -> Node:
        """script_block between braces, the opening one being consumed."""

    @abstractmethod
    def expression(self) -> Node | None:
        """expression (specification, 7)."""

    @abstractmethod
    def argument_expression(self) -> Node | None:
        """argument_expression: an expression in which a comma ends it."""

    @abstractmethod
    def unary_expression(self) -> Node | None:
        """unary_expression (specification, 7.2)."""
