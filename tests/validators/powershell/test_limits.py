"""Hostile texts: nothing raises, nesting has a limit of the parser's own, and the work grows with the length alone."""

from __future__ import annotations

import sys

import pytest
from hypothesis import example, given

from tests.validators.powershell.fragments import texts
from validators.powershell.parser import parse, tokenize
from validators.powershell.parser.quoted import Quoted
from validators.powershell.parser.tokenizer import Tokenizer

NESTED = [
    *(("(", ")"), ("{", "}"), ("$(", ")"), ("@(", ")"), ("@{a=", "}"), ("[a(", ")]$x"), ('"$(', ')"'), ("$a[", "]")),
    *(("if(1){", "}"), ("$a.b(", ")"), ("-not ", ""), ("!", ""), ("[int]", ""), ("$a=", ""), ("[a[", "]]"), (",", "")),
    *(("class a{f(){", "}}"), ("{param($a=", "1)}"), ("switch(1){1{", "}}"), ("try{", "}catch{}"), ("a|", "b")),
    *(("$a.-", ""), ("$a.[int]", ""), ("foo (", ")"), ("function f{", "}"), ("$x.y[a[", "]]"), ("1+", "")),
    *(("$(1).$(", ")"), ("@{(", ")=1}"), ("&{", "}"), ("data{", "}"), ("trap{", "}"), ("$a?1:", "2"), ("a$(", "b)")),
]


@given(texts)
@example("`")
@example("\ud800$(\x00")
@example('"$("$("')
@example("0x" + "F" * 400 + "l")
def test_no_text_raises(code: str) -> None:
    parsed = parse(code)
    assert (parsed.tree is None) <= bool(parsed.errors)
    assert all(0 <= error.start <= error.end <= len(code) + 1 for error in parsed.errors)
    tokenize(code)


@pytest.mark.parametrize("frames", [300, 600, 850])
def test_a_caller_that_stands_deep_itself_gets_an_answer(frames: int) -> None:
    code = "(" * 60 + "1" + ")" * 60

    def from_below(more: int) -> tuple[list[str], int]:
        if more:
            return from_below(more - 1)
        return [error.id for error in parse(code).errors], len(tokenize(code))

    ids, tokens = from_below(frames)
    assert ids in ([], ["ScriptTooComplicated"]) and tokens >= 1
    assert parse(code).errors == []


@pytest.mark.parametrize(("opening", "closing"), NESTED)
@pytest.mark.parametrize("levels", [10, 100, 1000, 20000])
def test_nesting_ends_at_a_limit_of_our_own(opening: str, closing: str, levels: int) -> None:
    for code in (opening * levels, opening * levels + "1" + closing * levels):
        assert levels < 1000 or parse(code[:100_000]).errors or not closing or opening in ("a|", "1+", "a$(")
        tokenize(code[:5_000])


def test_text_within_the_limit_is_parsed_beneath_a_deep_stack() -> None:
    code = "(" * 66 + "1" + ")" * 66

    def deeper(levels: int) -> bool:
        return deeper(levels - 1) if levels else not parse(code).errors

    assert sys.getrecursionlimit() >= 1000
    assert deeper(100)
    assert parse(f"({code})").errors[0].id == "ScriptTooComplicated"


def _work(code: str, monkeypatch: pytest.MonkeyPatch) -> int:
    """How often something is looked for in the text: tokens, ends of words and of strings."""
    steps = 0

    def counted(owner: type, name: str) -> None:
        method = getattr(owner, name)

        def step(*arguments: object) -> object:
            nonlocal steps
            steps += 1
            return method(*arguments)

        monkeypatch.setattr(owner, name, step)

    with monkeypatch.context():
        for owner, name in ((Tokenizer, "scan"), (Tokenizer, "skip_trivia"), (Quoted, "word"), (Quoted, "_expansion")):
            counted(owner, name)
        parse(code)
        tokenize(code)
        monkeypatch.undo()
    return steps


@pytest.mark.parametrize(
    "unit",
    [
        *("foo -a $b | bar 'c'\n", "$a.b($c, @(1, 2)) -eq 3; ", '"a $b $($c + 1)" + ', "if ($a) { 1 } else { 2 }\n"),
        *("$a = @{ b = 1; c = 'd' }\n", "# a\n", "\n", " ", "a,", "1+", "$a.b", "x$y", '"$', "'", '"'),
        *("$(", "<#", "@'\n"),
        *("`", "class a { $b }\n", "{", ")", "%$a.b'", "=$(", '@"\n$a:\n', "$([--%", "[a", "\u2019", "&&"),
        "#requires a\n",
    ],
)
def test_the_work_is_linear_in_the_length(unit: str, monkeypatch: pytest.MonkeyPatch) -> None:
    short, long = (_work(unit * (size // len(unit)), monkeypatch) for size in (2_000, 16_000))
    assert long <= 12 * short + 2_000
