"""How a text is cut: PowerShell's kinds, in the mode that the grammar asks for, in right and in broken text."""

from __future__ import annotations

import pytest
from hypothesis import given

from tests.validators.powershell.fragments import texts
from validators.powershell.parser import Token, parse, tokenize


def _cut(code: str) -> list[str]:
    return [f"{token.kind}:{code[token.start : token.end]}" for token in tokenize(code)]


@pytest.mark.parametrize(
    ("code", "cut"),
    [
        ("$a+$b", "Variable:$a Plus:+ Variable:$b"),
        ("foo a+b", "Identifier:foo Generic:a+b"),
        ("foo $a+b", "Identifier:foo Generic:$a+b"),
        ("foo $a.b", "Identifier:foo Variable:$a Dot:. Identifier:b"),
        ("foo -a:1 --b -- -1", "Identifier:foo Parameter:-a: Number:1 Generic:--b MinusMinus:-- Generic:-1"),
        ("$a -eq -1", "Variable:$a Ieq:-eq Number:-1"),
        ("-eq 1", "Parameter:-eq Number:1"),
        ("[a.b[c]]1", "LBracket:[ Identifier:a.b LBracket:[ Identifier:c RBracket:] RBracket:] Number:1"),
        ("foo [a.b]1", "Identifier:foo Generic:[a.b]1"),
        ("$x.if", "Variable:$x Dot:. Identifier:if"),
        ("@{ if = 1 }", "AtCurly:@{ Identifier:if Equals:= Number:1 RCurly:}"),
        ("foo 2> a 7>&1", "Identifier:foo Redirection:2> Identifier:a Generic:7> Ampersand:& Number:1"),
        ("1..3", "Number:1 DotDot:.. Number:3"),
        ("1.2.3", "Number:1.2 Dot:. Number:3"),
        ("0xFFul 10kb 7z", "Number:0xFFul Number:10kb Generic:7z"),
        ("echo 'it''s' “a”", "Identifier:echo StringLiteral:'it''s' StringExpandable:“a”"),
        ("$a \u2013eq 1", "Variable:$a Ieq:\u2013eq Number:1"),
        ("cmd --% a | b", "Identifier:cmd Generic:--% Generic:a  Pipe:| Identifier:b"),
        ("a `\n b # c", "Identifier:a LineContinuation:`\n Identifier:b Comment:# c"),
        ("@'\na\n'@", "HereStringLiteral:@'\na\n'@"),
        (":a while (1) {}", "Label::a While:while LParen:( Number:1 RParen:) LCurly:{ RCurly:}"),
        ("$a ? 1 : 2", "Variable:$a QuestionMark:? Number:1 Colon:: Number:2"),
        ("& foreach", "Ampersand:& Foreach:foreach"),
    ],
)
def test_the_mode_decides_the_cut(code: str, cut: str) -> None:
    assert " ".join(_cut(code)) == cut


def test_an_expandable_string_holds_the_tokens_of_its_expressions() -> None:
    code = '"a $b $($c + 1)"'
    (token,) = tokenize(code)
    nested = [f"{inner.kind}:{code[inner.start : inner.end]}" for inner in token.nested or []]
    assert nested == ["Variable:$b", "DollarParen:$(", "Variable:$c", "Plus:+", "Number:1", "RParen:)"]


def test_doubled_quotes_inside_a_subexpression_are_one_and_keep_their_place() -> None:
    code = '"$(foo ""b"" c)"'
    (token,) = tokenize(code)
    nested = [f"{inner.kind}:{code[inner.start : inner.end]}" for inner in token.nested or []]
    assert nested == ["DollarParen:$(", "Identifier:foo", 'StringExpandable:""b""', "Identifier:c", "RParen:)"]


def test_flags_say_what_a_token_serves_as() -> None:
    tokens = tokenize("if ($x.Name) { foo bar }")
    assert [(token.start, token.flags) for token in tokens if token.flags] == [
        (0, "Keyword"),
        (7, "MemberName"),
        (15, "CommandName"),
    ]


@pytest.mark.parametrize(
    ("code", "cut"),
    [
        ("if ($a != 1) { }", "If:if LParen:( Variable:$a Exclaim:! Equals:= Number:1 RParen:) LCurly:{ RCurly:}"),
        ("foo 'a\nbar b", "Identifier:foo StringLiteral:'a NewLine:\n Identifier:bar Identifier:b"),
        ("1 1 <# a\nb", "Number:1 Number:1 Comment:<# a\nb"),
        ('"$a: b" c', 'StringExpandable:"$a: b" Identifier:c'),
        ("$x.f(a b) c", "Variable:$x Dot:. Identifier:f LParen:( Identifier:a Identifier:b RParen:) Identifier:c"),
        ("300y + $a: + 1", "Number:300y Plus:+ Variable:$a: Plus:+ Number:1"),
        ("foo a'b c", "Identifier:foo Generic:a StringLiteral:'b c"),
        ('1 @"\na $(b', 'Number:1 Unknown:@"\na $(b'),
        ("a #b\n<# c", "Identifier:a Comment:#b NewLine:\n Comment:<# c"),
    ],
)
def test_broken_text_is_cut_on_behind_the_error(code: str, cut: str) -> None:
    assert " ".join(_cut(code)) == cut


def _in_order(tokens: list[Token], start: int, end: int) -> None:
    for token in tokens:
        assert start <= token.start <= token.end <= end
        start = token.end
        _in_order(token.nested or [], token.start, token.end)


@given(texts)
def test_tokens_stand_in_order_and_inside_the_text(code: str) -> None:
    _in_order(tokenize(code), 0, len(code))


@given(texts)
def test_the_tokens_of_an_accepted_text_are_the_parsers_and_cover_all_but_white_space(code: str) -> None:
    parsed = parse(code)
    if parsed.errors:
        return
    tokens = tokenize(code)
    places = [(token.kind, token.start, token.end) for token in tokens]
    assert places == [(token.kind, token.start, token.end) for token in parsed.tokens if token.kind != "EndOfInput"]
    uncovered = list(code)
    for token in tokens:
        uncovered[token.start : token.end] = [" "] * (token.end - token.start)
    assert not "".join(uncovered).replace("`", "").strip(), code
