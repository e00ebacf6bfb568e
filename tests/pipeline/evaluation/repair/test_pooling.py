"""Pooling over noise levels; no level is chosen on the problems that it is reported for."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.benchmarks.benchmark import Problem
from pipeline.evaluation.repair.pooling import Pool, half
from pipeline.evaluation.repair.systems import Proposal
from pipeline.repair.vote import vote
from tests.pipeline.evaluation.repair.systems import TruthScorer, at, make_benchmark
from validators import get_language

EXCEL = get_language("excel")
SCORER = TruthScorer("excel")
LEVELS = (0.1, 0.3, 0.6)
RIGHT, WRONG, REFUSED = "=SUM(A1:A2)", "=MAX(B7,C8)+1", "=SUM("


def pool(*rows: Sequence[Proposal]) -> Pool:
    """One problem a row; each is its own, and RIGHT repairs it."""
    return Pool(SCORER, make_benchmark([(f"=SUM(A{i}", RIGHT) for i in range(len(rows))]), rows)


def successes(found: Sequence[object]) -> list[bool]:
    return [getattr(each, "score", each).success for each in found]


def test_any_takes_one_success_of_any_level() -> None:
    made = pool([*at(0.1, WRONG), *at(0.3, None, RIGHT)], at(0.1, WRONG), [])
    assert successes(made.any()) == [True, False, False]
    assert successes(made.any(0.1)) == [False, False, False]
    assert successes(made.any(0.3)) == [True, False, False]


def test_the_vote_is_over_all_levels_or_over_those_of_one() -> None:
    made = pool([*at(0.1, WRONG, REFUSED), *at(0.3, RIGHT, RIGHT), *at(0.6, RIGHT)], [])
    assert [answer.text for answer in made.vote()] == [RIGHT, None]
    assert [answer.text for answer in made.vote(0.1)] == [WRONG, None]
    assert [(answer.text, answer.level) for answer in made.best([0.3, 0.1])] == [(RIGHT, 0.3), (None, 0.1)]


def test_the_best_level_solves_most_and_of_equals_is_the_smallest() -> None:
    made = pool(
        [*at(0.1, WRONG), *at(0.3, RIGHT), *at(0.6, RIGHT)], [*at(0.1, RIGHT), *at(0.3, RIGHT), *at(0.6, RIGHT)]
    )
    assert made.best_level() == 0.3
    assert made.best_level([1]) == 0.1
    assert made.best_level([]) == 0.1


def test_the_level_is_tuned_on_the_tuning_benchmark_where_there_is_one() -> None:
    made = pool([*at(0.1, RIGHT), *at(0.6, WRONG)])
    tune = pool([*at(0.1, WRONG), *at(0.6, RIGHT)])
    assert made.tuned_levels(tune) == [0.6]
    assert made.best_level() == 0.1


def test_each_half_gets_the_level_of_the_other() -> None:
    """In one half only 0.1 works, in the other only 0.6."""
    problems = [Problem(id=str(i), broken=f"=SUM(A{i}", fixed=RIGHT) for i in range(40)]
    halves = [half(problem) for problem in problems]
    assert 10 < sum(halves) < 30
    rows = [[*at(0.1, WRONG if h else RIGHT), *at(0.6, RIGHT if h else WRONG)] for h in halves]
    made = pool(*rows)
    assert made.tuned_levels(None) == [0.1 if h else 0.6 for h in halves]
    assert not any(successes(made.best(made.tuned_levels(None))))


def test_code_that_differs_in_space_and_case_alone_is_in_one_half() -> None:
    for i in range(20):
        assert half(Problem(id="0", broken=f"=sum(A{i}")) == half(Problem(id="1", broken=f"= SUM( a{i}"))


SAMPLES = st.lists(st.sampled_from([RIGHT, WRONG, "=A1", REFUSED, None]), max_size=3)
ROWS = st.lists(st.tuples(SAMPLES, SAMPLES, SAMPLES), min_size=1, max_size=8)


@given(ROWS, st.integers(0, 7), st.lists(st.sampled_from([RIGHT, WRONG]), max_size=3))
def test_what_a_problem_is_answered_with_never_depends_on_its_own_success(
    rows: list[tuple[list[str | None], ...]], place: int, other: list[str | None]
) -> None:
    """Cross-fitting: another outcome of one problem changes no level that is used in its half."""
    place %= len(rows)
    made = [list(itertools.chain(*(at(x, *t) for x, t in zip(LEVELS, row, strict=True)))) for row in rows]
    full = [*made, list(itertools.chain(*(at(level, RIGHT) for level in LEVELS)))]  # every level stands
    changed = [*full]
    changed[place] = [*at(0.1, *other), *at(0.3), *at(0.6)]
    before, after = pool(*full), pool(*changed)
    halves = [half(problem) for problem in before.problems]
    for i, (one, two) in enumerate(zip(before.tuned_levels(None), after.tuned_levels(None), strict=True)):
        assert halves[i] != halves[place] or one == two


@given(ROWS)
def test_poolings_are_what_a_plain_reading_gives(rows: list[tuple[list[str | None], ...]]) -> None:
    made = [list(itertools.chain(*(at(x, *t) for x, t in zip(LEVELS, row, strict=True)))) for row in rows]
    pooled = pool(*made)
    assert successes(pooled.any()) == [any(RIGHT in texts for texts in row) for row in rows]
    for i, row in enumerate(rows):
        broken = pooled.problems[i].broken
        assert pooled.vote()[i].text == vote(EXCEL, broken, [text for texts in row for text in texts])
        for level in pooled.levels:
            assert pooled.vote(level)[i].text == vote(EXCEL, broken, row[LEVELS.index(level)])
    for level in pooled.levels:
        by_hand = sum(pooled.vote(level)[i].text == RIGHT for i in range(len(rows)))
        assert sum(successes(pooled.vote(level))) == by_hand <= sum(successes(pooled.vote(pooled.best_level())))
    assert sum(successes(pooled.vote())) <= sum(successes(pooled.any()))


def test_an_input_that_is_handed_back_stands_at_every_level_and_for_every_sample() -> None:
    made = pool([Proposal(text=RIGHT)], [*at(0.1, RIGHT, WRONG), *at(0.3, WRONG, WRONG)], [Proposal(text=WRONG)])
    assert [answer.text for answer in made.vote(0.1)] == [RIGHT, RIGHT, WRONG]
    assert made.samples == 2
    assert [made.successes(i, 0.1) for i in range(3)] == [(2, 2), (1, 2), (0, 2)]


def test_samples_that_a_system_left_out_failed() -> None:
    made = pool(at(0.1, RIGHT, RIGHT, WRONG), at(0.1, RIGHT), [])
    assert [made.successes(i, 0.1) for i in range(3)] == [(2, 3), (1, 3), (0, 3)]


def test_a_system_without_levels_answers_with_its_first_proposal() -> None:
    made = pool(at(None, WRONG, RIGHT, RIGHT), at(None, None, RIGHT), [])
    assert made.levels == ()
    assert [answer.text for answer in made.first()] == [WRONG, None, None]
    assert [answer.text for answer in made.vote()] == [RIGHT, RIGHT, None]
    assert [made.successes(i, None) for i in range(3)] == [(2, 3), (1, 3), (0, 3)]


def test_every_problem_needs_its_list_of_proposals() -> None:
    with pytest.raises(ValueError, match="shorter"):
        Pool(SCORER, make_benchmark([("=(", None), ("=)", None)]), [[]])


def test_without_truths_neither_match_is_known() -> None:
    made = Pool(TruthScorer("excel"), make_benchmark([("=(", None)]), [[]])
    assert (made.any()[0].sketch, made.any()[0].executed) == (None, None)
