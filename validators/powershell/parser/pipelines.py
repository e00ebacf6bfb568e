"""Pipelines, chains of them, and assignments (specification, 8.2 and 7.11; about_Pipeline_Chain_Operators)."""

from __future__ import annotations

from validators.powershell.parser.commands import Commands
from validators.powershell.parser.nodes import Node
from validators.powershell.parser.tokens import ASSIGNMENTS, ENDS_PIPELINE, Mode, Token


class Pipelines(Commands):
    """pipeline, pipeline_chain, assignment_expression."""

    __slots__ = ()

    def pipeline_chain(self) -> Node | None:
        """pipeline_chain: pipelines between ``&&`` and ``||``; or one, or an assignment."""
        chain: Node | None = None
        operator: Token | None = None
        while True:
            pipeline, background = self.pipeline(assigns=chain is None)
            if pipeline is None:
                if operator is None:
                    return None
                message = f"A pipeline is missing behind {self.shown(operator)}."
                self.fail_at("EmptyPipelineChainElement", message, operator)
            if chain is None:
                chain = pipeline
            elif operator is not None:
                fields: dict[str, object] = {"LhsPipelineChain": chain, "RhsPipeline": pipeline}
                fields["Operator"] = operator.kind
                chain = Node("PipelineChain", chain.start, pipeline.end, fields)
            sign = self._chain_sign()
            if sign.kind not in ("AndAnd", "OrOr") or pipeline.kind == "AssignmentStatement":
                if background is not None:
                    chain.fields["Background"] = True
                return chain
            if background is not None:
                message = "'&' ends a pipeline chain, it cannot stand inside one."
                self.fail_at("BackgroundOperatorInPipelineChain", message, sign)
            operator = self.skip()
            self.skip_newlines()

    def _chain_sign(self) -> Token:
        """The token behind a pipeline; ``||`` may open the next line."""
        self.goes_on_next_line("OrOr")
        return self.peek()

    def goes_on_next_line(self, kind: str) -> bool:
        """Consumes a line end, and comments on lines of their own, if a token of this kind stands behind them."""
        if self.peek().kind != "NewLine":
            return False
        mark = self.mark()
        self.skip()
        while self.peek().kind == "NewLine" and self.lexer.tokens[-1].kind == "Comment":
            self.skip()
        if self.peek().kind == kind:
            return True
        self.back(mark)
        return False

    def pipeline(self, *, assigns: bool) -> tuple[Node | None, Token | None]:
        """pipeline: commands between ``|``, of which the first may be an expression; and a ``&`` behind it."""
        elements: list[Node] = []
        place = self.last
        while True:
            start = self.peek()
            if self.begins_expression(start):
                element: Node | None = self._expression_element(start, elements, assigns=assigns)
            else:
                element = self.command()
            if element is None:
                message = "An element of the pipeline is empty."
                if elements:
                    self.fail_after("EmptyPipeElement", message, place)
                if self.peek().kind == "Pipe":
                    self.fail_at("EmptyPipeElement", message, self.peek())
                return None, None
            if element.kind == "AssignmentStatement":
                return element, None
            elements.append(element)
            self.goes_on_next_line("Pipe")
            if not self.accept("Pipe"):
                break
            place = self.last
            self.skip_newlines()
        node = Node("Pipeline", elements[0].start, elements[-1].end, {"PipelineElements": elements})
        token = self.peek()
        if token.kind == "Ampersand":
            return node, self.skip()
        if token.kind not in ENDS_PIPELINE and token.kind not in ("AndAnd", "OrOr"):
            self.unexpected(token)
        return node, None

    def _expression_element(self, start: Token, elements: list[Node], *, assigns: bool) -> Node:
        expression = self.expression()
        if expression is None:
            self.unexpected(start)
        sign = self.peek()
        if sign.kind in ASSIGNMENTS and assigns and not elements:
            return self.assignment_expression(expression, self.skip())
        if elements:
            message = "An expression can only be the first element of a pipeline."
            self.fail_at("ExpressionsMustBeFirstInPipeline", message, expression)
        fields: dict[str, object] = {"Expression": expression}
        end = expression.end
        redirections: list[Node] = []
        streams: set[str] = set()
        if sign.kind == "Number" and self.text.startswith(">", sign.end):
            self.resync(Mode.COMMAND)
        while self.peek().kind in ("Redirection", "RedirectInStd"):
            redirections.append(self.redirection(streams))
            self.resync(Mode.COMMAND)
            end = redirections[-1].end
        if redirections:
            self.peek()
            self.use(Mode.EXPRESSION)
            fields["Redirections"] = redirections
        return Node("CommandExpression", expression.start, end, fields)

    def check_types_of_target(self, target: Node) -> None:
        """Notes types and attributes that nothing which is assigned to can have."""
        if target.kind == "ArrayLiteral":
            for element in target.fields["Elements"]:
                self.check_types_of_target(element)
            return
        types: list[Node] = []
        child = target
        while child.kind in ("ConvertExpression", "AttributedExpression"):
            if child.kind == "ConvertExpression":
                types.append(child.fields["Type"])
            child = child.fields["Child"]
        for constraint in types:
            name = constraint.fields["TypeName"].lower()
            if name == "void":
                self.find("VoidTypeConstraintNotAllowed", "Nothing can be of the type void.", constraint)
            elif name == "ref" and len(types) > 1:
                message = "'[ref]' cannot stand beside another type."
                self.find("ReferenceNeedsToBeByItselfInTypeConstraint", message, constraint)
        if child is not target and self._is_automatic(child, types):
            message = "An automatic variable cannot be given a type or an attribute."
            self.find("AssignmentStatementToAutomaticNotSupported", message, target)

    def _is_automatic(self, variable: Node, types: list[Node]) -> bool:
        if any(constraint.fields["TypeName"].lower() in ("object", "system.object") for constraint in types):
            return False
        return self.text[variable.start : variable.end].lower() in ("$_", "$this")

    def assignment_expression(self, left: Node, operator: Token) -> Node:
        """assignment_expression: a target, an operator and a statement (specification, 7.11)."""
        self.skip_newlines()
        outer = self.deeper(2)
        right = self.statement()
        self.depth = outer
        if right is None:
            message = f"A value is missing behind {self.shown(operator)}."
            self.fail_after("ExpectedValueExpression", message, operator.end)
        end = right.end
        if right.kind == "Pipeline" and not right.fields.get("Background"):
            elements = right.fields["PipelineElements"]
            if len(elements) == 1 and elements[0].kind == "CommandExpression":
                right = elements[0]
        self.check_target(left, "InvalidLeftHandSide", arrays=operator.kind == "Equals")
        self.check_types_of_target(left)
        return Node("AssignmentStatement", left.start, end, {"Left": left, "Operator": operator.kind, "Right": right})
