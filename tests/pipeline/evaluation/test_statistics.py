"""Intervals, pass@k and paired tests against brute force."""

from __future__ import annotations

import itertools
import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.evaluation.statistics import Estimate, mcnemar, mean, paired, pass_at_k, rate, wilson

OUTCOMES = st.lists(st.booleans(), min_size=1, max_size=30)


@given(st.integers(1, 300), st.data())
def test_wilsons_ends_are_where_the_share_is_1_96_standard_errors_away(n: int, data: st.DataObject) -> None:
    successes = data.draw(st.integers(0, n))
    low, high = wilson(successes, n)
    share = successes / n
    assert 0 <= low <= share <= high <= 1
    for end in (low, high):
        if 0 < end < 1:
            assert abs(end - share) == pytest.approx(1.96 * math.sqrt(end * (1 - end) / n), abs=1e-9)
    assert wilson(n - successes, n) == pytest.approx((1 - high, 1 - low), abs=1e-12)


def test_wilsons_interval_of_a_textbook() -> None:
    assert wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=5e-5)  # Newcombe 1998, method 3
    assert wilson(0, 20) == pytest.approx((0.0, 0.1611), abs=5e-5)
    assert wilson(0, 0) == (0.0, 1.0)


def test_a_rate_is_the_share_of_successes() -> None:
    assert rate([True, False, True, True]) == Estimate(0.75, *wilson(3, 4), 4)


@pytest.mark.parametrize("n", range(1, 7))
def test_pass_at_k_is_the_share_of_all_choices_of_k_samples_with_a_success(n: int) -> None:
    for successes, k in itertools.product(range(n + 1), range(1, n + 1)):
        choices = list(itertools.combinations([i < successes for i in range(n)], k))
        assert pass_at_k(n, successes, k) == pytest.approx(sum(map(any, choices)) / len(choices), abs=1e-12)


@given(st.integers(1, 2000), st.data())
def test_pass_at_k_agrees_with_binomials_where_floats_would_overflow(n: int, data: st.DataObject) -> None:
    successes, k = data.draw(st.integers(0, n)), data.draw(st.integers(1, n))
    exact = 1 - Fraction(math.comb(n - successes, k), math.comb(n, k))
    assert pass_at_k(n, successes, k) == pytest.approx(float(exact), abs=1e-9)


@pytest.mark.parametrize(("n", "successes", "k"), [(3, 1, 4), (3, 4, 1), (3, 1, 0), (0, 0, 1)])
def test_pass_at_k_is_refused_where_it_is_not_defined(n: int, successes: int, k: int) -> None:
    with pytest.raises(ValueError, match="not defined"):
        pass_at_k(n, successes, k)


@pytest.mark.parametrize(("first", "second"), [(0, 0), (1, 0), (5, 1), (3, 3), (7, 2), (0, 9)])
def test_mcnemars_p_counts_all_flips_of_the_discordant_problems_as_extreme_as_these(first: int, second: int) -> None:
    n, distance = first + second, abs(first - second)
    flips = list(itertools.product((1, -1), repeat=n))
    expected = sum(abs(sum(flip)) >= distance for flip in flips) / len(flips)
    assert mcnemar(first, second) == mcnemar(second, first) == pytest.approx(expected, abs=1e-12)


def test_mcnemars_p_of_many_problems_is_a_number() -> None:
    assert mcnemar(4_000, 4_100) == pytest.approx(0.2714, abs=1e-3)


@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=20))
def test_a_paired_comparison_counts_the_problems_that_only_one_solves(pairs: list[tuple[bool, bool]]) -> None:
    first, second = zip(*pairs, strict=True)
    test = paired(first, second, seed=1)
    assert test.only_first == sum(a and not b for a, b in pairs)
    assert test.only_second == sum(b and not a for a, b in pairs)
    assert test.difference.value == pytest.approx(rate(first).value - rate(second).value)
    assert test.difference.low <= test.difference.value <= test.difference.high
    assert test.p == mcnemar(test.only_first, test.only_second)


def test_outcomes_of_different_problems_are_not_paired() -> None:
    with pytest.raises(ValueError, match="cannot be paired"):
        paired([True], [True, False], seed=0)


def test_the_bootstrap_gives_the_quantiles_of_all_resamples() -> None:
    values = [0.0, 0.1, 0.4, 0.5, 1.0]
    means = np.array(list(itertools.product(values, repeat=5))).mean(axis=1)
    low, high = np.quantile(means, (0.025, 0.975))
    found = mean(values, seed=3)
    assert (found.value, found.n) == (pytest.approx(0.4), 5)
    assert (found.low, found.high) == (pytest.approx(low, abs=0.021), pytest.approx(high, abs=0.021))


def test_the_bootstrap_follows_from_its_seed() -> None:
    values = [0.1 * i for i in range(20)]
    assert mean(values, seed=5) == mean(values, seed=5)
    assert mean(values, seed=5) != mean(values, seed=6)


@given(OUTCOMES)
def test_a_mean_that_nothing_varies_keeps_an_interval(outcomes: list[bool]) -> None:
    found = mean([float(outcome) for outcome in outcomes], seed=0)
    assert found.low <= found.value <= found.high
    assert found.high - found.low > 0.05
    assert found.value == pytest.approx(sum(outcomes) / len(outcomes))
