"""Literals that hold expressions or statements: strings, hash tables, arrays, script blocks, parentheses."""

from __future__ import annotations

import re

from validators.powershell.parser.errors import SyntaxFault
from validators.powershell.parser.nodes import Node
from validators.powershell.parser.tokens import DOUBLE_QUOTES, SINGLE_QUOTES, Mode, Token
from validators.powershell.parser.types import Types

_STRING_TYPES = {
    "StringLiteral": "SingleQuoted",
    "StringExpandable": "DoubleQuoted",
    "HereStringLiteral": "SingleQuotedHereString",
    "HereStringExpandable": "DoubleQuotedHereString",
}
_USING = re.compile(r"\$\{?using:", re.IGNORECASE)
_DOUBLE = re.compile(f"[`{DOUBLE_QUOTES}]([{DOUBLE_QUOTES}])")
_QUOTING = re.compile(f"[`{SINGLE_QUOTES}{DOUBLE_QUOTES}]")


class Literals(Types):
    """string_literal, expandable_string_literal, hash_literal_expression, script_block_expression and their like."""

    __slots__ = ()

    def string(self, token: Token) -> Node:
        """A string or a word, with the expressions inside an expandable one."""
        fields: dict[str, object] = {"StringConstantType": _STRING_TYPES.get(token.kind, "BareWord")}
        if token.parts is None:
            return Node("StringConstantExpression", token.start, token.end, fields)
        if token.kind == "Generic" and not token.expands:
            token.nested = [
                Token("StringLiteral" if self.text.startswith("$(", start) else "Variable", start, end)
                for start, end in token.parts
            ]
            return Node("StringConstantExpression", token.start, token.end, fields)
        nested: list[Node] = []
        token.nested = []
        outer = self.deeper(13)
        for start, end in token.parts:
            node = self._expansion(start, end, token)
            if node is not None:
                nested.append(node)
        self.depth = outer
        if not nested:
            return Node("StringConstantExpression", token.start, token.end, fields)
        fields["NestedExpressions"] = nested
        return Node("ExpandableStringExpression", token.start, token.end, fields)

    def _expansion(self, start: int, end: int, token: Token) -> Node | None:
        """The variable or the subexpression between these places inside ``token``."""
        text = self.text
        nested = token.nested if token.nested is not None else []
        if text[start + 1] != "(":
            stop = end if text[start + 1] == "{" else self.lexer.variable_end(start)
            nested.append(variable := Token("Variable", start, stop))
            node = self.variable(variable)
            return self.using_expression(node, node)
        if token.kind == "StringExpandable":
            collapsed, places = _collapsed(text, start, end)
            if len(collapsed) < end - start:
                return self._respelled(collapsed, places, nested)
        parser = type(self)(text, start, end, self.depth, self.findings)
        parser.lexer.requires = []
        node = parser.sub_expression(parser.skip())
        nested.extend(parser.lexer.tokens)
        return node

    def _respelled(self, collapsed: str, places: list[int], nested: list[Token]) -> Node:
        """A subexpression in which a doubled quote stands for a quote, as in ``"$( ""a"" )"``."""
        found = len(self.findings)
        parser = type(self)(collapsed, 0, len(collapsed), self.depth, self.findings)
        parser.lexer.requires = []
        try:
            node = parser.sub_expression(parser.skip())
        except SyntaxFault as fault:
            error = fault.error
            place = [places[min(offset, len(places) - 1)] for offset in (error.start, error.end)]
            self.lexer.fail(error.id, error.message, place[0], place[1], incomplete=error.incomplete)
        self.findings.move(found, places)
        for part in node.walk():
            part.start, part.end = places[part.start], places[part.end]
        waiting = list(parser.lexer.tokens)
        nested.extend(waiting)
        while waiting:
            token = waiting.pop()
            token.start, token.end = places[token.start], places[token.end]
            waiting.extend(token.nested or ())
        return node

    def variable(self, token: Token) -> Node:
        """variable (specification, 2.3.2)."""
        fields: dict[str, object] = {}
        if token.kind == "SplattedVariable":
            fields["Splatted"] = True
        return Node("VariableExpression", token.start, token.end, fields)

    def using_expression(self, variable: Node, node: Node) -> Node:
        """``node`` itself, or as a UsingExpression if the variable that it begins with has the scope ``using:``."""
        if variable.kind != "VariableExpression" or not _USING.match(self.text, variable.start):
            return node
        return Node("UsingExpression", node.start, node.end, {"SubExpression": node})

    def sub_expression(self, opening: Token) -> Node:
        """sub_expression: ``$( statements )``, its opening being consumed."""
        before = self.use(Mode.EXPRESSION)
        body = self._enclosed_statements()
        self.use(before)
        return Node("SubExpression", opening.start, self.last, {"SubExpression": body})

    def array_expression(self, opening: Token) -> Node:
        """array_expression: ``@( statements )``, its opening being consumed."""
        before = self.use(Mode.EXPRESSION)
        body = self._enclosed_statements()
        self.use(before)
        return Node("ArrayExpression", opening.start, self.last, {"SubExpression": body})

    def _enclosed_statements(self) -> Node:
        self.skip_newlines()
        statements = self.statement_list()
        token = self.peek()
        if token.kind != "RParen":
            message = "')' is missing behind the statements."
            self.fail("MissingEndParenthesisInSubexpression", message, token.start, token.start)
        block = self.statements_node(statements, 0, 0)
        self.skip()
        return block

    def statements_node(self, statements: list[Node], start: int, end: int) -> Node:
        """A StatementBlock without braces: it reaches from its first statement to its last."""
        if statements:
            start, end = statements[0].start, statements[-1].end
        fields: dict[str, object] = {}
        plain = [statement for statement in statements if statement.kind != "TrapStatement"]
        if plain:
            fields["Statements"] = plain
        if len(plain) < len(statements):
            fields["Traps"] = [statement for statement in statements if statement.kind == "TrapStatement"]
        return Node("StatementBlock", start, end, fields)

    def parenthesized_expression(self, opening: Token) -> Node:
        """parenthesized_expression: ``( pipeline )``, its opening being consumed."""
        before = self.use(Mode.EXPRESSION)
        self.skip_newlines()
        pipeline = self.pipeline_chain()
        if pipeline is None:
            self.fail_after("ExpectedExpression", "An expression is missing behind '('.", opening.end)
        self.skip_newlines()
        if self.peek().kind != "RParen":
            message = "')' is missing behind the expression."
            self.fail_after("MissingEndParenthesisInExpression", message, pipeline.end)
        self.use(before)
        self.skip()
        return Node("ParenExpression", opening.start, self.last, {"Pipeline": pipeline})

    def script_block_expression(self, opening: Token) -> Node:
        """script_block_expression: ``{ script }``, its opening being consumed."""
        before = self.use(Mode.EXPRESSION)
        block = self.script_block(opening)
        self.use(before)
        return Node("ScriptBlockExpression", block.start, block.end, {"ScriptBlock": block})

    def hash_literal_expression(self, opening: Token) -> Node:
        """hash_literal_expression: ``@{ key = statement; ... }``, its opening being consumed (specification, 7.1.9)."""
        before = self.use(Mode.EXPRESSION)
        pairs: list[tuple[Node, Node]] = []
        self.skip_newlines()
        while True:
            pair = self._key_value_pair()
            if pair is None:
                break
            pairs.append(pair)
            token = self.peek()
            if token.kind not in ("NewLine", "Semi"):
                break
            self.skip_newlines_and_semicolons()
        if self.peek().kind != "RCurly":
            message = "'}' is missing behind the hash table's entries."
            self.fail("MissingEndCurlyBrace", message, opening.end, opening.end)
        self.use(before)
        self.skip()
        node = Node("Hashtable", opening.start, self.last, {"KeyValuePairs": pairs} if pairs else {})
        if len(pairs) > 1:
            self._check_keys(pairs)
        return node

    def _key_value_pair(self) -> tuple[Node, Node] | None:
        """hash_entry: a key, ``=`` and a statement."""
        name = self.simple_name()
        key = self.key_expression() if name is None else self.string(name)
        if key is None:
            return None
        if self.peek().kind != "Equals":
            self.fail_after("MissingEqualsInHashLiteral", "'=' is missing behind the key of the hash table's entry.")
        sign = self.skip()
        self.skip_newlines()
        value = self.statement()
        if value is None:
            message = "The key of the hash table's entry has no value."
            self.fail_after("MissingStatementInHashLiteral", message, sign.end)
        return key, value

    def key_expression(self) -> Node | None:
        """key_expression that is no simple name: any operand."""
        token = self.peek()
        if token.kind == "Comma" or self.only_begins_word(token):
            return None
        return self.unary_expression()

    def _check_keys(self, pairs: list[tuple[Node, Node]]) -> None:
        """DuplicateKeyInHashLiteral: constant keys are compared without regard to case."""
        seen: set[tuple[bool, str]] = set()
        for key, _ in pairs:
            if key.kind not in ("StringConstantExpression", "ConstantExpression"):
                continue
            value = (key.kind == "ConstantExpression", self.constant(key).lower())
            if value in seen:
                self.find("DuplicateKeyInHashLiteral", "The hash table has this key already.", key)
            seen.add(value)

    def constant(self, node: Node) -> str:
        """What a constant string or number means, without its quotes."""
        text = self.text[node.start : node.end]
        kind = node.fields.get("StringConstantType")
        if kind in ("SingleQuoted", "DoubleQuoted"):
            return text[1:-1]
        return _QUOTING.sub("", text) if kind == "BareWord" else text


def _collapsed(text: str, start: int, end: int) -> tuple[str, list[int]]:
    """The text in which doubled and escaped quotes are one, and where each of its characters stood; the end too."""
    pieces: list[str] = []
    places: list[int] = []
    for double in _DOUBLE.finditer(text, start, end):
        pieces += text[start : double.start()], double[1]
        places += range(start, double.start() + 1)
        start = double.end()
    return "".join([*pieces, text[start:end]]), [*places, *range(start, end + 1)]
