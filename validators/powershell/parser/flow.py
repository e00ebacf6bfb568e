"""Statements that choose, repeat, guard and leave (specification, 8.3 to 8.8)."""

from __future__ import annotations

from validators.powershell.parser.nodes import Node
from validators.powershell.parser.pipelines import Pipelines
from validators.powershell.parser.tokens import DASHES, ENDS_PIPELINE, WORDS, Mode, Token

_LABEL_ENDS = frozenset((*ENDS_PIPELINE, "Pipe", "OrOr", "AndAnd", "Ampersand", "Redirection", "Comma"))


class Flow(Pipelines):
    """if_statement, iteration_statement, try_statement, trap_statement, flow_control_statement."""

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

    def condition(self, keyword: Token) -> Node:
        """The parenthesised condition of a loop."""
        after = self.last
        self.skip_newlines()
        if not self.accept("LParen"):
            message = f"'(' is missing behind {self.shown(keyword)}."
            self.fail_after("MissingOpenParenthesisAfterKeyword", message, after)
        opening = self.last
        self.skip_newlines()
        condition = self.pipeline_chain()
        if condition is None:
            message = f"An expression is missing behind {self.shown(keyword)}."
            self.fail_after("MissingExpressionAfterKeyword", message, opening)
        self.skip_newlines()
        if not self.accept("RParen"):
            message = "')' is missing behind the condition."
            self.fail_after("MissingEndParenthesisAfterStatement", message, condition.end)
        return condition

    def while_statement(self, label: Token | None = None) -> Node:
        """while_statement (specification, 8.4.1)."""
        start = self.keyword()
        condition = self.condition(start)
        body = self.required_block("MissingLoopStatement", "The loop has no body.")
        return self.labeled("WhileStatement", label, start, {"Condition": condition, "Body": body})

    def do_statement(self, label: Token | None = None) -> Node:
        """do_statement, with ``while`` or ``until`` (specification, 8.4.2)."""
        start = self.keyword()
        body = self.required_block("MissingLoopStatement", "The loop has no body.")
        self.skip_newlines()
        token = self.peek()
        if token.kind not in ("While", "Until"):
            message = "'while' or 'until' is missing behind the loop's body."
            self.fail_after("MissingWhileOrUntilInDoWhile", message, body.end)
        condition = self.condition(self.keyword())
        kind = "DoWhileStatement" if token.kind == "While" else "DoUntilStatement"
        return self.labeled(kind, label, start, {"Condition": condition, "Body": body})

    def for_statement(self, label: Token | None = None) -> Node:
        """for_statement (specification, 8.4.3)."""
        start = self.keyword()
        after = self.last
        self.skip_newlines()
        if not self.accept("LParen"):
            self.fail_after("MissingOpenParenthesisAfterKeyword", "'(' is missing behind 'for'.", after)
        fields: dict[str, object] = {}
        after = self.last
        for part in ("Initializer", "Condition", "Iterator"):
            self.skip_newlines()
            pipeline = self.pipeline_chain()
            if pipeline is not None:
                fields[part] = pipeline
                after = self.last
            if part == "Iterator" or self.peek().kind not in ("Semi", "NewLine"):
                break
            self.skip()
            after = self.last
        self.skip_newlines()
        if not self.accept("RParen"):
            message = "')' is missing behind the head of the loop."
            self.fail_after("MissingEndParenthesisAfterStatement", message, after)
        fields["Body"] = self.required_block("MissingLoopStatement", "The loop has no body.")
        return self.labeled("ForStatement", label, start, fields)

    def foreach_statement(self, label: Token | None = None) -> Node:
        """foreach_statement (specification, 8.4.4)."""
        start = self.keyword()
        fields: dict[str, object] = {}
        parallel = self._foreach_flags(fields)
        after = self.last
        self.skip_newlines()
        if not self.accept("LParen"):
            self.fail_after("MissingOpenParenthesisAfterKeyword", "'(' is missing behind 'foreach'.", after)
        after = self.last
        self.skip_newlines()
        self.resync(Mode.COMMAND)
        token = self.peek()
        self.use(Mode.EXPRESSION)
        if token.kind not in ("Variable", "SplattedVariable"):
            self.fail_after("MissingVariableNameAfterForeach", "A variable is missing behind 'foreach ('.", after)
        fields["Variable"] = variable = self.value()
        after = self.last
        self.skip_newlines()
        if self.peek().kind != "In" or variable is None:
            self.fail_after("MissingInInForeach", "'in' is missing behind the variable.", after)
        self.keyword()
        after = self.last
        self.skip_newlines()
        condition = self.pipeline_chain()
        if condition is None:
            self.fail_after("MissingForeachExpression", "An expression is missing behind 'in'.", after)
        fields["Condition"] = condition
        self.skip_newlines()
        if not self.accept("RParen"):
            message = "')' is missing behind the expression."
            self.fail_after("MissingEndParenthesisAfterForeach", message, condition.end)
        fields["Body"] = self.required_block("MissingForeachStatement", "The loop has no body.")
        node = self.labeled("ForEachStatement", label, start, fields)
        if parallel:
            message = "'-Parallel' is reserved for workflows."
            self.find("KeywordParameterReservedForFutureUse", message, node)
        return node

    def flag(self) -> str | None:
        """The name of the parameter of a statement that is the next token, in small letters; None if that is none."""
        token = self.peek()
        if token.end - token.start < 2 or self.text[token.start] not in DASHES:
            return None
        if token.kind != "Parameter":
            self.ahead = token = self.lexer.parameter(token.start)
        return self.text[token.start + 1 : token.end].lower()

    def _foreach_flags(self, fields: dict[str, object]) -> bool:
        parallel = False
        while True:
            mark = self.mark()
            self.skip_newlines()
            flag = self.flag()
            if flag is None:
                self.back(mark)
                return parallel
            token = self.skip()
            if flag and "parallel".startswith(flag):
                parallel = True
            elif flag and "throttlelimit".startswith(flag):
                parallel = True
                self.use(Mode.COMMAND)
                self.skip_newlines()
                if self.peek().kind in _LABEL_ENDS:
                    self.fail_after("MissingThrottleLimit", "'-ThrottleLimit' needs a value.", token.end)
                fields["ThrottleLimit"] = self.command_argument()
                self.resync(Mode.EXPRESSION)
            else:
                self.fail_at("InvalidForeachFlag", f"'foreach' has no parameter {self.shown(token)}.", token)

    def labeled(self, kind: str, label: Token | None, start: Token, fields: dict[str, object]) -> Node:
        """The node of a loop or switch, which begins at its label if it has one."""
        if label is not None:
            fields["Label"] = self.text[label.start + 1 : label.end]
        return Node(kind, start.start if label is None else label.start, self.last, fields)

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
        return Node("TryStatement", start.start, self.last, fields)

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
