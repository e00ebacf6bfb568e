"""The switch statement and the data section (specification, 8.6 and 8.11)."""

from __future__ import annotations

from validators.powershell.parser.commands import NO_COMMAND, NO_VALUE
from validators.powershell.parser.loops import Loops
from validators.powershell.parser.nodes import Node
from validators.powershell.parser.tokens import Mode, Token

_FLAGS = ("regex", "wildcard", "exact", "casesensitive", "file", "parallel")


class Switches(Loops):
    """switch_statement, data_statement."""

    __slots__ = ()

    def switch_statement(self, label: Token | None = None) -> Node:
        """switch_statement (specification, 8.6)."""
        start = self.keyword()
        fields: dict[str, object] = {}
        parallel, file_given = self._switch_flags(fields)
        if not file_given:
            self._switch_condition(fields, label)
        after = self.last
        self.skip_newlines()
        if file_given and self.peek().kind == "LParen":
            message = "'-File' gives the switch statement's value already."
            self.fail_at("PipelineValueRequired", message, self.peek())
        if not self.accept("LCurly"):
            message = "'{' is missing before the clauses of the switch statement."
            self.fail_after("MissingCurlyBraceInSwitchStatement", message, after)
        outer = self.deeper(8)
        self._switch_body(fields)
        self.depth = outer
        node = self.labeled("SwitchStatement", label, start, fields)
        if parallel:
            message = "'-Parallel' is reserved for workflows."
            self.find("KeywordParameterReservedForFutureUse", message, node)
        return node

    def _switch_flags(self, fields: dict[str, object]) -> tuple[bool, bool]:
        parallel = file_given = False
        while (flag := self.flag()) is not None:
            token = self.peek()
            name = next((name for name in _FLAGS if flag and name.startswith(flag)), None)
            if name is None:
                self.fail_at("InvalidSwitchFlag", f"'switch' has no parameter {self.shown(token)}.", token)
            self.skip()
            parallel = parallel or name == "parallel"
            if name == "file":
                file_given = True
                self.use(Mode.COMMAND)
                self.skip_newlines()
                ahead = self.peek()
                if ahead.kind in NO_COMMAND or ahead.kind in ("Comma", "Ampersand"):
                    self.fail_after("MissingFilenameOption", "'-File' needs the name of a file.", token.end)
                value = self.single_argument(ahead)
                expression = Node("CommandExpression", value.start, value.end, {"Expression": value})
                fields["Condition"] = Node("Pipeline", value.start, value.end, {"PipelineElements": [expression]})
                self.resync(Mode.EXPRESSION)
        return parallel, file_given

    def _switch_condition(self, fields: dict[str, object], label: Token | None) -> None:
        after = self.last
        self.skip_newlines()
        opening = self.accept("LParen")
        if opening is None:
            place = after if label is None else label.end
            self.fail_after("PipelineValueRequired", "'(' and a value are missing behind 'switch'.", place)
        self.skip_newlines()
        condition = self.pipeline_chain()
        if condition is None:
            self.fail_after("PipelineValueRequired", "The value of the switch statement is missing.", opening.end)
        fields["Condition"] = condition
        self.skip_newlines()
        if not self.accept("RParen"):
            message = "')' is missing behind the value of the switch statement."
            self.fail_after("MissingEndParenthesisInSwitchStatement", message, condition.end)

    def _switch_body(self, fields: dict[str, object]) -> None:
        """switch_clauses: conditions with their blocks, and one default."""
        clauses: list[tuple[Node, Node]] = []
        opening = self.last
        while True:
            self.resync(Mode.COMMAND)
            self.skip_newlines()
            token = self.peek()
            if token.kind == "RCurly":
                break
            default = token.kind == "Generic" and self.text[token.start : token.end].lower() == "default"
            if default:
                token.kind = "Default"
                self.keyword()
                condition = None
            elif token.kind in NO_COMMAND or token.kind in NO_VALUE:
                condition = None
            else:
                if token.kind == "Parameter":
                    token.kind = "Generic"
                condition = self.single_argument(token)
            if condition is None and not default:
                if token.kind == "EndOfInput" and (clauses or "Default" in fields):
                    self.fail("MissingEndCurlyBrace", "'}' is missing behind the clauses.", opening - 1, opening)
                message = "The condition of the switch statement's clause is missing."
                self.fail_after("MissingSwitchConditionExpression", message)
            self.resync(Mode.EXPRESSION)
            message = "The block of the switch statement's clause is missing."
            block = self.required_block("MissingSwitchStatementClause", message)
            if condition is not None:
                clauses.append((condition, block))
            elif "Default" in fields:
                self.fail_at("MultipleSwitchDefaultClauses", "The switch statement has a default already.", token)
            else:
                fields["Default"] = block
            self.skip_newlines_and_semicolons()
        if not clauses and "Default" not in fields:
            self.fail_after("MissingSwitchConditionExpression", "The switch statement has no clause.", opening)
        if clauses:
            fields["Clauses"] = clauses
        self.use(Mode.EXPRESSION)
        self.skip()

    def data_statement(self) -> Node:
        """data_statement (specification, 8.11; about_Data_Sections)."""
        start = self.keyword()
        fields: dict[str, object] = {}
        after = self.last
        self.skip_newlines()
        name = self.simple_name()
        if name is not None:
            fields["Variable"] = self.text[name.start : name.end]
            after = self.last
            self.skip_newlines()
        token = self.peek()
        if token.kind == "Parameter":
            self._supported_commands(fields)
            after = self.last
        body = self.statement_block()
        if body is None:
            message = "The block of the data section is missing."
            self.fail_after("MissingStatementBlockForDataSection", message, after)
        fields["Body"] = body
        node = Node("DataStatement", start.start, self.last, fields)
        self.findings.watch("data section", node)
        return node

    def _supported_commands(self, fields: dict[str, object]) -> None:
        flag = self.skip()
        word = self.text[flag.start + 1 : flag.end].lower()
        if not word or not "supportedcommand".startswith(word):
            message = f"A data section has no parameter {self.shown(flag)}."
            self.fail_at("InvalidParameterForDataSectionStatement", message, flag)
        commands: list[Node] = []
        while True:
            after = self.last
            self.use(Mode.COMMAND)
            self.skip_newlines()
            token = self.peek()
            if token.kind in NO_COMMAND or token.kind in ("LCurly", "Comma", "Ampersand"):
                message = "The name of a command is missing."
                self.fail_after("MissingValueForSupportedCommandInDataSectionStatement", message, after)
            commands.append(self.argument_value(token))
            self.skip_newlines()
            if not self.accept("Comma"):
                break
        self.resync(Mode.EXPRESSION)
        fields["CommandsAllowed"] = commands
