"""Checks of meaning that need a whole node: attributes, finally blocks, and the table of all such checks."""

from __future__ import annotations

from collections.abc import Callable

from validators.powershell.parser.attributes import check_class_attribute
from validators.powershell.parser.data_sections import check_data_section
from validators.powershell.parser.findings import Findings
from validators.powershell.parser.methods import check_method
from validators.powershell.parser.nodes import Node
from validators.powershell.parser.tokens import ADDITIVE, BINARY_PRECEDENCE, BITWISE, LOGICAL, MULTIPLICATIVE

_CONSTANT_VARIABLES = frozenset(("$true", "$false", "$null"))
_CONSTANT_NODES = frozenset(
    (
        *("UnaryExpression", "BinaryExpression", "ParenExpression", "ArrayLiteral", "TernaryExpression"),
        *("Pipeline", "CommandExpression", "SubExpression", "StatementBlock"),
    )
)
_NUMERIC = frozenset(("byte", "char", "decimal", "double", "float", "int", "long", "short", "single", "uint", "ulong"))
_CONSTANT_FIELDS = frozenset(("maxvalue", "minvalue", "epsilon", "nan", "positiveinfinity", "negativeinfinity"))
_COMPUTED = frozenset((ADDITIVE, BITWISE, LOGICAL, MULTIPLICATIVE))
_STEPS = frozenset(("PlusPlus", "MinusMinus", "PostfixPlusPlus", "PostfixMinusMinus"))
_LOOPS = frozenset(
    (
        *("WhileStatement", "DoWhileStatement", "DoUntilStatement", "ForStatement", "ForEachStatement"),
        "SwitchStatement",
    )
)


def check_attribute(node: Node, text: str, findings: Findings) -> None:
    """An attribute's arguments are constants or script blocks (about_Functions_Advanced_Parameters)."""
    _check_arguments(node, text, findings, blocks=True)


def check_type_attribute(node: Node, text: str, findings: Findings) -> None:
    """The arguments of a class's or an enumeration's attributes are constants (about_Classes)."""
    check_class_attribute(node, "type", findings)
    _check_arguments(node, text, findings, blocks=False)


def check_property_attribute(node: Node, text: str, findings: Findings) -> None:
    """The arguments of a property's attributes are constants (about_Classes_Properties)."""
    check_class_attribute(node, "property", findings)
    _check_arguments(node, text, findings, blocks=False)


def check_method_attribute(node: Node, text: str, findings: Findings) -> None:
    """The arguments of attributes of a method's parameters are constants (about_Classes_Methods)."""
    check_class_attribute(node, "parameter", findings)
    _check_arguments(node, text, findings, blocks=False)


def _check_arguments(node: Node, text: str, findings: Findings, *, blocks: bool) -> None:
    arguments: list[Node] = list(node.fields.get("PositionalArguments", []))
    arguments += [named.fields["Argument"] for named in node.fields.get("NamedArguments", [])]
    for argument in arguments:
        if (blocks and argument.kind == "ScriptBlockExpression") or is_constant(argument, text):
            continue
        id = "ParameterAttributeArgumentNeedsToBeConstant" + ("OrScriptBlock" if blocks else "")
        findings.add(id, "The argument of an attribute has to be a constant.", argument)


def is_constant(node: Node, text: str) -> bool:
    """Whether an expression's value is known without running anything."""
    waiting = [node]
    while waiting:
        part = waiting.pop()
        kind = part.kind
        if kind == "ConvertExpression":
            child: Node = part.fields["Child"]
            if child.kind == kind:
                return False
            waiting.append(child)
        elif kind in _CONSTANT_NODES:
            if not _computes_constant(part):
                return False
            waiting.extend(part.children())
        elif not _is_constant_value(part, text):
            return False
    return True


def _computes_constant(node: Node) -> bool:
    kind = node.kind
    if kind == "BinaryExpression":
        return BINARY_PRECEDENCE[node.fields["Operator"]] in _COMPUTED or node.fields["Operator"] in ("Shl", "Shr")
    if kind == "StatementBlock":
        return len(node.fields.get("Statements", [])) == 1
    return kind != "UnaryExpression" or node.fields["TokenKind"] not in _STEPS


def _is_constant_value(node: Node, text: str) -> bool:
    kind = node.kind
    if kind == "VariableExpression":
        return text[node.start : node.end].lower() in _CONSTANT_VARIABLES
    if kind == "MemberExpression":
        owner: Node = node.fields["Expression"]
        if not node.fields.get("Static") or owner.kind != "TypeExpression":
            return False
        member: Node = node.fields["Member"]
        name = text[member.start : member.end].lower()
        return str(owner.fields["TypeName"]).lower() not in _NUMERIC or name in _CONSTANT_FIELDS
    return kind in ("ConstantExpression", "StringConstantExpression", "TypeExpression")


def check_finally(node: Node, text: str, findings: Findings) -> None:
    """break, continue and return cannot leave a finally block (about_Try_Catch_Finally)."""
    waiting: list[tuple[Node, bool]] = [(node, False)]
    while waiting:
        part, looped = waiting.pop()
        kind = part.kind
        if kind == "ReturnStatement" or (
            kind in ("BreakStatement", "ContinueStatement") and (not looped or "Label" in part.fields)
        ):
            findings.add("ControlLeavingFinally", "Control cannot leave a finally block.", part)
        if kind in ("ScriptBlockExpression", "FunctionDefinition", "TypeDefinition"):
            continue
        looped = looped or kind in _LOOPS
        waiting.extend((child, looped) for child in part.children())


def check_catches(node: Node, text: str, findings: Findings) -> None:
    """A type of the system that one catch clause names no later one can name (about_Try_Catch_Finally)."""
    caught: set[str] = set()
    for clause in node.fields["CatchClauses"]:
        types: list[Node] = clause.fields.get("CatchTypes", [])
        names = [str(constraint.fields["TypeName"]).lower() for constraint in types]
        for name, constraint in zip(names, types, strict=True):
            if name in caught:
                findings.add("ExceptionTypeAlreadyCaught", "An earlier catch clause has this type.", constraint)
        caught.update(name for name in names if name.startswith("system.") or "." not in name)


CHECKS: dict[str, Callable[[Node, str, Findings], None]] = {
    "attribute": check_attribute,
    "type attribute": check_type_attribute,
    "property attribute": check_property_attribute,
    "method attribute": check_method_attribute,
    "catches": check_catches,
    "data section": check_data_section,
    "finally": check_finally,
    "method": check_method,
}
