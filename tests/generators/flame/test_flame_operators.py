"""The seventeen operators: their examples hold, each edit can be undone, and nothing but what they name is touched."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator

import pytest
from hypothesis import example as hypothesis_example
from hypothesis import given
from hypothesis import strategies as st

from generators.flame.arguments import argument_type
from generators.flame.base import Edit, EvenSites, Example, LazySites, Operator, Sites, apply
from generators.flame.brackets_and_symbols import DELIMITERS, SYMBOLS
from generators.flame.formula import Formula
from generators.flame.operators import NAMES, OPERATORS
from tests.generators.flame.formulas import EVERYTHING, FORMULAS, TEXTS
from validators import get_language
from validators.excel.lexer import Lexeme, scan

SEEDS = st.integers(0, 2**32)
CHECK = get_language("excel").check
BY_NAME = {operator.name: operator for operator in OPERATORS}
EXAMPLES = [(operator, example) for operator in OPERATORS for example in operator.examples]
# the groups of the lexer whose lexemes an operator changes; none where it only adds between lexemes
TOUCHED = {
    "wrong_range": {"operator"},
    "malformed_range": {"cell"},
    "space_between_function_and_arguments": set(),
    "space_inside_relational_operator": {"operator"},
    "swap_relational_operator_characters": {"operator"},
    "inequality_noise": {"operator"},
    "invalid_equality": {"operator"},
    "malformed_sheet_name": {"sheet"},
    "remove_exclamation_mark": {"sheet"},
    "malformed_strings": {"string"},
    "add_comma_or_remove_parenthesis": {"bracket"},
    "add_random_operator": set(),
    "add_operator_at_the_end": set(),
    "add_parentheses": set(),
    "corrupt_unreliable_tokens": {"bracket", "separator", "operator", "string"},
}
ALWAYS_REJECTED = (
    "change_number_of_arguments", "space_inside_relational_operator", "swap_relational_operator_characters",
    "inequality_noise", "invalid_equality",
)  # fmt: skip


def outputs(operator: Operator, text: str) -> list[str]:
    """The texts that an operator can make of another."""
    return [apply(text, edits).text for edits in every(operator.sites(Formula(text)))]


def every(sites: Sites) -> list[tuple[Edit, ...]]:
    return [sites[i] for i in range(len(sites))]


def drawn(text: str, seed: int) -> Iterator[tuple[Operator, tuple[Edit, ...]]]:
    """A site of each operator that applies."""
    rng = random.Random(seed)
    formula = Formula(text)
    for operator in OPERATORS:
        sites = operator.sites(formula)
        if len(sites):
            yield operator, sites[rng.randrange(len(sites))]


def changes(edit: Edit, lexeme: Lexeme) -> bool:
    """Whether an edit replaces something of a lexeme, or inserts something in the middle of it."""
    end = lexeme.start + len(lexeme.text)
    if edit.start == edit.stop:
        return lexeme.start < edit.start < end
    return edit.start < end and lexeme.start < edit.stop


def test_there_are_the_papers_seventeen_operators_and_each_shows_what_it_does() -> None:
    assert len(set(NAMES)) == 17
    assert all(operator.examples for operator in OPERATORS)
    assert all((operator.__doc__ or "").startswith(f"{i}, ") for i, operator in enumerate(OPERATORS, 1))


@pytest.mark.parametrize(("operator", "example"), EXAMPLES, ids=[f"{o.name}:{e.broken}" for o, e in EXAMPLES])
def test_an_example_holds_and_has_the_verdict_that_it_states(operator: Operator, example: Example) -> None:
    assert CHECK(example.fixed).accepted
    assert example.broken in outputs(operator, example.fixed)
    assert CHECK(example.broken).accepted == example.accepted


@given(FORMULAS | TEXTS, SEEDS)
@hypothesis_example(EVERYTHING, 0)
def test_an_edit_changes_the_text_and_its_inverse_undoes_it(text: str, seed: int) -> None:
    for operator, edits in drawn(text, seed):
        broken, inverse = apply(text, edits)
        assert broken != text, operator.name
        assert apply(broken, inverse) == (text, edits), operator.name


@given(FORMULAS, SEEDS)
@hypothesis_example(EVERYTHING, 0)
def test_an_operator_touches_only_the_tokens_that_it_is_about(text: str, seed: int) -> None:
    for operator, edits in drawn(text, seed):
        touched = {lexeme.group for lexeme in scan(text) if any(changes(edit, lexeme) for edit in edits)}
        assert touched <= TOUCHED.get(operator.name, touched), operator.name


@given(FORMULAS, SEEDS)
@hypothesis_example(EVERYTHING, 0)
def test_what_some_operators_make_of_a_correct_formula_is_always_rejected(text: str, seed: int) -> None:
    for operator, edits in drawn(text, seed):
        if operator.name in ALWAYS_REJECTED:
            assert not CHECK(apply(text, edits).text).accepted, operator.name


@given(FORMULAS)
@hypothesis_example(EVERYTHING)
def test_swapping_keeps_every_character(text: str) -> None:
    assert all(Counter(broken) == Counter(text) for broken in outputs(BY_NAME["swap_arguments"], text))


@given(FORMULAS)
def test_changing_the_number_of_arguments_changes_that_of_one_call_by_one(text: str) -> None:
    before = Counter(len(call.arguments) for call in Formula(text).calls)
    for broken in outputs(BY_NAME["change_number_of_arguments"], text):
        after = Formula(broken).calls
        changed = [c for c in after if c.function is not None and c.function.fault(len(c.arguments)) is not None]
        assert len(changed) == 1 and before != Counter(len(call.arguments) for call in after)


@pytest.mark.parametrize(
    ("text", "broken"),
    [
        ("=VLOOKUP(A1, B:C, 2)", {"=VLOOKUP(B:C, 2)", "=VLOOKUP(A1, 2)", "=VLOOKUP(A1, B:C)"}),  # the fewest
        ("=VLOOKUP(1,B:C,2,0)", {f"=VLOOKUP(1,B:C,2,0,{copy})" for copy in ("1", "B:C", "2", "0")}),  # the most
        ("=LEFT( A1 )", {"=LEFT(  )"}),
        ("=IF(A1,,)", {"=IF(A1,,,A1)"}),  # an empty argument is an argument; a copy of it would be a mere comma
        ("=PI()", set()),
        ("=SUM(A1)", set()),  # takes any number
        ("=LOG(A1,2)+F(1)", {"=LOG(A1,2,A1)+F(1)", "=LOG(A1,2,2)+F(1)"}),  # Excel does not know F
    ],
)
def test_arguments_are_too_few_or_too_many_by_the_table_of_functions(text: str, broken: set[str]) -> None:
    assert set(outputs(BY_NAME["change_number_of_arguments"], text)) == broken


@pytest.mark.parametrize(
    ("argument", "expected"),
    [
        ("", "empty"), ('"x"', "string"), ("2", "number"), ("-2.5", "number"), ("A1", "reference"),
        ("Data!A1:B2", "reference"), ("Sales[Net pay]", "reference"), ("(A1,B2)", "reference"), ("A:A", "reference"),
        ("TRUE", "logical"), ("true", "logical"), ("A1>2", "comparison"), ('A1&"x"="yx"', "comparison"),
        ('A1&"x"', "concatenation"), ("A1+1", "arithmetic"), ("5%", "arithmetic"), ("SUM(A1>2)", "call"),
        ("(A1>2)", "comparison"), ("((2))", "number"), ("{1,2}", "array"), ("#N/A", "error"), ("rate", "name"),
    ],
)  # fmt: skip
def test_the_type_of_an_argument_is_that_of_its_outermost_operator(argument: str, expected: str) -> None:
    (call,) = [c for c in Formula(f"=IF(0,{argument})").calls if c.name.text == "IF"]
    assert argument_type(call.arguments[1].lexemes) == expected


def test_arguments_of_one_type_are_not_swapped() -> None:
    assert outputs(BY_NAME["swap_arguments"], '=IF(A1,"y","n")') == ['=IF("y",A1,"n")', '=IF("n","y",A1)']
    assert outputs(BY_NAME["swap_arguments"], "=SUM(A1,B2,(C3))") == []


def test_each_symbol_is_added_at_each_place_once() -> None:
    expected = Counter(text.format(s) for s in SYMBOLS for text in ("={}A1:B2", "=A1{}:B2", "=A1:{}B2"))
    assert Counter(outputs(BY_NAME["add_random_operator"], "=A1:B2")) == expected
    expected = Counter(f"=A1:B2{s}" for s in SYMBOLS)
    assert Counter(outputs(BY_NAME["add_operator_at_the_end"], "=A1:B2")) == expected


def test_parentheses_are_added_at_each_two_places_once() -> None:
    texts = outputs(BY_NAME["add_parentheses"], "=A1*B1")
    assert len(texts) == len(set(texts)) == 4 * 3
    assert {"=(A1)*B1", "=A1)*(B1", "=)A1*B1(", "=(A1*B1)"} < set(texts)
    assert all(sorted(text) == sorted("=A1*B1()") for text in texts)


def test_a_delimiter_is_added_deleted_or_exchanged_equally_often() -> None:
    text = '=MAX(A1,"b")'
    sites = every(BY_NAME["corrupt_unreliable_tokens"].sites(Formula(text)))
    kinds = Counter("add" if e.start == e.stop else "exchange" if e.text else "delete" for (e,) in sites)
    assert set(kinds) == {"add", "delete", "exchange"} and len(set(kinds.values())) == 1
    deleted = Counter(e.start for (e,) in sites if not e.text)
    assert [text[start] for start in sorted(deleted)] == ["(", ",", '"', '"', ")"]
    added = Counter(e for (e,) in sites if e.start == e.stop)
    assert len(added) == 7 * len(DELIMITERS)
    exchanged = Counter(e for (e,) in sites if e.start < e.stop and e.text)
    assert len(exchanged) == 5 * len(DELIMITERS)
    for counts in (deleted, added, exchanged):
        assert len(set(counts.values())) == 1  # uniform within its kind, too


def test_kinds_without_sites_leave_the_others_even() -> None:
    def numbered(first: int, count: int) -> LazySites:
        return LazySites(count, lambda i: (Edit(first + i, first + i, "x"),))

    assert len(EvenSites([numbered(0, 0)])) == 0
    starts = Counter(edit.start for (edit,) in every(EvenSites([numbered(0, 0), numbered(0, 2), numbered(9, 3)])))
    assert starts == {0: 3, 1: 3, 9: 2, 10: 2, 11: 2}


@pytest.mark.parametrize("text", ["", "=", " ", "= "])
def test_nothing_applies_where_there_is_no_formula(text: str) -> None:
    assert [operator.name for operator in OPERATORS if len(operator.sites(Formula(text)))] == []


def test_every_operator_applies_to_one_formula() -> None:
    assert all(len(operator.sites(Formula(EVERYTHING))) for operator in OPERATORS)


@given(st.text(max_size=20), st.data())
def test_edits_of_any_spans_are_undone(text: str, data: st.DataObject) -> None:
    offsets = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=6)))
    spans = zip(offsets[::2], offsets[1::2], strict=False)
    edits = tuple(Edit(start, stop, data.draw(st.text(max_size=3))) for start, stop in spans)
    assert apply(*apply(text, edits)) == (text, edits)
