"""The tree: PowerShell's names of nodes, their extents, and what stands above what."""

from __future__ import annotations

import pytest
from hypothesis import given

from tests.validators.powershell.fragments import texts
from validators.powershell.parser import Node, parse


def _tree(code: str) -> Node:
    tree = parse(code).tree
    assert tree is not None
    return tree


def _outline(node: Node, code: str) -> str:
    """Kinds and texts of the nodes that hold no other, kinds alone of those that do."""
    inner = [_outline(child, code) for child in node.children()]
    if not inner:
        return f"{node.kind} {code[node.start : node.end]}"
    return f"{node.kind}({', '.join(inner)})"


@pytest.mark.parametrize(
    ("code", "outline"),
    [
        (
            "1 + 2 * 3",
            "BinaryExpression(ConstantExpression 1, BinaryExpression(ConstantExpression 2, ConstantExpression 3))",
        ),
        ("1,2", "ArrayLiteral(ConstantExpression 1, ConstantExpression 2)"),
        (
            "-not $a -and $b",
            "BinaryExpression(UnaryExpression(VariableExpression $a), VariableExpression $b)",
        ),
        (
            "$a -eq 1 ?? 2",
            "BinaryExpression(VariableExpression $a, BinaryExpression(ConstantExpression 1, ConstantExpression 2))",
        ),
        ("[int]$a.b", "ConvertExpression(MemberExpression(VariableExpression $a, StringConstantExpression b), "),
        ("[int]::b", "MemberExpression(TypeExpression [int], StringConstantExpression b)"),
        (
            "$a.b[int](1)",
            "InvokeMemberExpression(VariableExpression $a, StringConstantExpression b, ConstantExpression 1)",
        ),
        ("$a[0]", "IndexExpression(VariableExpression $a, ConstantExpression 0)"),
        ("$a ? 1 : 2", "TernaryExpression(VariableExpression $a, ConstantExpression 1, ConstantExpression 2)"),
        ("{ 1 }", "ScriptBlockExpression(ScriptBlock(NamedBlock(Pipeline(CommandExpression(ConstantExpression 1)))))"),
        ('"a$b"', "ExpandableStringExpression(VariableExpression $b)"),
    ],
)
def test_an_expression_binds_as_in_powershell(code: str, outline: str) -> None:
    pipeline = _tree(code).fields["EndBlock"].fields["Statements"][0]
    expression = pipeline.fields["PipelineElements"][0].fields["Expression"]
    assert _outline(expression, code).startswith(outline)


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("$a = 1", "AssignmentStatement"),
        ("a && b", "PipelineChain"),
        ("if (1) {}", "IfStatement"),
        (":a while (1) {}", "WhileStatement"),
        ("do {} until (1)", "DoUntilStatement"),
        ("for (;;) {}", "ForStatement"),
        ("foreach ($i in 1) {}", "ForEachStatement"),
        ("switch (1) { 2 {} }", "SwitchStatement"),
        ("try {} catch {}", "TryStatement"),
        ("data { 1 }", "DataStatement"),
        ("function f {}", "FunctionDefinition"),
        ("class a {}", "TypeDefinition"),
        ("return 1", "ReturnStatement"),
        ("break a", "BreakStatement"),
    ],
)
def test_a_statement_has_powershells_name_and_its_whole_extent(code: str, kind: str) -> None:
    (statement,) = _tree(f" {code} # c").fields["EndBlock"].fields["Statements"]
    assert (statement.kind, statement.start, statement.end) == (kind, 1, 1 + len(code))


def test_a_trap_is_kept_apart_from_the_statements() -> None:
    block = _tree("trap { 1 }; 2").fields["EndBlock"]
    assert [[node.kind for node in block.fields[name]] for name in ("Traps", "Statements")] == [
        ["TrapStatement"],
        ["Pipeline"],
    ]


def test_a_scripts_blocks_are_told_apart() -> None:
    body = _tree("function f { [CmdletBinding()] param($a) begin { 1 } end { 2 } }").fields["EndBlock"]
    block = body.fields["Statements"][0].fields["Body"]
    assert sorted(block.fields) == ["BeginBlock", "EndBlock", "ParamBlock"]
    assert [node.kind for node in block.fields["ParamBlock"].fields["Attributes"]] == ["Attribute"]


@given(texts)
def test_a_node_lies_inside_the_one_above_it(code: str) -> None:
    tree = parse(code).tree
    if tree is None:
        return
    for node in tree.walk():
        assert 0 <= node.start <= node.end <= len(code)
        for child in node.children():
            empty = child.start == child.end == 0  # a block without statements has no place
            outside = child.kind in ("Attribute", "TypeConstraint") or node.kind in ("ScriptBlock", "NamedBlock")
            assert empty or outside or node.start <= child.start <= child.end <= node.end, (node, child)
