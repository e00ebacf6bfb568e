"""Expressions with operators, by their precedence (specification, 7.2 to 7.11; about_Operator_Precedence)."""

from __future__ import annotations

from validators.powershell.parser.nodes import Node
from validators.powershell.parser.primary import Primary
from validators.powershell.parser.tokens import BINARY_PRECEDENCE, UNARY, Mode, Token

ASSIGNABLE = frozenset(("VariableExpression", "MemberExpression", "IndexExpression", "InvokeMemberExpression"))
_ENDS_TYPE = (frozenset(BINARY_PRECEDENCE) - UNARY) | {"Comma"}  # behind a type, these say that it casts nothing


class Expressions(Primary):
    """expression and its parts."""

    __slots__ = ()

    def expression(self) -> Node | None:
        """expression: operators, commas and a ternary operator, which binds the loosest."""
        return self._ternary(self.binary_expression())

    def argument_expression(self) -> Node | None:
        """argument_expression (specification, 7.1.3): as `expression`, but a comma ends it."""
        before = self.no_comma
        self.no_comma = True
        expression = self._ternary(self.binary_expression())
        self.no_comma = before
        return expression

    def _ternary(self, condition: Node | None) -> Node | None:
        """ternary_expression: ``condition ? this : that`` (about_If)."""
        if condition is None or self.peek().kind != "QuestionMark":
            return condition
        sign = self.skip()
        outer = self.deeper(3)
        self.skip_newlines()
        if_true = self._ternary(self.binary_expression(ternary=True))
        if if_true is None:
            self.fail_after("ExpectedValueExpression", "An expression is missing behind '?'.", sign.end)
        self.skip_newlines()
        sign = self.peek()
        if sign.kind != "Colon":
            message = "':' is missing in the ternary expression."
            self.fail("MissingColonInTernaryExpression", message, sign.start - 1, sign.start)
        self.skip()
        self.skip_newlines()
        if_false = self._ternary(self.binary_expression(ternary=True))
        if if_false is None:
            self.fail_after("ExpectedValueExpression", "An expression is missing behind ':'.", sign.end)
        self.depth = outer
        fields = {"Condition": condition, "IfTrue": if_true, "IfFalse": if_false}
        return Node("TernaryExpression", condition.start, if_false.end, fields)

    def binary_expression(self, *, ternary: bool = False) -> Node | None:
        """All binary operators, by their precedence; each associates to the left."""
        if not self.pending:
            if self.ahead is None and self.lexer.at_word():
                return None
            token = self.peek()
            if not ternary and self.only_begins_word(token):
                return None
        operand = self._element if self.no_comma else self.array_literal_expression
        left = operand()
        if left is None:
            return None
        precedence = self._precedence()
        if not precedence:
            return left
        operands, operators = [left], [(self.skip(), precedence)]
        while True:
            self.skip_newlines()
            right = operand()
            if right is None:
                sign = operators[-1][0]
                message = f"An expression is missing behind {self.shown(sign)}."
                self.fail_after("ExpectedValueExpression", message, sign.end)
            operands.append(right)
            precedence = self._precedence()
            while operators and operators[-1][1] >= precedence:
                _reduce(operands, operators.pop()[0])
            if not precedence:
                return operands[0]
            operators.append((self.skip(), precedence))

    def _precedence(self) -> int:
        """The precedence of the operator ahead; 0 where none is."""
        token = self.peek()
        if token.kind == "Parameter":
            self.unexpected(token)
        return BINARY_PRECEDENCE.get(token.kind, 0)

    def array_literal_expression(self) -> Node | None:
        """array_literal_expression: operands between commas (specification, 7.3)."""
        first = self._element()
        if first is None or self.peek().kind != "Comma":
            return first
        elements = [first]
        while comma := self.accept("Comma"):
            self.skip_newlines()
            element = self._element()
            if element is None:
                message = "An expression is missing behind ','."
                self.fail_after("MissingExpressionAfterToken", message, comma.end)
            elements.append(element)
        return Node("ArrayLiteral", first.start, elements[-1].end, {"Elements": elements})

    def _element(self) -> Node | None:
        """An operand that may be a number with its plus sign."""
        if not self.pending and (self.ahead is not None or not self.lexer.at_word()):
            token = self.peek()
            if token.kind == "Plus":
                self.signed_number(token)
        return self.unary_expression()

    def unary_expression(self) -> Node | None:
        """unary_expression and cast_expression (specification, 7.2)."""
        if self.pending:
            return self._typed(self.pending.pop(0))
        if self.ahead is None and self.lexer.at_word():
            return None
        token = self.peek()
        kind = token.kind
        if kind in UNARY:
            if kind == "Comma" and self.no_comma:
                return None
            if kind == "Minus" and self.signed_number(token):
                return self.primary_expression()
            return self._unary(token) if self.peek() is token else None
        if kind == "LBracket":
            return self._typed(self.attribute())
        node = self.primary_expression()
        if node is None:
            return None
        return self._post_increment(node)

    def signed_number(self, token: Token) -> bool:
        """Has a number cut together with its sign, where an operand is to begin."""
        text = self.text[token.end : token.end + 2]
        if not (text[:1].isdigit() or (text[:1] == "." and text[1:].isdigit())):
            return False
        number = self.lexer.number(token.start, token.end)
        self.ahead = number
        return number.kind == "Number"

    def _unary(self, sign: Token) -> Node:
        self.skip()
        outer = self.deeper(8)
        self.skip_newlines()
        child = self.unary_expression()
        self.depth = outer
        if child is None:
            message = f"An expression is missing behind {self.shown(sign)}."
            self.fail_after("MissingExpressionAfterOperator", message, sign.end)
        if sign.kind == "Comma":
            return Node("ArrayLiteral", sign.start, child.end, {"Elements": [child]})
        if sign.kind in ("PlusPlus", "MinusMinus"):
            self.check_target(child, "OperatorRequiresVariableOrProperty")
        node = Node("UnaryExpression", sign.start, child.end, {"TokenKind": sign.kind, "Child": child})
        return self._post_increment(node)

    def _typed(self, attribute: Node) -> Node:
        """What a type literal or an attribute begins: a cast, an attributed expression, the type itself."""
        before = self.use(Mode.EXPRESSION)
        if self.pending:
            outer = self.deeper(8)
            child: Node | None = self.unary_expression()
            self.depth = outer
            self.use(before)
            return self._cast(attribute, child)
        if attribute.kind == "TypeConstraint" and self.text.startswith((".", "::", "?."), attribute.end):
            node = self._type_expression(attribute)
            self.use(before)
            return self._post_increment(node)
        token = self.peek()
        if attribute.kind == "Attribute":
            self.skip_newlines()
        outer = self.deeper(8)
        child = None if token.kind in _ENDS_TYPE else self.unary_expression()
        self.depth = outer
        self.use(before)
        return self._cast(attribute, child)

    def _cast(self, attribute: Node, child: Node | None) -> Node:
        if attribute.kind == "Attribute":
            if child is None or not _takes_attribute(child):
                self.fail_at("UnexpectedAttribute", "An attribute stands before a variable only.", attribute)
            self.findings.watch("attribute", attribute)
            return Node("AttributedExpression", attribute.start, child.end, {"Child": child, "Attribute": attribute})
        if child is None:
            return self._type_expression(attribute)
        fields = {"Child": child, "Attribute": attribute, "Type": attribute}
        node = Node("ConvertExpression", attribute.start, child.end, fields)
        name = attribute.fields["TypeName"].lower()
        if name == "ordered" and child.kind != "Hashtable":
            message = "'[ordered]' stands before a hash table only."
            self.find("OrderedAttributeOnlyOnHashLiteralNode", message, node)
        if child.kind == "ConvertExpression" and child.fields["Type"].fields["TypeName"].lower() == "ref":
            id = "ReferenceNeedsToBe" + ("ByItselfInTypeSequence" if name == "ref" else "LastTypeInTypeConversion")
            self.find(id, "'[ref]' has to be the only reference, and the first type.", child.fields["Type"])
        return self._post_increment(node)

    def _type_expression(self, attribute: Node) -> Node:
        node = Node("TypeExpression", attribute.start, attribute.end, attribute.fields)
        return node if self.text.startswith("?[", node.end) else self.postfix(node)

    def _post_increment(self, node: Node) -> Node:
        if self.peek().kind not in ("PlusPlus", "MinusMinus"):
            return node
        sign = self.skip()
        self.check_target(node, "OperatorRequiresVariableOrProperty")
        kind = "PostfixPlusPlus" if sign.kind == "PlusPlus" else "PostfixMinusMinus"
        return Node("UnaryExpression", node.start, sign.end, {"TokenKind": kind, "Child": node})

    def check_target(self, node: Node, id: str, *, arrays: bool = False) -> None:
        """Notes an error unless ``node`` can be assigned to: a variable, property, element, or ``arrays`` of these."""
        for target in self.targets(node, arrays=arrays):
            self.find(id, "Nothing can be assigned to this expression.", target)

    def targets(self, node: Node, *, arrays: bool) -> list[Node]:
        """The parts of an assignment's left side that nothing can be assigned to."""
        kind = node.kind
        if kind in ASSIGNABLE and not node.fields.get("NullConditional"):
            return []
        if kind in ("ConvertExpression", "AttributedExpression"):
            return self.targets(node.fields["Child"], arrays=arrays)
        if kind == "ArrayLiteral" and arrays:
            return [bad for element in node.fields["Elements"] for bad in self.targets(element, arrays=arrays)]
        if kind == "ParenExpression":
            inner: Node = node.fields["Pipeline"]
            elements = inner.fields.get("PipelineElements", [])
            if len(elements) == 1 and elements[0].kind == "CommandExpression":
                return self.targets(elements[0].fields["Expression"], arrays=arrays)
            return [inner]
        return [node]


def _takes_attribute(node: Node) -> bool:
    while node.kind in ("ConvertExpression", "AttributedExpression"):
        node = node.fields["Child"]
    return node.kind == "VariableExpression"


def _reduce(operands: list[Node], operator: Token) -> None:
    right = operands.pop()
    left = operands.pop()
    fields = {"Operator": operator.kind, "Left": left, "Right": right, "ErrorPosition": operator}
    operands.append(Node("BinaryExpression", left.start, right.end, fields))
