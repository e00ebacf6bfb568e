"""The statements of right and of broken text: none is lost but the broken one, and no part of one passes for whole."""

from __future__ import annotations

import pytest
from hypothesis import given

from tests.validators.powershell.fragments import texts
from validators.powershell.parser import parse
from validators.powershell.parser.recovery import ERROR_STATEMENT, find_statements, inner_statements
from validators.powershell.parser.tokenizer import Tokenizer


def _whole(code: str) -> list[str]:
    return [code[node.start : node.end] for node in find_statements(code) if node.kind != ERROR_STATEMENT]


def _broken(code: str) -> list[str]:
    return [code[node.start : node.end] for node in find_statements(code) if node.kind == ERROR_STATEMENT]


@pytest.mark.parametrize(
    ("code", "whole", "broken"),
    [
        ("a\n$x = (1 +\nif ($y) { b }\nc", ["a", "if ($y) { b }", "c"], ["$x = (1 +"]),
        ("a; $x = 1 2\nb", ["a", "b"], ["$x = 1 2"]),
        ("a ) b\nc", ["c"], ["a ) b"]),
        ("a b \n)\nc", ["a b", "c"], []),
        ("function f {\n  a\n  $x = 1 1\n  b\n}\nc", ["a", "b", "c"], ["$x = 1 1"]),
        ("if ($x) {\n  a\n} else if {\n  b\n}\nc", ["a", "b", "c"], []),
        ("if ($x {\n  a\n} else {\n  b\n}\nc", ["a", "b", "c"], ["if ($x {"]),
        ("if ($x\n{\n  a\n}\nelse\n{\n  b\n}\nc", ["a", "b", "c"], ["if ($x\n{"]),
        ("$x = @{\n  a = 1 2\n  b = 3\n}\nc", ["c"], ["$x = @{\n  a = 1 2\n  b = 3\n}"]),
        ("$x = @{\na = 1 2\nb = 3\n}\nc", ["c"], ["$x = @{\na = 1 2\nb = 3\n}"]),
        ("$x = @{\n  a = 1\n\nb c\nd", ["b c", "d"], ["$x = @{\n  a = 1"]),
        ("$x = )\\\n  -a `\nb |\nc\nd", ["d"], ["$x = )\\\n  -a `\nb |\nc"]),
        ("function f($a, ) {\n  a b\n}\nc", ["a b", "c"], ["function f($a, ) {"]),
        ("class A {\n  [int] f( {\n    a b\n  }\n}\nc", ["a b", "c"], ["class A {", "[int] f( {"]),
        ("a 'b\nc 'd'\ne", ["c 'd'", "e"], ["a 'b"]),
        ('a "b\nc "d"\ne "f"\n', ['c "d"', 'e "f"'], ['a "b']),
        ('$x = "a\n$y = "b"\nc\nd', ['$y = "b"', "c", "d"], ['$x = "a']),
        ("$x = ) @'\na b\n'@\nc", ["c"], ["$x = ) @'\na b\n'@"]),
        ("$x = @'\na b\n'@ )\nc", ["c"], ["$x = @'\na b\n'@ )"]),
        ("a 'b\nc d' )\ne", ["e"], ["a 'b\nc d' )"]),
        ("a )\n<#\nb c\n#>\nd", ["d"], ["a )"]),
        ("a\nb\n<# c\nd", ["a"], ["b"]),
        ("function f {\n  a\n  b c", ["a"], ["b c"]),
        ("function f {\n  a\n  b c\n", ["a", "b c"], []),
        ("[int]$x = 1\n)\nb", ["[int]$x = 1", "b"], []),
        ("param($x = $(a))\nb )\nc", ["a", "c"], ["b )"]),
        ("a\r\n$x = (\r\nb\r\n", ["a", "b"], ["$x = ("]),
        ("}}}} )))) ((((", [], []),
        ("", [], []),
    ],
)
def test_what_is_broken_costs_itself_alone(code: str, whole: list[str], broken: list[str]) -> None:
    assert (_whole(code), _broken(code)) == (whole, broken)


@given(texts)
def test_the_statements_of_accepted_text_are_those_of_its_tree(code: str) -> None:
    parsed = parse(code)
    if parsed.tree is not None:
        block = parsed.tree
        block.fields.pop("UsingStatements", None)
        expected = [(node.kind, node.start, node.end) for node in inner_statements(block)]
        assert [(node.kind, node.start, node.end) for node in find_statements(code)] == expected


@given(texts)
def test_statements_stand_in_order_and_inside_the_text(code: str) -> None:
    place = 0
    for node in find_statements(code):
        assert place <= node.start < node.end <= len(code)
        place = node.end


def test_no_statement_begins_behind_the_end_of_too_deep_text() -> None:
    code = "%{\n" * 46 + "%{"
    assert all(node.start <= node.end <= len(code) for node in find_statements(code))


def test_inner_statements_are_the_nearest_ones() -> None:
    code = 'if ($a) { b { c }; trap { d } ; "$(e)" } else { f }'
    (statement,) = find_statements(code)
    inner = inner_statements(statement)
    assert [code[node.start : node.end] for node in inner] == ["b { c }", "trap { d }", '"$(e)"', "f"]
    assert [[code[part.start : part.end] for part in inner_statements(node)] for node in inner] == [
        *(["c"], ["d"], ["e"], []),
    ]


@pytest.mark.parametrize(
    "unit",
    [
        *("$x = (1 +\n", "$x = @{\n a = 1\n", "a 'b\n", "don't\n", ") a\n", "}\n", "if (1) {\n", "@'\n", "<#\n"),
        *("{ {a} )\n", "a |\n", "[a()]\n", "param(\n", "switch (1) {\n", '"$(\n', "using namespace a\n", "{", "a;"),
    ],
)
def test_the_work_is_linear_in_the_length(unit: str, monkeypatch: pytest.MonkeyPatch) -> None:
    steps = 0

    def counted(name: str) -> None:
        method = getattr(Tokenizer, name)

        def step(*arguments: object) -> object:
            nonlocal steps
            steps += 1
            return method(*arguments)

        monkeypatch.setattr(Tokenizer, name, step)

    counted("scan")
    counted("skip_trivia")
    taken = []
    for size in (2_000, 16_000):
        steps = 0
        find_statements(unit * (size // len(unit)))
        taken.append(steps)
    assert taken[1] <= 12 * taken[0] + 2_000
