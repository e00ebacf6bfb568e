"""Statements that choose, guard and leave (specification, 8.3, 8.5, 8.7 and 8.8)."""

from __future__ import annotations

from validators.powershell.parser.nodes import Node
from validators.powershell.parser.pipelines import Pipelines
from validators.powershell.parser.tokens import ENDS_PIPELINE, WORDS, Token

_LABEL_ENDS = frozenset((*ENDS_PIPELINE, "Pipe", "OrOr", "AndAnd", "Ampersand", "Redirection", "Comma"))


class Flow(Pipelines):
    """statement_block, if_statement, try_statement, trap_statement, flow_control_statement."""

    __slots__ = ()

    def statement_block(self) -> Node | None:
        """statement_block: statements between braces (specification, 8.1.2)."""
        self.skip_newlines()
        if self.peek().kind != "LCurly":
            return None
        opening = self.skip()
        outer = self.deeper(2)
        statements = self.statement_list()
        self.depth = outer
        if self.peek().kind != "RCurly":
            self.fail_at("MissingEndCurlyBrace", "'}' is missing behind the statements.", opening)
        self.skip()
        block = self.statements_node(statements, opening.start, self.last)
        block.start, block.end = opening.start, self.last
        return block

    def required_block(self, id: str, message: str, place: Token | None = None) -> Node:
        """A statement_block that has to stand here."""
        after = self.last
        block = self.statement_block()
        if block is None:
            if place is not None:
                self.fail_at(id, message, place)
            self.fail_after(id, message, after)
        return block

    def if_statement(self) -> Node:
        """if_statement (specification, 8.3)."""
        start = token = self.keyword()
        clauses: list[tuple[Node, Node]] = []
        fields: dict[str, object] = {"Clauses": clauses}
        while True:
            after = self.last
            self.skip_newlines()
            if not self.accept("LParen"):
                message = f"'(' is missing behind {self.shown(token)}."
                self.fail_after("MissingOpenParenthesisInIfStatement", message, after)
            opening = self.last
            self.skip_newlines()
            condition = self.pipeline_chain()
            if condition is None:
                message = f"The condition behind {self.shown(token)} is missing."
                self.fail_after("IfStatementMissingCondition", message, opening)
            self.skip_newlines()
            closing = self.peek()
            if closing.kind != "RParen":
                message = "')' is missing behind the condition."
                self.fail_at("MissingEndParenthesisAfterStatement", message, closing)
            self.skip()
            clauses.append((condition, self.required_block("MissingStatementBlock", "The block is missing.", closing)))
            mark = self.mark()
            self.skip_newlines()
            token = self.peek()
            if token.kind == "ElseIf":
                self.keyword()
                continue
            if token.kind == "Else":
                self.keyword()
                message = "The block behind 'else' is missing."
                fields["ElseClause"] = self.required_block("MissingStatementBlockAfterElse", message)
            else:
                self.back(mark)
            return Node("IfStatement", start.start, self.last, fields)

    def try_statement(self) -> Node:
        """try_statement (specification, 8.7)."""
        start = self.keyword()
        body = self.required_block("MissingTryStatementBlock", "The block behind 'try' is missing.")
        fields: dict[str, object] = {"Body": body}
        catches: list[Node] = []
        while True:
            mark = self.mark()
            self.skip_newlines()
            token = self.peek()
            if token.kind == "Catch":
                clause = self.catch_clause()
                if catches and catches[-1].fields.get("IsCatchAll"):
                    message = "A catch clause without types has to be the last."
                    self.fail_after("EmptyCatchNotLast", message, clause.start - 1)
                catches.append(clause)
                continue
            if token.kind == "Finally":
                self.keyword()
                message = "The block behind 'finally' is missing."
                block = self.required_block("MissingFinallyStatementBlock", message)
                self.findings.watch("finally", block)
                fields["Finally"] = block
            else:
                self.back(mark)
            break
        if catches:
            fields["CatchClauses"] = catches
        elif "Finally" not in fields:
            message = "The try statement has neither catch nor finally."
            self.fail_after("MissingCatchOrFinally", message, body.end)
        node = Node("TryStatement", start.start, self.last, fields)
        if len(catches) > 1:
            self.findings.watch("catches", node)
        return node

    def catch_clause(self) -> Node:
        """catch_clause, with the types that it catches."""
        start = self.keyword()
        types: list[Node] = []
        after = self.last
        self.skip_newlines()
        while self.peek().kind == "LBracket":
            types.append(self.attribute())
            after = self.last
            self.skip_newlines()
            comma = self.accept("Comma")
            if comma is None:
                break
            self.skip_newlines()
            if self.peek().kind != "LBracket":
                self.fail_after("MissingTypeLiteralToken", "A type is missing behind ','.", comma.end)
        body = self.statement_block()
        if body is None:
            self.fail_after("MissingCatchHandlerBlock", "The block behind 'catch' is missing.", after)
        fields: dict[str, object] = {"Body": body}
        if types:
            fields["CatchTypes"] = types
        else:
            fields["IsCatchAll"] = True
        return Node("CatchClause", start.start, self.last, fields)

    def trap_statement(self) -> Node:
        """trap_statement (specification, 8.8)."""
        start = self.keyword()
        fields: dict[str, object] = {}
        after = self.last
        self.skip_newlines()
        if self.peek().kind == "LBracket":
            fields["TrapType"] = self.attribute()
            after = self.last
        body = self.statement_block()
        if body is None:
            self.fail_after("MissingTrapStatement", "The block behind 'trap' is missing.", after)
        fields["Body"] = body
        return Node("TrapStatement", start.start, self.last, fields)

    def flow_control_statement(self) -> Node:
        """return, throw or exit, with a pipeline perhaps (specification, 8.5)."""
        start = self.keyword()
        pipe = self.skip() if self.goes_on_next_line("Pipe") else None
        pipeline = self.pipeline_chain()
        if pipe is not None and pipeline is None:
            self.fail_after("EmptyPipeElement", "An element of the pipeline is empty.", pipe.end)
        fields: dict[str, object] = {} if pipeline is None else {"Pipeline": pipeline}
        end = start.end if pipeline is None else pipeline.end
        return Node(f"{start.kind}Statement", start.start, end, fields)

    def jump_statement(self) -> Node:
        """break or continue, with a label perhaps (specification, 8.5.1 and 8.5.2)."""
        start = self.keyword()
        token = self.peek()
        fields: dict[str, object] = {}
        end = start.end
        if token.kind in WORDS and token.kind != "Generic":
            token.kind = "Identifier"
        if token.kind == "Number" and not self.lexer.ends_word(token.end):
            return Node(f"{start.kind}Statement", start.start, end, fields)
        if token.kind not in _LABEL_ENDS:
            label = self.string(self.skip()) if token.kind in WORDS else self.unary_expression()
            if label is not None:
                fields["Label"] = label
                end = label.end
        return Node(f"{start.kind}Statement", start.start, end, fields)
