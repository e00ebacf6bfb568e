"""BIFI's round 0: correct code broken by rules."""

from __future__ import annotations

import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generators.bifi.critic import CATEGORIES, breakage, distance, is_breakage
from generators.bifi.perturb import OPERATORS, Operator, perturb
from generators.bifi.perturb.source import Edit, Source, apply, overlap
from validators import get_language

PYTHON, POWERSHELL = get_language("python"), get_language("powershell")
LANGUAGES = {"python": PYTHON, "powershell": POWERSHELL}
SNIPPETS = {
    "python": (
        "def area(shape, scale=2):\n    if shape is None:\n        return 0\n    return shape.w * shape.h * scale",
        "for name in names:\n    print('hello', name)\n\n    total += len(name)\nelse:\n    print(\"it's empty\")",
        "try:\n    rows = [row for row in table if row != {}]\nexcept (KeyError, OSError) as error:\n    raise E('no')",
        "x_1 = f(a, b=[1, 2])[0]  # first\ny = a if b else c",
        'text = """one\n  two"""\nkey = lambda v: (v[0],\n                 v[1])',
    ),
    "powershell": (
        "foreach ($item in $list) { Write-Host $item.Name }\n$total += 1",
        "if ($a -eq 'x' -and -not $b) { Get-Item -Path \"it's\" | Sort-Object Name } elseif ($c) { 2 }",
        "$table = @{a = 1; b = @(2, 3)}",
        "[Math]::Max($a[0], 2)",
    ),
}
CASES = [(language, snippet) for language, snippets in SNIPPETS.items() for snippet in snippets]
EXAMPLES = [
    pytest.param(operator, language, correct, broken, id=f"{operator.name}-{language}-{number}")
    for operator in OPERATORS
    for language in LANGUAGES
    for number, (correct, broken) in enumerate(operator.examples(language))
]


@pytest.mark.parametrize(("operator", "language", "correct", "broken"), EXAMPLES)
def test_an_operator_does_what_its_examples_say_and_the_critic_agrees(
    operator: Operator, language: str, correct: str, broken: str
) -> None:
    source = Source.of(LANGUAGES[language], correct)
    made = [apply(correct, [edit]) for site in operator.sites(source) for edit in operator.edits(source, site)]
    assert broken in made
    assert LANGUAGES[language].check(correct).accepted
    assert is_breakage(LANGUAGES[language], broken, correct)


def test_operators_differ_by_name_and_each_says_what_it_does() -> None:
    names = Counter(operator.name for operator in OPERATORS if operator.python)
    assert set(names.values()) == {1}
    assert set(Counter(operator.name for operator in OPERATORS if operator.powershell).values()) == {1}
    assert all(operator.__doc__ and (operator.python or operator.powershell) for operator in OPERATORS)
    assert {operator.category for operator in OPERATORS} == set(CATEGORIES)


@pytest.mark.parametrize(("language", "code"), CASES)
def test_every_edit_lies_in_the_snippet_and_changes_it(language: str, code: str) -> None:
    source = Source.of(LANGUAGES[language], code)
    for operator in OPERATORS:
        if not operator.examples(language):
            continue
        for site in operator.sites(source):
            for edit in operator.edits(source, site):
                assert 0 <= edit.start <= edit.end <= len(code), operator.name
                assert apply(code, [edit]) != code, operator.name


@pytest.mark.parametrize(("language", "code"), CASES)
def test_what_comes_out_breaks_the_snippet_within_the_distance(language: str, code: str) -> None:
    for limit in (1, 4):
        for seed in range(40):
            made = perturb(LANGUAGES[language], code, random.Random(seed), limit)
            assert made is not None
            assert breakage(LANGUAGES[language], made.broken, code, limit) in CATEGORIES
            assert 1 <= len(made.operators) <= 2
            assert {o.category for o in OPERATORS if o.name in made.operators and o.examples(language)} == {
                made.category
            }


def test_the_same_seed_gives_the_same_and_others_give_others() -> None:
    code = SNIPPETS["python"][0]
    made = [perturb(PYTHON, code, random.Random(seed)) for seed in (*range(60), *range(60))]
    assert made[:60] == made[60:]
    assert len({one.broken for one in made if one}) > 30


def test_each_category_is_drawn_as_often_as_the_others() -> None:
    code = SNIPPETS["python"][0]
    drawn = Counter(made.category for seed in range(900) if (made := perturb(PYTHON, code, random.Random(seed))))
    assert all(250 < drawn[category] < 350 for category in CATEGORIES), drawn


def test_some_snippets_get_two_edits() -> None:
    code = SNIPPETS["python"][0]
    made = [perturb(PYTHON, code, random.Random(seed)) for seed in range(300)]
    twice = sum(len(one.operators) == 2 for one in made if one)
    assert 20 < twice < 90


def test_the_indentation_category_moves_lines_and_nothing_else() -> None:
    for code in SNIPPETS["python"]:
        for seed in range(60):
            made = perturb(PYTHON, code, random.Random(seed))
            if made and made.category == "indentation":
                before, after = ([line.lstrip() for line in text.splitlines()] for text in (code, made.broken))
                assert before == after
                assert '"""one\n  two"""' in made.broken or '"""' not in code  # strings are left alone


def test_a_line_alone_is_not_indented() -> None:
    made = [perturb(PYTHON, "total = price * (1 + rate)", random.Random(seed)) for seed in range(100)]
    assert {one.category for one in made if one} == {"brackets", "syntax"}


def test_powershell_has_white_space_and_line_breaks_for_indentation() -> None:
    seen = set()
    for code in SNIPPETS["powershell"]:
        for seed in range(60):
            made = perturb(POWERSHELL, code, random.Random(seed))
            if made and made.category == "indentation":
                seen |= set(made.operators)
                assert "".join(made.broken.split()) in ("".join(code.split()), "".join(code.replace(";", "").split()))
    assert {"split_token", "break_line", "join_lines"} <= seen


@pytest.mark.parametrize("code", ["x" * 30_000, "\0"], ids=["too long", "no text"])
def test_what_cannot_be_broken_gives_none(code: str) -> None:
    assert perturb(PYTHON, code, random.Random(0)) is None


@given(st.text("if:\n ()[]'\"=,x1#\\", max_size=30), st.integers(0, 9), st.sampled_from(sorted(LANGUAGES)))
def test_no_text_makes_it_fail(code: str, seed: int, language: str) -> None:
    made = perturb(LANGUAGES[language], code, random.Random(seed))
    assert made is None or 1 <= (distance(LANGUAGES[language], made.broken, code) or 0) <= 4


@pytest.mark.parametrize(
    ("code", "target", "expected"),
    [
        ("a in b", "in", "a b"),
        ("a  in b", "in", "a  b"),
        ("    if x:", "if", "    x:"),
        ("a+b", "+", "a b"),
        ("f(x)", "(", "f x)"),
        ("x = 1", "1", "x ="),
        ("x = 1\ny", "1", "x =\ny"),
        ("[1, 2]", ",", "[1 2]"),
        ("[1,2]", ",", "[1 2]"),
        ("x.y()", "(", "x.y)"),
    ],
)
def test_a_deleted_token_leaves_no_second_space_and_joins_no_words(code: str, target: str, expected: str) -> None:
    source = Source.of(PYTHON, code)
    site = next(i for i, token in enumerate(source.tokens) if token.text == target)
    assert apply(code, [source.delete(site)]) == expected


def test_logical_lines_span_brackets_and_leave_out_blank_lines_and_comments() -> None:
    code = "# head\nx = f(1,\n  2)\n\n    # aside\nif x:  # why\n\ty = '''a\nb'''; z = 1\n"
    source = Source.of(PYTHON, code)
    lines = [(line.indent, source.text(line.first), source.text(line.last)) for line in source.lines]
    assert lines == [("", "x", ")"), ("", "if", ":"), ("\t", "y", "1")]
    assert [source.text(line.first) for line in source.headers] == ["if"]
    assert source.unit == "\t"
    assert [code[line.start] for line in source.lines] == ["x", "i", "\t"]


def test_edits_are_made_together_unless_they_touch() -> None:
    edits = [Edit(4, 5, "Z"), Edit(0, 1, ""), Edit(2, 2, "++")]
    assert not overlap(edits)
    assert apply("abcdef", edits) == "b++cdZf"
    assert overlap([Edit(0, 2, ""), Edit(1, 3, "")])
    assert overlap([Edit(1, 1, "("), Edit(1, 1, ")")])
