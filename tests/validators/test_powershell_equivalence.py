"""Which PowerShell snippets are the same command, and which are not although they look alike."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.validators.powershell.fragments import texts
from validators import get_language
from validators.powershell.aliases import ALIASES
from validators.powershell.equivalence import HARNESS, equivalent, harness
from validators.powershell.normal import SWITCHES, normal_form

POWERSHELL = get_language("powershell")


@pytest.mark.parametrize(
    ("left", "right"),
    [
        # layout
        ("a; b", "a\r\n\nb;"),
        ("Get-Item `\n  -Path x", "Get-Item -Path x # the item"),
        ("if($a){b}else{c}", "if ($a)\n{\n    b\n}\nelse { c }"),
        ("for($i=0;$i -lt 3;$i++){f}", "for ($i = 0; $i -lt 3; $i++) { f }"),
        ("@{a=1;b=2}", "@{\n  a = 1\n  b = 2\n}"),
        # case
        ("FOREACH ($F in $Files) { $F.NAME -EQ 'x' }", "foreach ($f in $files) { $f.Name -eq 'x' }"),
        ("[System.IO.File]::ReadAllText($P)", "[system.io.file]::readalltext($p)"),
        ("$x.Where({ $_ })", "$X.where({ $_ })"),
        ("$a -ieq 1 -and $b -inotlike 'c'", "$a -eq 1 -and $b -notlike 'c'"),
        # names
        ("ls | ? Name -like *.txt | % { $_ }", "Get-ChildItem | Where-Object Name -like *.txt | ForEach-Object { $_ }"),
        ("& 'gci' x", "get-childitem x"),
        ("g`ci", "gci"),
        ("${x} + ${env:y}", "$x + $env:y"),
        # quoting
        ("echo abc", 'echo "abc"'),
        ("echo 'it''s'", 'echo "it\'s"'),
        ('"say ""a"" `$b`t"', "'say \"a\" $b\t'"),
        ("@'\na\nb\n'@", '"a`nb"'),
        ("@'\r\na\r\nb\r\n'@", '"a`nb"'),
        ('"a`u{41}"', "'aA'"),
        ('@"\na "$x"\n$y\n"@', '"a `"$x`"`n$y"'),
        ("cd C:\\$x\\y", 'cd "C:\\$x\\y"'),
        ("cd $x\\y", 'cd "$x\\y"'),
        ("cd C:\\'a b'", "cd 'C:\\a b'"),
        ("Select-Object a, b", "Select-Object 'a',\"b\""),
        ("@{'a'=1}", "@{a=1}"),
        ("$x.'Name'", "$x.name"),
        ("switch ($x) { 'a' { 1 }\n default { 2 }\n }", 'switch ($x) { "a" { 1 }\n DEFAULT { 2 }\n }'),
        ("\u201ca\u201d", '"a"'),
        ("gi \u2013Path a", "gi -Path a"),
        # parameters
        ("Copy-Item -Path a -Destination b -Verbose", "Copy-Item -verbose -destination b -path a"),
        ("Get-Item -Path:$x", "Get-Item -Path $x"),
        ("Remove-Item -Recurse -Force x", "Remove-Item x -Force -Recurse"),
        ("Get-Item a -Stream b 2>&1 > c", "Get-Item -Stream b 2>&1 a > c"),
        (".\\Build.ps1 -A 1 -B 2", ".\\build.ps1 -b 2 -a 1"),
        ("function go($a, $b) { }\ngo -A 1 -B 2", "function go($a, $b) { }; go -b 2 -a 1"),
    ],
)
def test_what_powershell_does_not_look_at_makes_no_difference(left: str, right: str) -> None:
    comparison = equivalent(left, right)
    assert comparison.equal, comparison
    assert comparison.method == "ast"


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("a; b", "b; a"),
        ("a | b", "a; b"),
        ("$x", "($x)"),
        ("{ $x }", "& { $x }"),
        (". build", "build"),
        ("for ($i;;) { f }", "for (;$i;) { f }"),
        ("$a -ceq 1", "$a -eq 1"),
        ("$a.b", "$a.c"),
        ("1 + 2 * 3", "(1 + 2) * 3"),
        ("$global:x", "$x"),
        ("a &", "a"),
        ("$x?.a", "$x.a"),
        ("a @x", "a $x"),
        ("class A { static [int]$x }", "class A { [int]$x }"),
        ("#requires -version 5\na", "a"),
        ("switch -regex ($a) { 1 { 2 } }", "switch ($a) { 1 { 2 } }"),
        # strings
        ('"$x"', "'$x'"),
        ('"$x"', "$x"),
        ('"$x.y"', '"$($x.y)"'),
        ("echo abc", "echo ABC"),
        ("echo 1", "echo '1'"),
        ("echo 1e3", "echo '1e3'"),
        ("echo a,1", "echo 'a,1'"),
        ("echo 'a  b'", "echo 'a b'"),
        ('"a`nb"', "'a`nb'"),
        ('"a`nb"', '"a`Nb"'),
        ('@"\na$x\n"@', '@"\na\n$x\n"@'),
        ('"\u2019"', '"\'"'),
        ("cmd --% A  B", "cmd --% A B"),
        # parameters
        ("Copy-Item a b", "Copy-Item b a"),
        ("Get-X -A 1 -B 2", "Get-X -A 2 -B 1"),
        ("Get-X -A 1", "Get-X 1"),
        ("Get-X -Recurse a b", "Get-X -Recurse b a"),
        ("Get-X -Confirm:$false", "Get-X -Confirm $false"),
        ("Get-X -Enabled:$true", "Get-X -Enabled $true"),
        ("Get-X -rec", "Get-X -Recurse"),
        ("Get-X > a", "Get-X >> a"),
        ("@{a=1; b=2}", "@{b=2; a=1}"),
        # what may be a program
        ("git -C a", "git -c a"),
        ("ffmpeg -i a -t b", "ffmpeg -t b -i a"),
        ("prog -a:b", "prog -a b"),
        ("prog a,b", "prog a, b"),
    ],
)
def test_what_means_something_else_differs(left: str, right: str) -> None:
    assert POWERSHELL.check(left).accepted
    assert POWERSHELL.check(right).accepted
    comparison = equivalent(left, right)
    assert not comparison.equal, normal_form(left)
    assert comparison.detail


WORDS = st.sampled_from(
    ["a", "readme.txt", "C:\\temp\\x", "*.log", "name=value", "it's", 'say "x"', "a b", "$", "é", ""]
)
VALUES = st.one_of(
    st.tuples(st.just("text"), WORDS),
    st.tuples(
        st.just("code"), st.sampled_from(["$x", "12", "(Get-Date)", "{ $_.Name }", '"$x y"', "$x.Count", "@(1, 2)"])
    ),
)


@dataclass(frozen=True)
class Command:
    """A command that can be written in many ways."""

    name: str
    named: tuple[tuple[str, tuple[str, str] | None], ...]
    positional: tuple[tuple[str, str], ...]


COMMANDS = st.builds(
    Command,
    name=st.sampled_from(["Get-ChildItem", "Copy-Item", "Where-Object", "Set-Thing"]),
    named=st.lists(
        st.one_of(
            st.tuples(st.sampled_from(["Path", "Filter", "Value", "Name"]), VALUES),
            st.tuples(st.sampled_from([name.strip("-") for name in sorted(SWITCHES)]), st.none()),
        ),
        unique_by=lambda pair: pair[0],
        max_size=4,
    ).map(tuple),
    positional=st.lists(VALUES, max_size=3).map(tuple),
)
CASES = st.sampled_from([str.lower, str.upper, str.title, str])


@st.composite
def spellings(draw: st.DrawFn, command: Command) -> str:
    """One way to write a command."""
    recase: Callable[[str], str] = draw(CASES)
    names = [command.name, *(alias for alias, name in ALIASES.items() if name == command.name.lower())]
    elements = [[draw(value(argument))] for argument in command.positional]
    options = []
    for name, argument in command.named:
        sign = draw(st.sampled_from([f"-{recase(name)} ", f"-{recase(name)}:"])) if argument else f"-{recase(name)}"
        options.append([sign + (draw(value(argument)) if argument else "")])
    # Positional arguments keep their order; one that comes behind a switch is still positional.
    places = sorted(draw(st.lists(st.integers(0, len(elements)), min_size=len(options), max_size=len(options))))
    for place, option in reversed(list(zip(places, draw(st.permutations(options)), strict=True))):
        elements.insert(place, option)
    gaps = st.sampled_from([" ", "  ", " `\n    "])
    text = recase(draw(st.sampled_from(names))) + "".join(draw(gaps) + element for [element] in elements)
    return draw(st.sampled_from(["", "# first\n", "\n"])) + text + draw(st.sampled_from(["", ";", "  # last", "\n"]))


def value(argument: tuple[str, str]) -> st.SearchStrategy[str]:
    """The ways to write an argument."""
    kind, text = argument
    if kind == "code":
        return st.just(text)
    quoted = ["'" + text.replace("'", "''") + "'", '"' + text.replace('"', '""').replace("$", "`$") + '"']
    bare = [text] if text and not set(text) & set(" '\"$") else []
    return st.sampled_from(quoted + bare)


@given(st.data())
def test_all_spellings_of_a_command_are_equal(data: st.DataObject) -> None:
    command = data.draw(COMMANDS)
    left, right = data.draw(spellings(command)), data.draw(spellings(command))
    assert equivalent(left, right).equal, equivalent(left, right)


@given(st.data())
def test_different_commands_differ_however_they_are_spelled(data: st.DataObject) -> None:
    one, another = data.draw(COMMANDS), data.draw(COMMANDS)
    part = data.draw(st.sampled_from(["name", "named", "positional"]))
    other = replace(one, **{part: getattr(another, part)})
    comparison = equivalent(data.draw(spellings(one)), data.draw(spellings(other)))
    same = one.name == other.name and set(one.named) == set(other.named) and one.positional == other.positional
    assert comparison.equal == same, comparison


FRAGMENTS = st.sampled_from(
    [
        *("$x", "a", "-b", "gci", "1", " ", "\n", ";", ",", "|", "&", "=", "+", ".", "::", "#", "%", "`", "@", ":"),
        *("(", ")", "$(", "{", "}", "@{", "[", "]", '"', "'", '@"\n', '\n"@', "@'\n", "\n'@", "\u2019", "é", ">", "if"),
    ]
)
SNIPPETS = st.one_of(st.lists(FRAGMENTS, max_size=25).map("".join), st.text(max_size=30))


@settings(max_examples=300)
@given(SNIPPETS, SNIPPETS)
def test_equality_is_symmetric_and_whatever_is_accepted_equals_itself(left: str, right: str) -> None:
    assert equivalent(left, right).equal == equivalent(right, left).equal
    assert equivalent(left, left).equal == POWERSHELL.check(left).accepted


@given(texts)
def test_every_accepted_text_has_a_normal_form(code: str) -> None:
    if POWERSHELL.check(code).accepted:
        assert normal_form(code)


@settings(max_examples=300)
@given(SNIPPETS)
def test_a_comment_changes_nothing(code: str) -> None:
    longer = f"{code}\n# a comment"
    assume(not code.endswith("`"))  # which would escape the line break
    if POWERSHELL.check(code).accepted and POWERSHELL.check(longer).accepted:
        assert equivalent(code, longer).equal


@pytest.mark.parametrize(
    "code", ["", "gci |", "if ($a {", "'a", "(" * 101 + "1" + ")" * 101, "a" * 100_001, "\ud800", "a\0"]
)
def test_a_rejected_snippet_equals_nothing(code: str) -> None:
    assert not equivalent(code, code).equal
    assert not equivalent("gci", code).equal
    assert equivalent("gci", code).detail.startswith("the right snippet is rejected at ")


def test_equal_text_needs_no_trees() -> None:
    assert equivalent("gci x\r\ngci y", "  gci x\ngci y\n").method == "text"


@pytest.mark.parametrize("code", ["!" * 80 + "$x", "$x = " + "1+" * 2900 + "1", "$a" + ".b" * 2900, "$a" + "|f" * 2900])
def test_deep_trees_are_compared_without_recursion(code: str) -> None:
    assert equivalent(code, code + " #").equal
    assert not equivalent(code, code[2:]).equal


def test_where_two_snippets_part_is_told() -> None:
    assert equivalent("gci -Path a", "gci -Path b").detail == (
        'childitem" ( -path "a" ) ) <> childitem" ( -path "b" ) )'
    )


def test_the_harness_says_what_parses() -> None:
    assert harness().startswith(f"{HARNESS} (powershell-parser ")


def test_every_alias_is_a_name_in_lower_case_for_another() -> None:
    assert all(alias == alias.lower() and alias != name for alias, name in ALIASES.items())
    assert not set(ALIASES) & set(ALIASES.values())
    assert ALIASES["%"] == "foreach-object"
    assert not set(ALIASES) & {"curl", "wget", "sc"}, "programs in PowerShell 7"
