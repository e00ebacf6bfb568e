"""PowerShell as structure tokens: what is a token, what a slot, and the same script on the way there and back."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from validators.powershell.structure import structure, write
from validators.powershell.words import BANK

SHOWN = {" ": "·", "\n": "«n»", "`\n": "«`n»"}


def spelt(tokens: Sequence[str]) -> str:
    """Tokens with spaces between them; a space that is one is a dot, a line break stands in angle quotes."""
    return " ".join(SHOWN.get(token, token) for token in tokens)


VARIABLES = [
    ("$name = $name + $Other", "$ <V0> = $ <V0> + $ <V1>"),
    ("name = $other", "name = $ <V0>"),  # people forget the sign
    ("$a.b = foo b", "$ <V0> . b = foo <V1>"),
    ("foo @params", "foo @ <V0>"),
    ("$env:PATH + $script:count + $a:b:c", "$ <V0> + $ <V1> + $ <V2>"),
    ("${a b} = ${env:c}", "$ <V0> = $ <V1>"),
    ("$_.x + $TRUE + $Null + $PSScriptRoot", "$ _ . x + $ true + $ null + $ psscriptroot"),
    ("if ($?) { $$ + $^ }", "if ( $ ? ) { $ $ + $ ^ }"),
    ("$$.a() + $?.b", "$ $ . a ( ) + $ ? . b"),
    ("$$ = 1", "$ $ = 1"),
    ("$é = $x_1", "$ <V0> = $ <V1>"),
    ("$ = 1", "$ · = 1"),
    ("$ name", "$ · <V0>"),
    ("foo @ params", "foo @ · params"),
]  # fmt: skip

COMMANDS = [
    ("Get-Item -Path $a -Force", "Get-Item -Path $ <V0> -Force"),
    ("get-item -path:$a -x:1", "get-item -path : $ <V0> -x : 1"),
    ("foo -Bar : 1", "foo -Bar · : 1"),
    ("foo \u2013Bar \u20141", "foo -Bar <W0>"),  # a dash for a hyphen
    ("foo bar, b*, ./c 7", "foo <V0> , <W0> , <W1> <N0>"),
    ("foo Mandatory Name x", "foo Mandatory Name <V0>"),
    ("foo -1 --x -eq 1", "foo <W0> <W1> -eq 1"),
    ("foo (1) @(1) $(1) { 1 }", "foo ( 1 ) @( 1 ) $( 1 ) { 1 }"),
    ("foo $a (1) $a[0] (1)", "foo $ <V0> ( 1 ) $ <V0> [ 0 ] ( 1 )"),
    ("foo $a [0] $b$c $b\\c", "foo $ <V0> <W0> <W1> <W2>"),
    ("foo 'a'b c'd e'", "foo ' <S0> ' <V0> <W0>"),
    ("& 'a b' 1; . ./c.ps1", "& ' <S0> ' 1 ; . ./c.ps1"),
    ("a | ? { $_ } | % b", "a | ? { $ _ } | % <V0>"),
    ("a && b || c &", "a && b || c &"),
    ("foo > a.txt 2>&1 2> $null *>> b", "foo > <W0> 2>&1 2> $ null *>> <V0>"),
    ("git add --% -x  `$a \n b", "git <V0> --% <W0> «n» b"),
    ("foo --% a | b", "foo --% <V0> | b"),
    ("foo + 1", "foo + 1"),
    (". + 1", ". + 1"),
    ("foo .. -x", "foo <W0> -x"),
]  # fmt: skip

OPERANDS = [
    ("1 + 2 * 0 - 3 + 3.0 + 0x1F + 10KB + 3", "1 + 2 * 0 - <N0> + <N1> + <N2> + <N3> + <N0>"),
    ("-1 - 1", "<N0> - 1"),
    ("- 1", "- · 1"),
    ("$a -EQ 1 \u2013and -Not $b", "$ <V0> -eq 1 -and -not $ <V1>"),
    ("$a - eq 1", "$ <V0> - <V1> 1"),
    ("$a -is [int]", "$ <V0> -is [ int ]"),
    ("$a = = 1; $a == 1", "$ <V0> = = 1 ; $ <V0> = = 1"),
    ("$a += 1; $a ??= 2; $i++; --$i", "$ <V0> += 1 ; $ <V0> ??= 2 ; $ <V1> ++ ; -- $ <V1>"),
    ("1..3; 1 .. 3", "1 .. <N0> ; 1 · .. <N0>"),
    ("!$a; ! $a; $a ? 1 : 2; $a ?? 1", "! $ <V0> ; ! $ <V0> ; $ <V0> ? 1 : 2 ; $ <V0> ?? 1"),
    ("'{0}' -f $a, 1 -join ','", "' <S0> ' -f $ <V0> , 1 -join ' <S1> '"),
    ("@(1, 2), @{}, $(1)", "@( 1 , 2 ) , @{ } , $( 1 )"),
    ("@{ a = 1; 'b' = $c\n Name = 2 }", "@{ <V0> = 1 ; ' <S0> ' = $ <V1> «n» Name = 2 }"),
    ("@ { a = 1 }; @ (1); $ (1)", "@ · { a = 1 } ; @ · ( 1 ) ; $ · ( 1 )"),
]  # fmt: skip

MEMBERS = [
    ("$a.b.C().d(1)", "$ <V0> . b . C ( ) . d ( 1 )"),
    ("$a.b (1)", "$ <V0> . b · ( 1 )"),  # passes nothing
    ("$a .b; $a. b", "$ <V0> · . b ; $ <V0> . b"),
    ("$a?.b", "$ <V0> . b"),  # the question mark is the variable's
    ("${a}?.b?[0]", "$ <V0> ?. b ?[ 0 ]"),
    ("$a[0][-1] + $a [0]", "$ <V0> [ 0 ] [ <N0> ] + $ <V0> · [ 0 ]"),
    ("$a::b + [int]::Parse('1')", "$ <V0> :: b + [ int ] :: Parse ( ' <S0> ' )"),
    ("[int]::Parse ('1')", "[ int ] :: Parse · ( ' <S0> ' )"),
    ("foo $a.'b'(1) $a.'b' (1)", "foo $ <V0> . ' <S0> ' ( 1 ) $ <V0> . ' <S0> ' · ( 1 )"),
    ("$a.$b().('c')()", "$ <V0> . $ <V1> ( ) . ( ' <S0> ' ) ( )"),
    ("$a.b[int, List[c]](1)", "$ <V0> . b [ int , List [ c ] ] ( 1 )"),
    ("$a.ForEach{ 1 }.b++", "$ <V0> . ForEach { 1 } . b ++"),
    ("'a'.b; (1).c; @{}.d", "' <S0> ' . b ; ( 1 ) . c ; @{ } . d"),
    ("$a.name + $name", "$ <V0> . name + $ <V1>"),
    ("$name + $a.name", "$ <V0> + $ <V1> . <V0>"),  # a name stays one wherever it stands
]  # fmt: skip

TYPES = [
    ("[int]$a; [int[]] $b; [int[,]]$c", "[ int ] $ <V0> ; [ int [ ] ] $ <V1> ; [ int [ , ] ] $ <V2>"),
    ("[Collections.Generic.List[string]]::new()", "[ Collections.Generic.List [ string ] ] :: new ( )"),
    ("[ordered]@{}", "[ ordered ] @{ }"),
    ("param([Parameter(Mandatory = $true, Position=0)][string]$a)",
     "param ( [ Parameter ( Mandatory = $ true , Position = 0 ) ] [ string ] $ <V0> )"),
    ("[CmdletBinding()]\nparam()", "[ CmdletBinding ( ) ] «n» param ( )"),
    ("[ValidateSet('a', \"b\")]$x", "[ ValidateSet ( ' <S0> ' , \" <S1> \" ) ] $ <V0>"),
    ("try { } catch [A.B] { }", "try { } catch [ A.B ] · { }"),
    ("[int $a", "[ int $ <V0>"),
]  # fmt: skip

STRINGS = [
    ("'a b' + \"a b\" + '' + \"\"", "' <S0> ' + \" <S0> \" + ' ' + \" \""),
    ("'it''s' + \"a`\"b\" + \"a\"\"b\"", "' <S0> ' + \" <S1> \" + \" <S2> \""),
    ("\"a $b $($c.d) ${e}\"", "\" <S0> \""),
    ("\u2018a\u2019 + \u201cb\u201d + 'a\u201db'", "' <S0> ' + \" <S1> \" + ' <S2> '"),
    ("'a\u2019b'", "' <S0> ' <V0> '"),  # a typographic quote closes a string
    ("@'\na\n b\n'@.x", "@' <S0> '@ . x"),
    ("@\"  \r\n$a\r\n\"@ -f 1", "@\" <S0> \"@ -f 1"),
    ("@'\n'@; @\"\n\n\"@", "@' '@ ; @\" \"@"),
    ("@\u201c\na\n\u201d@", "@\" <S0> \"@"),
    # without its end: the tokens behind the opening quote
    ("$a = 'b c $d", "$ <V0> = ' b <V1> $ <V2>"),
    ("foo \"a $b \n c", "foo \" a $ <V0> «n» c"),
    ("'it's'", "' <S0> ' <V0> '"),
    ("\"a 'b'", "\" a ' <S0> '"),
    ("\"a $(b c", "\" a $( b <V0>"),
    ("@'\na 1\n '@\nb", "@' «n» a 1 «n» ' @ «n» b"),
    ("@'a'@", "@ ' <S0> ' @"),
]  # fmt: skip

LINES = [
    ("if ($a) { b } elseif ($c) { d } ELSE { e }", "if ( $ <V0> ) { b } elseif ( $ <V1> ) { d } else { e }"),
    ("foreach ($x in $y) { break }", "foreach ( $ <V0> in $ <V1> ) { break }"),
    (":outer while (1) { continue outer }", "<W0> while ( 1 ) { continue <V0> }"),
    ("switch -Regex ($a) { 'b' { 1 } default { 2 } }", "switch -Regex ( $ <V0> ) { ' <S0> ' { 1 } default { 2 } }"),
    ("function Get-It($a) { return $a }; filter f { }",
     "function <W0> ( $ <V0> ) { return $ <V0> } ; filter <V1> { }"),
    ("class A : B { [int]$x; A() { } }\nenum E { x = 1 }",
     "class <V0> : B { [ int ] $ <V1> ; <V0> ( ) { } } «n» enum <V2> { <V1> = 1 }"),
    ("using namespace A.B", "using namespace <W0>"),
    ("a\n\n  # c\r\nb\rc # d\n", "a «n» b «n» c"),
    ("a <# b\n #> c", "a <V0>"),
    ("\n\n  a\n", "a"),
    ("a `\n  -b `\r\n-c", "a «`n» -b «`n» -c"),
    ("a |\n  b\n  | c", "a | «n» b «n» | c"),
    ("if ($a) {\n\n  b\n}", "if ( $ <V0> ) { «n» b «n» }"),
    ("a;b; c", "a ; b ; c"),
    ("# a", ""),
    ("", ""),
    (" \n ", ""),
]  # fmt: skip


@pytest.mark.parametrize(
    ("code", "tokens"), [*VARIABLES, *COMMANDS, *OPERANDS, *MEMBERS, *TYPES, *STRINGS, *LINES]
)  # fmt: skip
def test_a_script_has_the_tokens_that_one_would_write_down(code: str, tokens: str) -> None:
    assert spelt(structure(code).tokens) == tokens


@pytest.mark.parametrize(
    ("code", "tokens"),
    [
        ("Get-Item -Path a | get-item", "Get-Item -Path <V0> | <C0>"),
        ("Get-Item \u2013Path a -path b", "Get-Item -Path <V0> <P0> <V1>"),
        ("Foo -Bar:1 -Baz; Foo -Baz", "<C0> <P0> : 1 <P1> ; <C0> <P1>"),
        ("[int]::Parse([A.B]$c.Length)", "[ int ] :: <V0> ( [ <T0> ] $ <V1> . Length )"),
        ("$a.Length.Size; $Size", "$ <V0> . Length . <V1> ; $ <V1>"),
        ("$Length.Length", "$ <V0> . <V0>"),
        ("[Parameter(Mandatory)]", "[ <T0> ( Mandatory ) ]"),
        ("if ($a -eq 1) { ? { $_ } }", "if ( $ <V0> -eq 1 ) { ? { $ _ } }"),
    ],
)
def test_commands_parameters_types_and_members_are_words_where_the_vocabulary_has_them(code: str, tokens: str) -> None:
    assert spelt(structure(code, frozenset({"Get-Item", "-Path", "int", "Length"})).tokens) == tokens


def test_the_slots_are_the_snippets_own_texts() -> None:
    code = "foo -Bar:${a b} \u2013Baz 'it''s' 1kb *.txt | [A.B]$c.d > $env:e"
    assert structure(code, frozenset()).slots == {
        "<C0>": "foo", "<P0>": "-Bar", "<V0>": "{a b}", "<P1>": "\u2013Baz", "<S0>": "it''s", "<N0>": "1kb",
        "<W0>": "*.txt", "<T0>": "A.B", "<V1>": "c", "<V2>": "d", "<V3>": "env:e",
    }  # fmt: skip


def test_a_slot_without_a_text_is_written_as_the_first_of_its_kind() -> None:
    tokens = ["$", "<V0>", "=", "<C0>", "<P0>", "<N0>", "'", "<S0>", "'"]
    expected = f"$x = {BANK['C'][0]} {BANK['P'][0]} {BANK['N'][0]} '{BANK['S'][0]}'"
    assert write(tokens, {"<V0>": "x"}) == expected
