"""The statements of any text, right or broken.

Where the parser gives up, the statements that it has read whole are kept, those inside an open one too, and the text is
read on at a later line, as if a script began there. That is the first line behind the last whole statement, and behind
the one on which the broken statement begins, on which a statement may begin. None may

- inside a here-string, a comment, or a string of more lines that was read whole; nor behind a line continuation, ``|``,
  ``,`` or ``-and``;
- with what closes or continues another one: ``}``, ``else``, ``-Name``, ``key =``, a ``{`` alone;
- deeper than the broken statement and, where a statement should have followed, the one before; but behind a line that
  ends with ``{`` at any depth.

So a bracket or a quote that is never closed costs its statement, not the rest of the file.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right

from validators.powershell.parser.errors import SyntaxFault
from validators.powershell.parser.findings import Findings
from validators.powershell.parser.nodes import Node
from validators.powershell.parser.statements import Parser
from validators.powershell.parser.tokens import Token
from validators.powershell.parser.tolerant import tokenize

ERROR_STATEMENT = "ErrorStatement"  # as PowerShell names what it could not parse
REREAD = 2
"""How often a text may be read again, in its lengths; then it is read on behind what was read."""

_LINE = re.compile(r"([ \t]*)([^\r\n]*)(?:\r\n|\r|\n|\Z)")
_GOES_ON = re.compile(
    r"[)}\]|,+*/=]|[({]\Z|-\w|\.\w|(?:else|elseif|catch|finally|until)\b|[\w'\"-]+[ \t]*=(?!=)", re.IGNORECASE
)
_UNFINISHED = re.compile(r"(?:[|,]|-(?:and|or|xor))\Z", re.IGNORECASE)
_OPENS = re.compile(r"(?:^|[^@])\{\Z")
_UNCLOSED = "TerminatorExpectedAtEndOfString"
_OF_LINES = frozenset(("HereStringLiteral", "HereStringExpandable", "Comment", "LineContinuation", "Unknown"))
_MAY_FOLLOW = frozenset(("NewLine", "Semi", "RCurly"))


def find_statements(code: str) -> list[Node]:
    """The whole statements of ``code`` in their order, none inside another, and the broken ones.

    A broken statement with no whole one inside is an ErrorStatement, up to where the text is read on. Never raises; the
    cost is linear in the length.
    """
    statements: list[Node] = []
    lines: _Lines | None = None
    position, spare = 0, REREAD * len(code)
    while position < len(code):
        finder = _Finder(code, position, len(code), 0, Findings())
        reached = finder.read()
        if reached is None:
            return statements + finder.whole
        lines = lines or _Lines(code)
        broken = finder.broken()
        whole = finder.whole
        behind = max(position, broken or 0, whole[-1].end if whole else 0)
        depth = len(code) if broken is None else max(map(lines.depth, (broken, finder.sibling() or broken)))
        resume = lines.next_start(behind, depth)
        for token in finder.tokens_behind(behind):
            if token.start < resume <= token.end:
                resume = lines.next_start(token.end, depth)
        spare -= max(0, reached - resume)
        if spare < 0:
            resume = lines.next_start(max(behind, reached), depth)
        statements += whole
        if broken is not None and not (whole and whole[-1].start >= broken):
            statements.append(Node(ERROR_STATEMENT, broken, broken + len(code[broken:resume].rstrip()), {}))
        position = resume
    return statements


def inner_statements(node: Node) -> list[Node]:
    """The statements inside ``node`` in their order, without those inside one of them."""
    found: list[Node] = []
    waiting = [node]
    while waiting:
        parent = waiting.pop()
        if parent.kind in ("NamedBlock", "StatementBlock"):
            found += parent.children()
        else:
            waiting += parent.children()
    return sorted(found, key=lambda statement: statement.start)


class _Finder(Parser):
    """Has at hand what it has read when it gives up."""

    __slots__ = ("is_unclosed", "opened", "whole")

    def __init__(self, text: str, start: int, end: int, depth: int, findings: Findings) -> None:
        super().__init__(text, start, end, depth, findings)
        self.precise = False
        self.is_unclosed = False  # whether it gave up at a string without its closing quote
        self.opened: list[int] = []  # where the statements begin that are being read, the outermost first
        self.whole: list[Node] = []  # statements in their order, none inside another

    def statement_list(self) -> list[Node]:
        """statement_list; keeps its statements."""
        statements: list[Node] = []
        while True:
            self.skip_newlines_and_semicolons()
            self.opened.append(self.peek().start)
            statement = self.statement()
            self._close(statement)
            if statement is None:
                return statements
            statements.append(statement)

    def attributed_start(self, fields: dict[str, object]) -> Node | None:
        """A param block, or the first statement, which is kept."""
        outer = self.deeper(1)
        self.opened.append(self.peek().start)
        statement = super().attributed_start(fields)
        self._close(statement)
        self.depth = outer
        return statement

    def _close(self, statement: Node | None) -> None:
        start = self.opened.pop()
        if statement is not None:
            while self.whole and self.whole[-1].start >= start:
                self.whole.pop()
            self.whole.append(statement)

    def read(self) -> int | None:
        """Reads the text as a script; gives how far the parser has looked when it gives up, None if it does not."""
        try:
            self.script()
        except SyntaxFault as fault:
            self.is_unclosed = fault.error.id == _UNCLOSED
            return self.reached(fault)
        return None

    def broken(self) -> int | None:
        """Where the innermost statement begins of which the parser has not found the end; None if there is none.

        A statement that ended only because the token ahead cannot stand there, or because the text ends, is no whole
        one.
        """
        ahead, whole = self.ahead, self.whole
        if ahead is not None and ahead.kind not in _MAY_FOLLOW and whole and whole[-1].end == self.last:
            statement = whole.pop()
            whole += inner_statements(statement)
            return statement.start
        return next((place for place in reversed(self.opened) if place < self.lexer.end), None)  # none at the end

    def sibling(self) -> int | None:
        """Where the last whole statement begins, if the next one could begin where the parser gave up."""
        if not self.whole:
            return None
        last = self.whole[-1]
        between = self.text[last.end : self.ahead.start if self.ahead else self.lexer.position]
        return None if between.strip(" \t\r\n;") else last.start

    def tokens_behind(self, place: int) -> list[Token]:
        """What was read from ``place`` on and may hold line ends.

        Not words: one with line ends most likely comes of an odd quote. Nothing where a string is not closed: then each
        string before it may be the text between two.
        """
        if self.is_unclosed:
            return []
        tokens = self.lexer.tokens
        first = bisect_left(tokens, place, key=lambda token: token.start)
        return [token for token in tokens[first:] if token.kind not in ("NewLine", "Generic")]


class _Lines:
    """The lines of a text, and those of them with which a statement may begin."""

    def __init__(self, code: str) -> None:
        self._length = len(code)
        self._places: list[int] = []  # where the lines begin
        self._depths: list[int] = []  # how many characters they are indented
        self._starts: list[int] = []  # where those begin that may begin a statement
        self._limits: list[int] = []  # how deep what is broken before it has to lie: its depth; 0 where a block opens
        tokens = iter([token for token in tokenize(code) if token.kind in _OF_LINES])
        token = next(tokens, None)
        before = ""
        for line in _LINE.finditer(code):
            place, depth, text = line.start(), len(line[1]), line[2].rstrip()
            while token is not None and token.end < place:
                token = next(tokens, None)
            self._places.append(place)
            self._depths.append(depth)
            if not text or text.startswith("#"):
                continue
            is_inside = token is not None and token.start < place
            if not is_inside and not _UNFINISHED.search(before) and not _GOES_ON.match(text):
                self._starts.append(place)
                self._limits.append(0 if _OPENS.search(before) else depth)
            before = text

    def depth(self, place: int) -> int:
        """How many characters the line is indented in which ``place`` lies."""
        return self._depths[bisect_right(self._places, place) - 1]

    def next_start(self, place: int, depth: int) -> int:
        """The first line behind ``place`` that may begin a statement no deeper than ``depth``; else the text's end."""
        index = bisect_right(self._starts, place)
        while index < len(self._starts) and self._limits[index] > depth:
            index += 1
        return self._starts[index] if index < len(self._starts) else self._length
