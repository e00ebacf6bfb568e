"""The learning rate by steps and by time."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generators.diffusion.config import SMALL, TrainingConfig
from generators.diffusion.learning_rate import learning_rate, share_done


def settings(**changes: object) -> TrainingConfig:
    return SMALL.training.model_copy(update={"learning_rate": 1.0, "warmup_steps": 100, **changes})


def test_it_warms_up_stays_and_decays_to_three_percent() -> None:
    given_ = settings(steps=1000, decay_share=0.3)
    rates = [learning_rate(step, 0.0, given_) for step in range(1000)]
    assert rates[:100] == pytest.approx([(step + 1) / 100 for step in range(100)])
    assert rates[100:701] == [1.0] * 601
    assert rates[850] == pytest.approx(0.03 + 0.97 / 2)
    assert all(later < earlier for earlier, later in pairwise(rates[700:]))
    assert rates[-1] == pytest.approx(0.03, abs=0.005)
    assert learning_rate(1000, 0.0, given_) == pytest.approx(0.03)


@given(st.integers(0, 1_000_000), st.floats(0, 1e6))
def test_without_a_decay_it_depends_on_no_end(step: int, seconds: float) -> None:
    endings = (settings(decay_share=0.0, steps=1_000_001), settings(decay_share=0.0, max_minutes=1e6))
    assert {learning_rate(step, seconds, each) for each in endings} == {min(1.0, (step + 1) / 100)}


@given(st.integers(100, 10**9), st.floats(0, 600))
def test_by_time_it_follows_the_share_of_the_time_whatever_the_steps(step: int, seconds: float) -> None:
    by_time = settings(max_minutes=10.0, steps=1, decay_share=0.25)
    share = share_done(step, seconds, by_time)
    assert share == pytest.approx(seconds / 600)
    expected = 0.03 + 0.97 * min(1.0, (1 - share) / 0.25)
    assert learning_rate(step, seconds, by_time) == pytest.approx(expected, abs=1e-9)


def test_the_share_of_steps_knows_no_time() -> None:
    assert share_done(50, 1e9, settings(steps=100)) == 0.5
