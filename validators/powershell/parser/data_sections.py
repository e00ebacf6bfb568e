"""What a data section may hold (specification, 8.11; about_Data_Sections)."""

from __future__ import annotations

from validators.powershell.parser.findings import Findings
from validators.powershell.parser.nodes import Node

_VARIABLES = frozenset(("true", "false", "null", "psculture", "psuiculture"))
_TYPE_NAMES = (
    "array bigint bool boolean byte char cultureinfo datetime decimal double float guid hashtable int int16 int32 "
    "int64 ipaddress long mailaddress object ordered psobject sbyte short single string switch timespan uint uint16 "
    "uint32 uint64 ulong uri ushort version xml"
)
_TYPES = frozenset(_TYPE_NAMES.split())
_OPERATORS = frozenset(("Format", "As", "DotDot", "Join", "Isplit", "Csplit", "Ireplace", "Creplace", "Multiply"))
_UNARY = frozenset(
    (
        *("Join", "Isplit", "Csplit", "PlusPlus", "MinusMinus", "PostfixPlusPlus", "PostfixMinusMinus"),
        "Comma",
    )
)
_REFUSED = {
    "AssignmentStatement": "AssignmentStatement",
    "BreakStatement": "FlowControlStatement",
    "ContinueStatement": "FlowControlStatement",
    "ReturnStatement": "FlowControlStatement",
    "ExitStatement": "FlowControlStatement",
    "ThrowStatement": "FlowControlStatement",
    "TrapStatement": "TrapStatement",
    "TryStatement": "TryStatement",
    "ForStatement": "ForWhileStatement",
    "WhileStatement": "ForWhileStatement",
    "ForEachStatement": "ForeachStatement",
    "DoWhileStatement": "DoWhileStatement",
    "DoUntilStatement": "DoWhileStatement",
    "SwitchStatement": "SwitchStatement",
    "DataStatement": "DataSectionStatement",
    "FunctionDefinition": "FunctionDeclaration",
    "ScriptBlockExpression": "ScriptBlock",
    "Parameter": "",
    "ParamBlock": "ParameterDeclaration",
    "Attribute": "Attribute",
    "AttributedExpression": "Attribute",
    "MemberExpression": "PropertyReference",
    "InvokeMemberExpression": "MethodCall",
    "IndexExpression": "ArrayReference",
    "FileRedirection": "Redirection",
    "MergingRedirection": "Redirection",
}


def check_data_section(node: Node, text: str, findings: Findings) -> None:
    """Notes everything in a data section that is more than data."""
    allowed = {"convertfrom-stringdata"}
    for command in node.fields.get("CommandsAllowed", []):
        allowed.add(text[command.start : command.end].strip("'\"").lower())
    for part in node.fields["Body"].walk():
        _check(part, text, allowed, findings)


def _check(node: Node, text: str, allowed: set[str], findings: Findings) -> None:
    kind = node.kind
    refused = _REFUSED.get(kind)
    if refused:
        _refuse(refused, node, node, findings)
        if kind == "FunctionDefinition":
            _refuse("ScriptBlock", node.fields["Body"], node.fields["Body"], findings)
    elif kind == "VariableExpression":
        if text[node.start + 1 : node.end].strip("{}").lower() not in _VARIABLES or text[node.start] == "@":
            _refuse("VariableReference", node, node, findings)
    elif kind == "Command":
        _check_command(node, text, allowed, findings)
    elif kind == "BinaryExpression":
        if node.fields["Operator"] in _OPERATORS:
            _refuse("Operator", node.fields["ErrorPosition"], node, findings)
    elif kind == "UnaryExpression":
        if node.fields["TokenKind"] in _UNARY:
            _refuse("Operator", node, node, findings)
    elif kind in ("TypeConstraint", "TypeExpression"):
        name = str(node.fields["TypeName"]).lower().removesuffix("[]").removeprefix("system.")
        if name not in _TYPES:
            message = "This type is not allowed in a data section."
            findings.add("TypeNotAllowedInDataSection", message, node)


def _check_command(node: Node, text: str, allowed: set[str], findings: Findings) -> None:
    name: Node = node.fields["CommandElements"][0]
    operator = node.fields["InvocationOperator"]
    if operator == "Dot":
        _refuse("DotSourcing", node, node, findings)
    elif operator == "Ampersand":
        _refuse("Operator", node, node, findings)
    elif text[name.start : name.end].replace("`", "").lower() not in allowed:
        message = "The section's list of commands does not have this one."
        findings.add("CmdletNotInAllowedListForDataSection", message, node)


def _refuse(what: str, place: Node, of: Node, findings: Findings) -> None:
    findings.add(f"{what}NotSupportedInDataSection", "A data section cannot hold this.", place, of)
