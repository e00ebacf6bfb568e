"""Every reason why a candidate is no pair, and what the record says of one that is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import pytest

from schemas.reasons import Reason
from validators import Token, Verdict, get_language
from validators.filters import FILTERS, Case, Filter, JudgedPair, PairFilter, PairRules, reasons_behind

PYTHON = get_language("python")
FIXED = "print(a, b)"
BROKEN = "print(a, b"


@pytest.mark.parametrize(
    ("broken", "fixed", "reason"),
    [
        ("", FIXED, Reason.EMPTY),
        (BROKEN, " \n", Reason.EMPTY),
        (BROKEN, FIXED + " " * 4_000, Reason.TOO_LONG),
        ("x" * 4_001, FIXED, Reason.TOO_LONG),
        (FIXED, FIXED, Reason.IDENTICAL),
        ("print( a,b )", FIXED, Reason.WHITESPACE_ONLY),
        ("\nprint(a, b)\r\n", FIXED, Reason.WHITESPACE_ONLY),
        (FIXED, BROKEN, Reason.FIXED_REJECTED),
        (BROKEN, "print(a b)", Reason.FIXED_REJECTED),
        ("print(b, a)", FIXED, Reason.BROKEN_ACCEPTED),
    ],
)
def test_a_candidate_that_is_no_pair_has_its_reason(broken: str, fixed: str, reason: Reason) -> None:
    assert PairFilter(PYTHON, PairRules())(broken, fixed) is reason


@pytest.mark.parametrize(
    ("rules", "reason"),
    [
        (PairRules(min_distance=2), Reason.TOO_CLOSE),
        (PairRules(max_distance=0), Reason.TOO_FAR),
        (PairRules(max_normalized_distance=0.1), Reason.TOO_FAR),
        (PairRules(max_chars=10), Reason.TOO_LONG),
    ],
)
def test_rules_set_the_limits_of_distance_and_length(rules: PairRules, reason: Reason) -> None:
    assert PairFilter(PYTHON, rules)(BROKEN, FIXED) is reason


@pytest.mark.parametrize(
    "rules",
    [
        PairRules(),
        PairRules(min_distance=1, max_distance=1),
        PairRules(max_normalized_distance=1 / 6),
        PairRules(max_chars=11),
    ],
)
def test_limits_include_their_value(rules: PairRules) -> None:
    assert isinstance(PairFilter(PYTHON, rules)(BROKEN, FIXED), JudgedPair)


def test_a_pair_has_the_columns_of_its_broken_side_and_of_the_difference() -> None:
    pair = PairFilter(PYTHON, PairRules())("x = 1\nprint(a b)", "x = 1\nprint(a, b)\n")
    assert isinstance(pair, JudgedPair)
    assert (pair.error_kind, pair.error_line, pair.error_column) == ("missing_token", 2, 7)
    assert pair.error_message == PYTHON.check("x = 1\nprint(a b)").message
    assert (pair.token_edit_distance, pair.normalized_edit_distance) == (1, 1 / 10)
    assert (pair.edit_hunks, pair.edit_span) == (1, 0)


def test_the_sketch_hash_is_that_of_the_fixed_sides_shape() -> None:
    judge = PairFilter(PYTHON, PairRules())

    def sketch_hash(broken: str, fixed: str) -> str:
        pair = judge(broken, fixed)
        assert isinstance(pair, JudgedPair)
        return pair.sketch_hash

    first = sketch_hash("f('a', 1", "f('a', 1)")
    assert first == sketch_hash("f('b' 2)", "f( 'b', 2 )")
    assert first != sketch_hash("g('a', 1", "g('a', 1)")
    assert len(first) == 16 and int(first, 16) >= 0


def test_an_accepted_broken_side_has_no_error_where_it_is_allowed() -> None:
    pair = PairFilter(PYTHON, PairRules(require_broken_rejected=False))("print(b, a)", FIXED)
    assert isinstance(pair, JudgedPair)
    assert (pair.error_kind, pair.error_message, pair.error_line, pair.error_column) == (None, None, None, None)
    assert pair.token_edit_distance == 2


def test_white_space_alone_never_makes_a_pair_of_two_accepted_sides() -> None:
    judge = PairFilter(PYTHON, PairRules(require_broken_rejected=False, min_distance=0))
    assert judge("print( a,b )", FIXED) is Reason.WHITESPACE_ONLY


def test_white_space_that_breaks_a_snippet_is_an_edit() -> None:
    pair = PairFilter(get_language("powershell"), PairRules())("[Math]::Sqrt (9)", "[Math]::Sqrt(9)")
    assert isinstance(pair, JudgedPair)
    assert (pair.token_edit_distance, pair.edit_hunks, pair.edit_span) == (1, 1, 0)


class CountingPython:
    """Python that counts how often each snippet is judged."""

    name = "python"
    max_chars = 30
    parsers: Mapping[str, str] = PYTHON.parsers

    def __init__(self) -> None:
        self.checks: Counter[str] = Counter()

    def check(self, code: str) -> Verdict:
        self.checks[code] += 1
        return PYTHON.check(code)

    def tokens(self, code: str) -> list[Token]:
        return PYTHON.tokens(code)

    def sketch(self, code: str) -> str:
        return PYTHON.sketch(code)


def test_a_fixed_side_is_judged_once() -> None:
    language = CountingPython()
    judge = PairFilter(language, PairRules())
    for broken in (BROKEN, "print(a b)", "print a, b)"):
        assert isinstance(judge(broken, FIXED), JudgedPair)
    assert language.checks[FIXED] == 1


def test_what_the_language_cannot_judge_is_too_long_whatever_the_rules_allow() -> None:
    judge = PairFilter(CountingPython(), PairRules(max_chars=10_000))
    assert judge(BROKEN, FIXED.ljust(30)) is not Reason.TOO_LONG
    assert judge(BROKEN, FIXED.ljust(31)) is Reason.TOO_LONG


def test_a_filter_of_ones_own_is_a_reason_and_a_test() -> None:
    def prints(case: Case) -> bool:
        return "print" in case.fixed

    judge = PairFilter(PYTHON, PairRules(), (*FILTERS, Filter(Reason.NOT_APPLICABLE, prints)))
    assert judge("print(a b)", "print(a, b)") is Reason.NOT_APPLICABLE
    assert judge("print(a b)", "print(a b)") is Reason.IDENTICAL  # an earlier one finds it first
    assert isinstance(judge("f(a b)", "f(a, b)"), JudgedPair)


def test_every_reason_stands_once_and_what_was_repaired_follows_from_the_order() -> None:
    reasons = [each.reason for each in FILTERS]
    assert len(set(reasons)) == len(reasons)
    assert reasons_behind(Reason.FIXED_REJECTED) == {Reason.BROKEN_ACCEPTED, Reason.TOO_CLOSE, Reason.TOO_FAR}
    more = (*FILTERS, Filter(Reason.BENCHMARK_OVERLAP, lambda case: False))
    assert Reason.BENCHMARK_OVERLAP in reasons_behind(Reason.FIXED_REJECTED, more)


def test_a_verdict_is_asked_for_only_where_no_cheaper_filter_finds_fault() -> None:
    class Unasked:
        name, max_chars = "python", 10

    judge = PairFilter(Unasked(), PairRules())  # type: ignore[arg-type]
    assert judge("", "x") is Reason.EMPTY
    assert judge("x" * 11, "x") is Reason.TOO_LONG
    assert judge("x", "x") is Reason.IDENTICAL
