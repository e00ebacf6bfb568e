"""Statements, scripts, and the parser as a whole (specification, 8.1)."""

from __future__ import annotations

import re
from collections.abc import Callable

from validators.powershell.parser.classes import Classes
from validators.powershell.parser.errors import SyntaxFault, too_deep
from validators.powershell.parser.modules import is_constant_value, is_module_specification
from validators.powershell.parser.nodes import Node
from validators.powershell.parser.tokens import KEYWORDS, RESERVED_KEYWORDS, Mode, Token

_NAMESPACE = re.compile(r"[^\W\d]\w*(?:\.[^\W\d]\w*)*\Z")
_NO_ITEM = frozenset(
    ("RParen", "RCurly", "Comma", "Pipe", "OrOr", "AndAnd", "Ampersand", "Redirection", "RedirectInStd")
)
_KEYWORD_KINDS = frozenset(KEYWORDS.values())
_KEYWORD_ENDS = frozenset(("NewLine", "Semi", "RParen", "RCurly", "EndOfInput"))


class Parser(Classes):
    """script_block, statement_list, statement, using_statement."""

    __slots__ = ()

    def script(self) -> Node:
        """A whole script: the text's ScriptBlock.

        Raises:
            SyntaxFault: at the first error of syntax.
        """
        try:
            return self._script()
        except RecursionError:  # the caller's own frames left fewer than `MAX_FRAMES`
            raise SyntaxFault(too_deep(self.last)) from None

    def _script(self) -> Node:
        fields: dict[str, object] = {}
        self.skip_newlines()
        usings: list[Node] = []
        while self.peek().kind == "Using":
            usings.append(self.using_statement(at_start=True))
            self.skip_newlines_and_semicolons()
        if usings:
            fields["UsingStatements"] = usings
        self.script_block_body(fields, None)
        token = self.peek()
        if token.kind != "EndOfInput":
            self.unexpected(token)
        self.skip()
        return Node("ScriptBlock", 0, self.lexer.end, fields)

    def statement_list(self) -> list[Node]:
        """statement_list (specification, 8.1.2): as many statements as there are."""
        statements: list[Node] = []
        while True:
            self.skip_newlines_and_semicolons()
            statement = self.statement()
            if statement is None:
                return statements
            statements.append(statement)

    def statement(self) -> Node | None:
        """statement (specification, 8.1); None where none begins."""
        token = self.peek()
        production = _STATEMENTS.get(token.kind)
        outer = self.deeper(5)
        if production is not None:
            node: Node | None = production(self)
        elif token.kind == "Colon":
            node = self.labeled_statement(token)
        elif token.kind == "LBracket":
            node = self.attributed_statement(None)
        elif token.kind in RESERVED_KEYWORDS:
            message = f"The keyword {self.shown(token)} is reserved."
            self.fail_at("ReservedKeywordNotAllowed", message, token)
        else:
            node = self.pipeline_chain()
        self.depth = outer
        return node

    def labeled_statement(self, sign: Token) -> Node | None:
        """labeled_statement: a loop or switch behind a label; any other statement is a command of that name."""
        label = self.lexer.label(sign.start)
        if label is None:
            self.lexer.position = sign.end
            return self.pipeline_chain()
        self.ahead = label
        mark = self.mark()
        self.skip()
        self.skip_newlines()
        production = _LABELED.get(self.peek().kind)
        if production is None:
            self.back(mark)
            return self.pipeline_chain()
        return production(self, label)

    def class_of(self) -> Node:
        """class_statement without attributes."""
        return self.class_statement([])

    def enum_of(self) -> Node:
        """enum_statement without attributes."""
        return self.enum_statement([])

    def attributed_start(self, fields: dict[str, object]) -> Node | None:
        """The param block, kept in ``fields``; or the first statement, if an attribute opens it."""
        token = self.peek()
        if token.kind == "Param":
            block = self.param_block([])
            if block is not None:
                fields["ParamBlock"] = block
        elif token.kind == "LBracket":
            outer = self.deeper(5)
            node = self.attributed_statement(fields)
            self.depth = outer
            return node
        return None

    def attributed_statement(self, fields: dict[str, object] | None) -> Node | None:
        """What attributes and types open: a class, an enumeration, an expression; a param block where it may stand."""
        attributes: list[Node] = []
        while True:
            attributes.append(self.attribute())
            mark = self.mark()
            self.skip_newlines()
            kind = self.peek().kind
            if kind == "LBracket" and (attributes[-1].kind == "Attribute" or self.last == attributes[-1].end):
                continue
            if kind in ("Class", "Enum") and all(node.kind == "Attribute" for node in attributes):
                return self.class_statement(attributes) if kind == "Class" else self.enum_statement(attributes)
            if kind == "Param" and fields is not None:
                for node in attributes:
                    if node.kind == "TypeConstraint":
                        self.fail_at("TypeNotAllowedBeforeParam", "A type cannot stand before 'param'.", node)
                block = self.param_block(attributes)
                if block is not None:
                    fields["ParamBlock"] = block
                    return None
            self.back(mark)
            break
        token = self.peek()
        if token.kind in RESERVED_KEYWORDS or (token.kind in _STATEMENTS and token.kind not in ("Class", "Enum")):
            self.unexpected(token)
        if token.kind in _KEYWORD_KINDS:
            first = attributes[0]
            if any(node.kind == "Attribute" for node in attributes):
                self.fail_at("UnexpectedAttribute", "An attribute cannot stand before this statement.", first)
            self.fail_at("TypeNotAllowedBeforeStatement", "A type cannot stand before a statement.", first)
        self.pending = attributes
        return self.pipeline_chain()

    def using_statement(self, *, at_start: bool = False) -> Node:
        """using_statement (about_Using)."""
        start = self.keyword()
        token = self.peek()
        if token.kind not in ("Namespace", "Module", "Assembly", "Type", "Command"):
            message = "'using' needs namespace, module, assembly, type or command behind it."
            self.fail_after("MissingUsingStatementDirective", message, start.end)
        self.keyword()
        self.use(Mode.COMMAND)
        ahead = self.peek()
        if ahead.kind in ("NewLine", "Semi", "EndOfInput"):
            self.fail_after("MissingUsingItemName", "The name of what is used is missing.", token.end)
        if ahead.kind in _NO_ITEM:
            self.fail_at("InvalidValueForUsingItemName", "This names nothing that can be used.", ahead)
        name = self.argument_value(ahead)
        fields: dict[str, object] = {"UsingStatementKind": token.kind, "Name": name}
        if name.kind not in ("StringConstantExpression", "Hashtable"):
            self.fail_at("InvalidValueForUsingItemName", "This names nothing that can be used.", name)
        end = name.end
        self.resync(Mode.EXPRESSION)
        sign = self.peek()
        if sign.kind == "Equals":
            self.skip()
            self.use(Mode.COMMAND)
            if self.peek().kind in _KEYWORD_ENDS:
                self.fail_after("MissingNamespaceAlias", "What the alias stands for is missing behind '='.", sign.end)
            alias = self.argument_value(self.peek())
            fields["Alias"] = alias
            end = alias.end
            self.resync(Mode.EXPRESSION)
        elif token.kind in ("Type", "Command"):
            self.fail_after("MissingEqualsInUsingAlias", "'=' is missing behind the alias.", end)
        after = self.peek()
        if after.kind not in ("NewLine", "Semi", "EndOfInput"):
            message = "A line end or ';' is missing behind the using statement."
            self.fail_at("MissingStatementTerminator", message, after)
        node = Node("UsingStatement", start.start, end, fields)
        if not at_start:
            message = "A using statement must stand before all others of the script."
            self.fail_at("UsingMustBeAtStartOfScript", message, node)
        self._check_using(node, token.kind, name)
        if "Alias" in fields or token.kind in ("Type", "Command"):
            self.find("UsingStatementNotSupported", "This form of the using statement is not supported.", node)
        return node

    def _check_using(self, node: Node, kind: str, name: Node) -> None:
        text = self.constant(name)
        if kind == "Namespace" and not _NAMESPACE.match(text):
            self.find("InvalidNamespaceValue", "This is no name of a namespace.", name)
        elif kind == "Module" and name.kind == "Hashtable":
            if not is_constant_value(name):
                self.find("RequiresArgumentMustBeConstant", "The module's specification has to be constant.", node)
            elif not is_module_specification(self, name):
                self.find("RequiresModuleInvalid", "The hash table specifies no module.", node)
        elif kind == "Module" and re.search(r"[*?\[]", text):
            self.find("WildCardModuleNameError", "The name of a module has no wildcards.", node)

    def parallel_statement(self) -> Node:
        """parallel, sequence and inlinescript blocks, which belong to workflows."""
        start = self.keyword()
        message = f"The block behind {self.shown(start)} is missing."
        body = self.required_block("MissingStatementAfterKeyword", message)
        node = Node("BlockStatement", start.start, self.last, {"Kind": start.kind, "Body": body})
        if not self.in_workflow:
            self.find("UnexpectedKeyword", "This keyword belongs to workflows.", start)
        return node


_LABELED: dict[str, Callable[[Parser, Token], Node]] = {
    "While": Parser.while_statement,
    "Do": Parser.do_statement,
    "For": Parser.for_statement,
    "Foreach": Parser.foreach_statement,
    "Switch": Parser.switch_statement,
}
_STATEMENTS: dict[str, Callable[[Parser], Node]] = {
    "If": Parser.if_statement,
    "While": Parser.while_statement,
    "Do": Parser.do_statement,
    "For": Parser.for_statement,
    "Foreach": Parser.foreach_statement,
    "Switch": Parser.switch_statement,
    "Try": Parser.try_statement,
    "Trap": Parser.trap_statement,
    "Data": Parser.data_statement,
    "Return": Parser.flow_control_statement,
    "Throw": Parser.flow_control_statement,
    "Exit": Parser.flow_control_statement,
    "Break": Parser.jump_statement,
    "Continue": Parser.jump_statement,
    "Function": Parser.function_statement,
    "Filter": Parser.function_statement,
    "Workflow": Parser.function_statement,
    "Class": Parser.class_of,
    "Enum": Parser.enum_of,
    "Using": Parser.using_statement,
    "Parallel": Parser.parallel_statement,
    "Sequence": Parser.parallel_statement,
}
