"""The ranking: cheap edits, sure canvases, and confidences that are shares."""

from __future__ import annotations

import pytest

from generators.diffusion.edit_kinds import EditKind
from generators.diffusion.gap_ranking import Ranking, rank, score
from generators.diffusion.gap_search import Found, Search
from tests.generators.diffusion.tiny import vocabulary
from validators import get_language

EXCEL, WORDS = get_language("excel"), vocabulary("excel")


def found(*edits: EditKind, votes: int = 0, mass: float = 0.0) -> Found:
    return Found("=A1", EXCEL.check("=A1"), edits, votes, mass)


def test_a_sign_costs_less_than_a_word_and_one_edit_less_than_two() -> None:
    costs = [score(found(*edits), Ranking()) for edits in ([], ["bracket"], ["insert"], ["insert", "insert"])]  # type: ignore[misc]
    assert costs == sorted(costs) and len(set(costs)) == 4


def test_what_canvases_are_sure_of_counts_and_little_is_not_taken_for_nothing() -> None:
    sure, unsure, plain = (score(each, Ranking()) for each in (
        found("bracket", votes=3, mass=2.5), found("bracket", votes=1, mass=1e-9), found("bracket"),
    ))  # fmt: skip
    assert sure < plain < unsure < plain + 2


def test_costs_are_added_to_what_canvases_say() -> None:
    ranking = Ranking(costs={"bracket": 2.0, "swap": 5.0}, mass=1.0)
    assert score(found("bracket", "swap", votes=1, mass=0.9), ranking) == pytest.approx(7.0)  # ln(0.9 + 0.1) = 0


def test_a_function_that_loses_its_brackets_costs_more_than_any_sign() -> None:
    search = Search(EXCEL, WORDS, "=ROUND(B7-1-1)", 0)
    search.add(search.start, ["=", "(", "ROUND", " ", "<R0>", "-", "1", "-", "1", ")"], mass=1.0)
    search.add(search.start, ["=", "ROUND", "(", "<R0>", "-", "1", ",", "-", "1", ")"], mass=1.0)
    assert {each.text: each.uncalled for each in search.accepted()} == {"=(ROUND B7-1-1)": 1, "=ROUND(B7-1,-1)": 0}
    assert rank(EXCEL, search, Ranking())[0].text == "=ROUND(B7-1,-1)"


def test_confidences_are_shares_and_fall_with_the_rank() -> None:
    search = Search(EXCEL, WORDS, "=SUM(A1:B7", 0)
    search.add_plain()
    tokens = list(search.start.source.tokens)
    for _ in range(4):
        search.add(search.start, [*tokens, ")"], mass=0.8)
    ranked = rank(EXCEL, search, Ranking())
    assert ranked[0].text == "=SUM(A1:B7)" and (ranked[0].distance, ranked[0].votes) == (1, 4)
    confidences = [each.confidence for each in ranked]
    assert confidences == sorted(confidences, reverse=True) and sum(confidences) == pytest.approx(1.0)
    assert len(ranked) > 1


def test_a_sharper_ranking_is_surer() -> None:
    search = Search(EXCEL, WORDS, "=SUM(A1:B7", 0)
    search.add_plain()
    search.add(search.start, [*search.start.source.tokens, ")"], mass=0.8)
    mild, sharp = (rank(EXCEL, search, Ranking(sharpness=each)) for each in (0.5, 3.0))
    assert sharp[0].confidence > mild[0].confidence and [c.text for c in sharp] == [c.text for c in mild]
