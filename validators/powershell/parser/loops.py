"""Loops (specification, 8.4; about_Foreach)."""

from __future__ import annotations

from validators.powershell.parser.commands import NO_COMMAND, NO_VALUE
from validators.powershell.parser.flow import Flow
from validators.powershell.parser.nodes import Node
from validators.powershell.parser.tokens import DASHES, Mode, Token


class Loops(Flow):
    """iteration_statement: while, do, for and foreach."""

    __slots__ = ()

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
        """The name of the parameter of a statement that is next, over line ends, in small letters; None if none is.

        The parameter itself is not consumed.
        """
        mark = self.mark()
        self.skip_newlines()
        token = self.peek()
        if token.end - token.start < 2 or self.text[token.start] not in DASHES:
            self.back(mark)
            return None
        if token.kind != "Parameter":
            self.ahead = token = self.lexer.parameter(token.start)
        return self.text[token.start + 1 : token.end].lower()

    def _foreach_flags(self, fields: dict[str, object]) -> bool:
        parallel = False
        while (flag := self.flag()) is not None:
            token = self.skip()
            if flag and "parallel".startswith(flag):
                parallel = True
            elif flag and "throttlelimit".startswith(flag):
                parallel = True
                self.use(Mode.COMMAND)
                self.skip_newlines()
                if self.peek().kind in NO_COMMAND or self.peek().kind in NO_VALUE:
                    self.fail_after("MissingThrottleLimit", "'-ThrottleLimit' needs a value.", token.end)
                fields["ThrottleLimit"] = self.command_argument()
                self.resync(Mode.EXPRESSION)
            else:
                self.fail_at("InvalidForeachFlag", f"'foreach' has no parameter {self.shown(token)}.", token)
        return parallel

    def labeled(self, kind: str, label: Token | None, start: Token, fields: dict[str, object]) -> Node:
        """The node of a loop or switch, which begins at its label if it has one."""
        if label is not None:
            fields["Label"] = self.text[label.start + 1 : label.end]
        return Node(kind, start.start if label is None else label.start, self.last, fields)
