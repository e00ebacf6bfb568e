"""Functions, their parameters, script blocks and the blocks of these (specification, 8.10)."""

from __future__ import annotations

from validators.powershell.parser.nodes import Node
from validators.powershell.parser.switches import Switches
from validators.powershell.parser.tokens import KEYWORDS, Mode, Token

_NAMED_BLOCKS = {
    "Begin": "BeginBlock",
    "Process": "ProcessBlock",
    "End": "EndBlock",
    "Clean": "CleanBlock",
    "Dynamicparam": "DynamicParamBlock",
}


class Functions(Switches):
    """function_statement, parameter_list, param_block, script_block."""

    __slots__ = ()

    def function_statement(self) -> Node:
        """function_statement: function, filter or workflow (specification, 8.10.1)."""
        start = self.keyword()
        self.use(Mode.COMMAND)
        self.skip_newlines()
        token = self.peek()
        if token.kind not in ("Generic", "Identifier", "Parameter", "Number", "MinusMinus") and (
            self.text[token.start : token.end].strip("(){};,|&\"'$@\r\n") == "" or token.kind not in ("Redirection",)
        ):
            message = f"A name is missing behind {self.shown(start)}."
            self.use(Mode.EXPRESSION)
            self.fail_after("MissingNameAfterKeyword", message, start.end)
        name = self.skip()
        word = self.text[name.start : name.end].lower()
        if name.kind == "Generic" and word in KEYWORDS:
            name.kind = KEYWORDS[word]
        self.use(Mode.EXPRESSION)
        fields: dict[str, object] = {"Name": self.text[name.start : name.end]}
        if start.kind == "Filter":
            fields["IsFilter"] = True
        after = self.last
        self.skip_newlines()
        has_list = self.accept("LParen") is not None
        if has_list:
            parameters = self.parameter_list()
            self.check_parameters(parameters)
            if parameters:
                fields["Parameters"] = parameters
            after = self.last
        self.skip_newlines()
        opening = self.accept("LCurly")
        if opening is None:
            self.fail_after("MissingFunctionBody", "The function has no body.", after)
        outer = self.deeper(8)
        in_workflow = self.in_workflow
        self.in_workflow = in_workflow or start.kind == "Workflow"
        body = self.script_block(opening, is_filter=start.kind == "Filter")
        self.in_workflow = in_workflow
        self.depth = outer
        fields["Body"] = body
        block = body.fields.get("ParamBlock")
        node = Node("FunctionDefinition", start.start, self.last, fields)
        if block is not None and "Parameters" in fields:
            message = "A function has one list of parameters, behind its name or in a param block."
            self.findings.add("OnlyOneParameterListAllowed", message, block, node)
        return node

    def parameter_list(self) -> list[Node]:
        """parameter_list, its opening parenthesis being consumed, and the closing one."""
        parameters: list[Node] = []
        comma: Token | None = None
        before = self.last
        while True:
            self.skip_newlines()
            parameter = self.script_parameter()
            if parameter is None:
                if comma is not None:
                    self.fail_after("MissingExpressionAfterToken", "A parameter is missing behind ','.", comma.end)
                break
            before = self.last
            parameters.append(parameter)
            self.skip_newlines()
            comma = self.accept("Comma")
            if comma is None:
                break
        if not self.accept("RParen"):
            message = "')' is missing behind the parameters."
            self.fail_after("MissingEndParenthesisInFunctionParameterList", message, before)
        return parameters

    def script_parameter(self) -> Node | None:
        """script_parameter: attributes, a variable, and a default perhaps."""
        attributes: list[Node] = []
        while self.peek().kind == "LBracket":
            attributes.append(self.attribute())
            self.skip_newlines()
        token = self.peek()
        if token.kind not in ("Variable", "SplattedVariable"):
            if attributes:
                message = "A variable is missing behind the parameter's attributes."
                self.fail_after("InvalidFunctionParameter", message, attributes[-1].end)
            return None
        name = self.value()
        if name is None:
            return None
        fields: dict[str, object] = {"Attributes": attributes, "Name": name} if attributes else {"Name": name}
        end = name.end
        sign = self.accept_equals()
        if sign is not None:
            outer = self.deeper(8)
            default = self.argument_expression()
            self.depth = outer
            if default is None:
                message = "The parameter has no default behind '='."
                self.fail_after("MissingExpressionAfterToken", message, sign.end)
            fields["DefaultValue"] = default
            end = default.end
        return Node("Parameter", attributes[0].start if attributes else name.start, end, fields)

    def check_parameters(self, parameters: list[Node], *, of_method: bool = False) -> None:
        """Notes types and attributes that no parameter can have, and names that two have."""
        for parameter in parameters:
            for attribute in parameter.fields.get("Attributes", []):
                name = attribute.fields["TypeName"].lower()
                if attribute.kind == "Attribute":
                    self.findings.watch("method attribute" if of_method else "attribute", attribute)
                elif name == "void":
                    self.find("VoidTypeConstraintNotAllowed", "Nothing can be of the type void.", attribute)
                elif name == "ordered":
                    message = "'[ordered]' stands before a hash table only."
                    self.find("OrderedAttributeOnlyOnHashLiteralNode", message, attribute)
        seen: set[str] = set()
        for parameter in parameters:
            variable = parameter.fields["Name"]
            name = self.text[variable.start + 1 : variable.end].strip("{}").lower()
            if name in seen:
                self.find("DuplicateFormalParameter", "The list has a parameter of this name already.", variable)
            seen.add(name)

    def param_block(self, attributes: list[Node]) -> Node | None:
        """param_block (specification, 8.10.9), if ``(`` follows the word; else nothing is consumed."""
        mark = self.mark()
        start = self.keyword()
        self.skip_newlines()
        if not self.accept("LParen"):
            self.back(mark)
            start.flags = ""
            return None
        parameters = self.parameter_list()
        self.check_parameters(parameters)
        fields: dict[str, object] = {}
        for attribute in attributes:
            self.findings.watch("attribute", attribute)
        if attributes:
            fields["Attributes"] = attributes
        if parameters:
            fields["Parameters"] = parameters
        return Node("ParamBlock", start.start, self.last, fields)

    def script_block(self, opening: Token, *, is_filter: bool = False) -> Node:
        """script_block between braces, the opening one being consumed, and the closing one."""
        fields: dict[str, object] = {}
        self.script_block_body(fields, opening)
        if self.peek().kind != "RCurly":
            self.fail_at("MissingEndCurlyBrace", "'}' is missing behind the script block.", opening)
        self.skip()
        end_block = fields.get("EndBlock")
        if is_filter and isinstance(end_block, Node) and end_block.fields.get("Unnamed"):
            fields["ProcessBlock"] = fields.pop("EndBlock")
        return Node("ScriptBlock", opening.start, self.last, fields)

    def script_block_body(self, fields: dict[str, object], opening: Token | None) -> None:
        """What stands between a script block's braces: using, param, and named blocks or statements."""
        self.skip_newlines() if opening is not None else self.skip_newlines_and_semicolons()
        first = self.attributed_start(fields)
        start = self.peek() if first is None else first
        param = fields.get("ParamBlock")
        if param is not None:
            self.skip_newlines_and_semicolons()
            start = self.peek()
        if first is None and start.kind in _NAMED_BLOCKS:
            self.named_block_list(fields)
            return
        statements = self.statement_list() if first is None else [first, *self.statement_list()]
        begin, end = (0, 0) if opening is None else (opening.end, self.peek().start - 1)
        block = self.statements_node(statements, *((begin, end) if begin <= end else (0, 0)))
        block.kind = "NamedBlock"
        if isinstance(param, Node):
            block.start = param.start
            if not statements:
                block.end = param.end
        block.fields["Unnamed"] = True
        self._check_types(statements)
        fields["EndBlock"] = block

    def _check_types(self, statements: list[Node]) -> None:
        seen: set[str] = set()
        for statement in statements:
            if statement.kind == "TypeDefinition":
                name = statement.fields["Name"].lower()
                if name in seen:
                    self.find("MemberAlreadyDefined", "The script block defines this type already.", statement)
                seen.add(name)

    def named_block_list(self, fields: dict[str, object]) -> None:
        """named_block_list: begin, process, end, clean and dynamicparam blocks (specification, 8.10.7)."""
        while True:
            token = self.peek()
            name = _NAMED_BLOCKS.get(token.kind)
            if name is None:
                if token.kind in ("RCurly", "EndOfInput"):
                    return
                message = f"Only named blocks may stand here, no {self.shown(token)}."
                self.fail_at("MissingNamedBlocks", message, token)
            self.keyword()
            message = f"The block behind {self.shown(token)} is missing."
            body = self.required_block("MissingNamedStatementBlock", message)
            body.kind = "NamedBlock"
            body.start = token.start
            if name in fields:
                self.fail_at("DuplicateScriptCommandClause", "The script block has this block already.", body)
            fields[name] = body
            self.skip_newlines_and_semicolons()

    def attributed_start(self, fields: dict[str, object]) -> Node | None:
        """A param block with its attributes, kept in ``fields``; or the first statement, if attributes open it."""
        raise NotImplementedError
