"""What every language's structure tokens have in common: slots, filling, and edits of the source byte for byte."""

from __future__ import annotations

import random

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from schemas.errors import RequestError
from validators.structure import (
    STRUCTURED,
    Structure,
    StructureBuilder,
    fill_slots,
    get_structure_tokens,
    joins,
    slot_kind,
    splice,
)


def of(language: str, code: str) -> Structure:
    return get_structure_tokens(language).structure(code)


def test_a_language_without_structure_tokens_is_refused_in_one_line_with_a_way_out() -> None:
    assert STRUCTURED == ("excel", "powershell", "python")
    with pytest.raises(RequestError) as caught:
        get_structure_tokens("bash")
    assert str(caught.value) == (
        "bash has no structure tokens yet, which the diffusion model is made of: "
        "choose excel or powershell or python, or another generator"
    )


@pytest.mark.parametrize(
    ("token", "kind"),
    [("<R0>", "R"), ("<V12>", "V"), ("R0", None), ("<R>", None), ("<r0>", None), ("<", None), ("<R0", None),
     ("<R0>>", None), ("<RS0>", None), ("", None)],
)  # fmt: skip
def test_a_slot_has_a_kind_and_nothing_else_has(token: str, kind: str | None) -> None:
    assert slot_kind(token) == kind


def test_slots_are_numbered_by_first_occurrence_within_their_kind() -> None:
    builder = StructureBuilder()
    assert builder.last == ""
    texts = [("R", "A1"), ("N", "7"), ("R", "B2"), ("R", "A1"), ("V", "A1"), ("N", "7")]
    for place, (kind, text) in enumerate(texts):
        builder.add_slot(kind, text, 10 * place)
    assert builder.knows("R", "A1") and not builder.knows("N", "A1")
    built = builder.build()
    assert built.tokens == ("<R0>", "<N0>", "<R1>", "<R0>", "<V0>", "<N0>")
    assert built.starts == (0, 10, 20, 30, 40, 50) and built.ends == (2, 11, 22, 32, 42, 51)
    assert built.slots == {"<R0>": "A1", "<N0>": "7", "<R1>": "B2", "<V0>": "A1"}


def test_a_filler_is_no_token_no_settled_text_and_used_once_as_long_as_there_are_enough() -> None:
    tokens = ["a", "<V0>", "<V1>", "<V0>", "<N0>"]

    def candidates(index: int, kind: str, filled: object) -> list[str]:
        return ["a", "b", "c", "d"] if kind == "V" else ["c", "d", "e"]

    seen = set()
    for seed in range(50):
        filled = fill_slots(tokens, random.Random(seed), {"<N5>": "d"}, candidates)
        assert filled.keys() == {"<N5>", "<V0>", "<V1>", "<N0>"}
        assert {filled["<V0>"], filled["<V1>"]} == {"b", "c"}
        assert filled["<N0>"] == "e" and filled["<N5>"] == "d"
        seen.add(filled["<V0>"])
    assert seen == {"b", "c"}
    scarce = fill_slots(tokens, random.Random(0), None, lambda index, kind, filled: ["a"])
    assert scarce == {"<V0>": "a", "<V1>": "a", "<N0>": "a"}


def test_a_slot_is_filled_for_the_place_where_it_first_stands() -> None:
    asked: list[tuple[int, str, dict[str, str]]] = []

    def candidates(index: int, kind: str, filled: object) -> list[str]:
        asked.append((index, kind, dict(filled)))  # type: ignore[call-overload]
        return [f"text{index}"]

    fill_slots(["x", "<V0>", "<N0>", "<V0>"], random.Random(0), None, candidates)
    assert asked == [(1, "V", {}), (2, "N", {"<V0>": "text1"})]


@pytest.mark.parametrize(
    ("language", "code", "first", "removed", "text", "result"),
    [
        ("excel", "= SUM( A1 ,B2 )", 3, 1, "C3", "= SUM( C3 ,B2 )"),  # what stands around it stays to the byte
        ("excel", "=SUM(A1,B2)", 6, 1, "", "=SUM(A1,B2"),
        ("excel", "=SUM(A1 ,B2)", 4, 0, "+1", "=SUM(A1+1 ,B2)"),  # directly behind the token before
        ("excel", "  =A1", 0, 0, "(", "  (=A1"),
        ("excel", "=A1+B2", 1, 3, "C3", "=C3"),
        ("excel", "=A1", 2, 0, "B2", "=A1 B2"),  # words stay apart
        ("excel", "=A1+B2", 2, 1, "", "=A1 B2"),
        ("excel", "=A1+B2", 2, 1, "C3", "=A1 C3 B2"),
        ("excel", "", 0, 0, "=A1", "=A1"),
        ("excel", "=A1>=2", 2, 2, "<", "=A1<2"),
        ("excel", '="a b"', 2, 1, "c", '="c"'),
        ("python", "if  x:  # why\n\ty", 2, 1, "", "if  x  # why\n\ty"),
        ("python", "if x:\n\ty", 3, 1, "\n\n    ", "if x:\n\n    y"),
        ("python", "print x", 1, 0, "(", "print( x"),
        ("python", "if x:\n    y", 3, 1, "; z\n        ", "if x:; z\n        y"),  # so does an indentation
        ("python", "x", 0, 1, "    y", "    y"),
        ("python", "x = 1\ny = 2", 3, 1, " ; ", "x = 1;y = 2"),  # spaces of style do not
        ("python", "return x", 0, 1, "yield", "yield x"),
        ("python", "not x", 0, 1, "", " x"),
        ("python", "a in b", 1, 1, "", "a  b"),
        ("python", "x=1", 1, 1, "in", "x in 1"),
        ("powershell", "foo  $a   # why\n\tbar", 2, 1, "b", "foo  $b   # why\n\tbar"),
        ("powershell", "$a = $b", 3, 1, "", "$a = b"),  # a name follows its sign
        ("powershell", "$a=b", 3, 0, "$", "$a= $b"),
        ("powershell", "$a.b(1)", 3, 1, "c", "$a.c(1)"),  # what is called is seen from all that stands before
        ("powershell", "foo(1)", 0, 1, "bar", "bar (1)"),
        ("powershell", "if ($a -and $b) { c }", 4, 1, "-or", "if ($a -or $b) { c }"),
        ("powershell", "if ($a -and $b) { c }", 5, 0, "-not", "if ($a -and -not $b) { c }"),
        ("powershell", "foo $a", 3, 0, " -Bar ", "foo $a -Bar"),
        ("powershell", "$a = 'b", 5, 0, "'", "$a = 'b'"),
        ("powershell", "foo 'a b' c", 2, 1, "d", "foo 'd' c"),
        ("powershell", "{a}", 1, 1, "b", "{ b }"),
        ("powershell", "$a == 1", 2, 2, "-eq", "$a -eq 1"),
        ("powershell", "a\n  b", 1, 1, "; ", "a;  b"),
    ],
)  # fmt: skip
def test_an_edit_leaves_the_rest_as_it_is(
    language: str, code: str, first: int, removed: int, text: str, result: str
) -> None:
    assert splice(code, of(language, code), first, removed, text, get_structure_tokens(language).joins) == result


CODES = {
    "excel": ["= SUM( A1 ,B2 )*2", '=IF(A1>=10,"a b" & C3,"")', "='My sheet'!A1  B2", '=A1&"abc', "=((A1", ""],
    "python": [
        "def f( x ):  # c\n\n\tif x>1 :\n\t\treturn  'a b'\n",
        "x = [1,\n   2]\\\n  + y", "print 'a\nfoo)", "  x\n y", "",
    ],
    "powershell": [
        "if( $a -eq 'b c' ){\n\n\tfoo  -Bar:$d[0].e(1) # f\n}\n", "@{ a = 1; b = \"$c\" }\r\n| foo `\n  bar",
        "@'\na\n'@ -f $b", "foo 'a\nbar)", "$a. b [int]$c==1", "",
    ],
}  # fmt: skip


@pytest.mark.parametrize("language", STRUCTURED)
@given(data=st.data())
def test_an_edit_anywhere_changes_its_own_stretch_alone(language: str, data: st.DataObject) -> None:
    code = data.draw(st.sampled_from(CODES[language]))
    parts = of(language, code)
    first = data.draw(st.integers(0, len(parts.tokens)))
    removed = data.draw(st.integers(0, len(parts.tokens) - first))
    text = data.draw(st.text("a1 (,\"'\n=$-.", max_size=5))
    joins = get_structure_tokens(language).joins
    result = splice(code, parts, first, removed, text, joins)
    if removed:
        start, end = parts.starts[first], parts.ends[first + removed - 1]
    else:
        start = end = parts.ends[first - 1] if first else (parts.starts or (0,))[0]
    assert result.startswith(code[:start]) and result.endswith(code[end:])
    middle = result[start : len(result) - len(code[end:])]
    if text.strip(" ") and start:
        text = text.lstrip(" ")
    if text.strip(" ") and not ("\n" in text and text.rpartition("\n")[2].isspace()):
        text = text.rstrip(" ")
    assert middle in (text, f" {text}", f"{text} ", f" {text} ")
    if middle != text:  # a space stands only where words would have met
        assert joins(code[:start], text or code[end:]) or joins(code[:start] + text, code[end:])
    assume(text)
    assert not joins(code[:start], middle) and not joins(code[:start] + middle, code[end:])


@pytest.mark.parametrize(
    ("left", "right", "meet"),
    [("a", "b", True), ("1", "A", True), ("a_", "1", True), ("A", "$B", True), ("A1", "#REF!", True), ("é", "x", True),
     ("a", " b", False), ("a", "(", False), (")", "a", False), ("", "a", False), ("a", "", False), ('"', "a", False)],
)  # fmt: skip
def test_words_are_letters_digits_and_what_names_and_references_hold(left: str, right: str, meet: bool) -> None:
    assert joins(left, right) is meet
