"""Commands: their names, parameters, arguments and redirections (specification, 8.2; about_Parsing)."""

from __future__ import annotations

import re

from validators.powershell.parser.expressions import Expressions
from validators.powershell.parser.nodes import Node
from validators.powershell.parser.tokens import (
    BINARY_PRECEDENCE,
    DOUBLE_QUOTES,
    KEYWORDS,
    SINGLE_QUOTES,
    STRINGS,
    UNARY,
    WORDS,
    Mode,
    Token,
)

_STREAMS = {"1": "Output", "2": "Error", "3": "Warning", "4": "Verbose", "5": "Debug", "6": "Information", "*": "All"}
_BEGINS_EXPRESSION = frozenset(
    (
        *("Variable", "SplattedVariable", "Number", "LParen", "AtParen", "DollarParen", "AtCurly", "LCurly"),
        *("LBracket", *STRINGS, *UNARY),
    )
)
_SIGNS = {
    "=": "Equals",
    "+": "Plus",
    "-": "Minus",
    "*": "Multiply",
    "/": "Divide",
    "%": "Rem",
    "+=": "PlusEquals",
    "-=": "MinusEquals",
    "*=": "MultiplyEquals",
    "/=": "DivideEquals",
    "%=": "RemainderEquals",
    "++": "PlusPlus",
    "..": "DotDot",
    "::": "ColonColon",
    "[": "LBracket",
    "]": "RBracket",
}
_AFTER_DOT = "$" + SINGLE_QUOTES + DOUBLE_QUOTES
_ALWAYS_WORDS = frozenset(("QuestionMark", "Colon", "QuestionQuestion", "QuestionQuestionEquals"))
NO_VALUE = frozenset(("Comma", "Ampersand", "Redirection", "RedirectInStd", "MinusMinus"))
_VERBATIM = re.compile(r"[ \t]*((?:[^\r\n|&\"]|\"[^\"\r\n]*\"?|&(?!&))*)")
_NEVER_WORDS = frozenset(("RBracket", "Redirection", "RedirectInStd"))
NO_COMMAND = frozenset(("NewLine", "Semi", "RParen", "RCurly", "EndOfInput", "Pipe", "OrOr", "AndAnd"))


class Commands(Expressions):
    """command, command_element, redirection."""

    __slots__ = ()

    def begins_expression(self, token: Token) -> bool:
        """Whether a pipeline's element that begins with this token is an expression and no command."""
        kind = token.kind
        if self.pending:
            return True
        if kind in ("Plus", "Minus") and self.signed_number(token):
            return not self._is_word(self.peek())
        if kind == "Number":
            return not self._is_word(token)
        kind = self.peek().kind
        return kind in _BEGINS_EXPRESSION

    def _is_word(self, token: Token) -> bool:
        """Has a number that only begins a command's name cut as such: ``1?a``."""
        is_word = self.only_begins_word(token)
        if is_word:
            self.ahead = self.lexer.word(token.start, token.end)
        return is_word

    def command(self) -> Node | None:
        """command: an invocation operator perhaps, a name, and elements; None if no name can begin here."""
        start = self.peek()
        if start.kind in ("Ampersand", "Dot") and (start.kind == "Ampersand" or self._dot_sources(start)):
            self.skip()
            self.use(Mode.COMMAND)
            token = self.peek()
            if token.kind == "Comma":
                self.fail_at("MissingArgument", "An argument is missing before ','.", token)
            name = None if token.kind in NO_COMMAND or token.kind == "Ampersand" else self._invoked(token)
            if name is None:
                self.use(Mode.EXPRESSION)
                message = f"The operator {self.shown(start)} needs a command behind it."
                self.fail_at("MissingExpression", message, start)
            operator = start.kind
        else:
            name = self._first_word(start)
            if name is None:
                return None
            operator = "Unknown"
        return self._elements(start, name, operator)

    def _invoked(self, token: Token) -> Node | None:
        """What an invocation operator invokes: a word as it begins a command, or a value."""
        if token.kind == "MinusMinus":
            self.skip()
            return Node("CommandParameter", token.start, token.end, {"ParameterName": "-"})
        if token.kind == "Generic":
            text = self.text[token.start : token.end]
            label = self.lexer.label(token.start)
            if label is not None and label.end == token.end:
                token.kind = "Label"
            else:
                self.lexer.position = token.end
                token.kind = KEYWORDS.get(text.lower()) or _SIGNS.get(text, "Generic")
        return self.command_name(token)

    def _dot_sources(self, token: Token) -> bool:
        return self.lexer.ends_word(token.end) or self.text[token.end] in _AFTER_DOT

    def _first_word(self, token: Token) -> Node | None:
        """The name of a command without operator: a word, or a sign that begins no expression."""
        kind = token.kind
        if kind in NO_COMMAND or kind in ("Comma", "Ampersand"):
            return None
        lexer = self.lexer
        if kind not in WORDS and kind != "Label":
            dashed = kind in BINARY_PRECEDENCE and self.text[token.start + 1 : token.end].isalpha()
            if kind == "Parameter" or dashed:
                self.ahead = token = lexer.parameter(token.start)
            elif kind == "Colon" and (label := lexer.label(token.start)):
                self.ahead = token = label
            elif kind in _ALWAYS_WORDS or (kind not in _NEVER_WORDS and not lexer.ends_word(token.end)):
                self.ahead = token = lexer.word(token.start, token.end)
        lexer.mode = Mode.COMMAND
        return self.command_name(token)

    def command_name(self, token: Token) -> Node:
        """command_name (specification, 8.2): a word, or an expression behind an invocation operator."""
        if token.kind == "SplattedVariable":
            return self.splatted()
        if token.kind not in WORDS:
            value = self.primary_expression()
            if value is not None:
                return value
        token = self.skip()
        token.flags = "CommandName"
        return self.string(token)

    def _elements(self, start: Token, name: Node, operator: str) -> Node:
        """command_elements: parameters, arguments and redirections, up to what ends the command."""
        elements = [name]
        redirections: list[Node] = []
        streams: set[str] = set()
        end = name.end
        dashes = name.kind == "CommandParameter"
        while True:
            token = self.peek()
            kind = token.kind
            if kind in NO_COMMAND or kind == "Ampersand":
                break
            if kind == "Redirection" or kind == "RedirectInStd":
                redirection = self.redirection(streams)
                redirections.append(redirection)
                end = redirection.end
                continue
            if kind == "MinusMinus":
                self.skip()
                elements.append(Node("CommandParameter", token.start, token.end, {"ParameterName": "-"}))
                end = token.end
                dashes = True
                continue
            if kind == "Generic" and self.text[token.start : token.end] == "--%":
                elements.append(self.string(self.skip()))
                elements.append(self.verbatim_argument())
                end = elements[-1].end
                continue
            if kind == "Parameter" and dashes:
                kind = "Generic"
            if kind == "Comma":
                self.fail_at("MissingArgument", "An argument is missing before ','.", token)
            element = self.command_parameter() if kind == "Parameter" else self.command_argument()
            elements.append(element)
            end = element.end
        self.resync(Mode.EXPRESSION)
        fields: dict[str, object] = {"CommandElements": elements, "InvocationOperator": operator}
        if redirections:
            fields["Redirections"] = redirections
        return Node("Command", start.start, end, fields)

    def command_parameter(self) -> Node:
        """command_parameter: ``-Name``, or ``-Name:`` with its argument (specification, 8.2)."""
        token = self.skip()
        fields: dict[str, object] = {"ParameterName": self.text[token.start + 1 : token.end].rstrip(":")}
        if self.text[token.end - 1] != ":":
            return Node("CommandParameter", token.start, token.end, fields)
        ahead = self.peek()
        argument = None
        if ahead.kind not in NO_COMMAND and ahead.kind not in NO_VALUE:
            if ahead.kind == "Parameter":
                ahead.kind = "Generic"
            argument = self.command_argument()
            if argument.fields.get("Splatted"):
                self.find("SplattingNotPermitted", "A parameter's argument cannot be splatted.", argument)
        if argument is None:
            message = "The parameter needs an argument behind its colon."
            self.fail_after("ParameterRequiresArgument", message, token.end)
        fields["Argument"] = argument
        return Node("CommandParameter", token.start, argument.end, fields)

    def verbatim_argument(self) -> Node:
        """What stands behind ``--%``: the rest of the line, up to a pipe, as it is (about_Parsing)."""
        match = _VERBATIM.match(self.text, self.lexer.position, self.lexer.end)
        start, stop = (self.last, self.last) if match is None else match.span(1)
        self.ahead = token = Token("Generic", start, stop)
        self.lexer.position = stop
        self.skip()
        return self.string(token)

    def command_argument(self) -> Node:
        """command_argument: a value, or several between commas."""
        first = self.argument_value(self.peek())
        if self.peek().kind != "Comma":
            return first
        elements = [first]
        while comma := self.accept("Comma"):
            self.skip_newlines()
            token = self.peek()
            if token.kind in NO_COMMAND or token.kind in ("Comma", "Ampersand", "Redirection", "RedirectInStd"):
                self.fail_after("MissingExpression", "An argument is missing behind ','.", comma.end)
            if token.kind == "Parameter":
                token.kind = "Generic"
            elements.append(self.argument_value(token))
        for element in elements:
            if element.fields.get("Splatted"):
                message = "A splatted variable cannot be one of several arguments between commas."
                self.find("SplattingNotPermittedInArgumentList", message, element)
        return Node("ArrayLiteral", first.start, elements[-1].end, {"Elements": elements})

    def argument_value(self, token: Token) -> Node:
        """One argument: a word as it stands, or a primary expression."""
        kind = token.kind
        if kind == "Generic" or kind == "Identifier":
            return self.string(self.skip())
        if kind == "SplattedVariable":
            return self.splatted()
        value = self.primary_expression()
        return self.string(self.skip()) if value is None else value

    def splatted(self) -> Node:
        """A splatted variable among a command's elements, where it may stand, but none of its members."""
        variable = self.variable(self.skip())
        node = self.postfix(variable)
        if node is not variable:
            self.find("SplattingNotPermitted", "A member of a splatted variable cannot be splatted.", variable)
        return node

    def single_argument(self, token: Token) -> Node:
        """An argument that no command takes: no variable can be splatted into it."""
        node = self.argument_value(token)
        if node.fields.get("Splatted"):
            self.find("SplattingNotPermitted", "Only a command's argument can be splatted.", node)
        return node

    def redirection(self, streams: set[str]) -> Node:
        """redirection: to a file, or of one stream into another (specification, 8.2; about_Redirection)."""
        token = self.skip()
        text = self.text[token.start : token.end]
        source = text[0] if text[0] != ">" else "1"
        if "&" in text:
            if text[-1] != "1" or source == "1":
                self.fail_at("RedirectionNotSupported", "Streams can be merged into the first only.", token)
            fields: dict[str, object] = {"FromStream": _STREAMS.get(source, source), "ToStream": "Output"}
            node = Node("MergingRedirection", token.start, token.end, fields)
        else:
            before = self.lexer.mode
            self.resync(Mode.COMMAND)
            ahead = self.peek()
            if ahead.kind in NO_COMMAND or ahead.kind in NO_VALUE:
                self.fail_after("MissingFileSpecification", "The redirection names no file.", token.end)
            if ahead.kind == "Parameter":
                ahead.kind = "Generic"
            location = self.single_argument(ahead)
            self.use(before)
            if text == "<":
                self.fail_at("RedirectionNotSupported", "'<' is reserved: no input can be redirected.", token)
            fields = {"FromStream": _STREAMS.get(source, source), "Location": location}
            if ">>" in text:
                fields["Append"] = True
            node = Node("FileRedirection", token.start, location.end, fields)
        if source in streams:
            self.find("StreamAlreadyRedirected", "This stream is redirected already.", node)
        streams.add(source)
        return node
