"""Edits without a model: each kind makes what it says, and nothing that was there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generators.diffusion import plain_edits as edits

TOKENS = st.lists(st.sampled_from(["a", "b", "(", ")", "[", "]", ",", ";", '"', "'", "+"]), max_size=10)


@pytest.mark.parametrize(
    ("make", "before", "after"),
    [
        (edits.moves, 'f ( g ( a , " x " ) )', 'f ( g ( a ) , " x " )'),
        (edits.unpaired, "f ( ( a , b ) , c )", "f ( a , b , c )"),
        (edits.unpaired, 'a : " b "', "a : b"),
        (edits.unquoted, '" a " : " b "', "a : b"),
        (edits.wrapped, "f ( a , > = 3 )", 'f ( a , " > = 3 " )'),
        (edits.swaps, "f ( a , 1 + 2 , c )", "f ( 1 + 2 , a , c )"),
        (edits.separators, "f ( a ; b ; c )", "f ( a , b , c )"),
    ],
)
def test_what_people_mend_is_among_the_edits(
    make: Callable[[Sequence[str]], Iterator[list[str]]], before: str, after: str
) -> None:
    assert after.split() in list(make(before.split()))


@pytest.mark.parametrize(
    ("before", "after", "number"),
    [
        ('=IF(A1,"Yes,"No")', '=IF(A1,"Yes","No")', 1),
        ('=IF(A1,Yes","No")', '=IF(A1,"Yes","No")', 1),
        ('=IF(A1,"Yes","No)', '=IF(A1,"Yes","No")', 1),
        ('=SUMIF(L1:L4","<0)', '=SUMIF(L1:L4,"<0")', 2),
        ('=IF(A1>B1, "Less," "More")', '=IF(A1>B1, "Less", "More")', 2),
        ("print('a b c)", "print('a b c')", 1),
        ("print(it's)", "print('it's)", 1),
    ],
)
def test_a_quote_is_added_or_moved_in_the_text(before: str, after: str, number: int) -> None:
    assert (after, number) in list(edits.quoted(before))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("$a.CPU gt 10", "$a.CPU -gt 10"),
        ("if ($a -lt 9 and $b) { 1 }", "if ($a -lt 9 -and $b) { 1 }"),
        ("$a -neq $b", "$a -ne $b"),
        ("if ($a == 1) { 2 }", "if ($a -eq 1) { 2 }"),
        ("$a -eq 1 && $b", "$a -eq 1 -and $b"),
    ],
)
def test_an_operator_of_powershell_gets_its_dash_or_its_own_name(before: str, after: str) -> None:
    assert after in list(edits.operators(before))
    assert after not in list(edits.operators(after))


@pytest.mark.parametrize(
    ("line", "meant"),
    [
        ('Get-ChildItem "C:\\temp', 'Get-ChildItem "C:\\temp"'),
        ('Write-Host "Hello world', 'Write-Host "Hello world"'),
        ('Set-Mailbox "Customer Support -Bypass $true', 'Set-Mailbox "Customer Support" -Bypass $true'),
        ('Send "a","b c | Out-Null', 'Send "a","b c" | Out-Null'),
        ("if ($a -eq 'b) { 1 }", "if ($a -eq 'b') { 1 }"),
    ],
)
def test_a_string_of_powershell_is_closed_where_its_text_cannot_go_on(line: str, meant: str) -> None:
    assert list(edits.closed(line)) == [meant]
    assert not list(edits.closed(meant))


def test_a_word_that_is_no_operator_stays() -> None:
    assert not list(edits.operators("Get-Item -Path and.txt; $_.like; 'gt'; $a=1"))


@given(st.text("ab \"',()", max_size=12))
def test_a_quote_more_is_one_of_those_that_are_there(line: str) -> None:
    for made, number in edits.quoted(line):
        assert number in (1, 2)
        more = Counter(made) - Counter(line)
        assert not Counter(line) - Counter(made)
        assert sum(more.values()) == (number == 1) and set(more) <= {"'", '"'} & set(line)
        if number == 1:
            assert made.count(more.popitem()[0]) % 2 == 0


@given(TOKENS)
def test_what_moves_is_still_there_and_stands_elsewhere(tokens: list[str]) -> None:
    for made in edits.moves(tokens):
        assert Counter(made) == Counter(tokens)
    assert sum(made == tokens for made in edits.moves(tokens)) <= len(tokens)  # beside an equal one, say


@given(TOKENS)
def test_what_goes_is_a_pair(tokens: list[str]) -> None:
    for made in edits.unpaired(tokens):
        gone = Counter(tokens) - Counter(made)
        assert not Counter(made) - Counter(tokens)
        assert set(gone) <= {'"', "'"} or gone in (Counter("()"), Counter("[]"))


@given(TOKENS)
def test_arguments_that_are_swapped_back_are_those_that_were_there(tokens: list[str]) -> None:
    for made in edits.swaps(tokens):
        assert tokens in list(edits.swaps(made))


@given(TOKENS)
def test_every_kind_is_tried(tokens: list[str]) -> None:
    named = {edits.swaps: ["swap"], edits.separators: ["separator"], edits.unquoted: ["unquote"]}
    ways = (edits.moves, edits.unpaired, edits.wrapped, edits.swaps, edits.separators, edits.unquoted)
    assert list(edits.plain_edits(tokens)) == [(made, named.get(way)) for way in ways for made in way(tokens)]
