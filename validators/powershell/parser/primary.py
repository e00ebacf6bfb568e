"""Primary expressions: values, and the members, calls and indexes behind them (specification, 7.1)."""

from __future__ import annotations

from collections.abc import Callable

from validators.powershell.parser.errors import SyntaxFault
from validators.powershell.parser.literals import Literals
from validators.powershell.parser.nodes import Node
from validators.powershell.parser.tokens import STRINGS, UNARY, Mode, Token

_BEGINS_MEMBER = frozenset((*UNARY, "LBracket"))


class Primary(Literals):
    """primary_expression, member_access, element_access, invocation_expression."""

    __slots__ = ()

    def primary_expression(self) -> Node | None:
        """primary_expression, in an expression or among a command's arguments."""
        value = self.value()
        if value is None:
            return None
        node = self.postfix(value)
        return self.using_expression(value, node)

    def value(self) -> Node | None:
        """value (specification, 7.1.1): what a primary expression begins with."""
        token = self.peek()
        kind = token.kind
        if kind == "Variable":
            return self.variable(self.skip())
        if kind in STRINGS:
            return self.string(self.skip())
        if kind == "Number":
            self.skip()
            return Node("ConstantExpression", token.start, token.end, {})
        if kind == "LParen":
            return self._nested(self.parenthesized_expression)
        if kind == "DollarParen":
            return self._nested(self.sub_expression)
        if kind == "AtParen":
            return self._nested(self.array_expression)
        if kind == "AtCurly":
            return self._nested(self.hash_literal_expression)
        if kind == "LCurly":
            return self._nested(self.script_block_expression)
        if kind == "SplattedVariable":
            node = self.variable(self.skip())
            message = "A splatted variable is an argument of a command; here it needs '$'."
            self.find("SplattingNotPermitted", message, node)
            return node
        return None

    def _nested(self, production: Callable[[Token], Node]) -> Node:
        outer = self.deeper(12)
        before = self.no_comma
        self.no_comma = False
        node = production(self.skip())
        self.no_comma = before
        self.depth = outer
        return node

    def postfix(self, node: Node) -> Node:
        """The members, indexes and calls that stand directly behind ``node``."""
        text, lexer = self.text, self.lexer
        end = lexer.end
        while True:
            ahead = self.ahead
            if ahead is None:
                position = lexer.position
            elif ahead.start == self.last:
                position = ahead.start
            else:
                return node
            char = text[position] if position < end else ""
            if char == ".":
                if text.startswith("..", position, end):
                    return node
                width = 1
            elif char == "[":
                node = self.element_access(node, position, "LBracket", 1)
                continue
            elif char == ":":
                if not text.startswith("::", position, end):
                    return node
                width = 2
            elif char == "?":
                after = text[position + 1 : position + 2]
                if after == "[":
                    node = self.element_access(node, position, "QuestionLBracket", 2)
                    continue
                if after != ".":
                    return node
                width = 2
            else:
                return node
            if lexer.mode == Mode.COMMAND and (position + width >= end or text[position + width].isspace()):
                return node
            kind = {".": "Dot", ":": "ColonColon", "?": "QuestionDot"}[char]
            node = self.member_access(node, self.sign(kind, position, width))

    def sign(self, kind: str, position: int, width: int) -> Token:
        """Consumes a sign that stands at ``position``, whatever was cut there."""
        self.ahead = Token(kind, position, position + width)
        self.lexer.position = position + width
        return self.skip()

    def element_access(self, target: Node, position: int, kind: str, width: int) -> Node:
        """element_access: ``target[index]`` (specification, 7.1.4)."""
        opening = self.sign(kind, position, width)
        before = self.use(Mode.EXPRESSION)
        self.skip_newlines()
        outer = self.deeper(8)
        commas = self.no_comma
        self.no_comma = False
        index = self.expression()
        self.no_comma = commas
        self.depth = outer
        if index is None:
            self.fail_after("MissingArrayIndexExpression", "An index is missing behind '['.", opening.end)
        self.skip_newlines()
        if self.peek().kind != "RBracket":
            self.fail_after("MissingEndSquareBracket", "']' is missing behind the index.", index.end)
        self.use(before)
        self.skip()
        fields: dict[str, object] = {"Target": target, "Index": index}
        if kind == "QuestionLBracket":
            fields["NullConditional"] = True
        return Node("IndexExpression", target.start, self.last, fields)

    def member_access(self, target: Node, sign: Token) -> Node:
        """member_access and invocation_expression (specification, 7.1.2 and 7.1.3)."""
        before = self.lexer.mode
        member = self.member_name(sign)
        self.use(Mode.EXPRESSION)
        fields: dict[str, object] = {"Expression": target, "Member": member}
        if sign.kind == "ColonColon":
            fields["Static"] = True
        elif sign.kind == "QuestionDot":
            fields["NullConditional"] = True
        position = self.lexer.position if self.ahead is None else -1
        char = self.text[position] if 0 <= position < self.lexer.end else ""
        if char == "[" and before == Mode.EXPRESSION:
            generic = self._generic_method_arguments(position)
            if generic:
                fields["GenericTypeArguments"] = generic
                position = self.lexer.position
                char = "("
        if char == "(":
            arguments = self.argument_list(self.sign("LParen", position, 1))
        elif char == "{":
            self.ahead = Token("LCurly", position, position + 1)
            self.lexer.position = position + 1
            arguments = [self._nested(self.script_block_expression)]
        else:
            self.use(before)
            return Node("MemberExpression", target.start, member.end, fields)
        if arguments:
            fields["Arguments"] = arguments
        self.use(before)
        return Node("InvokeMemberExpression", target.start, self.last, fields)

    def member_name(self, sign: Token) -> Node:
        """member_name, behind ``.`` or ``::``: a simple name, a string, or an expression that gives the name."""
        name = self.simple_name()
        if name is not None:
            return self.string(name)
        token = self.peek()
        begins = self.lexer.mode == Mode.EXPRESSION and token.kind in _BEGINS_MEMBER
        member = self.unary_expression() if begins else self.value()
        if member is None or self.only_begins_word(token):
            self.fail_after("MissingPropertyName", "A member's name is missing behind the sign.", sign.end)
        return member

    def _generic_method_arguments(self, position: int) -> list[str] | None:
        """The type arguments of a method, if they and an opening parenthesis stand here; else nothing is consumed."""
        mark = self.mark()
        unclosed: Token | None = None
        try:
            opening = self.sign("LBracket", position, 1)
            self.skip_newlines()
            names: list[str] = []
            while True:
                bracket = self.accept("LBracket")
                name = self.type_name(bracketed=bracket is not None)
                if name is None or (bracket and not self.accept("RBracket")):
                    break
                names.append(name.name)
                self.skip_newlines()
                if not self.accept("Comma"):
                    token = self.peek()
                    if token.kind != "RBracket":
                        unclosed = token
                    break
                self.skip_newlines()
            closed = name is not None and self.accept("RBracket") is not None and self.lexer.end > self.last
            if closed and self.text[self.last] == "(" and opening is not None:
                self.resync(Mode.EXPRESSION)
                return names
        except SyntaxFault:
            pass
        if unclosed is not None:
            message = "']' is missing behind the method's type arguments."
            self.fail_after("EndSquareBracketExpectedAtEndOfType", message, unclosed.start - 1)
        self.back(mark)
        self.use(Mode.EXPRESSION)
        return None

    def argument_list(self, opening: Token) -> list[Node]:
        """argument_list of a method, its opening parenthesis being consumed (specification, 7.1.3)."""
        arguments: list[Node] = []
        comma: Token | None = None
        outer = self.deeper(8)
        while True:
            self.skip_newlines()
            argument = self.argument_expression()
            if argument is None:
                if comma is not None:
                    message = "An argument is missing behind ','."
                    self.fail_after("MissingExpressionAfterToken", message, comma.end)
                break
            arguments.append(argument)
            self.skip_newlines()
            comma = self.accept("Comma")
            if comma is None:
                break
        self.depth = outer
        self.skip_newlines()
        if (self.ahead is None and self.lexer.at_word()) or not self.accept("RParen"):
            place = arguments[-1].end if arguments else opening.end
            message = "')' is missing behind the method's arguments."
            self.fail_after("MissingEndParenthesisInMethodCall", message, place)
        return arguments
