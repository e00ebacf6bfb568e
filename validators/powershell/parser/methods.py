"""Return paths and variables of a class's methods (about_Classes_Methods)."""

from __future__ import annotations

from validators.powershell.parser.findings import Findings
from validators.powershell.parser.nodes import Node

_VARIABLES = (
    "_ args consolefilename enabledexperimentalfeatures error event eventargs eventsubscriber executioncontext false "
    "foreach home host input iscoreclr islinux ismacos iswindows lastexitcode matches myinvocation nestedpromptlevel "
    "null pid profile psboundparameters pscmdlet pscommandpath psculture psdebugcontext psedition pshome psitem "
    "psscriptroot pssenderinfo psuiculture psversiontable pwd sender shellid stacktrace switch this true "
    "debugpreference verbosepreference warningpreference erroractionpreference informationpreference "
    "progresspreference confirmpreference whatifpreference ofs ? ^ $"
)
_AUTOMATIC = frozenset(_VARIABLES.split())
_NESTED = frozenset(("ScriptBlockExpression", "FunctionDefinition", "TypeDefinition"))


def check_method(node: Node, text: str, findings: Findings) -> None:
    """Notes returns that do not fit the method's type, paths without one, and variables that it does not assign."""
    body: Node = node.fields["Body"]
    returned = node.fields.get("ReturnType")
    void = returned is None or str(returned.fields["TypeName"]).lower() in ("void", "system.void")
    statements = [part for part in _inside(body) if part.kind == "ReturnStatement"]
    for statement in statements:
        if void and "Pipeline" in statement.fields:
            findings.add("VoidMethodHasReturn", "A method without type returns no value.", statement)
        elif not void and "Pipeline" not in statement.fields:
            findings.add("NonVoidMethodMissingReturnValue", "The method has to return a value.", statement)
    if not void and not node.fields.get("IsConstructor") and not _block_leaves(body.fields.get("EndBlock")):
        message = "Not every path through the method returns a value."
        findings.add("MethodHasCodePathNotReturn", message, node.fields["NamePlace"], node)
    _check_variables(node, text, findings)


def _inside(body: Node) -> list[Node]:
    """The nodes of a method's body, but for what runs in a scope of its own."""
    found: list[Node] = []
    waiting = [body]
    while waiting:
        part = waiting.pop()
        found.append(part)
        if part.kind not in _NESTED:
            waiting.extend(part.children())
    return found


def _block_leaves(block: Node | None) -> bool:
    """Whether no path leads to a block's end."""
    return block is not None and any(_leaves(statement) for statement in block.fields.get("Statements", []))


def _leaves(node: Node) -> bool:
    kind = node.kind
    fields = node.fields
    if kind in ("ReturnStatement", "ThrowStatement", "ExitStatement"):
        return True
    if kind == "IfStatement":
        blocks = [block for _, block in fields["Clauses"]]
        return "ElseClause" in fields and all(map(_block_leaves, [*blocks, fields["ElseClause"]]))
    if kind == "SwitchStatement":
        clauses = fields.get("Clauses", [])
        return (
            bool(clauses)
            and "Default" in fields
            and all(map(_block_leaves, [*(block for _, block in clauses), fields["Default"]]))
        )
    if kind in ("DoWhileStatement", "DoUntilStatement"):
        return _block_leaves(fields["Body"])
    if kind == "TryStatement":
        if _block_leaves(fields.get("Finally")):
            return True
        clauses = [clause.fields["Body"] for clause in fields.get("CatchClauses", [])]
        return _block_leaves(fields["Body"]) and all(map(_block_leaves, clauses))
    if kind in ("WhileStatement", "ForStatement"):
        return False
    return False


def _check_variables(node: Node, text: str, findings: Findings) -> None:
    """VariableNotLocal: what a method reads without scope it has to assign, or to take as a parameter."""
    assigned = {_name(parameter.fields["Name"], text) for parameter in node.fields.get("Parameters", [])}
    parts = _inside(node.fields["Body"])
    properties = node.fields.get("ClassProperties", frozenset()) - assigned
    for part in parts:
        if part.kind == "AssignmentStatement":
            assigned.update(_name(target, text) for target in _assigned(part.fields["Left"]))
        elif part.kind == "ForEachStatement":
            assigned.add(_name(part.fields["Variable"], text))
    for part in parts:
        if part.kind == "VariableExpression":
            name = _name(part, text)
            if name in properties:
                findings.add("MissingThis", "A property of the class is reached through $this.", part)
            elif name not in assigned and name not in _AUTOMATIC and ":" not in name:
                findings.add("VariableNotLocal", "The method does not assign this variable.", part)


def _assigned(target: Node) -> list[Node]:
    if target.kind == "VariableExpression":
        return [target]
    if target.kind in ("ConvertExpression", "AttributedExpression"):
        return _assigned(target.fields["Child"])
    if target.kind == "ArrayLiteral":
        return [variable for element in target.fields["Elements"] for variable in _assigned(element)]
    if target.kind in ("ParenExpression", "Pipeline", "CommandExpression"):
        return [variable for child in target.children() for variable in _assigned(child)]
    return []


def _name(variable: Node, text: str) -> str:
    return text[variable.start + 1 : variable.end].strip("{}").lower().removeprefix("local:")
