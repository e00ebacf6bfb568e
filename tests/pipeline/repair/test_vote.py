"""The vote: frequent, accepted, near, and the same for any order of the candidates."""

from __future__ import annotations

import random
from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from pipeline.repair.vote import vote
from validators import get_language
from validators.diff import token_diff

EXCEL = get_language("excel")
BROKEN = "=SUM(A1:A3"
TEXTS = ("=SUM(A1:A3)", "=SUM(A1)", "=A1+A2", "=MAX(B1:B9,C1)", "=SUM(A1:A3", "=SUM((A1", "", None)


def test_the_most_frequent_accepted_candidate_wins() -> None:
    assert vote(EXCEL, BROKEN, ["=A1", "=SUM(A1:A3)", "=A1", None]) == "=A1"


def test_what_the_parser_refuses_never_wins_however_frequent() -> None:
    assert vote(EXCEL, BROKEN, [BROKEN] * 5 + [None] * 9 + ["=SUM(A1:A3)"]) == "=SUM(A1:A3)"


def test_a_tie_goes_to_the_smaller_edit_distance_and_then_to_the_text_that_sorts_first() -> None:
    assert vote(EXCEL, BROKEN, ["=AVERAGE(B2)", "=SUM(A1:A3)"]) == "=SUM(A1:A3)"
    assert vote(EXCEL, "=SUM(A1:A3", ["=SUM(A1:A5)", "=SUM(A1:A4)"]) == "=SUM(A1:A4)"


def test_there_is_no_answer_without_an_accepted_candidate() -> None:
    assert vote(EXCEL, BROKEN, [BROKEN, None, "=("]) is None
    assert vote(EXCEL, BROKEN, []) is None


@given(st.lists(st.sampled_from(TEXTS), max_size=12), st.randoms(use_true_random=False))
def test_the_vote_is_what_its_rule_says_in_any_order(texts: list[str | None], chance: random.Random) -> None:
    counts = Counter(text for text in texts if text is not None and EXCEL.check(text).accepted)
    expected = min(
        counts, key=lambda t: (-counts[t], token_diff(EXCEL, BROKEN, t).distance, t), default=None
    )  # fmt: skip
    shuffled = list(texts)
    chance.shuffle(shuffled)
    assert vote(EXCEL, BROKEN, texts) == expected == vote(EXCEL, BROKEN, shuffled)
