"""Money: never more than the budget, whatever the outcome of what is under way."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generators.base import Usage
from generators.gpt4o.cost import Budget, input_tokens, price
from tests.generators.gpt4o.memory import MemoryAccount, make_options

OUTCOMES = ["answered", "lost", "unpaid", "open"]


def test_a_batch_costs_less() -> None:
    options = make_options(input_price=2.0, output_price=8.0, batch_discount=0.25)
    assert price(Usage(1_000_000, 500_000), options) == pytest.approx(6.0)
    assert price(Usage(1_000_000, 500_000, batched=True), options) == pytest.approx(4.5)


@given(st.text(max_size=50), st.text(max_size=50))
def test_the_snippet_counts_a_token_a_byte_and_no_byte_level_tokenizer_exceeds_that(known: str, last: str) -> None:
    messages = [{"role": "system", "content": known}, {"role": "user", "content": last}]
    assert input_tokens(messages) >= len(last.encode()) + len(known.encode()) / 3


@given(
    limit=st.floats(0.01, 5),
    steps=st.lists(st.tuples(st.floats(0, 1), st.sampled_from(OUTCOMES), st.floats(0, 1))),
    before=st.floats(0, 1),
)
def test_no_outcome_exceeds_the_budget(limit: float, steps: list[tuple[float, str, float]], before: float) -> None:
    account = MemoryAccount()
    account.losses = before
    budget = Budget(make_options(budget=limit), account)
    paid = before
    for stake, outcome, share in steps:
        if not budget.fits(stake):
            continue
        budget.stake(stake)
        budget.record_stakes()
        if outcome == "answered":
            budget.settle(stake, spent=stake * share)
            paid += stake * share
        elif outcome == "lost":
            budget.settle(stake, lost=stake)
            paid += stake
        elif outcome == "unpaid":
            budget.settle(stake)
        assert budget.spent + budget.lost == pytest.approx(paid)
        assert budget.spent + budget.lost + budget.staked <= max(limit, before) + 1e-6


def test_what_a_kill_would_lose_is_in_the_account_before_it_is_risked() -> None:
    account = MemoryAccount()
    budget = Budget(make_options(budget=10.0), account)
    at_risk = 0.0
    for _ in range(3):
        budget.stake(0.5)
        budget.record_stakes()
        at_risk += 0.5
        assert account.risks[-1] >= at_risk
    budget.settle(0.5, spent=0.1)
    budget.settle(0.5, lost=0.5)
    budget.stake(0.25)
    budget.record_stakes()
    assert account.risks[-1] == 1.5  # what is recorded covers it already
    budget.settle(0.5)
    budget.settle(0.25, spent=0.2)
    budget.record_losses()
    assert account.risks[-1] == 0.5


def test_earlier_attempts_count() -> None:
    account = MemoryAccount()
    account.earlier = [Usage(1_000_000, 0), Usage(1_000_000, 0, batched=True)]
    account.losses = 0.25
    budget = Budget(make_options(budget=5.0, input_price=2.0), account)
    assert (budget.spent, budget.lost) == (3.0, 0.25)
    assert budget.fits(1.75) and not budget.fits(1.76)
    assert str(budget) == "$3.00 of $5.00 spent, up to $0.25 more lost on answers that never came"
    assert "--set gpt4o.budget=10" in str(budget.exhausted(2.0))
