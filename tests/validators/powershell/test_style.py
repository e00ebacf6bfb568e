"""How PowerShell's structure tokens are spaced and indented, and which spaces mean something."""

from __future__ import annotations

import pytest

from validators.powershell.structure import joins, structure, write
from validators.powershell.style import Line

STYLED = [  # scripts in their usual style, which is kept
    "$a = Get-Item -Path $b.c -Force | Where-Object { $_.d -eq 'e' }", "foo $a, 'b', 1 -Bar:$c", "& $a @b; . ./c.ps1",
    "if ($a -and -not $b) {\n    foo\n} elseif (!$c) {\n    bar\n} else {}", "foreach ($x in 1..$n) { $x++ }",
    "for ($i = 0; $i -lt 3; $i++) {}", "$a[0][-1].b('c', 1).d", "[int]$a = -1 + 2", "[A.B]::c([int]$d)",
    "function f ($a, $b = 1) {\n    param([Parameter(Mandatory=$true, Position=0)][string[]]$c)\n}",
    "@{a = 1; b = @(1, 2)}", "$a = @{\n    b = 1\n    c = @(\n        2\n    )\n}", "$(foo) + (bar)",
    "foo (1) $(2) @(3)",
    "a `\n    -b 1 `\n    -c 2", "@'\n a\n'@ -f $b", "foo @\"\n$a\n\"@", "\"a  b\" + 'c  d'", "$a ? $b : $c",
    "a && b || c", "foo > a.txt 2>&1", "git add --% -x  y", "$a -replace 'b', 'c' -join ','", "try { a } catch { b }",
    "do { a } while ($b)", "switch ($a) {\n    'b' { c }\n    default { d }\n}", "[ordered]@{a = 1}", "$a.b[int, c](1)",
    "$a.ForEach{ 1 }", "$a.'b c'(1)", "$a.('b')()", "$a.$b()", "return !$a", "throw \"a\"", ":a while (1) { break a }",
    "foo + 1", "$a.b (1)", "$a [0]", "$a ++", "- 1", "$ a", "@ (1)", "foo ]", "${a b}.c", "$$.a", "$? -and $^",
    "a | ? b",
    "class A : B { [int]$x; [void]c () {} }", "enum E { a = 1; b }", "using namespace A.B",
    "[CmdletBinding()]\nparam()",
]  # fmt: skip


@pytest.mark.parametrize("code", STYLED)
def test_the_usual_style_comes_back_to_the_byte(code: str) -> None:
    found = structure(code)
    assert write(found.tokens, found.slots) == code


@pytest.mark.parametrize(
    ("code", "written"),
    [
        ("$a=1+$b", "$a = 1 + $b"),
        ("foo  -Bar   $a|baz", "foo -Bar $a | baz"),
        ("if($a){b}else{c}", "if ($a) { b } else { c }"),
        ("foo a,b ;bar", "foo a, b; bar"),
        ("[int] $a", "[int]$a"),
        ("@{ a=1 }", "@{a = 1}"),
        ("( 1 ), $( 2 )", "(1), $(2)"),
        ("$a.b( 1,2 )", "$a.b(1, 2)"),
        ("function f($a){}", "function f ($a) {}"),
        ("[Parameter( Mandatory = $TRUE )]", "[Parameter(Mandatory=$true)]"),
        ("IF ($a -EQ \u2018b\u2019) {}", "if ($a -eq 'b') {}"),
        ("if ($a) {\n  b\n\n    # c\n  d }", "if ($a) {\n    b\n    d }"),
        ("@(\n1,\n2)", "@(\n    1,\n    2)"),
        ("a `\n-b", "a `\n    -b"),
        ("@'  \na\n'@", "@'\na\n'@"),
        ("$a # b", "$a"),
    ],
)
def test_another_style_becomes_the_usual_one(code: str, written: str) -> None:
    found = structure(code)
    assert write(found.tokens, found.slots) == written


def test_brackets_that_are_open_are_the_depth_of_a_line() -> None:
    line = Line()
    depths = []
    for token in ["@{", "<V0>", "=", "$(", "[", "int", "]", "{", "}", ")", "}", ")"]:
        line.take(token)
        depths.append(line.depth)
    assert depths == [1, 1, 1, 2, 3, 3, 2, 3, 2, 1, 0, 0]


@pytest.mark.parametrize(
    ("left", "right", "apart"),
    [
        # names come up to their signs
        ("$", "name", False), ("foo @", "params", False), ("$a.", "b", False), ("[A]::", "b", False), ("(", "1", False),
        ("[", "int", False), ("$(", "foo", False), ("@(", "1", False), ("!", "$a", False), ("-Path:", "$a", False),
        # words stay apart
        ("foo", "bar", True), ("foo", "$a", True), ("$a", "$b", True), ("1", "a", True), ("foo", "'a'", True),
        ("foo", "*.txt", True), ("foo", r"C:\a", True), ("foo", r".\a", True), (".", "./a.ps1", True), ("é", "x", True),
        ("foo", "@(", True), ("%", "{", True), ("?", "{", True), (")", "{", True), ("$a", "{", True),
        # operators and parameters
        ("$a", "-eq", True), (")", "-eq", True), ("]", "-eq", True), ("'a'", "-eq", True), ("foo", "-Bar", True),
        ("foo", "--bar", True), ("-eq", "$a", True), ("-eq", "(", True), ("-and", "-not", True), ("-eq", "-1", True),
        ("-f", "'a'", True), ("-split", '"', True), ("-Bar", "-Baz", True), ("-Path", r".\a", True),
        ("-Bar", ":", False), ("$a", "-1", False), ("$i", "++", False), ("(", "-not", False), ("foo", ",", False),
        ("a,", "b", True), ("a;", "b", True), ("a", ";", False), ("a", ")", False), ("$a[0", "]", False),
        ("$a", "=", True), ("=", "$a", True), ("=", "=", False), ("+", "=", False), ("$a =", "@{", True),
        ("foo", "|", True), ("|", "foo", True), ("|", "|", False), ("foo", ">", True), (">", "a", True),
        # brackets
        ("foo", "(", True), ("if", "(", True), ("$a = foo", "(", True), ("$a.b", "(", False), ("[A]::b", "(", False),
        ("$a", "(", False), ("[Parameter", "(", False), ("[int]", "$a", False), ("[int]", "@{", False),
        ("$a", "[", False),
        ("{", "a", True), ("a", "}", True), ("{", "}", False), ("$a.ForEach", "{", False), ("foo.exe", "{", True),
        ("$a", ".b", False), ("$a", "::", False),
        # quotes: a space would be part of the string
        ("'a", "'", False), ("'", "a", False), ('foo "a b', '"', False), ("foo 'a'", "'b'", True), ("'a'", "b", True),
        ("@'\na\n'@", "-f", True), ("@'\na\n'@", ".b", False), ("@'\na\n'@", ")", False), ("'a'", ".b", False),
        # there is space, or nothing to part
        ("a ", "b", False), ("a", " b", False), ("a\n", "b", False), ("", "a", False), ("a", "", False),
    ],
)  # fmt: skip
def test_texts_are_put_together_with_a_space_where_they_would_run_together(left: str, right: str, apart: bool) -> None:
    assert joins(left, right) is apart
