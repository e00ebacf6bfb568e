"""Edits of a snippet by its tokens: what stays comes back byte for byte, what is new is spaced as people do."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generators.diffusion.text.source import Source
from generators.diffusion.text.vocabulary import StructureVocabulary
from tests.generators.diffusion.tiny import CODES, vocabulary

LANGUAGES = sorted(CODES)
WORDS = {language: vocabulary(language) for language in LANGUAGES}


def edited(language: str, code: str, first: int, removed: int, *new: str) -> str:
    source = Source.of(WORDS[language], code)
    return source.edited([*source.tokens[:first], *new, *source.tokens[first + removed :]])


@pytest.mark.parametrize(
    ("code", "first", "removed", "new", "expected"),
    [
        ("= SUM( A1 : B7 ", 6, 0, (")",), "= SUM( A1 : B7) "),
        ('=IF( A1 > 7 , "a  b" ,, "No" )', 10, 1, (), '=IF( A1 > 7 , "a  b" , "No" )'),
        ("=ROUND A1 / B7, 2 )", 2, 0, ("(",), "=ROUND(A1 / B7, 2 )"),
        ("=A1 +  B7)", 4, 1, (), "=A1 +  B7"),
        ("=A1 B7 &C4", 2, 1, ("+",), "=A1+B7 &C4"),
        ("=$A$100+b", 3, 1, ("<R0>",), "=$A$100+$A$100"),
    ],
)
def test_an_edited_formula_keeps_its_own_spaces_and_texts(
    code: str, first: int, removed: int, new: tuple[str, ...], expected: str
) -> None:
    assert edited("excel", code, first, removed, *new) == expected


@pytest.mark.parametrize(
    ("code", "first", "removed", "new", "expected"),
    [
        ("if x = 1 :  # one\n  print( y )\n", 2, 0, ("=",), "if x == 1 :  # one\n  print( y )\n"),
        ("if x == 1 print(y)  # c\n", 5, 0, (":", "\n    "), "if x == 1:\n    print(y)  # c\n"),
        ("f(a b)\n", 3, 0, (",",), "f(a, b)\n"),
        ("f(a, b  # c\ng()\n", 5, 0, (")",), "f(a, b)  # c\ng()\n"),
        ("print x\n", 1, 0, ("(",), "print(x\n"),
        ("for x y:\n", 2, 0, ("in",), "for x in y:\n"),
        ("f(a))\nx\n", 4, 1, (), "f(a)\nx\n"),
        (") x\n", 0, 1, (), "x\n"),
        ("if x:\n    ) y\n", 4, 1, (), "if x:\n    y\n"),
        ('print("a b c)\n', 6, 0, ('"',), 'print("a b c")\n'),
    ],
)
def test_an_edited_program_is_spaced_as_people_do_where_it_is_new(
    code: str, first: int, removed: int, new: tuple[str, ...], expected: str
) -> None:
    assert edited("python", code, first, removed, *new) == expected


@pytest.mark.parametrize(
    ("code", "first", "removed", "new", "expected"),
    [
        ("$a  = b", 3, 0, ("$",), "$a  = $b"),  # the name that stands behind it comes up to a sign
        ("if ($a -eq b){ c }", 5, 0, ("$",), "if ($a -eq $b){ c }"),
        ("foreach (i in $x) { }", 2, 0, ("$",), "foreach ($i in $x) { }"),
        ("b = 5", 0, 0, ("$",), "$b = 5"),
        ("foo @( 1 )", 1, 1, ("$(",), "foo $(1 )"),
        ("foo  (Get-Item a", 4, 0, (")",), "foo  (Get-Item a)"),
        ("foo  Get-Item)", 1, 0, ("(",), "foo (Get-Item)"),
        ("foo 'a b", 4, 0, ("'",), "foo 'a b'"),
        ("$a == 1 # b", 2, 2, ("-eq",), "$a -eq 1 # b"),
        ("if ($a -and $b) { }", 4, 0, ("-not",), "if ($a -not -and $b) { }"),
        ("if ($a -and $b) { }", 5, 0, ("-not",), "if ($a -and -not $b) { }"),
        ("$a.b (1)", 4, 1, (), "$a.b(1)"),
        ("$a.b 1)", 4, 0, ("(",), "$a.b(1)"),
        ("foo.Trim()", 0, 0, ("$",), "$foo.Trim()"),
        ("$a = [int $b", 5, 0, ("]",), "$a = [int] $b"),
        ("foo -Bar 'x' }", 5, 1, (), "foo -Bar 'x' "),
        ("if ($a) { b", 7, 0, ("}",), "if ($a) { b }"),
        ("if ($a) b }", 5, 0, ("{",), "if ($a) { b }"),
    ],
)
def test_an_edited_script_is_spaced_as_people_do_where_it_is_new(
    code: str, first: int, removed: int, new: tuple[str, ...], expected: str
) -> None:
    assert edited("powershell", code, first, removed, *new) == expected


def test_another_indentation_leaves_blank_lines_and_comments_before_the_line() -> None:
    assert edited("python", "if x:\n# why\n\ny\n", 3, 1, "\n    ") == "if x:\n# why\n\n    y\n"


def test_a_line_is_indented_as_the_snippets_other_lines_are() -> None:
    code = "if x:\n  y\nz\n"
    assert edited("python", code, 5, 1, "\n    ") == "if x:\n  y\n  z\n"


def test_the_comment_of_a_line_that_no_longer_ends_goes_with_its_break() -> None:
    assert edited("python", "x = (1, # c\n2)\n", 5, 1) == "x = (1,2)\n"


def test_a_snippet_written_anew_has_its_own_texts_and_no_spaces_of_its_own() -> None:
    source = Source.of(WORDS["excel"], '= sum (  $A$1 : b7, "a  b" ,> = 3')
    assert source.rewritten(source.tokens) == '=SUM($A$1:b7,"a  b",>=3'


def test_a_slot_that_the_snippet_lacks_is_filled_by_the_seed_and_others_are_not() -> None:
    source = Source.of(WORDS["excel"], "=SUM($Z$99,")
    texts = {seed: source.edited([*source.tokens, "<R1>", ")"], seed) for seed in range(8)}
    assert texts[3] == source.edited([*source.tokens, "<R1>", ")"], 3)
    assert len(set(texts.values())) > 1
    assert all(text.startswith("=SUM($Z$99,") and text[-7:-1] != "$Z$99," for text in texts.values())


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_token_at_an_offset(language: str) -> None:
    source = Source.of(WORDS[language], "x = (yy")
    assert [source.index(offset) for offset in range(8)] == [0, 1, 1, 2, 2, 3, 3, 4]


ANY = st.text(max_size=30) | st.text(" \n()\"',:=+#xy1", max_size=30)
SNIPPETS = st.sampled_from([(language, code) for language in LANGUAGES for code in CODES[language]])


@given(st.sampled_from(LANGUAGES), ANY)
def test_the_same_tokens_give_the_same_bytes(language: str, code: str) -> None:
    source = Source.of(WORDS[language], code)
    assert source.edited(list(source.tokens)) == code


@given(SNIPPETS, st.data())
def test_what_stands_beside_an_edit_is_untouched_and_what_is_written_reads_as_the_new_tokens(
    snippet: tuple[str, str], data: st.DataObject
) -> None:
    language, code = snippet
    words: StructureVocabulary = WORDS[language]
    source = Source.of(words, code)
    tokens = source.tokens
    first = data.draw(st.integers(0, len(tokens)))
    removed = data.draw(st.integers(0, min(2, len(tokens) - first)))
    plain = [t for t in sorted(words.words) if t.isalpha() or t in "()[],+"]
    new = data.draw(st.lists(st.sampled_from(plain), max_size=3))
    changed = [*tokens[:first], *new, *tokens[first + removed :]]
    text = source.edited(changed)
    start = source.structure.ends[first - 1] if first else 0
    end = source.structure.starts[first + removed] if first + removed < len(tokens) else len(code)
    assert text.startswith(code[:start].rstrip(" ")) and text.endswith(code[end:].lstrip(" "))
    if language == "powershell":
        return  # what a word is hangs on what stands beside it
    if not any("'" in token or '"' in token for token in tokens) and "\n" not in code[:-1]:
        read = [t for t in words.structure(text).tokens if t != " "]  # Excel's space between operands has a token
        assert len(read) == len([t for t in changed if t != " "])


@given(st.sampled_from(LANGUAGES), ANY, st.lists(st.sampled_from(['"', "'", ")", "x", "\n    ", "<N9>"])))
def test_no_tokens_and_no_text_are_too_strange(language: str, code: str, tokens: list[str]) -> None:
    source = Source.of(WORDS[language], code)
    assert isinstance(source.edited(tokens), str) and isinstance(source.rewritten(tokens), str)
