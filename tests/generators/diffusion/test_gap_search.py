"""What is found for a snippet: each text once, with its votes, its shortest way and its verdict."""

from __future__ import annotations

import pytest

from generators.diffusion.gap_search import Search, emptied
from tests.generators.diffusion.tiny import vocabulary
from validators import get_language

EXCEL, WORDS = get_language("excel"), vocabulary("excel")


def search(code: str) -> Search:
    return Search(EXCEL, WORDS, code, 0)


def test_a_text_counts_once_with_all_its_votes_and_its_shortest_way() -> None:
    made = search("=SUM( A1:B7")
    tokens = list(made.start.source.tokens)
    made.add(made.start, [*tokens, ")"], mass=0.5)
    made.add(made.start, [*tokens, ")"], mass=0.5)
    made.add(made.start, [*tokens, ")"])
    made.add(made.start, [*tokens, ",", ",", "B7", ")"], mass=0.5)
    [found] = [found for found in made.accepted() if found.text == "=SUM( A1:B7)"]
    assert (found.votes, found.mass, found.edits) == (2, 1.0, ("bracket",))
    assert found.verdict.accepted


def test_the_snippet_itself_is_never_found() -> None:
    made = search("=SUM(A1")
    made.add(made.start, list(made.start.source.tokens), mass=0.5)
    assert made.accepted() == [] and made.promising(3) == []


def test_spaces_alone_are_mended_by_writing_the_snippet_anew() -> None:
    made = search("=IF( A1 > = 3,1,2)")
    assert not made.start.verdict.accepted
    made.add_plain()
    [found] = [found for found in made.accepted() if not found.edits]
    assert (found.text, found.edits, found.votes) == ("=IF(A1>=3,1,2)", (), 0)


def test_what_is_promising_is_refused_and_further_to_the_right() -> None:
    made = search("=IF(A1=,B7,ROUND(A1;2))")
    tokens = list(made.start.source.tokens)
    at = tokens.index(",")
    made.add(made.start, [*tokens[:at], "0", *tokens[at:]], mass=0.5)  # mends the first of two mistakes
    made.add(made.start, [*tokens[:at], "=", *tokens[at:]], mass=0.5)  # mends nothing
    made.add(made.start, ["=", "0"], mass=0.5)  # is accepted
    [start] = made.promising(3)
    assert start.source.code == "=IF(A1=0,B7,ROUND(A1;2))"
    assert start.edits == ("insert",) and start.verdict == EXCEL.check(start.source.code)
    assert made.promising(0) == []


def test_edits_of_a_second_round_are_counted_from_the_snippet() -> None:
    made = search("=IF(A1=,B7,ROUND(A1;2))")
    tokens = list(made.start.source.tokens)
    at = tokens.index(",")
    made.add(made.start, [*tokens[:at], "0", *tokens[at:]], mass=0.5)
    [start] = made.promising(1)
    made.add(start, ["," if token == ";" else token for token in start.source.tokens], mass=0.5)
    [found] = made.accepted()
    assert (found.text, found.edits, found.votes) == ("=IF(A1=0,B7,ROUND(A1,2))", ("insert", "separator"), 1)


def test_a_quote_is_put_on_the_line_of_the_mistake_alone() -> None:
    made = Search(get_language("python"), vocabulary("python"), "a = 'b'\nprint('c)\nd = 'e'\n", 0)
    made.add_plain()
    texts = {found.text: len(found.edits) for found in made.accepted()}
    assert texts["a = 'b'\nprint('c')\nd = 'e'\n"] == 1
    assert all(text.startswith("a = 'b'\n") and text.endswith("\nd = 'e'\n") for text, n in texts.items() if n == 1)


@pytest.mark.parametrize(
    ("code", "number"),
    [
        ('Write-Host "" Hello world', 1),
        ('dir ""C:', 1),
        ("f '' $x ''", 1),
        ('=IF(A1="","",1)', 0),
        ('Write-Host "Hello"', 0),
        ('"a""b"', 0),
    ],
)
def test_an_empty_string_before_what_may_have_been_its_text_is_counted(code: str, number: int) -> None:
    assert emptied(code) == number
