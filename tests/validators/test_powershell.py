"""What PowerShell refuses: where, of what kind, and how its text is cut into tokens."""

from __future__ import annotations

import pytest

from validators import ErrorKind, TokenKind, get_language

POWERSHELL = get_language("powershell")


@pytest.mark.parametrize(
    ("code", "offset"),
    [
        ("Write-Host (Get-Date))", 21),
        ("if ($a) { 'é'", 8),  # the bracket that nothing closes
        ("$é = 'abc", 5),
        ("$a = 1\n$a -eq -and $b", 13),  # where the value is missing
        ("$größe = 1\nGet-Item -Path 日本 | | b", 30),
        ("if ($a != 1) { 2 }", 7),
        ("mysql -u root < dump.sql", 14),
        ("$é = [Math]::Sqrt (9)", 18),
        ('"é" + "Error in $file: $_"', 16),
        ('"é $größe: 1"', 3),
        ("Rename-Item 'a'[b] c", 16),
        ("$y = ($é\n / 2)", 8),
        ("$x = 1; 5 = $x", 8),
        ("try { 1 } ", 9),
        ("Copy-Item @b; $x = @b", 19),
    ],
)
def test_the_offset_is_that_of_the_mistake_in_characters(code: str, offset: int) -> None:
    assert POWERSHELL.check(code).offset == offset


def test_line_and_column_count_from_one() -> None:
    verdict = POWERSHELL.check("Get-Date\n  $x -eq -and 1")
    assert (verdict.line, verdict.column) == (2, 9)


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("a < b", "RedirectionNotSupported: '<' is reserved: no input can be redirected."),
        ("$x = 1 )", "UnexpectedToken: Unexpected ')' in an expression or statement."),
        ("$x -eq -and 1", "ExpectedValueExpression: An expression is missing behind '-eq'."),
    ],
)
def test_messages_begin_with_powershells_name_of_the_error(code: str, message: str) -> None:
    assert POWERSHELL.check(code).message == message


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("f(1))", ErrorKind.UNBALANCED),  # an unexpected token of PowerShell's, and a bracket that nothing opened
        ("$a b", ErrorKind.UNEXPECTED_TOKEN),
        ("<# a", ErrorKind.UNTERMINATED_STRING),
        ("data { 1..5 }", ErrorKind.CONTEXT),
        ("$a = 1 3d3", ErrorKind.UNEXPECTED_TOKEN),
        ("$a = 300y", ErrorKind.BAD_LITERAL),
        ("try { } catch { } catch { }", ErrorKind.CONTEXT),
        ("data a", ErrorKind.MISSING_TOKEN),
        ("@{ a = 1; A = 2 }", ErrorKind.OTHER),
    ],
)
def test_the_id_decides_the_kind(code: str, kind: ErrorKind) -> None:
    assert POWERSHELL.check(code).kind == kind


@pytest.mark.parametrize(
    "code",
    [
        '"`$a: b"',  # the variable is escaped
        "'$a: b'",
        '"$a:b $script:x $a::c ${a}: $? $env:é"',
        "[Math]::Sqrt(9)",
        "Write-Host [Math]::Sqrt (9)",  # an argument, and another
        "$x.Items | Get-Item",
        "(1 +\n2)",
        "@(1\n-2)",
        "$x = 1 `\n + 2",
        "[int]$a, $b.c, $d[0] = 1, 2, 3",
        "$a,\n# the second\n$b = 1, 2",
        "sort 'a' [b]",
        "& $f @splat -x @other",
        "'<' | grep a<b",
        "try { 1 } finally { 2 }",
        "if ($a == 1) { 2 }",  # compares with nothing: assigns what a command named "=" gives
        "switch ($a) { 1 {2} default {3} }",
        "using module Missing",  # whether there is one depends on what is installed
        "[Missing.Type]::new()",
        "function 3 { echo 1 }",
    ],
)
def test_what_only_resembles_a_mistake_is_accepted(code: str) -> None:
    verdict = POWERSHELL.check(code)
    assert verdict.accepted, verdict


@pytest.mark.parametrize("operator", ["+", "*", "-band", "-eq", "-f", "-and", "??", ".."])
@pytest.mark.parametrize("context", ["$y = ({})", "$x.Call({})"])
def test_an_expression_goes_on_in_the_next_line_only_after_an_operator(operator: str, context: str) -> None:
    verdict = POWERSHELL.check(context.format(f"$a\n {operator} $b"))
    assert verdict.kind == ErrorKind.UNBALANCED, verdict
    assert verdict.line == 1
    assert POWERSHELL.check(context.format(f"$a {operator}\n $b")).accepted


def test_brackets_in_strings_comments_and_after_stop_parsing_need_no_partner() -> None:
    assert POWERSHELL.check("echo ')' \"(\" # {\n<# } #>\ncmd --% ( ' {").accepted
    assert POWERSHELL.check('"a $(if ($x) { "b" } else { "c" }) d"').accepted


def test_brackets_may_nest_but_not_without_end() -> None:
    assert POWERSHELL.check("$x = " + "(" * 60 + "1" + ")" * 60).accepted
    assert POWERSHELL.check("$x = " + "(" * 101 + "1" + ")" * 101).kind == ErrorKind.TOO_DEEP


def test_tokens_have_the_kinds_that_operators_and_sketches_rely_on() -> None:
    code = "foreach ($f in Get-ChildItem *.txt -Recurse) { [int]$n = $f.Length -gt 1MB; & $x -Name:'a' } # c\n%"
    assert [(t.text, t.kind) for t in POWERSHELL.tokens(code) if t.text != " "] == [
        ("foreach", TokenKind.KEYWORD),
        ("(", TokenKind.BRACKET),
        ("$f", TokenKind.VARIABLE),
        ("in", TokenKind.KEYWORD),
        ("Get-ChildItem", TokenKind.FUNCTION),
        ("*.txt", TokenKind.NAME),
        ("-Recurse", TokenKind.PARAMETER),
        (")", TokenKind.BRACKET),
        ("{", TokenKind.BRACKET),
        ("[", TokenKind.BRACKET),
        ("int", TokenKind.TYPE),
        ("]", TokenKind.BRACKET),
        ("$n", TokenKind.VARIABLE),
        ("=", TokenKind.OPERATOR),
        ("$f", TokenKind.VARIABLE),
        (".", TokenKind.OPERATOR),
        ("Length", TokenKind.NAME),
        ("-gt", TokenKind.OPERATOR),
        ("1MB", TokenKind.NUMBER),
        (";", TokenKind.SEPARATOR),
        ("&", TokenKind.OPERATOR),
        ("$x", TokenKind.VARIABLE),
        ("-Name:", TokenKind.PARAMETER),
        ("'a'", TokenKind.STRING),
        ("}", TokenKind.BRACKET),
        ("# c", TokenKind.COMMENT),
        ("\n", TokenKind.NEWLINE),
        ("%", TokenKind.FUNCTION),
    ]


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("a | foreach { b }", [("a", "function"), ("foreach", "function"), ("b", "function")]),
        ("function Get-It { }", [("function", "keyword"), ("Get-It", "name")]),
        ("@{ if = 1; b = c }", [("if", "name"), ("b", "name"), ("c", "function")]),
        ("x process -end", [("x", "function"), ("process", "name")]),
        ("if (f 1) { } else { g }", [("if", "keyword"), ("f", "function"), ("else", "keyword"), ("g", "function")]),
        ("$x.f($a).if; [A.B]::c", [("f", "name"), ("if", "name"), ("A.B", "type"), ("c", "name")]),
        ("return f -x 7z", [("return", "keyword"), ("f", "function"), ("7z", "name")]),
        ("cd C:\\a\\..\\b; .\\run.ps1", [("cd", "function"), ("C:\\a\\..\\b", "name"), (".\\run.ps1", "function")]),
        ("a b`(c` d", [("a", "function"), ("b`(c` d", "name")]),  # escaped, a space does not part words
        ("foreach ($a in f) { if }", [("foreach", "keyword"), ("in", "keyword"), ("f", "function"), ("if", "keyword")]),
        ("[Parameter(Mandatory)][int]$a", [("Parameter", "type"), ("Mandatory", "name"), ("int", "type")]),
        ("class A { [int] f() { } }", [("class", "keyword"), ("A", "name"), ("int", "type"), ("f", "name")]),
        ("% { a } | ? b", [("%", "function"), ("a", "function"), ("?", "function"), ("b", "name")]),
        ("if ($a == b) { }", [("if", "keyword"), ("b", "name")]),
    ],
)
def test_where_a_word_stands_decides_what_it_is(code: str, words: list[tuple[str, str]]) -> None:
    kinds = (TokenKind.KEYWORD, TokenKind.FUNCTION, TokenKind.NAME, TokenKind.TYPE)
    assert [(t.text, t.kind.value) for t in POWERSHELL.tokens(code) if t.kind in kinds] == words


@pytest.mark.parametrize(
    ("code", "strings"),
    [
        ('\'it\'\'s\' "a `" "" b"', ["'it''s'", '"a `" "" b"']),
        ('"a $(f "b" \')\') c" d', ['"a $(f "b" \')\') c"']),
        ("@\"\n\"a\"\n\"@ + @'\n'a'\n'@", ['@"\n"a"\n"@', "@'\n'a'\n'@"]),
        ("a 'b c\nd e", ["'b c"]),  # a quote without its partner ends with its line
        ("a \u2018b\u2019 \u201cc\u201d", ["\u2018b\u2019", "\u201cc\u201d"]),
        ("'a\nb'", ["'a\nb'"]),
    ],
)
def test_a_string_is_one_token(code: str, strings: list[str]) -> None:
    assert [t.text for t in POWERSHELL.tokens(code) if t.kind is TokenKind.STRING] == strings


@pytest.mark.parametrize(
    ("code", "texts"),
    [
        ("$a-$b+1..2", ["$a", "-", "$b", "+", "1", "..", "2"]),
        ("$i++;--$j", ["$i", "++", ";", "--", "$j"]),
        ("f 2>&1>>x", ["f", "2>&1", ">>", "x"]),
        ("${a b}:$c:d::e", ["${a b}", ":", "$c:d", "::", "e"]),
        ("$_.a[0].b", ["$_", ".", "a", "[", "0", "]", ".", "b"]),
        ("0x1F 1.5e3 .5 10kb 3d", ["0x1F", "1.5e3", ".5", "10kb", "3d"]),
        ("git log --oneline -n5", ["git", "log", "--oneline", "-n5"]),
        ("$a -notin $b -f $c", ["$a", "-notin", "$b", "-f", "$c"]),
    ],
)
def test_signs_are_cut_where_powershell_cuts_them(code: str, texts: list[str]) -> None:
    assert [t.text for t in POWERSHELL.tokens(code) if t.kind is not TokenKind.SPACE] == texts


def test_the_sketch_ignores_case_and_keeps_names() -> None:
    code = 'IF ($Count -gt 10) {\n  Write-Host -Object "many"   # why\n\n}'
    assert POWERSHELL.sketch(code).split("\n") == [
        "if ( $count -gt <number> ) {",
        "write-host -object <string>",
        "}",
    ]
